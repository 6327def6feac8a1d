/* How many watch at once, in all and of each user.  Thread-safe. */
#pragma once

#include <stdint.h>

#include "base/attr.h"

struct places;
/* At most MAX in all, and OF_USER of one user. */
struct places *places_new(unsigned max, unsigned of_user);
struct places *places_free(struct places *p);
DEFINE_CLEANUP(struct places *, places_free)

enum places_taken { PLACES_TAKEN, PLACES_FULL, PLACES_USER_FULL };
/* One for USER; 0: somebody unknown, who counts in all only. */
enum places_taken places_take(struct places *p, int64_t user);
void places_give_back(struct places *p, int64_t user);
