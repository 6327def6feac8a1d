#include "net/ws_impl.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "net/http.h"
#include "net/ws_queue.h"

#define BATCH    64   /* sockets that are ready, looked at in one turn */
#define PIECES   64   /* messages in one write */
#define TICK_MS  1000 /* between two looks at all peers */
#define LEAVE_MS 5000 /* for the peer's half of the closing */

static const char *const ends[] = {
        [WS_END_LEFT] = "left",     [WS_END_CLOSED] = "closed", [WS_END_SLOW] = "slow",
        [WS_END_SILENT] = "silent", [WS_END_FLOOD] = "flood",   [WS_END_WRONG] = "wrong",
};

const char *ws_end_name(enum ws_end end) { return ends[end]; }

enum state {
        OPEN,
        LEAVING, /* a close frame is on its way, or the peer's came */
        DEAD,    /* its socket is closed; it is told of in a moment */
};

struct ws_peer {
        struct ws_peer *next, **link; /* of all, or of the dead */
        struct ws *ws;
        void *arg;
        struct http_link *http;
        struct ws_queue *queue; /* NULL: nothing waits */
        size_t pending;
        int64_t heard_ms,
                moved_ms;  /* the last byte from it; the last that it took while some waited */
        int64_t pinged_ms; /* once it is leaving: when it has to be gone */
        int64_t spent_ms;  /* when the frames that came are paid for */
        struct ws_incoming in;
        int fd;
        uint16_t code; /* the peer's */
        uint8_t state, end;
        bool waited; /* drained() is due */
};

struct ws {
        struct loop *loop;
        struct ws_limits limits;
        struct ws_events events;
        struct ws_rules rules;
        int epoll_fd;
        uv_poll_t poll;
        struct loop_timer tick;
        bool ticking, reaping;
        struct ws_peer *peers, *dead;
        size_t n;
        struct ws_readers readers;
        struct ws_message *ping;
        struct ws_quiet *quiet; /* being quiesced, with ... */
        enum ws_code code;
        bool ended;         /* it has no handles any more */
        char buffer[16384]; /* what was just received */
};

/* --- lists --- */

static void put(struct ws_peer **list, struct ws_peer *p) {
        p->next = *list;
        p->link = list;
        if (p->next)
                p->next->link = &p->next;
        *list = p;
}

static void take_out(struct ws_peer *p) {
        *p->link = p->next;
        if (p->next)
                p->next->link = p->link;
}

/* --- ends --- */

static void on_reap(void *arg);

static void die(struct ws_peer *p, enum ws_end end) {
        struct ws *ws = p->ws;

        if (p->state == DEAD)
                return;
        if (p->state == OPEN) /* else it is known already why */
                p->end = (uint8_t)end;
        p->state = DEAD;
        /* Said explicitly: a child that was forked this moment holds the socket open until it
         * execs, and the set would go on reporting it. */
        epoll_ctl(ws->epoll_fd, EPOLL_CTL_DEL, p->fd, NULL);
        if (p->http)
                http_link_close(p->http);
        else
                close(p->fd);
        p->fd = -1;
        ws_queue_free(p->queue);
        p->queue = NULL;
        p->pending = 0;
        take_out(p);
        put(&ws->dead, p);
        if (!ws->reaping)
                loop_post(ws->loop, on_reap, ws);
        ws->reaping = true;
}

static void on_poll_closed(uv_handle_t *handle) {
        struct ws *ws = container_of((uv_poll_t *)handle, struct ws, poll);

        ws->tick.arg = ws->quiet;
        loop_timer_close(&ws->tick, ws_quiet_tell);
}

/* The last peer of one that is being quiesced is gone. */
static void finish(struct ws *ws) {
        if (ws->ended)
                return;
        ws->ended = true;
        uv_close((uv_handle_t *)&ws->poll, on_poll_closed);
}

static void on_reap(void *arg) {
        struct ws *ws = arg;
        struct ws_peer *p;

        ws->reaping = false;
        while ((p = ws->dead)) {
                take_out(p);
                ws_incoming_done(&p->in, &ws->readers);
                ws->n--;
                ws->events.closed(p->arg, (enum ws_end)p->end, p->code);
                free(p);
        }
        if (ws->quiet && ws->n == 0)
                finish(ws);
}

/* --- what goes out --- */

static bool would_block(void) { return errno == EAGAIN || errno == EINTR; }

/* Writes what waits; false when the peer is gone. */
static bool flush(struct ws_peer *p) {
        struct iovec pieces[PIECES];
        struct msghdr msg = { .msg_iov = pieces };
        ssize_t n;

        while (p->queue) {
                msg.msg_iovlen = ws_queue_pieces(p->queue, pieces, PIECES);
                n = sendmsg(p->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0)
                        return would_block();
                p->queue = ws_queue_advance(p->queue, (size_t)n);
                p->pending -= (size_t)n;
                p->moved_ms = clock_mono_ms();
        }
        return true;
}

/* Puts M on its way, whatever waits. */
static void post(struct ws_peer *p, struct ws_message *m) {
        ssize_t n = 0;

        if (!p->queue) {
                n = send(p->fd, m->data, m->n, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0 && !would_block()) {
                        die(p, WS_END_LEFT);
                        return;
                }
                if (n == (ssize_t)m->n)
                        return;
                p->moved_ms = clock_mono_ms();
        }
        n = n > 0 ? n : 0;
        p->queue = ws_queue_push(p->queue, m, (size_t)n);
        p->pending += m->n - (size_t)n;
        p->waited = true;
}

static void post_frame(struct ws_peer *p, enum ws_op op, const void *data, size_t n) {
        _cleanup_(ws_message_unrefp) struct ws_message *m = NULL;
        _cleanup_buf_ struct buf b = { 0 };

        ws_frame_add(&b, p->ws->limits.role, op, data, n);
        m = ws_message_new(b.data, b.len);
        post(p, m);
}

/* Forgets what waits and has not begun to go out. */
static void cut(struct ws_peer *p) {
        size_t dropped = 0;

        if (p->queue)
                p->queue = ws_queue_cut(p->queue, &dropped);
        p->pending -= dropped;
}

static void leave(struct ws_peer *p, enum ws_end end, enum ws_code code, const char *reason) {
        uint8_t payload[WS_CONTROL_MAX];

        if (p->state != OPEN)
                return;
        p->state = LEAVING;
        p->end = (uint8_t)end;
        p->pinged_ms = clock_mono_ms() + LEAVE_MS;
        post_frame(p, WS_CLOSE, payload, ws_close_payload(code, reason, payload));
}

bool ws_send(struct ws_peer *p, struct ws_message *m) {
        assert(loop_is_mine(p->ws->loop));
        if (p->state != OPEN)
                return false;
        if (p->pending > p->ws->limits.max_pending_bytes) {
                cut(p);
                leave(p, WS_END_SLOW, WS_LATER, "too slow");
                return false;
        }
        post(p, m);
        return p->state == OPEN;
}

bool ws_send_text(struct ws_peer *p, const char *text, size_t n) {
        _cleanup_(ws_message_unrefp) struct ws_message *m = NULL;
        _cleanup_buf_ struct buf b = { 0 };

        ws_frame_add(&b, p->ws->limits.role, WS_TEXT, text, n);
        m = ws_message_new(b.data, b.len);
        return ws_send(p, m);
}

size_t ws_pending(const struct ws_peer *p) { return p->pending; }

void ws_close(struct ws_peer *p, enum ws_code code, const char *reason) {
        leave(p, WS_END_CLOSED, code, reason);
}

void ws_drop(struct ws_peer *p, enum ws_code code, const char *reason) {
        if (p->state == OPEN)
                cut(p);
        leave(p, WS_END_CLOSED, code, reason);
}

/* --- what comes in --- */

/* A bucket of frames: it is full again at spent_ms (the generic cell rate algorithm). */
static bool on_frame(void *arg) {
        struct ws_peer *p = arg;
        const struct ws_limits *l = &p->ws->limits;
        int64_t now = clock_mono_ms(), each_ms = l->frames_per_s ? 1000 / l->frames_per_s : 0;

        if (p->spent_ms < now)
                p->spent_ms = now;
        p->spent_ms += each_ms;
        return p->spent_ms - now <= each_ms * l->frames_burst;
}

static void on_text(void *arg, const char *text, size_t n) {
        struct ws_peer *p = arg;

        if (p->state == OPEN)
                p->ws->events.text(p->arg, text, n);
}

/* The peer's close: ours goes back, unless it went before. */
static void on_close(struct ws_peer *p, const uint8_t *data, size_t n) {
        p->code = (uint16_t)ws_close_code(data, n);
        if (p->state == OPEN) {
                p->state = LEAVING;
                p->end = WS_END_LEFT;
                p->pinged_ms = clock_mono_ms() + LEAVE_MS;
                post_frame(p, WS_CLOSE, data, n < 2 ? 0 : 2);
        }
}

static void on_control(void *arg, enum ws_op op, const uint8_t *data, size_t n) {
        struct ws_peer *p = arg;

        if (p->state == DEAD)
                return;
        if (op == WS_CLOSE)
                on_close(p, data, n);
        else if (op == WS_PING && p->pending <= p->ws->limits.max_pending_bytes)
                post_frame(p, WS_PONG, data, n);
}

/* It is over once both halves of the closing are through. */
static void look_at_end(struct ws_peer *p) {
        if (p->state == LEAVING && p->in.closed && !p->queue)
                die(p, WS_END_LEFT);
}

void ws_feed(struct ws_peer *p, const void *data, size_t n) {
        struct ws *ws = p->ws;
        int code = ws_read(&ws->readers, &p->in, &ws->rules, data, n, p);

        if (code == 0)
                return;
        p->in.closed = true; /* what else it sends is not looked at */
        leave(p, code == WS_POLICY ? WS_END_FLOOD : WS_END_WRONG, (enum ws_code)code, "");
}

static void receive(struct ws_peer *p) {
        struct ws *ws = p->ws;
        ssize_t n;

        while (p->state != DEAD && !p->in.closed) {
                n = recv(p->fd, ws->buffer, sizeof(ws->buffer), MSG_DONTWAIT);
                if (n == 0 || (n < 0 && !would_block())) {
                        die(p, WS_END_LEFT);
                        return;
                }
                if (n < 0)
                        return;
                p->heard_ms = clock_mono_ms();
                ws_feed(p, ws->buffer, (size_t)n);
        }
}

static void send_more(struct ws_peer *p) {
        struct ws *ws = p->ws;

        if (!flush(p)) {
                die(p, WS_END_LEFT);
                return;
        }
        if (!p->waited || p->pending > ws->limits.max_pending_bytes / 8)
                return;
        p->waited = false;
        if (p->state == OPEN && ws->events.drained)
                ws->events.drained(p->arg);
}

static void look_at_socket(struct ws_peer *p, uint32_t events) {
        if (p->state == DEAD)
                return;
        if (!p->in.closed)
                receive(p);
        else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
                die(p, WS_END_LEFT);
        if (p->queue && events & EPOLLOUT)
                send_more(p);
        look_at_end(p);
}

/* The set tells of each change once, so that nothing is ever asked of it again. */
static void on_ready(uv_poll_t *poll, int status _unused_, int events _unused_) {
        struct ws *ws = container_of(poll, struct ws, poll);
        struct epoll_event batch[BATCH];
        int n = epoll_wait(ws->epoll_fd, batch, BATCH, 0);

        /* Who dies meanwhile is freed after this. */
        for (int i = 0; i < n; i++)
                look_at_socket(batch[i].data.ptr, batch[i].events);
}

/* --- time --- */

static void look_at(struct ws_peer *p, int64_t now) {
        const struct ws_limits *l = &p->ws->limits;

        if (p->state == LEAVING) {
                if (now >= p->pinged_ms)
                        die(p, WS_END_CLOSED);
        } else if (now - p->heard_ms >= l->silent_ms) {
                cut(p);
                leave(p, WS_END_SILENT, WS_POLICY, "silent");
        } else if (p->queue && now - p->moved_ms >= l->silent_ms) {
                cut(p);
                leave(p, WS_END_SLOW, WS_LATER, "too slow");
        } else if (l->ping_ms && now - p->pinged_ms >= l->ping_ms) {
                p->pinged_ms = now;
                post(p, p->ws->ping);
        }
}

static void on_tick(void *arg) {
        struct ws *ws = arg;
        int64_t now = clock_mono_ms();
        struct ws_peer *next;

        for (struct ws_peer *p = ws->peers; p; p = next) {
                next = p->next;
                look_at(p, now);
        }
        ws->ticking = ws->peers != NULL;
        if (ws->ticking)
                loop_timer_set(&ws->tick, TICK_MS);
}

/* --- peers --- */

struct ws_peer *ws_add(struct ws *ws, int fd, struct http_link *link, const void *early, size_t n,
                       void *arg) {
        struct ws_peer *p = calloc(1, sizeof(*p));
        struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                 .data.ptr = p };
        int on = 1;

        assert(loop_is_mine(ws->loop));
        if (!p)
                abort();
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* no TCP: so what */
        p->ws = ws;
        p->arg = arg;
        p->fd = fd;
        p->http = link;
        p->code = WS_NO_CODE;
        p->heard_ms = p->pinged_ms = clock_mono_ms();
        put(&ws->peers, p);
        ws->n++;
        if (ws->ended || epoll_ctl(ws->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
                die(p, WS_END_CLOSED);
                return p;
        }
        if (!ws->ticking) {
                ws->ticking = true;
                loop_timer_set(&ws->tick, TICK_MS);
        }
        if (ws->quiet) /* and not ended: who quiesces still waits */
                leave(p, WS_END_CLOSED, ws->code, "");
        else if (n)
                ws_feed(p, early, n);
        return p;
}

/* --- life --- */

struct loop *ws_loop(struct ws *ws) {
        return ws->loop;
}

static void take_up(void *arg) {
        struct ws *ws = arg;
        int r;

        loop_timer_init(&ws->tick, ws->loop, on_tick, ws);
        r = uv_poll_init(loop_uv(ws->loop), &ws->poll, ws->epoll_fd);
        assert(r == 0);
        r = uv_poll_start(&ws->poll, UV_READABLE, on_ready);
        assert(r == 0);
}

int ws_new(struct loop *loop, const struct ws_limits *limits, const struct ws_events *events,
           struct ws **ret, struct err *err) {
        struct ws *ws = calloc(1, sizeof(*ws));
        _cleanup_buf_ struct buf b = { 0 };

        if (!ws)
                abort();
        ws->loop = loop;
        ws->limits = *limits;
        ws->events = *events;
        ws->rules = (struct ws_rules){ .role = limits->role,
                                       .max_bytes = limits->max_message_bytes,
                                       .frame = limits->frames_per_s ? on_frame : NULL,
                                       .text = events->text ? on_text : NULL,
                                       .control = on_control };
        ws->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (ws->epoll_fd < 0) {
                free(ws);
                return err_set(err, ERR_UNAVAILABLE, "epoll: %s", strerrordesc_np(errno));
        }
        ws_frame_add(&b, limits->role, WS_PING, "", 0);
        ws->ping = ws_message_new(b.data, b.len);
        loop_post(loop, take_up, ws);
        *ret = ws;
        return 0;
}

void ws_begin_leaving(struct ws *ws, struct ws_quiet *quiet, enum ws_code code) {
        struct ws_peer *next;

        assert(!ws->ended);
        ws->quiet = quiet;
        ws->code = code;
        for (struct ws_peer *p = ws->peers; p; p = next) {
                next = p->next;
                leave(p, WS_END_CLOSED, code, "");
        }
        if (ws->n == 0)
                finish(ws);
}

void ws_end_all(struct ws *ws) {
        while (ws->peers)
                die(ws->peers, WS_END_CLOSED);
}

struct ws *ws_free(struct ws *ws) {
        if (!ws)
                return NULL;
        if (loop_is_started(ws->loop))
                ws_settle(ws, ws->ended);
        assert(ws->ended && !ws->peers && !ws->dead);
        ws_readers_done(&ws->readers);
        ws_message_unref(ws->ping);
        close(ws->epoll_fd);
        free(ws);
        return NULL;
}
