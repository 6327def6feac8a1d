/* challenge_parse_game(): what the game needs to know of a challenge. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "model/challenge_impl.h"
#include "model/flag.h"
#include "model/markdown.h"
#include "model/rules.h"

#define LINE_MAX_BYTES   1024
#define WORD_MAX         80
#define HINT_MAX         16384
#define CONTENT_MAX      65536
#define REQUIREMENTS_MAX 64

/* Scoring: a value, or ctfcli's `extra` of a dynamic challenge. */

/* A number that need not be whole. */
static int parse_decay(const struct place *at, double *ret, struct err *err) {
        const json_t *v = place_member(at, "decay");
        double decay = json_number_value(v);

        if (v && (!json_is_number(v) || !(decay >= 0 && decay <= 1e6)))
                return place_wrong(at, "decay", err, "must be a number from 0 to 1000000");
        *ret = decay;
        return 0;
}

static int parse_dynamic(const struct place *at, struct scoring *s, struct err *err) {
        const char *function;
        int kind;

        if (place_text(at, "function", "logarithmic", WORD_MAX, &function, err) < 0 ||
            place_int(at, "initial", RANGE_VALUE, &s->initial, err) < 0 ||
            place_int(at, "minimum", RANGE_VALUE, &s->minimum, err) < 0 ||
            parse_decay(at, &s->decay, err) < 0)
                return -1;
        kind = scoring_kind_parse(function);
        if (kind < 0)
                return place_wrong(at, "function", err,
                                   "must be static, linear, logarithmic (or parabolic), or "
                                   "exponential");
        if (s->minimum > s->initial)
                return place_wrong(at, "minimum", err, "is more than the initial value");
        s->kind = (enum scoring_kind)kind;
        return 0;
}

static int parse_scoring(const struct place *at, struct scoring *s, struct err *err) {
        const json_t *extra = place_member(at, "extra");
        struct place in = { at->arena, json_is_object(extra) ? extra : NULL,
                            arena_printf(at->arena, "%sextra.", at->path) };
        const char *type;

        if (place_text(at, "type", "standard", WORD_MAX, &type, err) < 0)
                return -1;
        if (place_member(&in, "initial"))
                return parse_dynamic(&in, s, err);
        if (strcmp(type, "dynamic") == 0)
                return place_wrong(at, "extra", err,
                                   "must have initial, minimum, decay and function, as the type is "
                                   "dynamic");
        return place_int(at, "value", RANGE_VALUE, &s->initial, err);
}

/* Flags: a text, or {type, content, data}. */

static int parse_flag_object(const struct place *at, struct flag_rule *f, struct err *err) {
        const char *type, *data, *match;

        if (place_text(at, "type", "static", WORD_MAX, &type, err) < 0 ||
            place_text(at, "content", NULL, FLAG_MAX - 1, &f->text, err) < 0 ||
            place_text(at, "data", "", WORD_MAX, &data, err) < 0 ||
            place_text(at, "match", "whole", WORD_MAX, &match, err) < 0)
                return -1;
        if (strcmp(type, "static") != 0 && strcmp(type, "regex") != 0)
                return place_wrong(at, "type", err, "must be static or regex");
        f->kind = *type == 'r' ? FLAG_REGEX : FLAG_STATIC;
        f->case_insensitive = strcmp(data, "case_insensitive") == 0;
        if (*data && !f->case_insensitive && strcmp(data, "case_sensitive") != 0)
                return place_wrong(at, "data", err, "must be case_insensitive or nothing");
        f->once = strcmp(match, "once") == 0;
        if (!f->once && strcmp(match, "whole") != 0)
                return place_wrong(at, "match", err, "must be whole or once");
        return 0;
}

static int check_flag(const struct place *at, const char *key, struct flag_rule *f,
                      struct err *err) {
        struct err why;

        if (!f->text || !*f->text)
                return place_wrong(at, key, err, "is empty");
        if (f->kind != FLAG_REGEX)
                return 0;
        if (pattern_new(f->text, f->once ? PATTERN_ONCE : PATTERN_WHOLE, f->case_insensitive,
                        &f->pattern, &why) < 0)
                return place_wrong(at, key, err, "%s", why.msg);
        return 0;
}

static int parse_flag(const struct place *at, const json_t *list, size_t i, struct flag_rule *f,
                      struct err *err) {
        const json_t *v = json_array_get(list, i);
        struct place in = place_element(at, "flags", list, i);
        char key[PLACE_KEY];

        place_key(key, "flags", i);
        if (json_is_string(v)) {
                if (json_string_length(v) >= FLAG_MAX)
                        return place_wrong(at, key, err, "must be at most %d bytes long",
                                           FLAG_MAX - 1);
                f->text = place_copy(at, json_string_value(v));
        } else if (!json_is_object(v)) {
                return place_wrong(at, key, err,
                                   "must be text in quotes, or {type, content, data}");
        } else if (parse_flag_object(&in, f, err) < 0) {
                return -1;
        }
        return check_flag(at, key, f, err);
}

static int parse_flags(const struct place *at, struct challenge *c, struct err *err) {
        struct flag_rule *flags;
        const json_t *list;
        size_t n;

        if (place_list(at, "flags", CHALLENGE_LIST_MAX, &list, &n, err) < 0)
                return -1;
        flags = arena_alloc(at->arena, (n + 1) * sizeof(*flags));
        c->flags = flags;
        for (; c->n_flags < n; c->n_flags++)
                if (parse_flag(at, list, c->n_flags, &flags[c->n_flags], err) < 0)
                        return -1;
        return 0;
}

/* Hints: a text, or {content, cost, title}. */

static int parse_hint(const struct place *at, const json_t *list, size_t i, struct hint *h,
                      struct err *err) {
        const json_t *v = json_array_get(list, i);
        struct place in = place_element(at, "hints", list, i);
        char key[PLACE_KEY];

        place_key(key, "hints", i);
        if (json_is_string(v)) {
                h->text = place_copy(at, json_string_value(v));
                h->title = "";
        } else if (!json_is_object(v)) {
                return place_wrong(at, key, err, "must be text, or {content, cost, title}");
        } else if (place_text(&in, "content", NULL, HINT_MAX, &h->text, err) < 0 ||
                   place_line(&in, "title", "", LINE_MAX_BYTES, &h->title, err) < 0 ||
                   place_int(&in, "cost", RANGE_COST, &h->cost, err) < 0) {
                return -1;
        }
        if (!h->text || !*h->text || strlen(h->text) > HINT_MAX)
                return place_wrong(at, key, err, "must have a content of 1 to %d bytes", HINT_MAX);
        h->html = markdown_html(h->text, at->arena);
        return 0;
}

static int parse_hints(const struct place *at, struct challenge *c, struct err *err) {
        struct hint *hints;
        const json_t *list;
        size_t n;

        if (place_list(at, "hints", CHALLENGE_LIST_MAX, &list, &n, err) < 0)
                return -1;
        hints = arena_alloc(at->arena, (n + 1) * sizeof(*hints));
        for (size_t i = 0; i < n; i++)
                if (parse_hint(at, list, i, &hints[i], err) < 0)
                        return -1;
        c->hints = hints;
        c->n_hints = n;
        return 0;
}

/* Files: a path in the author's folder, or {name, sha256, bytes} of one that is there already. */

static int parse_file(const struct place *at, const json_t *list, size_t i, struct attachment *f,
                      struct err *err) {
        const json_t *v = json_array_get(list, i);
        struct place in = place_element(at, "files", list, i);
        char key[PLACE_KEY];

        place_key(key, "files", i);
        if (json_is_string(v)) {
                if (!rules_relative_path(json_string_value(v)))
                        return place_wrong(at, key, err,
                                           "must be a path within the challenge's folder, "
                                           "without \"..\"");
                f->path = place_copy(at, json_string_value(v));
                f->name = strrchr(f->path, '/') ? strrchr(f->path, '/') + 1 : f->path;
                f->digest = "";
                return 0;
        }
        if (!json_is_object(v))
                return place_wrong(at, key, err, "must be a path");
        if (place_line(&in, "name", "", PATH_TEXT_MAX, &f->name, err) < 0 ||
            place_text(&in, "sha256", "", SHA256_TEXT - 1, &f->digest, err) < 0 ||
            place_int(&in, "bytes", RANGE_FILE_BYTES, &f->bytes, err) < 0)
                return -1;
        if (!rules_relative_path(f->name) || strchr(f->name, '/'))
                return place_wrong(&in, "name", err, "must be a file's name, without slashes");
        if (!rules_digest(f->digest))
                return place_wrong(&in, "sha256", err, "must be 64 hexadecimal digits");
        return 0;
}

static int parse_files(const struct place *at, struct challenge *c, struct err *err) {
        const json_t *list;
        char key[PLACE_KEY];
        size_t n;

        if (place_list(at, "files", CHALLENGE_LIST_MAX, &list, &n, err) < 0)
                return -1;
        c->files = arena_alloc(at->arena, (n + 1) * sizeof(*c->files));
        for (; c->n_files < n; c->n_files++) {
                struct attachment *f = &c->files[c->n_files];

                place_key(key, "files", c->n_files);
                if (parse_file(at, list, c->n_files, f, err) < 0)
                        return -1;
                for (size_t i = 0; i < c->n_files; i++)
                        if (strcmp(c->files[i].name, f->name) == 0)
                                return place_wrong(at, key, err,
                                                   "has the name of an earlier file, \"%s\"",
                                                   f->name);
        }
        return 0;
}

/* Lists of texts. */

static int parse_text(const struct place *at, const char *key, const json_t *v, const char **ret,
                      struct err *err) {
        if (json_is_integer(v)) { /* a requirement by number */
                *ret = arena_printf(at->arena, "%lld", (long long)json_integer_value(v));
                return 0;
        }
        if (!json_is_string(v) || !*json_string_value(v) ||
            json_string_length(v) > LINE_MAX_BYTES || !rules_line(json_string_value(v)))
                return place_wrong(at, key, err, "must be text on one line");
        *ret = place_copy(at, json_string_value(v));
        return 0;
}

static int parse_texts(const struct place *at, const char *name, size_t max,
                       const char *const **ret, struct err *err) {
        const json_t *list;
        const char **texts;
        char key[PLACE_KEY];
        size_t n;

        if (place_list(at, name, max, &list, &n, err) < 0)
                return -1;
        texts = arena_alloc(at->arena, (n + 1) * sizeof(*texts));
        for (size_t i = 0; i < n; i++) {
                place_key(key, name, i);
                if (parse_text(at, key, json_array_get(list, i), &texts[i], err) < 0)
                        return -1;
        }
        *ret = n ? texts : NULL;
        return 0;
}

/* A list, or {prerequisites: list}. */
static int parse_requirements(const struct place *at, struct challenge *c, struct err *err) {
        const json_t *v = place_member(at, "requirements");
        struct place in = { at->arena, v, "requirements." };

        if (json_is_object(v))
                return parse_texts(&in, "prerequisites", REQUIREMENTS_MAX, &c->requirements, err);
        return parse_texts(at, "requirements", REQUIREMENTS_MAX, &c->requirements, err);
}

/* The rest. */

/* One text, or several names. */
static int parse_attribution(const struct place *at, const char **ret, struct err *err) {
        const char *const *names;

        if (!json_is_array(place_member(at, "attribution")))
                return place_text(at, "attribution", NULL, LINE_MAX_BYTES, ret, err);
        if (parse_texts(at, "attribution", CHALLENGE_LIST_MAX, &names, err) < 0)
                return -1;
        for (*ret = NULL; names && *names; names++)
                *ret = *ret ? arena_printf(at->arena, "%s, %s", *ret, *names) : *names;
        return 0;
}

static int parse_scheduled(const struct place *at, int64_t *ret, struct err *err) {
        const char *text;

        if (place_text(at, "scheduled_at", NULL, WORD_MAX, &text, err) < 0)
                return -1;
        if (text && !clock_parse(text, ret))
                return place_wrong(at, "scheduled_at", err,
                                   "must be a moment with its offset, such as "
                                   "2026-11-20T19:00:00+01:00");
        return 0;
}

static int parse_logic(const struct place *at, struct err *err) {
        const char *logic;

        if (place_text(at, "logic", "any", WORD_MAX, &logic, err) < 0)
                return -1;
        if (strcmp(logic, "any") != 0)
                return place_wrong(at, "logic", err, "must be any: one right flag solves it");
        return 0;
}

static int parse_content(const struct place *at, const char **ret, struct err *err) {
        const json_t *v = place_member(at, "content");
        _cleanup_free_ char *text = NULL;

        if (!v)
                return 0;
        text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
        if (!text || strlen(text) > CONTENT_MAX)
                return place_wrong(at, "content", err, "is larger than %d bytes", CONTENT_MAX);
        *ret = place_copy(at, text);
        return 0;
}

int challenge_parse_game(const struct place *at, struct challenge *c, struct err *err) {
        if (place_line(at, "difficulty", NULL, WORD_MAX, &c->difficulty, err) < 0 ||
            parse_attribution(at, &c->attribution, err) < 0 ||
            place_text(at, "connection_info", NULL, LINE_MAX_BYTES, &c->connection_info, err) < 0 ||
            place_int(at, "number", RANGE_NUMBER, &c->number, err) < 0 ||
            parse_scoring(at, &c->scoring, err) < 0 ||
            place_int(at, "attempts", RANGE_ATTEMPTS, &c->max_attempts, err) < 0 ||
            parse_scheduled(at, &c->scheduled_ms, err) < 0 || parse_logic(at, err) < 0 ||
            parse_flags(at, c, err) < 0 || parse_hints(at, c, err) < 0 ||
            parse_files(at, c, err) < 0 ||
            parse_texts(at, "tags", CHALLENGE_LIST_MAX, &c->tags, err) < 0 ||
            parse_requirements(at, c, err) < 0 || parse_content(at, &c->content, err) < 0 ||
            place_text(at, "solve", NULL, LINE_MAX_BYTES, &c->solve, err) < 0)
                return -1;
        c->html = markdown_html(c->description, at->arena);
        return 0;
}
