/*
 * Display names: what players and teams are called on the board.
 *
 * 2 to 30 characters: letters of any script, digits, blanks and - _ . , ' ! ? @ # ( ).  No word of
 * it may be one that makes believe to be an organiser ("admin", but not "Badminton"), no letter
 * or digit may come five times in a row.  Two names that differ in case or blanks only are the
 * same name.  The rules and texts are CTFG's.
 */
#pragma once

#include "base/err.h"

#define DISPLAY_NAME_SIZE 128 /* 30 characters of at most four bytes, and the NUL */

/* Blanks at the ends are dropped and runs of them made one, then the rules apply.
 * Fails: INVALID. */
_must_check_ int display_name_clean(const char *text, char ret[DISPLAY_NAME_SIZE], struct err *err);

/* The form in which NAME, a clean one, is compared with others: case folded and composed (Unicode's
 * NFKC), so that what looks alike in another encoding is alike. */
#define DISPLAY_NAME_KEY 1024 /* a character may become eighteen */
void display_name_key(const char *name, char ret[DISPLAY_NAME_KEY]);
