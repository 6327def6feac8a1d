/* How rows of the log become structs, for events.c and audit.c. */
#pragma once

#include "store/events.h"
#include "store/row.h"

#define EVENT_PAGE 256 /* rows read at once by a walk */

/* Fail INTERNAL when the row is damaged. */
_must_check_ int event_of_row(const struct rows *rows, size_t i, struct event *ret,
                              struct err *err);
_must_check_ int checkpoint_of_row(const struct rows *rows, size_t i, struct checkpoint *ret,
                                   struct err *err);
/* The rows after AFTER_SEQ, at most EVENT_PAGE, in ARENA. */
_must_check_ int event_page(struct tx *tx, int64_t after_seq, struct arena *arena, struct rows *ret,
                            struct err *err);
int actor_kind_parse(const char *name); /* -1 when none */
