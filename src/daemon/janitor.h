/*
 * The janitor: now and then, removes the files to download that no challenge has
 * named for a day.  A thread of its own.
 */
#pragma once

#include "core/engine.h"
#include "os/depot.h"

struct janitor;

_must_check_ int janitor_new(struct engine *e, struct depot *d, struct janitor **ret,
                             struct err *err);
struct janitor *janitor_free(struct janitor *j); /* before the engine and the depot */
DEFINE_CLEANUP(struct janitor *, janitor_free)
