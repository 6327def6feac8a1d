/* challenge_parse(): from JSON to a challenge. */
#include <string.h>

#include "model/challenge_impl.h"
#include "model/rules.h"

#define TITLE_MAX       200
#define CATEGORY_MAX    80
#define DESCRIPTION_MAX 65536
#define WORD_MAX        31

const char *challenge_make_slug(struct arena *a, const char *title) {
        char *slug = arena_alloc(a, SLUG_MAX + 1);
        size_t n = 0;

        for (; *title && n < SLUG_MAX; title++) {
                char c = *title;

                if (c >= 'A' && c <= 'Z')
                        c = (char)(c - 'A' + 'a');
                if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
                        slug[n++] = c;
                else if (n > 0 && slug[n - 1] != '-')
                        slug[n++] = '-';
        }
        while (n > 0 && slug[n - 1] == '-')
                n--;
        slug[n] = '\0';
        return slug;
}

static int parse_names(const struct place *at, struct challenge *c, struct err *err) {
        if (place_line(at, "name", NULL, TITLE_MAX, &c->title, err) < 0)
                return -1;
        if (!c->title || !*c->title)
                return place_wrong(at, "name", err, "is missing");
        if (place_name(at, "slug", NULL, SLUG_MAX, &c->slug, err) < 0)
                return -1;
        if (!c->slug)
                c->slug = challenge_make_slug(at->arena, c->title);
        if (!*c->slug)
                return place_wrong(at, "slug", err,
                                   "is missing, and none can be made from the name");
        return 0;
}

static int parse_top(const struct place *at, struct challenge *c, struct err *err) {
        struct place instance;
        const char *state;
        int s;

        if (parse_names(at, c, err) < 0 ||
            place_line(at, "category", "", CATEGORY_MAX, &c->category, err) < 0 ||
            place_text(at, "description", "", DESCRIPTION_MAX, &c->description, err) < 0 ||
            challenge_parse_game(at, c, err) < 0 ||
            place_text(at, "state", "visible", WORD_MAX, &state, err) < 0)
                return -1;
        s = challenge_state_parse(state);
        if (s < 0)
                return place_wrong(at, "state", err, "must be visible, hidden or locked");
        c->state = (enum challenge_state)s;
        if (place_enter(at, "instance", challenge_instance_keys, &instance, err) < 0)
                return -1;
        c->has_instance = instance.object != NULL;
        return c->has_instance ? challenge_parse_instance(&instance, &c->spec, err) : 0;
}

int challenge_parse(const json_t *o, int64_t id, int64_t tenant, struct challenge **ret,
                    struct err *err) {
        _cleanup_(challenge_unrefp) struct challenge *c = challenge_new(id, tenant);
        struct place top = { &c->arena, o, "" };

        if (!json_is_object(o))
                return err_set(err, ERR_INVALID,
                               "a challenge must be a mapping of names to values");
        if (parse_top(&top, c, err) < 0)
                return -1;
        challenge_rewrite(c);
        *ret = TAKE(c);
        return 0;
}
