/*
 * Doorways: a door as it stands in its lane.
 *
 * What is wanted of a door (its listener, target, deadline, limit) is written
 * by any thread under the gate's lock; doorway_apply(), posted to the loop,
 * makes it so.  The deadline is read again under that lock in the moment of
 * closing, so that an extension which was asked for in time is never too late
 * by the length of a queue.  Counters are atomic and only the loop writes them.
 *
 * A doorway shut by its deadline stays, without a listener, until it is wanted
 * again or ended.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "gate/lane.h"

/* A door shuts this much after its deadline: an extension whose commit is in
 * flight in the last moment finds the player's connections still there. */
#define GATE_GRACE_MS 50
/* After EMFILE and the like: when accepting is tried again. */
#define GATE_BACKOFF_MS 100

struct wanted {
        struct sockaddr_storage target;
        int64_t deadline_ms;
        unsigned max_connections;
};

struct doorway {
        struct lane *lane;
        pthread_mutex_t *lock; /* the gate's */

        int fd; /* under the lock: the listening socket, -1 when shut */
        struct wanted wanted;

        struct source listener; /* the loop's own from here on */
        struct wanted is;
        struct due shut, accept_again;
        struct link *links;
        unsigned leaving; /* links that only take leave of one side */

        _Atomic uint64_t bytes_in, bytes_out, accepted, refused;
        _Atomic unsigned open;
};

struct doorway *doorway_new(struct lane *lane, pthread_mutex_t *lock);
/* On the loop: makes what is wanted so.  ARG is the doorway. */
void doorway_apply(void *arg);
/* On the loop: closes everything and frees the doorway, ARG. */
void doorway_end(void *arg);
