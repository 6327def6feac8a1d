/*
 * What waits to go out to one peer: references to messages, the first of which may be on its way.
 *
 * Nothing waiting is NULL.  A call that takes a queue gives the one to use from then on.
 */
#pragma once

#include <sys/uio.h>

#include "net/ws_frame.h"

struct ws_queue;

/* Adds M, of which SENT bytes went out already (0 unless nothing waits). */
struct ws_queue *ws_queue_push(struct ws_queue *q, struct ws_message *m, size_t sent);
/* The next of it, at most MAX pieces; gives their number. */
size_t ws_queue_pieces(const struct ws_queue *q, struct iovec *ret, size_t max);
/* N bytes went out. */
struct ws_queue *ws_queue_advance(struct ws_queue *q, size_t n);
/* Drops all but a message that is on its way; *BYTES of them. */
struct ws_queue *ws_queue_cut(struct ws_queue *q, size_t *bytes);
void ws_queue_free(struct ws_queue *q);
