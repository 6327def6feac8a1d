/*
 * A crowd: the players of a run, and the loop that they are on.
 *
 * crowd_start() begins; the caller looks now and then with crowd_look(), may call crowd_hurry(),
 * and takes what was measured once it is over.  All players live on one loop of one thread; the
 * calls here are for the thread that made the crowd.
 */
#pragma once

#include <sys/socket.h>

#include "cli/emulate/course.h"
#include "cli/emulate/dialect.h"
#include "cli/emulate/measure.h"
#include "cli/emulate/plan.h"

struct crowd;

struct login {
        const char *name, *password;
};

struct crowd_config {
        const struct dialect *dialect;
        struct course *course; /* the crowd's until it is freed */
        const char *url;       /* of the server, without a path */
        const char *tenant;    /* NULL: the server's own */
        struct plan plan;
        unsigned players;
        const struct login *logins; /* one for each player; NULL: they sign up */
};

/* Resolves and tries the server's address, and raises the limit of open files.  CONFIG lives as
 * long as the crowd.  Fails: INVALID a URL that cannot be, UNAVAILABLE nobody answers there, LIMIT
 * too few files may be open for so many players. */
_must_check_ int players_new(const struct crowd_config *config, struct crowd **ret,
                             struct err *err);
struct crowd *players_free(struct crowd *c);
DEFINE_CLEANUP(struct crowd *, players_free)
void crowd_start(struct crowd *c);

enum crowd_phase { CROWD_SIGNING_UP, CROWD_PLAYING, CROWD_LEAVING, CROWD_OVER };

/* How it stands. */
struct crowd_view {
        enum crowd_phase phase;
        int64_t for_ms; /* since the first arrival */
        double part;    /* of the run that is over, 0 to 1 */
        uint64_t players, signed_up, signed_in, failed_sign_ins, streams, right, wrong,
                rate_limited, errors;
};
void crowd_look(struct crowd *c, struct crowd_view *ret);
/* Ends the run early: what was begun is finished, instances are given back. */
void crowd_hurry(struct crowd *c);
/* Once it is over: what was measured, the crowd's.  Fails when it could not even begin: the
 * accounts cannot be made (FORBIDDEN). */
_must_check_ int crowd_result(struct crowd *c, struct measure **ret, struct err *err);
