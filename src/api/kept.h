/*
 * Answers that are kept, as many ask for the same one.  Of one lane.
 *
 * A key is all that an answer hangs on; its tag names the answer to clients and
 * finds it here.  The one that was asked for longest ago gives way.
 */
#pragma once

#include "api/call.h"

struct kept *kept_new(void);
struct kept *kept_free(struct kept *k);

/* The tag of what hangs on the N bytes at KEY.  No two runs of the program give the same one. */
void kept_tag(const struct kept *k, const void *key, size_t n, char ret[ETAG_SIZE]);
/* The answer that TAG names; *fresh: it is empty and to be made.  Valid until the next call. */
struct buf *kept_body(struct kept *k, const char *tag, bool *fresh);
