/*
 * Lanes: the gate's part of one loop.
 *
 * A connection of the gate is two sockets and little else, and there may be
 * thousands of them.  So a lane watches its sockets with an epoll set of its
 * own, which the loop watches as one handle, and keeps its deadlines in one
 * heap behind one timer.  What a lane owns can then be closed and freed at
 * once, in one place, without waiting for the loop to let go of a handle.
 *
 * A lane and all that hangs on it belong to the loop's thread, except for
 * the calls from lane_new() to lane_free(), which are the gate's.
 */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"
#include "base/heap.h"
#include "gate/gate.h"
#include "os/loop.h"

#define LANE_BATCH 64

/* A descriptor that is watched.  Embedded. */
struct source {
        int fd;          /* -1: closed */
        uint32_t events; /* that ready() is called for, besides errors */
        void (*ready)(struct source *s, uint32_t events);
};

/* A moment at which something happens.  Embedded. */
struct due {
        struct heap_node node;
        void (*fn)(struct due *d);
};

struct lane {
        struct loop *loop;
        int epoll_fd;
        uv_poll_t poll;
        struct loop_timer timer;
        struct heap dues;
        struct epoll_event batch[LANE_BATCH]; /* events being handled: at..n-1 are left */
        int at, n;
        uint64_t bytes_in, bytes_out; /* not yet told to the metrics */
        void (*ended)(void *arg);
        void *ended_arg;
        char buffer[GATE_BUFFER_BYTES]; /* what is being moved right now */
};

/* Fails: INTERNAL no descriptor left. */
_must_check_ int lane_new(struct loop *loop, struct lane **ret, struct err *err);
/* Takes up its work on the loop, which may not have started yet. */
void lane_begin(struct lane *l);
/* Lets go of the loop, after what was posted before; then ENDED(ARG) runs on its
 * thread, and lane_free() may follow. */
void lane_end(struct lane *l, void (*ended)(void *arg), void *arg);
/* One that ended, or never began. */
struct lane *lane_free(struct lane *l);
DEFINE_CLEANUP(struct lane *, lane_free)

/* Watches FD, which the source owns from now on, for EVENTS (none: only its
 * errors, each told once).  -1 with FD closed when the kernel has no room. */
_must_check_ int source_open(struct lane *l, struct source *s, int fd, uint32_t events);
/* Watches for EVENTS instead. */
void source_watch(struct lane *l, struct source *s, uint32_t events);
/* Closes the descriptor; ready() is not called again.  No-op when closed. */
void source_close(struct lane *l, struct source *s);

/* Calls d->fn once at AT_MS of clock_now_ms(); again: moves it. */
void due_set(struct lane *l, struct due *d, int64_t at_ms);
void due_clear(struct lane *l, struct due *d); /* no-op when none is set */
