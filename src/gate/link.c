#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/metric.h"
#include "gate/link.h"

#define KEEPALIVE_IDLE_S     60
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES     3

struct side {
        struct source source;
        char *pending; /* bytes for this side that it did not take yet; NULL when none */
        uint32_t sent, len;
        bool eof, deaf;
        bool shut; /* the other's eof was passed on */
};

struct link {
        struct doorway *way;
        struct link *prev, *next;
        struct side player, instance;
        struct due due; /* while connecting, and while leaving */
        bool connecting;
        bool leaving; /* no longer counts as open */
};

static void link_settle(struct link *l);

static bool side_dead(const struct side *s) { return s->eof && s->deaf; }

static void side_deafen(struct side *s) {
        s->deaf = true;
        free(TAKE(s->pending));
}

/* Bytes that SEND says were taken of N; 0 when it would block or S went deaf. */
static size_t side_write(struct side *s, const char *data, size_t n) {
        ssize_t rc = send(s->source.fd, data, n, MSG_NOSIGNAL);

        if (rc >= 0)
                return (size_t)rc;
        if (errno != EAGAIN && errno != EINTR)
                side_deafen(s);
        return 0;
}

static void side_send(struct side *s, const char *data, size_t n) {
        size_t done;

        if (s->deaf)
                return;
        done = side_write(s, data, n);
        if (s->deaf || done == n)
                return;
        assert(!s->pending);
        s->len = (uint32_t)(n - done);
        s->sent = 0;
        s->pending = malloc(s->len);
        if (!s->pending)
                abort();
        memcpy(s->pending, data + done, s->len);
}

static void side_flush(struct side *s) {
        s->sent += (uint32_t)side_write(s, s->pending + s->sent, s->len - s->sent);
        if (s->pending && s->sent == s->len)
                free(TAKE(s->pending));
}

/* Passes the end of what comes from FROM on to S, after its last byte. */
static void side_pass_end(struct side *s, const struct side *from) {
        if (!from->eof || s->pending || s->shut)
                return;
        if (!s->deaf)
                shutdown(s->source.fd, SHUT_WR);
        s->shut = true;
}

static bool side_readable(const struct side *s, const struct side *to) {
        return !s->eof && !to->pending;
}

static void side_watch(struct lane *lane, struct side *s, const struct side *to) {
        source_watch(lane, &s->source,
                     (side_readable(s, to) ? EPOLLIN : 0U) | (s->pending ? EPOLLOUT : 0U));
}

static void add(_Atomic uint64_t *counter, uint64_t n) {
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void link_count(struct link *l, const struct side *from, size_t n) {
        if (from == &l->player) {
                add(&l->way->bytes_in, n);
                l->way->lane->bytes_in += n;
        } else {
                add(&l->way->bytes_out, n);
                l->way->lane->bytes_out += n;
        }
}

static void link_move(struct link *l, struct side *from, struct side *to) {
        struct lane *lane = l->way->lane;
        ssize_t n = recv(from->source.fd, lane->buffer, sizeof(lane->buffer), 0);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                from->eof = true;
                if (n < 0)
                        side_deafen(from);
                return;
        }
        link_count(l, from, (size_t)n);
        side_send(to, lane->buffer, (size_t)n);
}

/* From the open ones to those that only take leave. */
static void link_leave(struct link *l) {
        if (l->leaving)
                return;
        l->leaving = true;
        l->way->leaving++;
        atomic_fetch_sub_explicit(&l->way->open, 1, memory_order_relaxed);
        metric_add(METRIC_GATE_OPEN, -1);
}

static void link_close(struct link *l) {
        struct doorway *w = l->way;

        link_leave(l);
        w->leaving--;
        due_clear(w->lane, &l->due);
        source_close(w->lane, &l->player.source);
        source_close(w->lane, &l->instance.source);
        free(l->player.pending);
        free(l->instance.pending);
        if (l->next)
                l->next->prev = l->prev;
        *(l->prev ? &l->prev->next : &w->links) = l->next;
        free(l);
}

/* Does what follows from what the sides have become.  L may be gone after. */
static void link_settle(struct link *l) {
        struct lane *lane = l->way->lane;

        side_pass_end(&l->player, &l->instance);
        side_pass_end(&l->instance, &l->player);
        if (l->player.eof && l->player.shut && l->instance.eof && l->instance.shut) {
                link_close(l);
                return;
        }
        if (side_dead(&l->player) || side_dead(&l->instance)) {
                struct side *dead = side_dead(&l->player) ? &l->player : &l->instance;
                struct side *left = dead == &l->player ? &l->instance : &l->player;

                link_leave(l);
                source_close(lane, &dead->source);
                if (left->shut && !l->due.node.place)
                        due_set(lane, &l->due, clock_now_ms() + GATE_LINGER_MS);
        }
        side_watch(lane, &l->player, &l->instance);
        side_watch(lane, &l->instance, &l->player);
}

static void link_refuse(struct link *l, const char *why) {
        add(&l->way->refused, 1);
        metric_add(METRIC_GATE_CONNS, 1, why);
        l->connecting = false;
        due_clear(l->way->lane, &l->due);
        l->instance.eof = l->instance.deaf = true;
        link_leave(l);
        link_settle(l);
}

static void link_connected(struct link *l) {
        int error = 0;
        socklen_t len = sizeof(error);

        getsockopt(l->instance.source.fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error) {
                link_refuse(l, "unreachable");
                return;
        }
        add(&l->way->accepted, 1);
        metric_add(METRIC_GATE_CONNS, 1, "accepted");
        l->connecting = false;
        due_clear(l->way->lane, &l->due);
        link_settle(l);
}

static void link_ready(struct link *l, struct side *s, struct side *other, uint32_t events) {
        bool failed = events & (EPOLLERR | EPOLLHUP);

        if (s->pending && (failed || events & EPOLLOUT))
                side_flush(s);
        if (side_readable(s, other) && (failed || events & EPOLLIN))
                link_move(l, s, other);
        else if (failed && s->eof)
                side_deafen(s); /* who had only ended its sending is gone altogether */
        link_settle(l);
}

static void link_player_ready(struct source *s, uint32_t events) {
        struct link *l = container_of(s, struct link, player.source);

        if (l->connecting)
                link_close(l); /* only errors were watched for: the player is gone */
        else
                link_ready(l, &l->player, &l->instance, events);
}

static void link_instance_ready(struct source *s, uint32_t events) {
        struct link *l = container_of(s, struct link, instance.source);

        if (l->connecting)
                link_connected(l);
        else
                link_ready(l, &l->instance, &l->player, events);
}

static void link_due(struct due *d) {
        struct link *l = container_of(d, struct link, due);

        if (l->connecting)
                link_refuse(l, "unreachable");
        else
                link_close(l);
}

static void set_option(int fd, int level, int option, int value) {
        setsockopt(fd, level, option, &value, sizeof(value));
}

/* Best effort: a connection works without each of these. */
static void tune(int fd) {
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

static int link_connect(struct link *l) {
        const struct sockaddr_storage *to = &l->way->is.target;
        socklen_t len =
                to->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -1;
        tune(fd);
        if (connect(fd, (const struct sockaddr *)to, len) < 0 && errno != EINPROGRESS) {
                close(fd);
                return -1;
        }
        if (source_open(l->way->lane, &l->instance.source, fd, EPOLLOUT) < 0)
                return -1;
        l->connecting = true;
        due_set(l->way->lane, &l->due, clock_now_ms() + GATE_CONNECT_MS);
        return 0;
}

static struct link *link_new(struct doorway *w) {
        struct link *l = calloc(1, sizeof(*l));

        if (!l)
                abort();
        l->way = w;
        l->player.source = (struct source){ .fd = -1, .ready = link_player_ready };
        l->instance.source = (struct source){ .fd = -1, .ready = link_instance_ready };
        l->due.fn = link_due;
        l->next = w->links;
        if (l->next)
                l->next->prev = l;
        w->links = l;
        atomic_fetch_add_explicit(&w->open, 1, memory_order_relaxed);
        metric_add(METRIC_GATE_OPEN, 1);
        return l;
}

void link_open(struct doorway *w, int fd) {
        bool full = atomic_load_explicit(&w->open, memory_order_relaxed) >= w->is.max_connections;
        struct link *l;

        if (full && w->leaving >= w->is.max_connections) {
                /* Who storms a full door is not waited for politely. */
                add(&w->refused, 1);
                metric_add(METRIC_GATE_CONNS, 1, "limit");
                close(fd);
                return;
        }
        tune(fd);
        l = link_new(w);
        if (source_open(w->lane, &l->player.source, fd, 0) < 0)
                link_close(l);
        else if (full)
                link_refuse(l, "limit");
        else if (link_connect(l) < 0)
                link_refuse(l, "unreachable");
}

/* A socket with nothing left to send ends with FIN.  Else the kernel would go on
 * delivering what it holds, for minutes to a slow reader: reset. */
static void side_cut(struct side *s) {
        int queued = 0;

        if (s->source.fd < 0)
                return;
        ioctl(s->source.fd, SIOCOUTQNSD, &queued);
        if (s->pending || queued > 0) {
                struct linger now = { .l_onoff = 1, .l_linger = 0 };

                setsockopt(s->source.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        }
}

void link_cut(struct link *l) {
        side_cut(&l->player);
        side_cut(&l->instance);
        link_close(l);
}
