/*
 * What text from an author may look like.
 *
 * These names, paths and references end up in URLs, on command lines of
 * engines and in the environment of instances: what has an odd form is
 * refused here, once, and nobody after has to quote.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SLUG_MAX      63 /* bytes, as all of these, without the NUL */
#define IMAGE_MAX     255
#define PATH_TEXT_MAX 255
#define ENV_KEY_MAX   64

/* [a-z0-9-], of 1 to MAX bytes, with no hyphen at either end. */
bool rules_name(const char *s, size_t max);
/* [host[:port]/]path[:tag][@sha256:digest], as engines read it. */
bool rules_image(const char *s);
/* [A-Za-z_][A-Za-z0-9_]* */
bool rules_env_key(const char *s);
/* An absolute path of a file: no empty component, no "." or "..", no blanks. */
bool rules_file_path(const char *s);
/* The path of a file within a folder: no empty component, no "." or "..", no control characters. */
bool rules_relative_path(const char *s);
/* A SHA-256 in lower-case hexadecimal. */
bool rules_digest(const char *s);
/* The path of a URL, query and all: begins with a slash, printable, no blanks. */
bool rules_url_path(const char *s);
/* Text on one line: no control characters. */
bool rules_line(const char *s);
