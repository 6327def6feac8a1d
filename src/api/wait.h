/*
 * Waiting for a lease: a suspended request per waiter, woken by the commit that
 * changes the lease, by its deadline, by the end of the daemon, or (looked at
 * five times a second) by its peer's leaving.
 *
 * A waiter is its lane's: all calls but wait_notice() are for the loop's thread.
 */
#pragma once

#include "api/call.h"

enum wait_for { WAIT_RUNNING, WAIT_ENDED };

/* Reads ?wait=; *ret_ms is 0 without it.  Fails: INVALID. */
_must_check_ int wait_parameter(const struct call *c, int64_t *ret_ms, struct err *err);

/* Runs DONE(C, ARG) on the loop at the latest after MS, or at once when there is nothing to wait
 * for. */
void wait_start(struct call *c, const char *lease, enum wait_for what, int64_t ms,
                void (*done)(struct call *c, void *arg), void *arg);

void wait_lane_init(struct lane *lane, struct api *a, struct loop *loop);
/* Ends every waiter of LANE and its timer; returns when that is done. */
void wait_lane_quiesce(struct lane *lane);
void wait_lane_done(struct lane *lane);
/* The lane's timer ticks from now on. */
void wait_lane_tick(struct lane *lane);
void wait_notice(struct lane *lane, const struct notice *notices, size_t n);
