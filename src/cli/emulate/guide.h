/* What people read about `berth emulate`, made from its tables.  Pure text into a buffer. */
#pragma once

#include "base/buf.h"

/* Each metric that --fail-on and --json know, or each kind of them: ENTRY(B, NAME, WHAT). */
void guide_metrics(struct buf *b, void (*entry)(struct buf *b, const char *name, const char *what));
/* docs/emulate.md. */
void guide_page(struct buf *b);
