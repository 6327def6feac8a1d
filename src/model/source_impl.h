/* The inside of challenge_source_load(): what the two kinds of source share. */
#pragma once

#include "model/challenge_source.h"
#include "model/marks.h"

#define SOURCE_CHALLENGES_MAX 4096
#define SOURCE_FILE_MAX       ((size_t)4 * 1024 * 1024) /* CTFG's, with all challenges in it */

/* Where a challenge came from: MARKS are of FILE, and PREFIX leads to it there ("[3]."). */
struct challenge_origin {
        const char *file;
        const struct marks *marks;
        const char *prefix;
};

struct loader_marks {
        struct marks marks;
        struct loader_marks *next;
};

struct loader {
        const struct source_config *config;
        struct challenge_source *to;
        struct challenge_origin *origins; /* of each in to->set */
        struct loader_marks *marks;
};

/* Empty ones that live as long as the loader. */
struct marks *loader_marks(struct loader *l);
void loader_complain(struct loader *l, const char *file, struct mark at, const char *fmt, ...)
        _printf_(4, 5);
/* Takes over C, unless its slug is taken: then that is said. */
void loader_keep(struct loader *l, const struct challenge_origin *from, struct challenge *c);
/* All of a regular file; stops after MAX bytes and one, for the caller to refuse.  Fails: INVALID.
 */
_must_check_ int loader_read(const char *file, size_t max, struct buf *ret, struct err *err);

_must_check_ int loader_folder(struct loader *l, const char *dir, struct err *err);
void loader_ctfg(struct loader *l, const char *file);
void loader_ctfg_text(struct loader *l, const char *file, const char *text, size_t n);
