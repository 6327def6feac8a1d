/*
 * loader_ctfg(): CTFG's challenges.json, as it is.
 *
 *         [{"id": 1, "title": "...", "category": "...", "difficulty": "Easy", "points": 100,
 *           "description": "...", "flag": "^26$", "testflag": "26",
 *           "hints": [{"id": 1, "text": "...", "cost": 5}],
 *           "requirements": [2], "content": {}}]
 *
 * Each is made into the form that challenge_parse() reads.  Its id becomes the
 * challenge's number; a slug it has not, so one is made of its title.  The flag is
 * a regular expression that has to match in one place.  A testflag is what CTFG's
 * tests hand in: it has to be right.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "model/challenge_impl.h"
#include "model/json_file.h"
#include "model/rules.h"
#include "model/source_impl.h"

#define NUMBER_MAX INT32_MAX
#define KEY_PATH   64

struct entry {
        const json_t *o;
        char prefix[32]; /* "[3]." */
        int64_t id;      /* 0: none that is good */
        const char *slug;
};

struct ctfg {
        struct loader *loader;
        const char *file;
        struct marks *marks;
        struct entry *entries;
        size_t n;
        struct map by_id, by_slug;
};

static void ctfg_done(struct ctfg *c) {
        map_done(&c->by_id);
        map_done(&c->by_slug);
}

static struct mark mark_at(const struct ctfg *c, const struct entry *e, const char *member) {
        return marks_find(c->marks, arena_printf(&c->loader->to->arena, "%s%s", e->prefix, member));
}

#define COMPLAIN(c, e, member, ...) \
        loader_complain((c)->loader, (c)->file, mark_at(c, e, member), __VA_ARGS__)

/* Ids, and slugs for them. */

static void read_id(struct ctfg *c, struct entry *e) {
        const json_t *v = json_object_get(e->o, "id");
        const struct entry *other;
        int64_t id = json_integer_value(v);

        if (!json_is_integer(v) || id < 1 || id > NUMBER_MAX) {
                COMPLAIN(c, e, "id", "id: %s",
                         v ? "must be a whole number from 1 on" : "is missing");
                return;
        }
        other = map_get_id(&c->by_id, id);
        if (other) {
                COMPLAIN(c, e, "id", "id: %" PRId64 " is there twice, first in line %d", id,
                         mark_at(c, other, "id").line);
                return;
        }
        e->id = id;
        map_put_id(&c->by_id, id, e);
}

static const char *title_of(const struct entry *e) {
        const char *title = json_string_value(json_object_get(e->o, "title"));

        return title ? title : "";
}

/* Those that have one already keep it, whatever their title is now. */
static void keep_slug(struct ctfg *c, struct entry *e) {
        const struct source_config *config = c->loader->config;
        const char *known = e->id && config->slug_of ? config->slug_of(config->arg, e->id) : NULL;

        if (!known || map_get(&c->by_slug, known))
                return;
        e->slug = arena_printf(&c->loader->to->arena, "%s", known);
        map_put(&c->by_slug, e->slug, e);
}

static void make_slug(struct ctfg *c, struct entry *e) {
        struct arena *arena = &c->loader->to->arena;
        const char *slug = challenge_make_slug(arena, title_of(e));
        char number[32];

        if (e->slug || !e->id)
                return;
        snprintf(number, sizeof(number), "-%" PRId64, e->id);
        if (!*slug)
                slug = arena_printf(arena, "challenge%s", number);
        while (map_get(&c->by_slug, slug))
                slug = arena_printf(arena, "%.*s%s", (int)(SLUG_MAX - strlen(number)), slug,
                                    number);
        e->slug = slug;
        map_put(&c->by_slug, e->slug, e);
}

/* From its form to ours. */

static void copy(json_t *to, const char *key, const json_t *from, const char *theirs) {
        json_t *v = json_object_get(from, theirs);

        if (v && !json_is_null(v))
                json_object_set(to, key, v);
}

static void convert_flag(struct ctfg *c, const struct entry *e, json_t *to) {
        json_t *flag = json_object_get(e->o, "flag");

        if (!json_is_string(flag)) {
                COMPLAIN(c, e, "flag", "flag: %s",
                         flag ? "must be a regular expression, in quotes" : "is missing");
                return;
        }
        json_object_set_new(
                to, "flags",
                json_pack("[{s:s, s:O, s:s}]", "type", "regex", "content", flag, "match", "once"));
}

static void convert_hint(struct ctfg *c, const struct entry *e, size_t i, const json_t *hint,
                         json_t *to) {
        const json_t *id = json_object_get(hint, "id");
        json_t *ours = json_object();
        char member[KEY_PATH];

        snprintf(member, sizeof(member), "hints[%zu].id", i);
        if (!json_is_integer(id) || json_integer_value(id) != (json_int_t)i + 1)
                COMPLAIN(c, e, member, "%s: must be %zu: hints are numbered from 1, without a gap",
                         member, i + 1);
        copy(ours, "content", hint, "text");
        copy(ours, "cost", hint, "cost");
        json_array_append_new(to, ours);
}

static bool is_list(struct ctfg *c, const struct entry *e, const char *member, const json_t *v) {
        if (!v || json_is_null(v))
                return false;
        if (json_is_array(v))
                return true;
        COMPLAIN(c, e, member, "%s: must be a list", member);
        return false;
}

static void convert_hints(struct ctfg *c, const struct entry *e, json_t *to) {
        const json_t *hints = json_object_get(e->o, "hints");
        json_t *hint, *ours;
        size_t i;

        if (!is_list(c, e, "hints", hints))
                return;
        ours = json_array();
        json_array_foreach(hints, i, hint) convert_hint(c, e, i, hint, ours);
        json_object_set_new(to, "hints", ours);
}

static void convert_requirements(struct ctfg *c, const struct entry *e, json_t *to) {
        const json_t *list = json_object_get(e->o, "requirements");
        json_t *v, *ours;
        size_t i;

        if (!is_list(c, e, "requirements", list))
                return;
        ours = json_array();
        json_array_foreach(list, i, v) {
                const struct entry *needed =
                        json_is_integer(v) ? map_get_id(&c->by_id, json_integer_value(v)) : NULL;
                char member[KEY_PATH];

                snprintf(member, sizeof(member), "requirements[%zu]", i);
                if (needed)
                        json_array_append_new(ours, json_string(needed->slug));
                else if (json_is_integer(v))
                        COMPLAIN(c, e, member, "%s: there is no challenge %" JSON_INTEGER_FORMAT,
                                 member, json_integer_value(v));
                else
                        COMPLAIN(c, e, member, "%s: must be the id of a challenge", member);
        }
        json_object_set_new(to, "requirements", ours);
}

static json_t *convert(struct ctfg *c, const struct entry *e) {
        json_t *to = json_object();

        copy(to, "name", e->o, "title");
        copy(to, "category", e->o, "category");
        copy(to, "difficulty", e->o, "difficulty");
        copy(to, "description", e->o, "description");
        copy(to, "value", e->o, "points");
        copy(to, "content", e->o, "content");
        json_object_set_new(to, "slug", e->slug ? json_string(e->slug) : json_null());
        json_object_set_new(to, "number", json_integer(e->id));
        convert_flag(c, e, to);
        convert_hints(c, e, to);
        convert_requirements(c, e, to);
        return to;
}

/* What challenge_parse() says of our form, said of theirs. */

static const struct {
        const char *ours, *theirs;
} members[] = {
        { "name", "title" },
        { "value", "points" },
        { "flags[0].content", "flag" },
        { "flags[0]", "flag" },
};

/* MSG begins with one of our paths: theirs in PATH; gives what follows it. */
static const char *translate(const char *msg, char path[KEY_PATH]) {
        static const char ours[] = ".content", theirs[] = ".text";
        size_t n = strcspn(msg, ":"), len = n < KEY_PATH ? n : 0;

        snprintf(path, KEY_PATH, "%.*s", (int)len, msg);
        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (strcmp(path, members[i].ours) == 0)
                        snprintf(path, KEY_PATH, "%s", members[i].theirs);
        if (strncmp(path, "hints[", 6) == 0 && len >= sizeof(ours) &&
            strcmp(path + len - sizeof(ours) + 1, ours) == 0)
                memcpy(path + len - sizeof(ours) + 1, theirs, sizeof(theirs));
        return msg + n;
}

static void check_testflag(struct ctfg *c, const struct entry *e, const struct challenge *made) {
        const json_t *v = json_object_get(e->o, "testflag");

        if (!v || json_is_null(v))
                return;
        if (!json_is_string(v))
                COMPLAIN(c, e, "testflag", "testflag: must be text");
        else if (!challenge_accepts(made, json_string_value(v)))
                COMPLAIN(c, e, "testflag", "testflag: is not accepted by the flag's expression");
}

static void tell_testflag(struct ctfg *c, const struct entry *e) {
        const struct source_config *config = c->loader->config;
        const char *flag = json_string_value(json_object_get(e->o, "testflag"));

        if (flag && config->on_testflag)
                config->on_testflag(config->arg, e->id, flag);
}

static void load_entry(struct ctfg *c, const struct entry *e) {
        const struct challenge_origin from = { c->file, c->marks, e->prefix };
        size_t complaints = c->loader->to->n_bad;
        _cleanup_(challenge_unrefp) struct challenge *made = NULL;
        _cleanup_json_ json_t *ours = convert(c, e);
        char path[KEY_PATH];
        struct err err;

        if (!e->id)
                return; /* it was converted for the sake of what else is wrong with it */
        if (challenge_parse(ours, 0, c->loader->config->tenant, &made, &err) < 0) {
                const char *rest = translate(err.msg, path);

                /* A flag that is not there, and the like, was said already. */
                if (c->loader->to->n_bad == complaints)
                        COMPLAIN(c, e, path, "%s%s", path, rest);
                return;
        }
        check_testflag(c, e, made);
        if (c->loader->to->n_bad == complaints) {
                loader_keep(c->loader, &from, TAKE(made));
                tell_testflag(c, e);
        }
}

static void load_entries(struct ctfg *c) {
        for (size_t i = 0; i < c->n; i++)
                if (json_is_object(c->entries[i].o))
                        read_id(c, &c->entries[i]);
                else
                        COMPLAIN(c, &c->entries[i], "", "a challenge must be an object");
        for (size_t i = 0; i < c->n; i++)
                keep_slug(c, &c->entries[i]);
        for (size_t i = 0; i < c->n; i++)
                make_slug(c, &c->entries[i]);
        for (size_t i = 0; i < c->n; i++)
                if (json_is_object(c->entries[i].o))
                        load_entry(c, &c->entries[i]);
}

static int read_list(struct ctfg *c, const char *text, size_t n, json_t **ret, struct mark *at,
                     struct err *err) {
        _cleanup_json_ json_t *list = NULL;

        if (n > SOURCE_FILE_MAX)
                return err_set(err, ERR_INVALID, "the file is larger than %zu bytes",
                               SOURCE_FILE_MAX);
        if (json_file_parse(text, n, c->marks, &list, at, err) < 0)
                return -1;
        *at = marks_find(c->marks, "");
        if (!json_is_array(list))
                return err_set(err, ERR_INVALID, "must be a list of challenges: [{...}, ...]");
        if (json_array_size(list) > SOURCE_CHALLENGES_MAX)
                return err_set(err, ERR_INVALID, "has more than %d challenges",
                               SOURCE_CHALLENGES_MAX);
        *ret = TAKE(list);
        return 0;
}

void loader_ctfg_text(struct loader *l, const char *file, const char *text, size_t n) {
        _cleanup_(
                ctfg_done) struct ctfg c = { .loader = l, .file = file, .marks = loader_marks(l) };
        _cleanup_json_ json_t *list = NULL;
        struct mark at = { 0 };
        struct err err;

        if (read_list(&c, text, n, &list, &at, &err) < 0) {
                loader_complain(l, file, at, "%s", err.msg);
                return;
        }
        c.n = json_array_size(list);
        c.entries = arena_alloc(&l->to->arena, (c.n + 1) * sizeof(*c.entries));
        for (size_t i = 0; i < c.n; i++) {
                c.entries[i] = (struct entry){ .o = json_array_get(list, i) };
                snprintf(c.entries[i].prefix, sizeof(c.entries[i].prefix), "[%zu].", i);
        }
        load_entries(&c);
}

void loader_ctfg(struct loader *l, const char *file) {
        _cleanup_buf_ struct buf text = { 0 };
        struct err err;

        if (loader_read(file, SOURCE_FILE_MAX, &text, &err) < 0)
                loader_complain(l, file, (struct mark){ 0 }, "%s", err.msg);
        else
                loader_ctfg_text(l, file, text.data, text.len);
}
