/*
 * What answers behind the addresses of fake instances.
 *
 * One thread listens on one port of all 127.x addresses; the address that a
 * connection came to says which instance it is for.  It gets the instance's
 * name and a newline, then an echo of what it sends, until it half-closes.
 * What begins like an HTTP request within 50 ms gets the name as an HTTP
 * answer instead.  No instance at the address, or one that ended: closed at
 * once, open connections too.
 */
#pragma once

#include <stdint.h>

#include "runtime/fake_store.h"

struct fake_responder;

_must_check_ int fake_responder_open(struct fake_store *store, struct fake_responder **ret,
                                     struct err *err);
struct fake_responder *fake_responder_free(struct fake_responder *r);
uint16_t fake_responder_port(const struct fake_responder *r);
