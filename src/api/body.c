#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "api/body.h"
#include "api/query.h"
#include "base/str.h"

#define DAYS_30 (INT64_C(30) * 24 * 3600)

static bool is_json(const char *type) {
        static const char want[] = "application/json";
        size_t n = sizeof(want) - 1;

        if (!type || strncasecmp(type, want, n) != 0)
                return false;
        type += n;
        type += strspn(type, " \t");
        return !*type || *type == ';';
}

static bool is_form(const char *type) {
        static const char want[] = "application/x-www-form-urlencoded";

        return type && strncasecmp(type, want, sizeof(want) - 1) == 0;
}

/* Each field as text; of two of one name the last. */
static json_t *parse_form(const char *text, size_t n) {
        _cleanup_arena_ struct arena arena = { 0 };
        char *copy = arena_grow(&arena, text, n, n + 1), *field;
        json_t *o = json_object();

        copy[n] = '\0';
        while ((field = strsep(&copy, "&"))) {
                char *value = strchr(field, '=');

                if (!value)
                        continue;
                *value++ = '\0';
                json_object_set_new(o, query_decode(field), json_string(query_decode(value)));
        }
        return o;
}

int body_parse(const char *type, const char *text, size_t n, enum route_body kind, json_t **ret,
               struct err *err) {
        bool object = kind != BODY_ARRAY;
        _cleanup_json_ json_t *json = NULL;

        if (!n && kind == BODY_OPTIONAL) {
                *ret = json_object();
                return 0;
        }
        if (kind == BODY_FORM && is_form(type)) {
                *ret = parse_form(text, n);
                return 0;
        }
        if (!is_json(type))
                return err_set(err, ERR_MEDIA_TYPE, "Content-Type must be application/json");
        if (!n)
                return err_set(err, ERR_INVALID, "The body is empty: a JSON %s is wanted",
                               object ? "object" : "array");
        if (json_parse(text, n, &json, err) < 0)
                return -1;
        if (object ? !json_is_object(json) : !json_is_array(json))
                return err_set(err, ERR_INVALID, "The body must be a JSON %s",
                               object ? "object" : "array");
        *ret = TAKE(json);
        return 0;
}

static bool is_missing(const json_t *o, const char *key) {
        const json_t *v = json_object_get(o, key);

        return !v || json_is_null(v);
}

int body_text_or(const json_t *o, const char *key, size_t max, const char **ret, struct err *err) {
        const char *text;

        if (json_get_text(o, key, "", &text, err) < 0)
                return -1;
        if (strlen(text) > max)
                return err_set(err, ERR_INVALID, "%s: longer than %zu bytes", key, max);
        *ret = text;
        return 0;
}

int body_text(const json_t *o, const char *key, size_t max, const char **ret, struct err *err) {
        const char *text = "";

        if (is_missing(o, key))
                return err_set(err, ERR_INVALID, "%s: missing", key);
        if (body_text_or(o, key, max, &text, err) < 0)
                return -1;
        if (!*text)
                return err_set(err, ERR_INVALID, "%s: empty", key);
        *ret = text;
        return 0;
}

int body_int_or(const json_t *o, const char *key, int64_t min, int64_t max, int64_t def,
                int64_t *ret, struct err *err) {
        int64_t v;

        if (json_get_int(o, key, def, &v, err) < 0)
                return -1;
        if (!is_missing(o, key) && (v < min || v > max))
                return err_set(err, ERR_INVALID, "%s: must be %" PRId64 " to %" PRId64, key, min,
                               max);
        *ret = v;
        return 0;
}

int body_int(const json_t *o, const char *key, int64_t min, int64_t max, int64_t *ret,
             struct err *err) {
        if (is_missing(o, key))
                return err_set(err, ERR_INVALID, "%s: missing", key);
        return body_int_or(o, key, min, max, 0, ret, err);
}

int body_name(const json_t *o, const char *key, char ret[NAME_MAX_BYTES], struct err *err) {
        const char *text = "";

        if (body_text(o, key, NAME_MAX_BYTES - 1, &text, err) < 0)
                return -1;
        if (!str_is_name(text))
                return err_set(err, ERR_INVALID,
                               "%s: invisible characters and spaces at its ends are not allowed",
                               key);
        str_copy(ret, NAME_MAX_BYTES, text);
        return 0;
}

int body_policy(const json_t *o, struct policy *ret, struct err *err) {
        int64_t base = 0, increment = 0, lifetime = 0, max = 0, grace = 0;

        if (body_int_or(o, "base_seconds", 1, DAYS_30, ret->base_ms / 1000, &base, err) < 0 ||
            body_int_or(o, "increment_seconds", 1, DAYS_30, ret->increment_ms / 1000, &increment,
                        err) < 0 ||
            body_int_or(o, "max_extensions", 0, 10000, ret->max_extensions, &max, err) < 0 ||
            body_int_or(o, "max_lifetime_seconds", 1, DAYS_30, ret->max_lifetime_ms / 1000,
                        &lifetime, err) < 0 ||
            body_int_or(o, "flag_grace_seconds", 0, DAYS_30, ret->grace_ms / 1000, &grace, err) < 0)
                return -1;
        if (lifetime < base)
                return err_set(err, ERR_INVALID,
                               "max_lifetime_seconds: must not be less than base_seconds");
        *ret = (struct policy){ .base_ms = base * 1000,
                                .increment_ms = increment * 1000,
                                .max_extensions = max,
                                .max_lifetime_ms = lifetime * 1000,
                                .grace_ms = grace * 1000 };
        return 0;
}
