/* Authors' HTML: what comes out is closed, has no element and no attribute but those that may stay,
 * and is not changed by another cleaning. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "model/html_clean.h"

/* The tag at S, past its "<": gives what is behind it. */
static const char *check_tag(const char *s) {
        static const char *const attributes[] = { "href",    "title",   "class", "start",
                                                  "colspan", "rowspan", "src",   "alt" };
        bool known;

        if (*s == '/')
                s++;
        assert(*s >= 'a' && *s <= 'z');
        s += strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789");
        while (*s == ' ') {
                size_t n = strcspn(++s, "=");

                known = false;
                for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
                        known |= strlen(attributes[i]) == n && memcmp(attributes[i], s, n) == 0;
                assert(known && s[n] == '=' && s[n + 1] == '"');
                s += n + 2;
                assert(strncasecmp(s, "javascript:", 11) != 0 || n == 5 || n == 3);
                s += strcspn(s, "\"<>");
                assert(*s++ == '"');
        }
        assert(*s == '>');
        return s + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_buf_ struct buf once = { 0 }, twice = { 0 };

        html_clean((const char *)data, size, &once);
        assert(strlen(once.data) == once.len);
        for (const char *s = once.data; *s;) {
                assert(*s != '>');
                s = *s == '<' ? check_tag(s + 1) : s + 1;
        }
        html_clean(once.data, once.len, &twice);
        assert(strcmp(once.data, twice.data) == 0);
        return 0;
}
