/*
 * Progress: what takes longer than a second says so, on a terminal.
 *
 * A thread of its own rewrites one line of standard error every half second:
 * the text and the seconds so far.  Where standard error is no terminal
 * nothing is written.  One at a time; the calls come from one thread.
 */
#pragma once

#include "base/attr.h"

struct progress;

struct progress *progress_begin(const char *text);
/* What is being waited for now. */
void progress_say(struct progress *p, const char *fmt, ...) _printf_(2, 3);
/* Wipes the line. */
struct progress *progress_end(struct progress *p);
DEFINE_CLEANUP(struct progress *, progress_end)
