/*
 * A throng: the players of a run, and the loop that they are on.
 *
 * throng_start() begins; the caller looks now and then with throng_look(), may call throng_hurry(),
 * and takes what was measured once it is over.  All players live on one loop of one thread; the
 * calls here are for the thread that made the throng.
 */
#pragma once

#include <sys/socket.h>

#include "cli/emulate/course.h"
#include "cli/emulate/dialect.h"
#include "cli/emulate/measure.h"
#include "cli/emulate/plan.h"

struct throng;

struct login {
        const char *name, *password;
};

struct throng_config {
        const struct dialect *dialect;
        struct course *course; /* the throng's until it is freed */
        const char *url;       /* of the server, without a path */
        const char *tenant;    /* NULL: the server's own */
        struct plan plan;
        unsigned players;
        const struct login *logins; /* one for each player; NULL: they sign up */
};

/* Resolves and tries the server's address, and raises the limit of open files.  CONFIG lives as
 * long as the throng.  Fails: INVALID a URL that cannot be, UNAVAILABLE nobody answers there, LIMIT
 * too few files may be open for so many players. */
_must_check_ int throng_new(const struct throng_config *config, struct throng **ret,
                            struct err *err);
struct throng *throng_free(struct throng *c);
DEFINE_CLEANUP(struct throng *, throng_free)
void throng_start(struct throng *c);

enum throng_phase { THRONG_SIGNING_UP, THRONG_PLAYING, THRONG_LEAVING, THRONG_OVER };

/* How it stands. */
struct throng_view {
        enum throng_phase phase;
        int64_t for_ms; /* since the first arrival */
        double part;    /* of the run that is over, 0 to 1 */
        uint64_t players, signed_up, signed_in, failed_sign_ins, streams, right, wrong,
                rate_limited, errors;
};
void throng_look(struct throng *c, struct throng_view *ret);
/* Ends the run early: what was begun is finished, instances are given back. */
void throng_hurry(struct throng *c);
/* Once it is over: what was measured, the throng's.  Fails when it could not even begin: the
 * accounts cannot be made (FORBIDDEN). */
_must_check_ int throng_result(struct throng *c, struct measure **ret, struct err *err);
