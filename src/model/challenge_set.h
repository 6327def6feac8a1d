/*
 * A set of challenges as a whole: what only shows when all of them are there.
 *
 * Requirements are written as slugs, names or numbers; challenge_set_resolve()
 * makes slugs of them.
 */
#pragma once

#include "model/challenge.h"

/* What is wrong with C in its set: MEMBER is the path of what is at fault ("requirements[1]"). */
typedef void challenge_complain_fn(void *arg, const struct challenge *c, const char *member,
                                   const char *reason);

/* Resolves the requirements of all N in SET, and tells of each that names none of them, names its
 * own challenge by whatever way round, and of each number that two have.  Gives how many
 * complaints there were; those challenges keep what they have. */
size_t challenge_set_resolve(struct challenge **set, size_t n, challenge_complain_fn *complain,
                             void *arg);
