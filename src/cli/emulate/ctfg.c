/*
 * CTFG's interface: /api/login and its like.  Where CTFG itself sends arrays or null in place of
 * objects and lists, that is understood.
 *
 * It has no sign-up, no teams, no board but the stream, and no page of one challenge: those of the
 * functions below that are not its own are never called.
 */
#include <assert.h>
#include <string.h>

#include "base/str.h"
#include "cli/emulate/dialect.h"
#include "cli/emulate/sightings.h"

static const char *text_of(const json_t *o, const char *key) {
        const char *text = json_string_value(dialect_member(o, key));

        return text ? text : "";
}

static int64_t number_of(const json_t *o, const char *key) {
        return json_integer_value(dialect_member(o, key));
}

static int garbled(struct err *err) {
        return err_set(err, ERR_GARBLED, "the answer is not what CTFG says");
}

/* --- who one is --- */

static void no_sign_up(const struct persona *p _unused_, struct request *a _unused_) {
        assert(false);
}

static void sign_in(const struct persona *p, struct request *a) {
        request_begin(a, STEP_SIGN_IN, "POST", "/api/login");
        json_open(&a->body, '{');
        json_key(&a->body, "username");
        json_text(&a->body, p->name);
        json_key(&a->body, "password");
        json_text(&a->body, p->password);
        json_close(&a->body, '}');
}

static int streamed(struct persona *p, const json_t *o, struct err *err) {
        const char *url = text_of(o, "websocket_url");

        if (!*url)
                return garbled(err);
        str_copy(p->stream, sizeof(p->stream), url);
        return 0;
}

static int signed_in(struct persona *p, const json_t *o, struct err *err) {
        if (streamed(p, o, err) < 0)
                return -1;
        str_copy(p->display, sizeof(p->display), text_of(o, "displayname"));
        p->named = *p->display && !json_is_true(dialect_member(o, "needs_name"));
        return 0;
}

static void set_name(const char *name, struct request *a) {
        request_begin(a, STEP_NAME, "POST", "/api/set-name");
        json_open(&a->body, '{');
        json_key(&a->body, "name");
        json_text(&a->body, name);
        json_close(&a->body, '}');
}

static void no_team(const char *name _unused_, struct request *a _unused_) { assert(false); }

static int no_founded(struct persona *p _unused_, const json_t *o _unused_, struct err *err) {
        return garbled(err);
}

/* Each answer has a fresh token. */
static void stream(struct request *a) { request_begin(a, STEP_TICKET, "GET", "/api/me"); }

/* --- challenges --- */

static void list(const char *cursor _unused_, struct request *a) {
        request_begin(a, STEP_CHALLENGES, "GET", "/api/challenges");
}

static void read_hints(struct own *own, const json_t *hints) {
        const json_t *hint;
        size_t i;

        own->hints = (unsigned)json_array_size(hints);
        own->unlocked = 0;
        own->hint_cost = 0;
        json_array_foreach(hints, i, hint) {
                if (!json_is_string(json_object_get(hint, "text"))) {
                        own->hint_cost = number_of(hint, "cost");
                        return;
                }
                own->unlocked++;
        }
}

/* What is locked is not listed. */
static int listed(struct persona *p, const json_t *o, const char **next, struct err *err) {
        const json_t *item;
        size_t i;

        *next = NULL;
        if (!json_is_array(o) && !json_is_null(o))
                return garbled(err);
        json_array_foreach(o, i, item) {
                int64_t id = number_of(item, "id");
                struct own *own;

                if (!id)
                        continue;
                own = persona_own(p, course_number(p->course, id, text_of(item, "title")));
                own->listed = true;
                own->solved = json_is_true(dialect_member(item, "solved"));
                read_hints(own, dialect_member(item, "hints"));
        }
        return 0;
}

static void no_open(const struct lesson *l _unused_, struct request *a _unused_) { assert(false); }

static int no_opened(struct persona *p _unused_, size_t place _unused_, const json_t *o _unused_,
                     struct err *err) {
        return garbled(err);
}

static void submit(const struct lesson *l, const char *flag, struct request *a) {
        request_begin(a, STEP_SUBMIT, "POST", "/api/submit");
        json_open(&a->body, '{');
        json_key(&a->body, "id");
        json_int(&a->body, l->number);
        json_key(&a->body, "flag");
        json_text(&a->body, flag);
        json_close(&a->body, '}');
}

static int judged(struct persona *p, const json_t *o, enum judged *ret, struct err *err) {
        if (!dialect_result(text_of(o, "result"), ret))
                return garbled(err);
        if (*ret != JUDGED_WRONG)
                p->points = number_of(o, "total");
        return 0;
}

static void hint(const struct lesson *l, unsigned id, struct request *a) {
        request_begin(a, STEP_HINT, "POST", "/api/hint");
        json_open(&a->body, '{');
        json_key(&a->body, "id");
        json_int(&a->body, l->number);
        json_key(&a->body, "hint_id");
        json_int(&a->body, id);
        json_close(&a->body, '}');
}

static int hinted(struct persona *p, size_t place, const json_t *o, struct err *err) {
        struct own *own = persona_own(p, place);

        if (strcmp(text_of(o, "result"), "ok") != 0)
                return garbled(err);
        p->points -= own->hint_cost;
        own->unlocked++;
        return 0;
}

static void no_board(struct request *a _unused_) { assert(false); }

static void key(const struct persona *p, const struct lesson *l, struct buf *ret) {
        solve_key_ctfg(ret, p->display, l->title);
}

const struct dialect dialect_ctfg = {
        .name = "CTFG",
        .sign_up = no_sign_up,
        .sign_in = sign_in,
        .signed_in = signed_in,
        .set_name = set_name,
        .found_team = no_team,
        .founded = no_founded,
        .stream = stream,
        .streamed = streamed,
        .list = list,
        .listed = listed,
        .open = no_open,
        .opened = no_opened,
        .submit = submit,
        .judged = judged,
        .hint = hint,
        .hinted = hinted,
        .board = no_board,
        .key = key,
};
