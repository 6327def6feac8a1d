/*
 * The depot: contents by their digest, in a folder.
 *
 *         DIR/<shelf>/<sha256>         whole, and verified when it came
 *         DIR/<shelf>/<sha256>.part    still being sent
 *
 * A shelf is one tenant's: what lies on another one is not seen.  A content's time
 * of modification says when somebody last wanted it; depot_collect() removes
 * what nobody did for long.  Thread-safe, also between processes that share the
 * folder.  Every call may wait for the disk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"

struct depot;

/* Makes the folder where it is missing.  MAX_BYTES: of one content.  Fails: INTERNAL. */
_must_check_ int depot_open(const char *dir, int64_t max_bytes, struct depot **ret,
                            struct err *err);
struct depot *depot_free(struct depot *d);
DEFINE_CLEANUP(struct depot *, depot_free)

/* DIGEST is 64 lower-case hexadecimal digits; everything else is NOT_FOUND. */

/* Is it there?  Then it is wanted as of now.  BYTES may be NULL. */
bool depot_has(struct depot *d, int64_t shelf, const char *digest, int64_t *bytes);
/* A descriptor that the caller closes, and its size.  Fails: NOT_FOUND, INTERNAL. */
_must_check_ int depot_get(struct depot *d, int64_t shelf, const char *digest, int *fd,
                           int64_t *bytes, struct err *err);
/* Copies the file PATH, unless it is there.  Fails: INVALID its digest is another, TOO_LARGE,
 * NOT_FOUND, INTERNAL. */
_must_check_ int depot_import(struct depot *d, int64_t shelf, const char *digest, const char *path,
                              struct err *err);

/* N bytes of a content from OFFSET on, of TOTAL. */
struct depot_part {
        int64_t offset, total;
        const void *data;
        size_t n;
};
/* Parts come in order, and may come again.  *whole: it is all there now, or was before.
 * Fails: CONFLICT a part is missing before this one, TOO_LARGE, INVALID it goes beyond the total,
 * or all of it has another digest (then it is forgotten); INTERNAL. */
_must_check_ int depot_receive(struct depot *d, int64_t shelf, const char *digest,
                               const struct depot_part *part, bool *whole, struct err *err);

/* Removes what nobody wanted for AGE_S seconds; what NAMED says yes to is wanted now.  Gives how
 * many it removed. */
size_t depot_collect(struct depot *d, int64_t age_s,
                     bool (*named)(void *arg, int64_t shelf, const char *digest), void *arg);
