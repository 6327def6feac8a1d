#include "net/http_parse.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* The byte that the escape at S stands for; -1 when it is none. */
static int escape(const char *s) {
        int high, low;

        if (s[0] != '%' || (high = digit(s[1])) < 0 || (low = digit(s[2])) < 0)
                return -1;
        return high << 4 | low;
}

static bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

/* Is there a segment ".."? */
static bool climbs(const char *path) {
        for (const char *at = path; (at = strstr(at, "..")); at += 2)
                if ((at == path || at[-1] == '/') && (at[2] == '/' || !at[2]))
                        return true;
        return false;
}

/* What stands for itself in a path: all but control characters, the escape and the backslash. */
static const bool is_plain[256] = { [0x20 ... 0x24] = true,
                                    [0x26 ... 0x5b] = true,
                                    [0x5d ... 0x7e] = true,
                                    [0x80 ... 0xff] = true };

static int decode_path(char *path, struct err *err) {
        char *from = path, *to;

        while (is_plain[(unsigned char)*from])
                from++;
        for (to = from; *from; from++) {
                int c = (unsigned char)*from;

                if (c == '%') {
                        c = escape(from);
                        if (c < 0)
                                return err_set(err, ERR_INVALID, "the path has a wrong %% escape");
                        from += 2;
                }
                if (is_control((unsigned char)c) || c == '\\')
                        return err_set(err, ERR_INVALID, "the path has a forbidden character");
                *to++ = (char)c;
        }
        *to = '\0';
        if (climbs(path))
                return err_set(err, ERR_INVALID, "the path has a \"..\"");
        return 0;
}

/* Gives the path of a target in absolute form, or TARGET itself. */
static char *skip_authority(char *target) {
        char *at = NULL;

        if (*target == '/')
                return target;
        if (strncasecmp(target, "http://", 7) == 0)
                at = target + 7;
        else if (strncasecmp(target, "https://", 8) == 0)
                at = target + 8;
        if (!at)
                return target;
        at += strcspn(at, "/?");
        if (*at == '/')
                return at;
        /* "http://host?a=b" has the path "/": the byte before is the host's. */
        *--at = '/';
        return at;
}

int http_parse_target(char *target, char **path, char **query, struct err *err) {
        char *p = skip_authority(target), *q;

        if (p[0] != '/' && strcmp(p, "*") != 0)
                return err_set(err, ERR_INVALID, "the request's target is not a path");
        q = strchr(p, '?');
        if (q)
                *q++ = '\0';
        if (decode_path(p, err) < 0)
                return -1;
        *path = p;
        *query = q;
        return 0;
}

/* The next byte of a form-encoded text; steps *at over it. */
static char next_byte(const char **at) {
        int c = escape(*at);

        if (c > 0) {
                *at += 3;
                return (char)c;
        }
        if (*(*at)++ == '+')
                return ' ';
        return (*at)[-1];
}

/* Does the name in FROM..END, decoded, equal KEY? */
static bool is_key(const char *from, const char *end, const char *key) {
        while (from < end && *key)
                if (next_byte(&from) != *key++)
                        return false;
        return from == end && !*key;
}

const char *http_parse_query(const char *query, const char *key, struct arena *arena) {
        const char *end, *mid, *from;
        char *value, *to;

        for (const char *at = query; at && *at; at = *end ? end + 1 : end) {
                end = at + strcspn(at, "&");
                mid = memchr(at, '=', (size_t)(end - at));
                if (!is_key(at, mid ? mid : end, key))
                        continue;
                from = mid ? mid + 1 : end;
                to = value = arena_alloc(arena, (size_t)(end - from) + 1);
                while (from < end)
                        *to++ = next_byte(&from);
                return value;
        }
        return NULL;
}

int http_parse_addr(const char *text, struct in6_addr *ret, struct err *err) {
        struct in6_addr addr = { 0 };
        struct in_addr v4;

        if (inet_pton(AF_INET, text, &v4) == 1) {
                addr.s6_addr[10] = addr.s6_addr[11] = 0xff;
                memcpy(&addr.s6_addr[12], &v4, sizeof(v4));
        } else if (inet_pton(AF_INET6, text, &addr) != 1) {
                return err_set(err, ERR_INVALID, "\"%s\" is not a numeric address", text);
        }
        *ret = addr;
        return 0;
}

void http_parse_addr_text(const struct in6_addr *addr, char ret[HTTP_ADDR_TEXT]) {
        const char *text = IN6_IS_ADDR_V4MAPPED(addr) ?
                                   inet_ntop(AF_INET, &addr->s6_addr[12], ret, HTTP_ADDR_TEXT) :
                                   inet_ntop(AF_INET6, addr, ret, HTTP_ADDR_TEXT);

        assert(text);
}

/* Takes the port off the N bytes at *text: "1.2.3.4:5", "[::1]:5", "[::1]". */
static void strip_port(const char **text, size_t *n) {
        const char *end;

        if (*n && **text == '[') {
                end = memchr(*text, ']', *n);
                if (end) {
                        *n = (size_t)(end - *text) - 1;
                        ++*text;
                }
                return;
        }
        end = memchr(*text, ':', *n);
        if (end && !memchr(end + 1, ':', *n - (size_t)(end - *text) - 1))
                *n = (size_t)(end - *text);
}

static bool parse_hop(const char *text, size_t n, struct in6_addr *ret) {
        char copy[HTTP_ADDR_TEXT];
        struct err err;

        while (n && (*text == ' ' || *text == '\t'))
                text++, n--;
        while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
                n--;
        strip_port(&text, &n);
        if (n >= sizeof(copy))
                return false;
        memcpy(copy, text, n);
        copy[n] = '\0';
        return http_parse_addr(copy, ret, &err) == 0;
}

bool http_parse_is_one_of(const struct in6_addr *addr, const struct in6_addr *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (memcmp(addr, &list[i], sizeof(*addr)) == 0)
                        return true;
        return false;
}

void http_parse_forwarded(const char *forwarded, const struct in6_addr *trusted, size_t n,
                          struct in6_addr *peer) {
        size_t end = strlen(forwarded);

        while (http_parse_is_one_of(peer, trusted, n)) {
                size_t start = end;

                while (start && forwarded[start - 1] != ',')
                        start--;
                if (!parse_hop(forwarded + start, end - start, peer) || !start)
                        return;
                end = start - 1;
        }
}

static int parse_port(const char *text, uint16_t *ret) {
        unsigned long port = 0;

        if (!*text || strlen(text) > 5)
                return -1;
        for (; *text; text++) {
                if (*text < '0' || *text > '9')
                        return -1;
                port = 10 * port + (unsigned long)(*text - '0');
        }
        if (port > UINT16_MAX)
                return -1;
        *ret = (uint16_t)port;
        return 0;
}

int http_parse_listen(const char *text, struct sockaddr_storage *ret, socklen_t *len,
                      struct err *err) {
        const char *colon = strrchr(text, ':');
        bool brackets = text[0] == '[' && colon && colon > text + 1 && colon[-1] == ']';
        char host[HTTP_ADDR_TEXT];
        size_t n = colon ? (size_t)(colon - text) - (brackets ? 2 : 0) : 0;
        struct sockaddr_in v4 = { .sin_family = AF_INET };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
        uint16_t port;

        if (!colon || n >= sizeof(host) || parse_port(colon + 1, &port) < 0)
                return err_set(err, ERR_INVALID, "\"%s\" is not ADDRESS:PORT", text);
        snprintf(host, sizeof(host), "%.*s", (int)n, text + brackets);
        v4.sin_port = v6.sin6_port = htons(port);
        *ret = (struct sockaddr_storage){ 0 };
        if (!brackets && inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
                memcpy(ret, &v4, sizeof(v4));
                *len = sizeof(v4);
                return 0;
        }
        if (brackets && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
                memcpy(ret, &v6, sizeof(v6));
                *len = sizeof(v6);
                return 0;
        }
        return err_set(err, ERR_INVALID,
                       "\"%s\" is not a numeric address and a port, as 127.0.0.1:8080 or [::]:8080",
                       text);
}
