/* Log streams of instances: their bounded pool, and who follows.  See logs.c. */
#pragma once

#include "api/call.h"

struct followers;

/* MAX streams at once. */
_must_check_ int followers_new(unsigned max, struct followers **ret, struct err *err);
/* Ends every stream, and waits for that (about a second). */
void followers_quiesce(struct followers *f);
struct followers *followers_free(struct followers *f);

/* On LANE's loop, now and then: ends streams whose peers left.  Are there any? */
bool logs_check(struct lane *lane);
