/* The inside of challenge_parse(): one file per block of an author's file. */
#pragma once

#include "model/challenge.h"
#include "model/place.h"

/* What the block may have. */
extern const char *const challenge_instance_keys[];
_must_check_ int challenge_parse_instance(const struct place *at, struct instance_spec *s,
                                          struct err *err);
_must_check_ int challenge_parse_game(const struct place *at, struct challenge *c, struct err *err);

/* "Web 101!" gives "web-101", what has no letters or digits ""; at most SLUG_MAX bytes. */
const char *challenge_make_slug(struct arena *arena, const char *title);
