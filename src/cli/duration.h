/* Durations as people type them. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* "90s", "30m", "12h", "7d" in seconds.  Fails: INVALID. */
_must_check_ int duration_parse(const char *text, int64_t *ret, struct err *err);
