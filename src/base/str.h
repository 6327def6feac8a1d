/* Small things to do with text from outside: strict numbers, names, patterns, copies that fit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* Reads all of S as a decimal number: an optional minus, then digits, nothing else.
 * Fails: INVALID, also when it is not in MIN..MAX. */
_must_check_ int str_to_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err);

/* V in decimal, somewhere in BUFFER. */
#define STR_INT 24
const char *str_int(int64_t v, char buffer[STR_INT]);

/* Is S a name fit for URLs, labels and file names: [a-z0-9][a-z0-9_-]{0,62}? */
bool str_is_slug(const char *s);

/* Does all of S match PATTERN, where * stands for any bytes and ? for one? */
bool str_glob(const char *pattern, const char *s);

/* Is S a name for people: UTF-8, not empty, without what is invisible or turns the direction of
 * writing, without blanks at its ends? */
bool str_is_name(const char *s);

/* C in lower case, where it is a letter of ASCII. */
static inline char str_lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }

/* Copies SRC to DST, cut to fit ROOM bytes with its NUL.  ROOM > 0. */
void str_copy(char *dst, size_t room, const char *src);

/* The first byte of S that is no blank; *n is how many there are up to the last one. */
const char *str_trim(const char *s, size_t *n);

/* The length of the UTF-8 character that the N bytes at S begin with; 0 when they begin with
 * none (cut short, overlong, a surrogate, beyond U+10FFFF). */
size_t str_utf8(const char *s, size_t n);
