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
/* The answer that TAG names; NULL: none is kept.  Valid until the next kept_put(). */
struct http_blob *kept_get(struct kept *k, const char *tag);
/* Keeps BODY under TAG. */
struct http_blob *kept_put(struct kept *k, const char *tag, const struct buf *body);
