/* Metrics of requests: what was answered, and how fast, by route.  See tally.c.  Thread-safe. */
#pragma once

#include "api/router.h"

struct tally;

struct tally *tally_new(void);
struct tally *tally_free(struct tally *t);
/* ROUTE NULL: none. */
void tally_request(struct tally *t, const struct route *route, enum http_method method, int status,
                   double seconds);
