#include "cli/duration.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

int duration_parse(const char *text, int64_t *ret, struct err *err) {
        static const struct {
                char unit;
                int64_t seconds;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
        char digits[12];
        size_t n = strlen(text);

        for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
                int64_t v;

                if (n < 2 || n > sizeof(digits) || text[n - 1] != units[i].unit)
                        continue;
                snprintf(digits, sizeof(digits), "%.*s", (int)n - 1, text);
                if (str_to_int(digits, 1, INT32_MAX, &v, err) < 0)
                        return -1;
                *ret = v * units[i].seconds;
                return 0;
        }
        return err_set(err, ERR_INVALID, "\"%s\" is no duration such as 90s, 30m, 12h or 7d", text);
}
