/*
 * What a program says of itself, in a few words: "Firefox on Linux".
 *
 * The User-Agent header has versions, languages and more, which single people out; this keeps only
 * what many share.  Pure.
 */
#pragma once

#include <stddef.h>

#define AGENT_SIZE 64 /* room for the longest, with the NUL */

/* HEADER (may be NULL) to "<program> on <system>", or the one of both that is known; "" when
 * neither is, which says nothing of anybody. */
void agent_text(const char *header, char ret[AGENT_SIZE]);
