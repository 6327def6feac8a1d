/* Flags: the name of an option or a setting in its table, in lower case and with dashes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FLAG_TEXT 40 /* bytes for the longest */

/* Is FLAG (N bytes, without its dashes) the flag of NAME? */
bool flag_is(const char *name, const char *flag, size_t n);
/* "--gate-listen" for GATE_LISTEN and for gate_listen; cut to fit RET's FLAG_TEXT bytes. */
void flag_text(const char *name, char ret[FLAG_TEXT]);
