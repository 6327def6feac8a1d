/*
 * Where a request came from, as much as the store keeps of it: enough to see that two came from
 * the same place, not where that is.
 */
#pragma once

#include "api/call.h"
#include "core/game_verbs.h"

/* The sender of C's request. */
void sender_of(const struct call *c, struct sender *ret);

/* ADDRESS, as text, to 16 hexadecimal digits: an IPv6 address by its /64, which is one customer's,
 * and a mapped IPv4 address as that; "" for no address.  Only who has KEY can tell which address
 * it was. */
void sender_hash(const uint8_t key[KEY_SIZE], const char *address,
                 char ret[sizeof(((struct sender *)0)->address)]);
