/*
 * Time.
 *
 * Deadlines are wall-clock milliseconds since 1970 in UTC; waiting is
 * monotonic.  clock_now_ms() is the wall clock as it was when the program
 * started, carried on by the monotonic clock: a jump of the wall clock
 * (somebody sets the date) neither ends leases early nor lets them live on.
 * clock_check() notices the jump.  Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

int64_t clock_now_ms(void);  /* anchored wall clock, ms since the epoch */
int64_t clock_mono_ms(void); /* monotonic, ms */
int64_t clock_mono_us(void); /* monotonic, us */

/* How far the wall clock has run from ours since the last call that returned
 * non-zero, in ms; 0 while it is within 2 s.  Call it every second or so. */
int64_t clock_check(void);

/* "2026-11-20T19:05:06.123Z"; RET has room for CLOCK_TEXT bytes. */
#define CLOCK_TEXT 32
void clock_text(int64_t ms, char ret[CLOCK_TEXT]);

/* RFC 3339, "2026-11-20T19:05:06.123Z" or with an offset such as +02:00, to ms since 1970.  False
 * when TEXT is none, or before 1970. */
bool clock_parse(const char *text, int64_t *ret);
