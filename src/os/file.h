/* Files: whole reads with a limit, and writes that are there wholly or not at all. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/* Reads PATH into ARENA, NUL-terminated.  Fails: NOT_FOUND, TOO_LARGE over MAX bytes, INTERNAL. */
_must_check_ int file_read(const char *path, size_t max, struct arena *arena, char **ret, size_t *n,
                           struct err *err);
/* Writes PATH by way of a temporary file, fsync and rename, with MODE.
 * Fails: NOT_FOUND when its folder is not there, INTERNAL. */
_must_check_ int file_write(const char *path, unsigned mode, const void *data, size_t n,
                            struct err *err);
/* The parts of file_write(), for what comes piece by piece: all of DATA into FD, and then FD, by
 * name TEMPORARY, as PATH for good (on failure TEMPORARY is removed).  Fail as it does. */
_must_check_ int file_add(int fd, const char *temporary, const void *data, size_t n,
                          struct err *err);
_must_check_ int file_settle(int fd, const char *temporary, const char *path, struct err *err);
/* Makes PATH and its parents; no error when it is there.  Fails: INTERNAL. */
_must_check_ int file_mkdirs(const char *path, unsigned mode, struct err *err);
