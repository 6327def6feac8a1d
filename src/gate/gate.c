#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/doorway.h"
#include "gate/gate.h"

#define PORTS 65536

struct gate {
        struct sockaddr_storage listen; /* the port is filled in per door */
        size_t n_lanes;
        struct lane **lanes;
        pthread_mutex_t lock;
        pthread_cond_t ended;
        size_t n_ended;               /* lanes, under the lock */
        struct doorway *doors[PORTS]; /* by port, under the lock; NULL where none is */
};

static int address(const char *host, uint16_t port, struct sockaddr_storage *ret, struct err *err) {
        struct sockaddr_storage a = { 0 };

        if (uv_ip4_addr(host, port, (struct sockaddr_in *)&a) < 0 &&
            uv_ip6_addr(host, port, (struct sockaddr_in6 *)&a) < 0)
                return err_set(err, ERR_INVALID, "\"%s\" is not a numeric address", host);
        *ret = a;
        return 0;
}

static int listen_fail(uint16_t port, struct err *err) {
        switch (errno) {
        case EADDRINUSE:
                return err_set(err, ERR_CONFLICT, "port %u is in use by another program", port);
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
        case EACCES:
                return err_set(err, ERR_INVALID, "cannot listen on port %u: %s", port,
                               strerror(errno));
        default:
                return err_set(err, ERR_INTERNAL, "cannot listen on port %u: %s", port,
                               strerror(errno));
        }
}

/* The port's place is the same in both families. */
static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
              "one field");

static int listen_on(const struct gate *g, uint16_t port, int *ret, struct err *err) {
        struct sockaddr_storage a = g->listen;
        bool v4 = a.ss_family == AF_INET;
        socklen_t len = v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        _cleanup_close_ int fd = -1;
        int on = 1, off = 0;

        ((struct sockaddr_in *)&a)->sin_port = htons(port);
        fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
                return listen_fail(port, err);
        if (!v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
                return listen_fail(port, err);
        if (bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, SOMAXCONN) < 0)
                return listen_fail(port, err);
        *ret = TAKE_FD(fd);
        return 0;
}

/* The calls below hold the lock while they post, so that the loop sees changes
 * of a door in the order in which they were made, and its end last. */
static void apply(struct doorway *w) { loop_post(w->lane->loop, doorway_apply, w); }

static void discard(struct gate *g) {
        for (size_t i = 0; i < g->n_lanes; i++)
                lane_free(g->lanes[i]);
        pthread_cond_destroy(&g->ended);
        pthread_mutex_destroy(&g->lock);
        free(g->lanes);
        free(g);
}

int gate_new(const char *listen_host, struct loop **loops, size_t n_loops, struct gate **ret,
             struct err *err) {
        struct sockaddr_storage a;
        struct gate *g;

        assert(n_loops > 0);
        if (address(listen_host, 0, &a, err) < 0)
                return -1;
        g = calloc(1, sizeof(*g));
        if (!g)
                abort();
        g->listen = a;
        pthread_mutex_init(&g->lock, NULL);
        pthread_cond_init(&g->ended, NULL);
        g->lanes = calloc(n_loops, sizeof(struct lane *));
        if (!g->lanes)
                abort();
        for (; g->n_lanes < n_loops; g->n_lanes++)
                if (lane_new(loops[g->n_lanes], &g->lanes[g->n_lanes], err) < 0) {
                        discard(g);
                        return -1;
                }
        for (size_t i = 0; i < n_loops; i++)
                lane_begin(g->lanes[i]);
        *ret = g;
        return 0;
}

static void lane_ended(void *arg) {
        struct gate *g = arg;

        pthread_mutex_lock(&g->lock);
        g->n_ended++;
        pthread_cond_signal(&g->ended);
        pthread_mutex_unlock(&g->lock);
}

struct gate *gate_free(struct gate *g) {
        if (!g)
                return NULL;
        for (unsigned port = 0; port < PORTS; port++)
                gate_close(g, (uint16_t)port);
        for (size_t i = 0; i < g->n_lanes; i++) {
                assert(!loop_is_mine(g->lanes[i]->loop));
                lane_end(g->lanes[i], lane_ended, g);
        }
        pthread_mutex_lock(&g->lock);
        while (g->n_ended < g->n_lanes)
                pthread_cond_wait(&g->ended, &g->lock);
        pthread_mutex_unlock(&g->lock);
        discard(g);
        return NULL;
}

/* The lock is held. */
static int gate_open_locked(struct gate *g, const struct door *door, const struct wanted *wanted,
                            struct err *err) {
        struct doorway *w = g->doors[door->port];
        int fd = w ? w->fd : -1;

        if (fd < 0 && listen_on(g, door->port, &fd, err) < 0)
                return -1;
        if (!w) {
                w = doorway_new(g->lanes[door->port % g->n_lanes], &g->lock);
                g->doors[door->port] = w;
        }
        w->fd = fd;
        w->wanted = *wanted;
        apply(w);
        return 0;
}

int gate_open(struct gate *g, const struct door *door, struct err *err) {
        struct wanted wanted = { .deadline_ms = door->deadline_ms,
                                 .max_connections = door->max_connections };
        int rc;

        if (!door->port || !door->target_port || !door->max_connections)
                return err_set(err, ERR_INVALID,
                               "a door needs a port, a target's port and a limit of connections");
        if (address(door->target_host, door->target_port, &wanted.target, err) < 0)
                return -1;
        pthread_mutex_lock(&g->lock);
        rc = gate_open_locked(g, door, &wanted, err);
        pthread_mutex_unlock(&g->lock);
        return rc;
}

/* The lock is held. */
static void gate_extend_locked(struct gate *g, uint16_t port, int64_t deadline_ms) {
        struct doorway *w = g->doors[port];
        struct err err;

        if (!w)
                return;
        w->wanted.deadline_ms = deadline_ms;
        if (w->fd < 0 && deadline_ms > clock_now_ms() && listen_on(g, port, &w->fd, &err) < 0)
                log_error("a door did not open again", LOG_INT("port", port),
                          LOG_TEXT("error", err.msg));
        apply(w);
}

void gate_extend(struct gate *g, uint16_t port, int64_t deadline_ms) {
        pthread_mutex_lock(&g->lock);
        gate_extend_locked(g, port, deadline_ms);
        pthread_mutex_unlock(&g->lock);
}

void gate_close(struct gate *g, uint16_t port) {
        struct doorway *w;

        pthread_mutex_lock(&g->lock);
        w = g->doors[port];
        g->doors[port] = NULL;
        if (w) {
                /* From here on the port is free to be bound again, although
                 * the loop has yet to close the socket. */
                if (w->fd >= 0)
                        shutdown(w->fd, SHUT_RDWR);
                loop_post(w->lane->loop, doorway_end, w);
        }
        pthread_mutex_unlock(&g->lock);
}

bool gate_stats(struct gate *g, uint16_t port, struct door_stats *ret) {
        struct doorway *w;

        pthread_mutex_lock(&g->lock);
        w = g->doors[port];
        if (w)
                *ret = (struct door_stats){
                        .bytes_in = atomic_load_explicit(&w->bytes_in, memory_order_relaxed),
                        .bytes_out = atomic_load_explicit(&w->bytes_out, memory_order_relaxed),
                        .accepted = atomic_load_explicit(&w->accepted, memory_order_relaxed),
                        .refused = atomic_load_explicit(&w->refused, memory_order_relaxed),
                        .open = atomic_load_explicit(&w->open, memory_order_relaxed),
                };
        pthread_mutex_unlock(&g->lock);
        return w != NULL;
}
