/* What report.c needs of report_charts.c. */
#pragma once

#include "cli/emulate/outcome.h"

void report_charts(const struct outcome *o, struct buf *b);
