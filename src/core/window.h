/*
 * The last submissions, and which accounts have what in common in them.
 *
 * Of the newest WINDOW_MOST those of one challenge that have the address or the
 * wrong answer in common make a pair of accounts worth a look; of it all that both
 * handed in lately is compared.  Both are found through chains of alike ones, from the
 * newest back, so that the work does not grow with all pairs.  A wrong answer that more
 * than WINDOW_RARE accounts gave is what anybody might think of, and counts for nothing.
 *
 * Pure memory, of one thread; some megabytes once it is full.
 */
#pragma once

#include "model/suspicion.h"

#define WINDOW_MOST 20000
#define WINDOW_RARE 3

struct window;

struct window *window_new(void);
struct window *window_free(struct window *w);
DEFINE_CLEANUP(struct window *, window_free)
void window_clear(struct window *w);

/* S is newer than all before; what its box points to is not kept. */
void window_add(struct window *w, const struct submission *s);

/* Gives each pair that something was added to since the last call, with all that its submissions
 * show and what that weighs.  Of a flood, some thousands of pairs are looked at, those with an
 * answer in common before the rest. */
void window_find(struct window *w, void (*fn)(void *arg, const struct suspicion *s), void *arg);
