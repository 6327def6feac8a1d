/*
 * Trees: has anything changed in a folder, and where would a change be seen?
 *
 * Sizes, times and identities of files are looked at, not their contents.  What
 * begins with a dot is left out, links are followed, depth and number of
 * entries are bounded.  Every call waits for the disk.
 */
#pragma once

#include "base/arena.h"
#include "base/crypto.h"

struct tree {
        const char *const *folders; /* in ARENA: the top and those in it */
        size_t n_folders;
        uint8_t print[SHA256_SIZE]; /* another one after a change of a name or a file */
};

/* PATH is a folder, or a file: then its own folder is the only one.  Fails: NOT_FOUND. */
_must_check_ int tree_look(const char *path, struct arena *arena, struct tree *ret,
                           struct err *err);
