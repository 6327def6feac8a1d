#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/str.h"
#include "cli/emulate/throng_impl.h"

#define FILES_EACH 5 /* of a player: libcurl's three, its stream, and one to spare */
#define FILES_MORE 64
#define CONNECT_MS 10000
#define HOST_SIZE  256

/* --- where the server is --- */

static void addrinfop(struct addrinfo **found) {
        if (*found)
                freeaddrinfo(*found);
}

static void curlup(CURLU **u) { curl_url_cleanup(*u); }

bool throng_part(CURLU *u, CURLUPart part, unsigned flags, char *ret, size_t room) {
        char *text = NULL;
        bool there = curl_url_get(u, part, &text, flags) == CURLUE_OK && strlen(text) < room;

        if (there)
                str_copy(ret, room, text);
        curl_free(text);
        return there;
}

/* Connects and closes; -1 with errno. */
static int try(const struct addrinfo *a) {
        _cleanup_close_ int fd =
                socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        socklen_t n = sizeof(int);
        int error = 0;

        if (fd < 0)
                return -1;
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
                return 0;
        if (errno != EINPROGRESS)
                return -1;
        if (poll(&p, 1, CONNECT_MS) != 1) {
                errno = ETIMEDOUT;
                return -1;
        }
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
        errno = error;
        return error ? -1 : 0;
}

/* So that libcurl asks nobody again.  An address of IPv6 is in brackets, and needs it not. */
static void set_resolve(struct throng *c, const char *port) {
        const struct sockaddr *a = (const struct sockaddr *)&c->address;
        char digits[128];

        if (c->host[0] == '[')
                return;
        if (getnameinfo(a, c->address_len, digits, sizeof(digits), NULL, 0, NI_NUMERICHOST) != 0 ||
            asprintf(&c->resolve, strchr(digits, ':') ? "%s:%s:[%s]" : "%s:%s:%s", c->host, port,
                     digits) < 0)
                abort();
}

/* The first of the server's addresses that answers is everybody's. */
static int choose(struct throng *c, const struct addrinfo *found, const char *port,
                  struct err *err) {
        for (const struct addrinfo *a = found; a; a = a->ai_next) {
                if (try(a) < 0)
                        continue;
                memcpy(&c->address, a->ai_addr, a->ai_addrlen);
                c->address_len = a->ai_addrlen;
                set_resolve(c, port);
                return 0;
        }
        return err_set(err, ERR_UNAVAILABLE, "%s: %s", c->config->url, strerrordesc_np(errno));
}

static int look_up(struct throng *c, const char *port, struct err *err) {
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        _cleanup_(addrinfop) struct addrinfo *found = NULL;
        char name[HOST_SIZE];
        int r;

        str_copy(name, sizeof(name), c->host + (c->host[0] == '['));
        name[strcspn(name, "]")] = '\0'; /* around an address of IPv6 */
        r = getaddrinfo(name, port, &hints, &found);
        if (r != 0)
                return err_set(err, ERR_UNAVAILABLE, "%s: %s", name, gai_strerror(r));
        return choose(c, found, port, err);
}

int throng_find(struct throng *c, struct err *err) {
        _cleanup_(curlup) CURLU *u = curl_url();
        char scheme[sizeof("https")], path[sizeof("/")], host[HOST_SIZE], port[8];

        if (!u)
                abort();
        if (curl_url_set(u, CURLUPART_URL, c->config->url, 0) != CURLUE_OK)
                return err_set(err, ERR_INVALID, "%s is no URL, as http://127.0.0.1:8080 is one",
                               c->config->url);
        if (!throng_part(u, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) ||
            (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) ||
            !throng_part(u, CURLUPART_PATH, 0, path, sizeof(path)))
                return err_set(err, ERR_INVALID,
                               "%s: the URL has to be http:// or https://, a host, and no path",
                               c->config->url);
        if (!throng_part(u, CURLUPART_HOST, 0, host, sizeof(host)) ||
            !throng_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port)))
                return err_set(err, ERR_INVALID, "%s has no host", c->config->url);
        c->host = strdup(host);
        if (!c->host)
                abort();
        return look_up(c, port, err);
}

/* --- open files --- */

int throng_raise_files(unsigned players, struct err *err) {
        rlim_t need = (rlim_t)players * FILES_EACH + FILES_MORE;
        struct rlimit r;

        if (getrlimit(RLIMIT_NOFILE, &r) < 0)
                return 0; /* there is none */
        if (r.rlim_max != RLIM_INFINITY && r.rlim_max < need)
                return err_set(err, ERR_LIMIT,
                               "%u players need %llu open files, and there may be %llu here: raise "
                               "the limit (ulimit -Hn), or take at most %llu players",
                               players, (unsigned long long)need, (unsigned long long)r.rlim_max,
                               (unsigned long long)((r.rlim_max - FILES_MORE) / FILES_EACH));
        if (r.rlim_cur < need || r.rlim_cur < r.rlim_max) {
                r.rlim_cur = r.rlim_max;
                setrlimit(RLIMIT_NOFILE, &r);
        }
        return 0;
}
