/*
 * The challenges of a run: those that files tell of, with the flags that solve them, and those that
 * the server lists besides.
 *
 * A challenge has a place in the course for good, which players use to number what they know of it.
 * Read from files on one thread, used by another after that.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"

struct lesson {
        size_t place;
        const char *slug; /* NULL: not known */
        const char *title;
        const char *flag; /* NULL: not known */
        int64_t number;   /* CTFG's; 0: not known */
};

struct course {
        struct arena arena;
        struct lesson **lessons;
        size_t n, cap, n_flags;
        struct map by_slug, by_number;
        bool is_file; /* it was read from CTFG's challenges.json */
};

void course_done(struct course *c);
#define _cleanup_course_ _cleanup_(course_done)

/* Reads a folder of challenges, whose static flags are known, or CTFG's challenges.json, with its
 * testflags.  What is wrong in them is complained of on standard error.  RET is zero-initialised.
 * Fails: INVALID. */
_must_check_ int course_load(const char *path, struct course *ret, struct err *err);

/* The place of a challenge that the server lists; a new one when it is not there yet. */
size_t course_slug(struct course *c, const char *slug, const char *title);
size_t course_number(struct course *c, int64_t number, const char *title);
