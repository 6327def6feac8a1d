#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate/doorway.h"
#include "gate/link.h"

#define ACCEPT_BATCH 16

static void doorway_cut_links(struct doorway *w) {
        while (w->links)
                link_cut(w->links);
}

/* The lock is held: the descriptor and what others know of it go together, so
 * that who finds the door shut can bind its port. */
static void doorway_stop_listening(struct doorway *w) {
        source_close(w->lane, &w->listener);
        due_clear(w->lane, &w->accept_again);
        w->fd = -1;
}

/* INT64_MAX is a deadline too: never. */
static int64_t shut_at(const struct wanted *w) {
        return w->deadline_ms < INT64_MAX - GATE_GRACE_MS ? w->deadline_ms + GATE_GRACE_MS :
                                                            INT64_MAX;
}

static void doorway_shut(struct due *d) {
        struct doorway *w = container_of(d, struct doorway, shut);
        int64_t at_ms;
        bool over;

        pthread_mutex_lock(w->lock);
        at_ms = shut_at(&w->wanted);
        over = at_ms <= clock_now_ms();
        if (over)
                doorway_stop_listening(w);
        pthread_mutex_unlock(w->lock);
        if (over)
                doorway_cut_links(w);
        else
                due_set(w->lane, d, at_ms);
}

static void doorway_accept_again(struct due *d) {
        struct doorway *w = container_of(d, struct doorway, accept_again);

        source_watch(w->lane, &w->listener, EPOLLIN);
}

/* Errors of the one connection that accept() was about. */
static bool accept_may_go_on(int error) {
        switch (error) {
        case EINTR:
        case ECONNABORTED:
        case EPROTO:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH:
        case EPERM:
                return true;
        default:
                return false;
        }
}

static void doorway_accept(struct source *s, _unused_ uint32_t events) {
        struct doorway *w = container_of(s, struct doorway, listener);

        for (int i = 0; i < ACCEPT_BATCH; i++) {
                int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd >= 0) {
                        link_open(w, fd);
                } else if (errno == EAGAIN) {
                        return;
                } else if (!accept_may_go_on(errno)) {
                        /* Out of descriptors, most likely.  The connection
                         * stays in the backlog and would wake us for ever. */
                        source_watch(w->lane, s, 0);
                        due_set(w->lane, &w->accept_again, clock_now_ms() + GATE_BACKOFF_MS);
                        return;
                }
        }
}

struct doorway *doorway_new(struct lane *lane, pthread_mutex_t *lock) {
        struct doorway *w = calloc(1, sizeof(*w));

        if (!w)
                abort();
        w->lane = lane;
        w->lock = lock;
        w->fd = -1;
        w->listener = (struct source){ .fd = -1, .ready = doorway_accept };
        w->shut.fn = doorway_shut;
        w->accept_again.fn = doorway_accept_again;
        return w;
}

/* The lock is held. */
static void doorway_listen(struct doorway *w) {
        if (w->fd < 0 || w->listener.fd >= 0)
                return;
        if (source_open(w->lane, &w->listener, w->fd, EPOLLIN) < 0) {
                log_error("a door cannot be watched", LOG_TEXT("error", strerror(errno)));
                w->fd = -1;
        }
}

void doorway_apply(void *arg) {
        struct doorway *w = arg;
        bool retarget;

        pthread_mutex_lock(w->lock);
        retarget = memcmp(&w->is.target, &w->wanted.target, sizeof(w->is.target)) != 0;
        w->is = w->wanted;
        doorway_listen(w);
        pthread_mutex_unlock(w->lock);
        if (retarget)
                doorway_cut_links(w);
        if (w->listener.fd >= 0)
                due_set(w->lane, &w->shut, shut_at(&w->is));
}

void doorway_end(void *arg) {
        struct doorway *w = arg;

        pthread_mutex_lock(w->lock);
        doorway_stop_listening(w);
        pthread_mutex_unlock(w->lock);
        doorway_cut_links(w);
        due_clear(w->lane, &w->shut);
        free(w);
}
