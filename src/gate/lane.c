#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/metric.h"
#include "gate/lane.h"

/* A timer does not count the time that the machine slept, a deadline does:
 * no wait is longer than this. */
#define LANE_WAIT_MAX_MS 1000

/* Bytes are counted a batch at a time: a metric's label look-up per read would
 * cost as much as the read. */
static void lane_count(struct lane *l) {
        if (l->bytes_in)
                metric_add(METRIC_GATE_BYTES, (double)l->bytes_in, "in");
        if (l->bytes_out)
                metric_add(METRIC_GATE_BYTES, (double)l->bytes_out, "out");
        l->bytes_in = l->bytes_out = 0;
}

/* One batch each time round the loop, so that timers and the loop's other
 * sockets wait for at most LANE_BATCH short steps. */
static void lane_ready(uv_poll_t *poll, _unused_ int status, _unused_ int events) {
        struct lane *l = container_of(poll, struct lane, poll);

        l->n = epoll_wait(l->epoll_fd, l->batch, LANE_BATCH, 0);
        for (l->at = 0; l->at < l->n;) {
                struct epoll_event *e = &l->batch[l->at++];
                struct source *s = e->data.ptr;

                if (s)
                        s->ready(s, e->events);
        }
        l->n = 0;
        lane_count(l);
}

static void lane_arm(struct lane *l) {
        struct heap_node *first = heap_first(&l->dues);
        int64_t now = clock_now_ms(), delay = 0;

        if (!first) {
                loop_timer_stop(&l->timer);
                return;
        }
        if (first->at_ms > now)
                delay = first->at_ms - now;
        loop_timer_set(&l->timer, delay < LANE_WAIT_MAX_MS ? delay : LANE_WAIT_MAX_MS);
}

static void lane_due(void *arg) {
        struct lane *l = arg;
        int64_t now = clock_now_ms();
        struct heap_node *first;

        while ((first = heap_first(&l->dues)) && first->at_ms <= now) {
                struct due *d = container_of(first, struct due, node);

                heap_del(&l->dues, first);
                d->fn(d);
        }
        lane_arm(l);
}

static void lane_take_up(void *arg) {
        struct lane *l = arg;
        int rc;

        loop_timer_init(&l->timer, l->loop, lane_due, l);
        rc = uv_poll_init(loop_uv(l->loop), &l->poll, l->epoll_fd);
        assert(rc == 0);
        rc = uv_poll_start(&l->poll, UV_READABLE, lane_ready);
        assert(rc == 0);
}

int lane_new(struct loop *loop, struct lane **ret, struct err *err) {
        struct lane *l = calloc(1, sizeof(*l));

        if (!l)
                abort();
        l->loop = loop;
        l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (l->epoll_fd < 0) {
                free(l);
                return err_set(err, ERR_INTERNAL, "epoll: %s", strerror(errno));
        }
        *ret = l;
        return 0;
}

void lane_begin(struct lane *l) { loop_post(l->loop, lane_take_up, l); }

static void lane_timer_closed(void *arg) {
        struct lane *l = arg;

        l->ended(l->ended_arg);
}

static void lane_poll_closed(uv_handle_t *handle) {
        struct lane *l = container_of((uv_poll_t *)handle, struct lane, poll);

        loop_timer_close(&l->timer, lane_timer_closed);
}

static void lane_let_go(void *arg) {
        struct lane *l = arg;

        assert(!heap_first(&l->dues));
        uv_close((uv_handle_t *)&l->poll, lane_poll_closed);
}

void lane_end(struct lane *l, void (*ended)(void *arg), void *arg) {
        l->ended = ended;
        l->ended_arg = arg;
        loop_post(l->loop, lane_let_go, l);
}

struct lane *lane_free(struct lane *l) {
        if (!l)
                return NULL;
        heap_done(&l->dues);
        close(l->epoll_fd);
        free(l);
        return NULL;
}

/* Without anything to wait for, a level-triggered error would be reported for
 * ever; edge-triggered it is told once. */
static struct epoll_event source_event(struct source *s) {
        return (struct epoll_event){
                .events = s->events ? s->events : EPOLLET,
                .data.ptr = s,
        };
}

int source_open(struct lane *l, struct source *s, int fd, uint32_t events) {
        struct epoll_event e;

        s->events = events;
        e = source_event(s);
        if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
                close(fd);
                s->fd = -1;
                return -1;
        }
        s->fd = fd;
        return 0;
}

void source_watch(struct lane *l, struct source *s, uint32_t events) {
        struct epoll_event e;
        int rc;

        if (s->fd < 0 || s->events == events)
                return;
        s->events = events;
        e = source_event(s);
        rc = epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, s->fd, &e);
        assert(rc == 0);
}

void source_close(struct lane *l, struct source *s) {
        if (s->fd < 0)
                return;
        /* Said explicitly: a child that was forked this moment holds the
         * socket open until it execs, and the set would go on reporting it. */
        epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
        close(TAKE_FD(s->fd));
        for (int i = l->at; i < l->n; i++)
                if (l->batch[i].data.ptr == s)
                        l->batch[i].data.ptr = NULL;
}

void due_set(struct lane *l, struct due *d, int64_t at_ms) {
        heap_put(&l->dues, &d->node, at_ms);
        if (heap_first(&l->dues) == &d->node)
                lane_arm(l);
}

void due_clear(struct lane *l, struct due *d) { heap_del(&l->dues, &d->node); }
