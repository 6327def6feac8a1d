#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/str.h"
#include "cli/emulate/throng_impl.h"
#include "net/tls_pipe.h"
#include "net/ws_dial.h"

#define MESSAGE_MAX ((size_t)8 * 1024 * 1024) /* of a whole history */
#define DIAL_MS     30000
#define FIRST_MS    1000 /* until a broken stream is opened anew, doubled each time ... */
#define LONGEST_MS  30000

const struct ws_limits feed_limits = { .role = WS_CLIENT,
                                       .max_message_bytes = MESSAGE_MAX,
                                       .max_pending_bytes = 65536,
                                       .ping_ms = 30000,
                                       .silent_ms = 90000 };

static bool is_leaving(const struct player *p) { return p->throng->phase >= THRONG_LEAVING; }

/* --- when --- */

void feed_want(struct player *p, int64_t after_ms) {
        p->stream_due_ms = clock_mono_ms() + after_ms;
        /* Who watches does nothing else for a while. */
        if (p->stage == STAGE_WATCH && p->visitor && !visitor_is_away(p->visitor))
                player_wait(p, after_ms);
}

void feed_failed(struct player *p) {
        int64_t ms = p->breaks < 5 ? (int64_t)FIRST_MS << p->breaks : LONGEST_MS;

        p->breaks++;
        p->throng->measure.failed_streams++;
        if (!is_leaving(p) && p->stage != STAGE_OUT)
                feed_want(p, ms + (int64_t)random_below(FIRST_MS));
}

bool feed_go_on(struct player *p) {
        if (!p->stream_due_ms || p->peer || p->dialling || clock_mono_ms() < p->stream_due_ms)
                return false;
        p->stream_due_ms = 0;
        if (*p->persona.stream) { /* who signed in at CTFG's was told */
                feed_dial(p);
                return false;
        }
        p->throng->config->dialect->stream(&p->request);
        player_send(p);
        return true;
}

/* --- dialling --- */

static void on_opened(void *arg, struct ws_peer *peer, int status) {
        struct player *p = arg;
        struct measure *m = &p->throng->measure;
        int64_t now_us = clock_mono_us();

        p->dialling = false;
        if (!peer) {
                if (status > 0)
                        measure_failed(m, STEP_STREAM, now_us, "HTTP %d", status);
                else
                        measure_failed(m, STEP_STREAM, now_us, "no answer");
                feed_failed(p);
                return;
        }
        p->peer = peer;
        p->watcher = (struct watcher){ 0 };
        if (is_leaving(p))
                ws_drop(peer, WS_GOING_AWAY, "");
}

/* Where a stream is, and who wants to be there. */
struct way {
        struct player *player;
        uv_getaddrinfo_t lookup;
        struct sockaddr_storage addr;
        socklen_t len;
        bool tls;
        char host[256], authority[272], port[8];
        char path[STREAM_URL];
};

static void no_way(struct way *w, const char *why) {
        struct player *p = w->player;

        p->dialling = false;
        measure_failed(&p->throng->measure, STEP_STREAM, clock_mono_us(), "%s", why);
        feed_failed(p);
        free(w);
}

/* Over FD, or -1 for a connection of its own. */
static void dial(struct way *w, int fd) {
        const struct ws_target to = { .addr = (struct sockaddr *)&w->addr,
                                      .addr_len = w->len,
                                      .host = w->authority,
                                      .path = w->path,
                                      .headers = "",
                                      .timeout_ms = DIAL_MS,
                                      .connected = fd >= 0,
                                      .fd = fd };

        ws_dial(w->player->throng->ws, &to, on_opened, w->player);
        free(w);
}

static void on_tls(void *arg, int fd, const char *why) {
        if (fd >= 0)
                dial(arg, fd);
        else
                no_way(arg, why);
}

static void go(struct way *w) {
        if (w->tls)
                tls_open(w->player->throng->tls, (struct sockaddr *)&w->addr, w->len, w->host,
                         DIAL_MS, on_tls, w);
        else
                dial(w, -1);
}

static void on_found(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found) {
        struct way *w = container_of(lookup, struct way, lookup);

        if (status < 0 || !found) {
                no_way(w, "its host is not known");
                return;
        }
        memcpy(&w->addr, found->ai_addr, found->ai_addrlen);
        w->len = found->ai_addrlen;
        uv_freeaddrinfo(found);
        go(w);
}

static void set_port(struct sockaddr_storage *addr, long port) {
        if (addr->ss_family == AF_INET6)
                ((struct sockaddr_in6 *)addr)->sin6_port = htons((uint16_t)port);
        else
                ((struct sockaddr_in *)addr)->sin_port = htons((uint16_t)port);
}

/* "[::1]" is "::1", but in URLs and headers. */
static void strip_brackets(char *host) {
        size_t n = strlen(host);

        if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
                memmove(host, host + 1, n - 2);
                host[n - 2] = '\0';
        }
}

/* On the server's own host nothing has to be looked up. */
static void find(struct way *w) {
        const struct throng *c = w->player->throng;
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

        bool same = strcasecmp(w->host, c->host) == 0;

        strip_brackets(w->host);
        if (same) {
                w->addr = c->address;
                w->len = c->address_len;
                set_port(&w->addr, strtol(w->port, NULL, 10));
                go(w);
        } else if (uv_getaddrinfo(loop_uv(c->loop), &w->lookup, on_found, w->host, w->port,
                                  &hints) < 0) {
                no_way(w, "its host is not known");
        }
}

/* "ws://HOST:PORT/PATH?QUERY"; no port is that of HTTP. */
static bool split(const char *url, struct way *w) {
        CURLU *u = curl_url();
        char scheme[8], query[STREAM_URL], path[STREAM_URL];
        bool good = u &&
                    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                    throng_part(u, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) &&
                    throng_part(u, CURLUPART_HOST, 0, w->host, sizeof(w->host)) &&
                    throng_part(u, CURLUPART_PATH, 0, path, sizeof(path));

        w->tls = good && (strcmp(scheme, "wss") == 0 || strcmp(scheme, "https") == 0);
        if (good && !throng_part(u, CURLUPART_PORT, 0, w->port, sizeof(w->port)))
                str_copy(w->port, sizeof(w->port), w->tls ? "443" : "80");
        if (good && !throng_part(u, CURLUPART_QUERY, 0, query, sizeof(query)))
                query[0] = '\0';
        if (good)
                good = snprintf(w->path, sizeof(w->path), "%s%s%s", path, *query ? "?" : "",
                                query) < (int)sizeof(w->path);
        curl_url_cleanup(u);
        return good;
}

void feed_dial(struct player *p) {
        struct way *w = calloc(1, sizeof(*w));
        _cleanup_buf_ struct buf url = { 0 };

        if (!w)
                abort();
        w->player = p;
        p->dialling = true;
        p->dialled_us = clock_mono_us();
        p->throng->measure.asked_streams++;
        if (*p->persona.stream == '/')
                buf_str(&url, p->throng->config->url);
        buf_str(&url, p->persona.stream);
        p->persona.stream[0] = '\0'; /* a ticket is for once */
        if (!split(url.data, w)) {
                no_way(w, "its address is none");
                return;
        }
        snprintf(w->authority, sizeof(w->authority), "%s:%s", w->host, w->port);
        find(w);
}

/* --- while it is there --- */

static void on_text(void *arg, const char *text, size_t n) {
        struct player *p = arg;
        struct throng *c = p->throng;
        int64_t now_us = clock_mono_us();

        measure_frame(&c->measure, now_us, n);
        if (!p->watcher.first_us) {
                p->breaks = 0;
                c->measure.streams++;
                c->measure.opened_streams++;
                measure_took(&c->measure, STEP_STREAM, p->dialled_us, now_us);
        }
        sightings_message(&c->sightings, &p->watcher, text, n, now_us, &c->measure);
}

static void on_closed(void *arg, enum ws_end end, int code) {
        struct player *p = arg;
        struct throng *c = p->throng;

        p->peer = NULL;
        c->measure.streams -= p->watcher.first_us != 0;
        if (is_leaving(p) || p->stage == STAGE_OUT)
                return;
        measure_failed(&c->measure, STEP_STREAM, clock_mono_us(), "it broke: %s, code %d",
                       ws_end_name(end), code);
        feed_failed(p);
}

const struct ws_events feed_events = { .text = on_text, .closed = on_closed };

void feed_end(struct player *p) {
        if (p->peer)
                ws_drop(p->peer, WS_GOING_AWAY, "");
}
