/*
 * The write-ahead log of a SQLite file, kept short while commits go on.
 *
 * Copying the log into the database takes as long as a hundred commits.  So a
 * thread with a connection of its own copies what is there, and once more what
 * came meanwhile; the little that is left then is the writer's to copy, after
 * which SQLite begins the log anew.  Only sqlite.c includes this.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct wal;

_must_check_ int wal_new(const char *path, struct wal **ret, struct err *err);
struct wal *wal_free(struct wal *w);

/* The writer's, after each commit: BYTES of the log are in use.  True when it is to copy what is
 * left now. */
bool wal_note(struct wal *w, int64_t bytes);
/* The writer emptied the log by itself. */
void wal_emptied(struct wal *w);
