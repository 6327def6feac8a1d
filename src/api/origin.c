#include "api/origin.h"

#include <string.h>
#include <strings.h>

/* N bytes of TEXT without the port that SECURE or plain HTTP has anyway. */
static size_t bare(const char *text, size_t n, bool secure) {
        const char *port = secure ? ":443" : ":80";
        size_t len = strlen(port);

        return n > len && strncmp(text + n - len, port, len) == 0 ? n - len : n;
}

struct origin {
        bool secure;
        const char *authority;
        size_t n;
};

/* False when TEXT is none: "null", something with a path. */
static bool parse(const char *text, struct origin *ret) {
        static const char tls[] = "https://", plain[] = "http://";

        ret->secure = strncasecmp(text, tls, sizeof(tls) - 1) == 0;
        if (!ret->secure && strncasecmp(text, plain, sizeof(plain) - 1) != 0)
                return false;
        ret->authority = text + (ret->secure ? sizeof(tls) : sizeof(plain)) - 1;
        ret->n = strcspn(ret->authority, "/?# ");
        if (ret->n == 0 || ret->authority[ret->n])
                return false;
        ret->n = bare(ret->authority, ret->n, ret->secure);
        return true;
}

static bool is_same(const struct origin *a, const struct origin *b) {
        return a->secure == b->secure && a->n == b->n &&
               strncasecmp(a->authority, b->authority, a->n) == 0;
}

bool origin_allowed(const char *text, const char *host, bool secure, const char *const *allowed,
                    bool none_too) {
        struct origin origin, other = { .secure = secure, .authority = host };

        if (!text)
                return none_too;
        if (!parse(text, &origin))
                return false;
        for (size_t i = 0; allowed && allowed[i]; i++)
                if (parse(allowed[i], &other) && is_same(&origin, &other))
                        return true;
        if ((allowed && allowed[0]) || !host)
                return false;
        other.n = bare(host, strlen(host), secure);
        return is_same(&origin, &other);
}
