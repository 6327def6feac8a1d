#include "model/rules.h"

#include <string.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define TAG_MAX    128
#define DIGEST_HEX 64

bool rules_name(const char *s, size_t max) {
        size_t n = strlen(s);

        return n > 0 && n <= max && strspn(s, LOWER DIGITS "-") == n && s[0] != '-' &&
               s[n - 1] != '-';
}

/* Are all N bytes at S in SET? */
static bool all_in(const char *s, size_t n, const char *set) {
        for (size_t i = 0; i < n; i++)
                if (!s[i] || !strchr(set, s[i]))
                        return false;
        return true;
}

/* Letters and digits in groups, with ".", "_", "__" or hyphens between them. */
static bool image_component(const char *s, size_t n) {
        size_t i = 0, gap;

        for (;;) {
                size_t word = strspn(s + i, LOWER DIGITS);

                if (word == 0 || i + word > n)
                        return false;
                i += word;
                if (i == n)
                        return true;
                gap = strspn(s + i, s[i] == '-' ? "-" : "._");
                if (gap == 0 || (s[i] == '.' && gap > 1) || (s[i] == '_' && gap > 2) ||
                    (s[i] == '_' && gap == 2 && s[i + 1] != '_'))
                        return false;
                i += gap;
        }
}

static bool image_host(const char *s, size_t n) {
        const char *colon = memchr(s, ':', n);
        size_t host = colon ? (size_t)(colon - s) : n;

        if (host == 0 || !all_in(s, host, LOWER UPPER DIGITS ".-") || strchr(".-", s[0]) ||
            strchr(".-", s[host - 1]))
                return false;
        return !colon || (n - host > 1 && n - host <= 6 && all_in(colon + 1, n - host - 1, DIGITS));
}

/* A first component is a host when it could be no user's name. */
static bool has_host(const char *s, size_t n) {
        return memchr(s, '.', n) || memchr(s, ':', n) ||
               (n == strlen("localhost") && memcmp(s, "localhost", n) == 0);
}

static bool image_path(const char *s, size_t n) {
        const char *slash = memchr(s, '/', n);
        size_t part = slash ? (size_t)(slash - s) : 0;

        if (slash && has_host(s, part)) {
                if (!image_host(s, part))
                        return false;
                s += part + 1;
                n -= part + 1;
        }
        for (;; s += part + 1, n -= part + 1) {
                slash = memchr(s, '/', n);
                part = slash ? (size_t)(slash - s) : n;
                if (!image_component(s, part))
                        return false;
                if (!slash)
                        return true;
        }
}

static bool image_tag(const char *s, size_t n) {
        return n > 0 && n <= TAG_MAX && s[0] != '.' && s[0] != '-' &&
               all_in(s, n, LOWER UPPER DIGITS "_.-");
}

bool rules_image(const char *s) {
        static const char algorithm[] = "@sha256:";
        const char *at = strchr(s, '@');
        size_t n = at ? (size_t)(at - s) : strlen(s), tag = n;

        if (n == 0 || strlen(s) > IMAGE_MAX)
                return false;
        if (at && (strncmp(at, algorithm, sizeof(algorithm) - 1) != 0 ||
                   strlen(at) != sizeof(algorithm) - 1 + DIGEST_HEX ||
                   !all_in(at + sizeof(algorithm) - 1, DIGEST_HEX, DIGITS "abcdef")))
                return false;
        while (tag > 0 && s[tag - 1] != ':' && s[tag - 1] != '/')
                tag--;
        if (tag == 0 || s[tag - 1] == '/')
                return image_path(s, n);
        return image_tag(s + tag, n - tag) && image_path(s, tag - 1);
}

bool rules_env_key(const char *s) {
        size_t n = strlen(s);

        return n > 0 && n <= ENV_KEY_MAX && strspn(s, LOWER UPPER DIGITS "_") == n &&
               !strchr(DIGITS, s[0]);
}

static bool printable(const char *s) {
        for (; *s; s++)
                if (*s <= ' ' || *s > '~')
                        return false;
        return true;
}

/* Components between slashes, none of them empty or a step up. */
static bool stays_below(const char *s) {
        for (;; s++) {
                size_t n = strcspn(s, "/");

                if (n == 0 || (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.'))
                        return false;
                s += n;
                if (!*s)
                        return true;
        }
}

bool rules_file_path(const char *s) {
        return s[0] == '/' && strlen(s) <= PATH_TEXT_MAX && printable(s) && stays_below(s + 1);
}

bool rules_relative_path(const char *s) {
        return strlen(s) <= PATH_TEXT_MAX && rules_line(s) && stays_below(s);
}

bool rules_digest(const char *s) {
        return strlen(s) == DIGEST_HEX && all_in(s, DIGEST_HEX, DIGITS "abcdef");
}

bool rules_url_path(const char *s) {
        return s[0] == '/' && strlen(s) <= PATH_TEXT_MAX && printable(s);
}

bool rules_line(const char *s) {
        for (; *s; s++)
                if ((unsigned char)*s < 0x20 || *s == 0x7f)
                        return false;
        return true;
}
