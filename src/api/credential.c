#include <string.h>
#include <strings.h>

#include "api/credential.h"

/* Letters, digits, _ and -. */
static const bool is_word[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
        ['_'] = true,         ['-'] = true,
};

/* How many bytes of S are of a word, or MORE: strspn(), without making its table each time. */
static size_t span(const char *s, char more) {
        size_t n = 0;

        while (is_word[(unsigned char)s[n]] || (s[n] && s[n] == more))
                n++;
        return n;
}

bool credential_token(const char *value, const char **ret, size_t *n) {
        static const char *const schemes[] = { "Bearer ", "Token " };
        bool bare = true;
        size_t length;

        for (size_t i = 0; value && i < ARRAY_SIZE(schemes); i++) {
                size_t skip = strlen(schemes[i]);

                if (strncasecmp(value, schemes[i], skip) != 0)
                        continue;
                value += skip + strspn(value + skip, " ");
                bare = false;
                break;
        }
        length = value && (!bare || strncmp(value, "brt_", 4) == 0) ? span(value, '_') : 0;
        if (!length || value[length] || length >= TOKEN_TEXT)
                return false;
        *ret = value;
        *n = length;
        return true;
}

bool credential_cookie(const char *header, const char *name, const char **ret, size_t *n) {
        size_t len = strlen(name), length;

        while (header && *header) {
                header += strspn(header, " \t;");
                if (strncmp(header, name, len) == 0 && header[len] == '=') {
                        header += len + 1;
                        length = span(header, '_');
                        if (!length || length >= TOKEN_TEXT || !strchr("; \t", header[length]))
                                return false;
                        *ret = header;
                        *n = length;
                        return true;
                }
                header += strcspn(header, ";");
        }
        return false;
}

bool credential_request_id(const char *text) {
        size_t n;

        if (!text)
                return false;
        n = span(text, '.');
        return n > 0 && !text[n] && n < REQUEST_ID_SIZE;
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
