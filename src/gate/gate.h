/*
 * The gate: what players connect to.
 *
 * A door is a TCP listener on a lease's port.  It forwards to the instance
 * and closes at the deadline by its own timer: the listener and every
 * connection through it end at once, however busy the engine is.  Doors live
 * on the loops given at gate_new(); all functions may be called from any
 * thread except where noted.
 *
 * Half-close is passed on in both directions; a slow reader stops the reading
 * of its other side (at most GATE_BUFFER_BYTES wait per direction); over the
 * limit of connections a new one is closed at once; while the instance cannot
 * be reached a new connection is accepted and then closed gracefully (FIN, not
 * RST) within GATE_CONNECT_MS.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "os/loop.h"

#define GATE_BUFFER_BYTES 65536
#define GATE_CONNECT_MS   5000

struct gate;

struct door {
        uint16_t port;        /* listened on */
        char target_host[64]; /* numeric address of the instance */
        uint16_t target_port;
        int64_t deadline_ms;      /* wall clock of base/clock */
        unsigned max_connections; /* through this door at once */
};

struct door_stats {
        uint64_t bytes_in, bytes_out; /* from players, to players */
        uint64_t accepted, refused;   /* connections forwarded, and turned away */
        unsigned open;                /* connections */
};

/* LISTEN_HOST: the numeric address that doors bind ("0.0.0.0", "127.0.0.1", "::"). */
_must_check_ int gate_new(const char *listen_host, struct loop **loops, size_t n_loops,
                          struct gate **ret, struct err *err);
/* Closes every door.  The loops must still run. */
struct gate *gate_free(struct gate *g);
DEFINE_CLEANUP(struct gate *, gate_free)

/* Binds and listens (in the caller's thread, so that a failure is known at once)
 * and starts to forward.  A door that is open on the port already gets the new
 * target and deadline; its connections to another target are ended.
 * Fails: CONFLICT another program has the port, INVALID a bad address, INTERNAL. */
_must_check_ int gate_open(struct gate *g, const struct door *door, struct err *err);

/* Moves the deadline of PORT's door; one that just closed at its old deadline
 * opens again.  No-op where no door is. */
void gate_extend(struct gate *g, uint16_t port, int64_t deadline_ms);

/* Closes the door and its connections.  No-op where none is. */
void gate_close(struct gate *g, uint16_t port);

/* False where no door is.  One that its deadline shut still tells what it
 * counted, until gate_close(). */
bool gate_stats(struct gate *g, uint16_t port, struct door_stats *ret);
