/*
 * The flags that were derived for leases, to be found by their text.
 *
 * Not the texts: a keyed hash of each, made anew at every start.  So a text that
 * is handed in is known as somebody's at once, whoever hands it in.  One for each
 * daemon, over all tenants.  Not thread-safe: the commit thread's.
 */
#pragma once

#include "model/challenge.h"
#include "store/leases.h"

struct flags;

struct flags *flags_new(const uint8_t master[KEY_SIZE]);
struct flags *flags_free(struct flags *f);
DEFINE_CLEANUP(struct flags *, flags_free)

/* Adds the flag of a lease of CHALLENGE, or notes that the lease ended.  No-op for a challenge that
 * derives none, and for one of another shape than the template says. */
void flags_put(struct flags *f, const struct lease_flag *flag, const struct challenge *challenge);

/* TEXT as the flag of a lease of CHALLENGE: one of WHO's own, one that is taken before one that is
 * not; else that of another account; NULL when it is nobody's, or that of several others (a
 * template without a placeholder).  Valid until the next change. */
const struct lease_flag *flags_find(const struct flags *f, int64_t challenge, const char *text,
                                    struct account who, int64_t now_ms);
/* Is it taken at NOW_MS: does its lease live, or is its grace not over? */
bool flags_usable(const struct lease_flag *flag, int64_t now_ms);
