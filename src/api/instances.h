/* What the native instance routes and the adapters share.  See instances.c. */
#pragma once

#include "api/call.h"

/* May the caller see LEASE: their account's own, or any of the tenant for organisers? */
bool instance_is_theirs(const struct call *c, const struct lease *lease);
/* 404, and a row in the log that says who asked (but never floods it). */
void instance_deny(struct call *c, const char *lease, const char *what);
/* Copies the lease ID from the read model; false when it is not there. */
bool instance_look(struct call *c, const char *id, struct lease *ret);
/* Where players reach LEASE. */
const char *instance_host(const struct api *a, const struct lease *lease);
/* Answers why there is no lease to be had. */
void instance_refuse_start(struct call *c, const struct err *err);
/* The tenant's challenge with this slug or id; 0 when there is none that the caller may see. */
int64_t instance_challenge(struct call *c, const char *name);
