/*
 * A source of challenges: what an author keeps, read and checked as a whole.
 *
 * A folder of challenge.yml files (challenge_file.h), or CTFG's challenges.json
 * (ctfg_file.h): PATH is one or the other.  Each challenge is checked, then the
 * set that they are (challenge_set.h); the files to download are measured, and
 * each attachment's `path` leads to its contents.  Nothing is changed.
 */
#pragma once

#include "model/challenge.h"

/* Where and why something was refused. */
struct complaint {
        const char *file;
        int line, column; /* 1-based; 0: unknown, or all of the file; a column for CTFG's only */
        const char *reason;
};

/* "FILE:LINE:COLUMN: REASON", as far as they are known, in ARENA. */
const char *complaint_text(const struct complaint *c, struct arena *arena);

struct challenge_source {
        struct arena arena;
        struct challenge **set; /* the good ones, ordered by slug; a reference each */
        const char **files;     /* where each came from */
        struct complaint *bad;
        size_t n, n_bad;
        bool is_file; /* CTFG's */
};
void challenge_source_done(struct challenge_source *s);
#define _cleanup_source_ _cleanup_(challenge_source_done)

struct source_config {
        int64_t tenant;
        int64_t max_file_bytes; /* of one to download */
        /* The slug that the challenge NUMBER has already: it keeps that when its title changes.
         * NULL when there is none.  May be NULL itself. */
        const char *(*slug_of)(void *arg, int64_t number);
        /* Of each good challenge of CTFG's that has one: the text that its tests hand in.  May be
         * NULL. */
        void (*on_testflag)(void *arg, int64_t number, const char *flag);
        void *arg;
};

/* Bad challenges are in ret->bad, and so is everything that is bad because of them; a set is
 * whole only when nothing is.  Fails only when PATH cannot be read at all: INVALID. */
_must_check_ int challenge_source_load(const char *path, const struct source_config *config,
                                       struct challenge_source *ret, struct err *err);
/* The same of a challenges.json whose TEXT is here already; FILE is what complaints call it. */
void challenge_source_parse(const char *file, const char *text, size_t n,
                            const struct source_config *config, struct challenge_source *ret);
