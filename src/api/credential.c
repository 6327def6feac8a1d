#include <string.h>
#include <strings.h>

#include "api/credential.h"

/* Does S begin with letters, digits and MORE?  *n is how many.  (strspn() would make a table of
 * its set in each call.) */
static bool one_of(const char *s, const char *more, size_t *n) {
        size_t i = 0;

        while ((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
               (s[i] >= '0' && s[i] <= '9') || (s[i] && strchr(more, s[i])))
                i++;
        *n = i;
        return i > 0;
}

bool credential_token(const char *value, const char **ret, size_t *n) {
        static const char *const schemes[] = { "Bearer ", "Token " };

        for (size_t i = 0; value && i < ARRAY_SIZE(schemes); i++) {
                size_t skip = strlen(schemes[i]), length;

                if (strncasecmp(value, schemes[i], skip) != 0)
                        continue;
                value += skip;
                value += strspn(value, " ");
                if (!one_of(value, "_-", &length) || value[length] || length >= TOKEN_TEXT)
                        return false;
                *ret = value;
                *n = length;
                return true;
        }
        return false;
}

bool credential_request_id(const char *text) {
        size_t n;

        return text && one_of(text, "._-", &n) && !text[n] && n < REQUEST_ID_SIZE;
}

bool credential_etag(const char *value, const char *etag) {
        size_t n = strlen(etag);

        while (value && *value) {
                value += strspn(value, " \t,");
                if (*value == '*')
                        return true;
                if (strncmp(value, "W/", 2) == 0)
                        value += 2;
                if (strncmp(value, etag, n) == 0 && (!value[n] || strchr(" \t,", value[n])))
                        return true;
                value += strcspn(value, ",");
        }
        return false;
}
