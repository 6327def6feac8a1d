/*
 * Fault injection: the k-th fallible call fails.
 *
 * Every fallible call into a database or an engine begins with
 *
 *         if (fault_here("sqlite.step", err))
 *                 return -1;
 *
 * A test arms the k-th call, runs a scenario, checks the invariants, and goes
 * on with k + 1 until none fires.  Unarmed it costs one relaxed load.
 */
#pragma once

#include "base/err.h"

/* Arms the K-th call from now (1 = the next); 0 disarms.  BERTH_FAULT=K in the
 * environment arms at start. */
void fault_arm(long k);
/* Did the armed call come? */
bool fault_fired(void);
/* True, and *err filled with UNAVAILABLE "injected fault at SITE", when this call is the one. */
bool fault_here(const char *site, struct err *err);
