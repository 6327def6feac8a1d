#include "cli/emulate/course.h"

#include "cli/folder.h"

void course_done(struct course *c) {
        free(c->lessons);
        map_done(&c->by_slug);
        map_done(&c->by_number);
        arena_done(&c->arena);
}

static struct lesson *add(struct course *c, const char *slug, int64_t number, const char *title) {
        struct lesson *l = arena_new(&c->arena, struct lesson);

        if (c->n == c->cap) {
                c->cap = c->cap ? 2 * c->cap : 64;
                c->lessons = reallocarray(c->lessons, c->cap, sizeof(struct lesson *));
                if (!c->lessons)
                        abort();
        }
        *l = (struct lesson){ .place = c->n,
                              .slug = slug ? arena_printf(&c->arena, "%s", slug) : NULL,
                              .title = arena_printf(&c->arena, "%s", title),
                              .number = number };
        if (slug)
                map_put(&c->by_slug, l->slug, l);
        if (number)
                map_put_id(&c->by_number, number, l);
        c->lessons[c->n++] = l;
        return l;
}

static void set_flag(struct course *c, struct lesson *l, const char *flag) {
        c->n_flags += !l->flag;
        l->flag = arena_printf(&c->arena, "%s", flag);
}

/* --- files --- */

struct testflag {
        struct testflag *next;
        int64_t number;
        const char *flag;
};

struct reading {
        struct course *course;
        struct testflag *flags; /* they come before their challenges are known */
};

static void on_testflag(void *arg, int64_t number, const char *flag) {
        struct reading *r = arg;
        struct testflag *t = arena_new(&r->course->arena, struct testflag);

        *t = (struct testflag){ r->flags, number, arena_printf(&r->course->arena, "%s", flag) };
        r->flags = t;
}

static void add_read(struct course *c, const struct challenge *ch) {
        struct lesson *l = add(c, ch->slug, ch->number, ch->title);

        for (size_t i = 0; i < ch->n_flags && !l->flag; i++)
                if (ch->flags[i].kind == FLAG_STATIC)
                        set_flag(c, l, ch->flags[i].text);
}

int course_load(const char *path, struct course *ret, struct err *err) {
        struct reading reading = { .course = ret };
        const struct source_config config = { .max_file_bytes = FOLDER_FILE_MAX,
                                              .on_testflag = on_testflag,
                                              .arg = &reading };
        _cleanup_source_ struct challenge_source source = { 0 };
        struct lesson *l;

        if (challenge_source_load(path, &config, &source, err) < 0 ||
            folder_check(&source, "begun", err) < 0)
                return -1;
        ret->is_file = source.is_file;
        for (size_t i = 0; i < source.n; i++)
                add_read(ret, source.set[i]);
        for (const struct testflag *t = reading.flags; t; t = t->next)
                if ((l = map_get_id(&ret->by_number, t->number)))
                        set_flag(ret, l, t->flag);
        return 0;
}

/* --- what the server lists --- */

size_t course_slug(struct course *c, const char *slug, const char *title) {
        const struct lesson *l = map_get(&c->by_slug, slug);

        return (l ? l : add(c, slug, 0, title))->place;
}

size_t course_number(struct course *c, int64_t number, const char *title) {
        const struct lesson *l = map_get_id(&c->by_number, number);

        return (l ? l : add(c, NULL, number, title))->place;
}
