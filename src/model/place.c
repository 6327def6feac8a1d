#include "model/place.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "model/challenge.h"
#include "model/rules.h"

static const struct {
        int64_t from, to, standard;
} ranges[] = {
#define RANGE(id, from, to, standard) { from, to, standard },
#include "model/ranges.def"
};

void place_refuse(const struct place *at, const char *key, struct err *err, const char *fmt, ...) {
        char reason[sizeof(err->msg)];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(reason, sizeof(reason), fmt, ap);
        va_end(ap);
        err_set(err, ERR_INVALID, "%s%.*s: %s", at->path, CHALLENGE_KEY_SHOWN, key, reason);
}

json_t *place_member(const struct place *at, const char *key) {
        json_t *v = at->object ? json_object_get(at->object, key) : NULL;

        return json_is_null(v) ? NULL : v;
}

const char *place_copy(const struct place *at, const char *text) {
        size_t n = strlen(text) + 1;

        return arena_grow(at->arena, text, n, n);
}

int place_text(const struct place *at, const char *key, const char *standard, size_t max,
               const char **ret, struct err *err) {
        json_t *v = place_member(at, key);

        if (!v) {
                *ret = standard;
                return 0;
        }
        if (!json_is_string(v))
                return place_wrong(at, key, err, "must be text; put it in quotes");
        if (json_string_length(v) > max)
                return place_wrong(at, key, err, "must be at most %zu bytes long", max);
        *ret = place_copy(at, json_string_value(v));
        return 0;
}

int place_line(const struct place *at, const char *key, const char *standard, size_t max,
               const char **ret, struct err *err) {
        const char *text;

        if (place_text(at, key, standard, max, &text, err) < 0)
                return -1;
        if (text && !rules_line(text))
                return place_wrong(at, key, err, "must be one line, without control characters");
        *ret = text;
        return 0;
}

int place_int(const struct place *at, const char *key, enum range range, int64_t *ret,
              struct err *err) {
        int64_t from = ranges[range].from, to = ranges[range].to;
        json_t *v = place_member(at, key);

        if (!v) {
                *ret = ranges[range].standard;
                return 0;
        }
        if (!json_is_integer(v) || json_integer_value(v) < from || json_integer_value(v) > to)
                return place_wrong(at, key, err,
                                   "must be a whole number from %" PRId64 " to %" PRId64, from, to);
        *ret = json_integer_value(v);
        return 0;
}

int place_bool(const struct place *at, const char *key, bool standard, bool *ret, struct err *err) {
        json_t *v = place_member(at, key);

        if (v && !json_is_boolean(v))
                return place_wrong(at, key, err, "must be true or false");
        *ret = v ? json_is_true(v) : standard;
        return 0;
}

int place_only(const struct place *at, const char *const *keys, struct err *err) {
        char names[160] = "";
        const char *key;
        json_t *v;

        for (const char *const *k = keys; *k; k++) {
                size_t len = strlen(names);

                snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "", *k);
        }
        json_object_foreach((json_t *)(uintptr_t)at->object, key, v) {
                const char *const *k = keys;

                while (*k && strcmp(*k, key) != 0)
                        k++;
                if (!*k)
                        return place_wrong(at, key, err, "is unknown; there are %s", names);
        }
        return 0;
}

int place_enter(const struct place *at, const char *key, const char *const *keys, struct place *ret,
                struct err *err) {
        json_t *v = place_member(at, key);

        *ret = (struct place){ at->arena, v, arena_printf(at->arena, "%s%s.", at->path, key) };
        if (v && !json_is_object(v))
                return place_wrong(at, key, err, "must be a mapping of names to values");
        return v ? place_only(ret, keys, err) : 0;
}

int place_name(const struct place *at, const char *key, const char *standard, size_t max,
               const char **ret, struct err *err) {
        const char *name;

        if (place_text(at, key, standard, max, &name, err) < 0)
                return -1;
        if (name && !rules_name(name, max))
                return place_wrong(at, key, err,
                                   "must be of a-z, 0-9 and hyphens, with no hyphen at either end");
        *ret = name;
        return 0;
}

int place_list(const struct place *at, const char *key, size_t max, const json_t **ret, size_t *n,
               struct err *err) {
        const json_t *v = place_member(at, key);

        if (v && !json_is_array(v))
                return place_wrong(at, key, err, "must be a list");
        if (json_array_size(v) > max)
                return place_wrong(at, key, err, "has more than %zu items", max);
        *ret = v;
        *n = json_array_size(v);
        return 0;
}

void place_key(char ret[PLACE_KEY], const char *key, size_t i) {
        snprintf(ret, PLACE_KEY, "%s[%zu]", key, i);
}

struct place place_element(const struct place *at, const char *key, const json_t *list, size_t i) {
        return (struct place){ at->arena, json_array_get(list, i),
                               arena_printf(at->arena, "%s%s[%zu].", at->path, key, i) };
}
