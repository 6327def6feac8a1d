/*
 * Reading what an author wrote, member by member: a place is an object and
 * the path that leads to it.
 *
 * Every refusal begins with the member's path ("instance.limits.pids: must be ..."),
 * which challenge_file.c turns into a line.  What is read is copied into the
 * place's arena.  A member that is null counts as missing.  All fail with
 * INVALID.  Only files in model/ include this.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"

/* The numbers that an author may give. */
enum range {
#define RANGE(id, from, to, standard) RANGE_##id,
#include "model/ranges.def"
        _RANGE_N
};

struct place {
        struct arena *arena;
        const json_t *object; /* may be NULL: nothing there */
        const char *path;     /* with a final dot: "instance.limits."; "" at the top */
};

/* Fails, naming KEY.  place_wrong(...) is -1 where the analyzer sees it. */
void place_refuse(const struct place *at, const char *key, struct err *err, const char *fmt, ...)
        _printf_(4, 5);
#define place_wrong(...) (place_refuse(__VA_ARGS__), -1)

json_t *place_member(const struct place *at, const char *key); /* NULL when missing */
const char *place_copy(const struct place *at, const char *text);

/* STANDARD where it is missing; at most MAX bytes. */
_must_check_ int place_text(const struct place *at, const char *key, const char *standard,
                            size_t max, const char **ret, struct err *err);
/* The same, on one line and without control characters. */
_must_check_ int place_line(const struct place *at, const char *key, const char *standard,
                            size_t max, const char **ret, struct err *err);
/* The same, of a-z, 0-9 and hyphens. */
_must_check_ int place_name(const struct place *at, const char *key, const char *standard,
                            size_t max, const char **ret, struct err *err);
_must_check_ int place_int(const struct place *at, const char *key, enum range range, int64_t *ret,
                           struct err *err);
_must_check_ int place_bool(const struct place *at, const char *key, bool standard, bool *ret,
                            struct err *err);
/* The N elements of a list; none where it is missing.  Refuses more than MAX. */
_must_check_ int place_list(const struct place *at, const char *key, size_t max, const json_t **ret,
                            size_t *n, struct err *err);

/* Only KEYS may be there: a limit with a typing error in its name would silently be none. */
_must_check_ int place_only(const struct place *at, const char *const *keys, struct err *err);
#define KEYS(...) ((const char *const[]){ __VA_ARGS__, NULL })
/* The object under KEY, with only KEYS in it; its object is NULL when there is none. */
_must_check_ int place_enter(const struct place *at, const char *key, const char *const *keys,
                             struct place *ret, struct err *err);
/* Element I of the list under KEY as a place of its own, whatever it is. */
struct place place_element(const struct place *at, const char *key, const json_t *list, size_t i);
/* "hints[2]" */
#define PLACE_KEY 32
void place_key(char ret[PLACE_KEY], const char *key, size_t i);
