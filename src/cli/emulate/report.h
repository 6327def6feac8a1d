/*
 * The report of a run: one HTML page with everything in it, for any browser, offline.  Pure.
 */
#pragma once

#include "cli/emulate/outcome.h"

void report_write(const struct outcome *o, struct buf *b);
