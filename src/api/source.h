/*
 * What is known of the source of challenges: who reads it tells, /ready and
 * GET /api/v2/challenges/source show it.  Thread-safe.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "model/challenge_source.h"

struct source_status;

/* PATH: the folder or file, of which people see the last part only; */
struct source_status *source_status_new(const char *path);
struct source_status *source_status_free(struct source_status *s);
DEFINE_CLEANUP(struct source_status *, source_status_free)

/* It was read at NOW_MS for TENANT, and N problems keep what was before; none: it is what is
 * played. */
void source_status_tell(struct source_status *s, int64_t tenant, int64_t now_ms,
                        const struct complaint *problems, size_t n);
/* How many problems there are.  S may be NULL: none. */
size_t source_status_problems(struct source_status *s);
/* As JSON for people of TENANT; for those of another than the source's there is none. */
void source_status_write(struct source_status *s, int64_t tenant, struct buf *ret);
