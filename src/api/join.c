/* How one becomes a watcher, and how all are parted with. */
#include <assert.h>
#include <stdlib.h>

#include "api/crowd_impl.h"
#include "api/places.h"
#include "api/problem.h"
#include "base/clock.h"
#include "net/ws_handshake.h"

/* --- places --- */

bool crowd_reserve(struct call *c) {
        if (atomic_load(&c->api->quiet)) {
                problem_replyf(c, ERR_UNAVAILABLE, "The daemon is stopping");
                return false;
        }
        switch (places_take(c->api->places, c->origin.user)) {
        case PLACES_TAKEN:
                return true;
        case PLACES_FULL:
                http_add_header(c->req, "Retry-After", "30");
                problem_replyf(c, ERR_UNAVAILABLE, "All places for watchers are taken");
                return false;
        case PLACES_USER_FULL:
                break;
        }
        http_add_header(c->req, "Retry-After", "30");
        problem_replyf(c, ERR_RATE, "You watch %u times already, the most at once",
                       c->api->config.user_watchers);
        return false;
}

void crowd_release(struct api *a, int64_t user) { places_give_back(a->places, user); }

/* --- the beginning --- */

static struct watcher *watcher_new(struct call *c, enum form form) {
        struct watcher *w = calloc(1, sizeof(*w));
        const struct token *token;

        if (!w)
                abort();
        *w = (struct watcher){ .crowd = c->lane->crowd,
                               .tenant = c->origin.tenant,
                               .user = c->origin.user,
                               .token = c->token,
                               .account = c->origin.account,
                               .staff = call_is_staff(c),
                               .form = form };
        read_model_lock(c->api->model);
        token = read_model_token_by_id(c->api->model, c->token);
        w->expires_ms = token ? token->expires_ms : 0;
        read_model_unlock(c->api->model);
        crowd_count(w->crowd, form, 1);
        crowd_put(w->crowd, w);
        return w;
}

static bool send_snapshot(struct watcher *w, const struct ws_message *m) {
        struct buf *b = &w->crowd->gathered;
        const char *text;
        size_t n;

        text = snapshot_text(m, &n);
        buf_clear(b);
        buf_printf(b, "id: %lld\nevent: %s\ndata: ", (long long)w->seq,
                   frame_type_name(FRAME_SNAPSHOT));
        buf_add(b, text, n);
        buf_str(b, "\n\n");
        return watcher_write(w, b->data, b->len);
}

/* The board, and W's place behind it; false when W is over. */
static bool begin_with_board(struct watcher *w, struct call *c) {
        struct ws_message *m = NULL;
        struct view v;
        bool ok;

        read_model_lock(c->api->model);
        if (view_open(c, &v))
                m = snapshot_of(w->crowd->snapshots, &v, &w->seq);
        read_model_unlock(c->api->model);
        if (!m) {
                watcher_end(w, WS_LATER, "there is no board yet");
                return false;
        }
        ok = w->peer ? ws_send(w->peer, m) : send_snapshot(w, m);
        ws_message_unref(m);
        return ok;
}

static void begin(struct watcher *w, struct call *c, const struct stream_start *start) {
        bool good;

        /* A change of its credentials that was committed before it was in the list is seen here. */
        read_model_lock(c->api->model);
        good = watcher_check(w, c->api->model, clock_now_ms());
        read_model_unlock(c->api->model);
        if (!good) {
                watcher_end(w, WS_POLICY, "signed out");
                return;
        }
        w->seq = start->ctfg ? -1 : start->since;
        if (!start->snapshot || begin_with_board(w, c))
                watcher_pump(w);
}

/* --- WebSockets --- */

/* In the request's arena. */
struct joining {
        struct call *call;
        struct stream_start start;
};

static void on_taken(void *arg, int fd, struct http_link *link, const void *early, size_t n) {
        struct joining *j = arg;
        struct call *c = j->call;
        struct watcher *w;

        if (fd < 0) {
                crowd_release(c->api, c->origin.user);
                return;
        }
        w = watcher_new(c, j->start.ctfg ? FORM_CTFG : FORM_FRAMES);
        w->peer = ws_add(w->crowd->ws, fd, link, early, n, w);
        begin(w, c, &j->start);
}

void crowd_join_socket(struct call *c, const struct stream_start *start) {
        struct joining *j = arena_new(http_arena(c->req), struct joining);
        char accept[WS_ACCEPT_TEXT];

        *j = (struct joining){ c, *start };
        ws_handshake_accept(http_header(c->req, "Sec-WebSocket-Key"), accept);
        http_add_header(c->req, "X-Request-ID", c->origin.request_id);
        http_add_header(c->req, "Upgrade", "websocket");
        http_add_header(c->req, "Sec-WebSocket-Accept", accept);
        if (http_upgrade(c->req, on_taken, j))
                return;
        crowd_release(c->api, c->origin.user);
        problem_replyf(c, ERR_INVALID, "A WebSocket needs HTTP/1.1");
}

/* --- server-sent events --- */

static void on_low(void *watcher) { watcher_pump(watcher); }

void crowd_join_events(struct call *c, const struct stream_start *start) {
        static const char hello[] = "retry: 2000\n\n";
        struct watcher *w = watcher_new(c, FORM_EVENTS);

        http_add_header(c->req, "X-Accel-Buffering", "no"); /* a proxy's */
        w->stream = call_stream(c, "text/event-stream", CROWD_STREAM_BYTES);
        http_stream_on_low(w->stream, CROWD_ROOM_BYTES / 2, on_low, w);
        if (watcher_write(w, hello, sizeof(hello) - 1))
                begin(w, c, start);
}

/* --- the end --- */

/* Somebody waits on another thread until all event streams of all loops are over. */
struct parting {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        size_t left;
};

struct part_with {
        struct crowd *crowd;
        struct parting *parting;
};

static void on_parted(void *arg) {
        struct parting *p = arg;

        pthread_mutex_lock(&p->lock);
        p->left--;
        pthread_cond_signal(&p->changed);
        pthread_mutex_unlock(&p->lock);
}

static void part_with_streams(void *arg) {
        struct part_with *x = arg;
        struct crowd *c = x->crowd;
        struct watcher *next;
        struct audience *a;
        size_t at = 0;

        c->quiet = true;
        while ((a = map_next(&c->audiences, &at))) {
                for (struct watcher *w = a->first; w; w = next) {
                        next = w->next;
                        if (w->form == FORM_EVENTS)
                                watcher_end(w, WS_GOING_AWAY, "");
                }
        }
        if (!c->has_tick) {
                on_parted(x->parting);
                return;
        }
        c->tick.arg = x->parting;
        loop_timer_close(&c->tick, on_parted);
}

void crowd_quiesce(struct api *a, int64_t timeout_ms) {
        size_t n = a->config.n_loops;
        struct parting p = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, n };
        _cleanup_free_ struct part_with *list = calloc(n, sizeof(*list));
        _cleanup_free_ struct ws **all = calloc(n, sizeof(struct ws *));

        if (!list || !all)
                abort();
        for (size_t i = 0; i < n; i++) {
                list[i] = (struct part_with){ a->lanes[i].crowd, &p };
                all[i] = a->lanes[i].crowd->ws;
                loop_post(a->lanes[i].loop, part_with_streams, &list[i]);
        }
        pthread_mutex_lock(&p.lock);
        while (p.left)
                pthread_cond_wait(&p.changed, &p.lock);
        pthread_mutex_unlock(&p.lock);
        ws_quiesce(all, n, WS_GOING_AWAY, timeout_ms);
}
