/*
 * Marks: where in an author's text each of its values stands.
 *
 * A value is named by its path, as refusals name it ("hints[2].cost").  Zero-initialised is
 * empty.
 */
#pragma once

#include "base/arena.h"
#include "base/map.h"

/* 1-based; the column counts bytes.  0: unknown. */
struct mark {
        int line, column;
};

struct marks {
        struct arena arena;
        struct map by_path;
};
void marks_done(struct marks *m);
#define _cleanup_marks_ _cleanup_(marks_done)

/* PATH is copied; "" is all of the text. */
void marks_put(struct marks *m, const char *path, struct mark at);
/* Of PATH, or of the nearest value around it that has one. */
struct mark marks_find(const struct marks *m, const char *path);
/* Of what MSG begins with: "hints[2].cost: must be ..." */
struct mark marks_of_message(const struct marks *m, const char *msg);
