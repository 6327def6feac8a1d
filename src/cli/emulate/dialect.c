#include "cli/emulate/dialect.h"

#include <string.h>

struct own *persona_own(struct persona *p, size_t place) {
        if (place >= p->cap_own) {
                size_t cap = place < 32 ? 32 : 2 * place;

                p->own = reallocarray(p->own, cap, sizeof(*p->own));
                if (!p->own)
                        abort();
                p->cap_own = cap;
        }
        while (p->n_own <= place)
                p->own[p->n_own++] = (struct own){ 0 };
        return &p->own[place];
}

void request_begin(struct request *a, enum step step, const char *method, const char *path) {
        a->step = step;
        a->method = method;
        buf_clear(&a->path);
        buf_clear(&a->body);
        buf_str(&a->path, path);
}

void request_done(struct request *a) {
        buf_done(&a->path);
        buf_done(&a->body);
}

static bool is_key(const json_t *v, const char *key) {
        return json_is_string(v) && strcmp(json_string_value(v), key) == 0;
}

const json_t *dialect_member(const json_t *o, const char *key) {
        size_t n = json_array_size(o);

        if (json_is_object(o))
                return json_object_get(o, key);
        for (size_t i = 0; i < n; i++) {
                const json_t *item = json_array_get(o, i);

                if (is_key(json_array_get(item, 0), key))
                        return json_array_get(item, 1);
                if (i % 2 == 0 && is_key(item, key))
                        return json_array_get(o, i + 1);
        }
        return NULL;
}

static const char *word(const json_t *o, const char *key) {
        const char *text = json_string_value(dialect_member(o, key));

        return text ? text : "";
}

void dialect_refusal(int status, const char *text, size_t n, struct buf *ret) {
        _cleanup_json_ json_t *o = NULL;
        const char *code, *detail;
        struct err ignored;

        buf_printf(ret, "HTTP %d", status);
        if (json_parse(text, n, &o, &ignored) < 0)
                return;
        code = word(o, "code");
        detail = word(o, "detail");
        if (!*code)
                code = word(o, "error");
        if (*code)
                buf_printf(ret, " %s", code);
        if (*detail)
                buf_printf(ret, ": %s", detail);
}

bool dialect_result(const char *text, enum judged *ret) {
        static const char *const words[] = { [JUDGED_RIGHT] = "correct",
                                             [JUDGED_WRONG] = "incorrect",
                                             [JUDGED_ALREADY] = "already_solved" };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                if (words[i] && strcmp(words[i], text) == 0) {
                        *ret = (enum judged)i;
                        return true;
                }
        }
        return false;
}
