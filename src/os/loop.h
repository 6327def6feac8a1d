/*
 * Loops: a libuv loop on a thread of its own, that others can post to.
 *
 * Everything that a loop owns (sockets, timers, peers) is touched on its
 * thread only; another thread calls loop_post().  A loop never blocks.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"

struct loop;

/* Makes a loop; its thread starts with loop_start(). */
_must_check_ int loop_new(const char *name, struct loop **ret, struct err *err);
void loop_start(struct loop *l);
/* Ends the loop after what was posted before, closes every handle that is still
 * open and joins the thread. */
void loop_stop(struct loop *l);
struct loop *loop_free(struct loop *l); /* stopped, or never started */
DEFINE_CLEANUP(struct loop *, loop_free)

uv_loop_t *loop_uv(struct loop *l);
bool loop_is_mine(const struct loop *l); /* does this thread run L? */
/* Is its thread running?  For the thread that starts and stops it. */
bool loop_is_started(const struct loop *l);

/* Runs FN(ARG) on L's thread, in the order of the calls.  From any thread.  Before the start it
 * waits; after loop_stop() it is dropped. */
void loop_post(struct loop *l, void (*fn)(void *arg), void *arg);

/* Timers of a loop's own thread.  FN runs once after DELAY_MS (or never, when
 * stopped before).  Embedded: it must outlive loop_timer_close(). */
struct loop_timer {
        uv_timer_t uv;
        void (*fn)(void *arg);
        void *arg;
        void (*done)(void *arg);
};
void loop_timer_init(struct loop_timer *t, struct loop *l, void (*fn)(void *arg), void *arg);
void loop_timer_set(struct loop_timer *t, int64_t delay_ms); /* again: moves it */
void loop_timer_stop(struct loop_timer *t);
/* DONE(ARG) runs when the memory may be freed: at once when the loop has ended.  DONE may be
 * NULL. */
void loop_timer_close(struct loop_timer *t, void (*done)(void *arg));
