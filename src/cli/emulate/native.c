/* Berth's own interface: /api/v2. */
#include <string.h>

#include "base/str.h"
#include "cli/emulate/dialect.h"
#include "cli/emulate/sightings.h"
#include "cli/remote.h"

#define PAGE "/api/v2/challenges?limit=1000"

static const char *text_of(const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        return text ? text : "";
}

static int64_t number_of(const json_t *o, const char *key) {
        return json_integer_value(json_object_get(o, key));
}

static bool is_true(const json_t *o, const char *key) {
        return json_is_true(json_object_get(o, key));
}

static int garbled(struct err *err) {
        return err_set(err, ERR_GARBLED, "the answer is not what Berth says");
}

/* --- who one is --- */

static void write_who(const struct persona *p, struct request *a) {
        json_open(&a->body, '{');
        json_key(&a->body, "name");
        json_text(&a->body, p->name);
        json_key(&a->body, "password");
        json_text(&a->body, p->password);
        if (p->tenant) {
                json_key(&a->body, "tenant");
                json_text(&a->body, p->tenant);
        }
        json_close(&a->body, '}');
}

static void sign_up(const struct persona *p, struct request *a) {
        request_begin(a, STEP_SIGN_UP, "POST", "/api/v2/sign-up");
        write_who(p, a);
}

static void sign_in(const struct persona *p, struct request *a) {
        request_begin(a, STEP_SIGN_IN, "POST", "/api/v2/session");
        write_who(p, a);
}

static int signed_in(struct persona *p, const json_t *o, struct err *err) {
        const json_t *user = json_object_get(o, "user"), *account = json_object_get(o, "account");

        if (!json_is_object(user))
                return garbled(err);
        p->teamless = !json_is_object(account);
        p->account = number_of(account, "id");
        str_copy(p->kind, sizeof(p->kind), text_of(account, "kind"));
        str_copy(p->display, sizeof(p->display), text_of(user, "display_name"));
        p->named = *p->display;
        p->points = number_of(o, "points");
        return 0;
}

static void write_name(const char *name, struct request *a) {
        json_open(&a->body, '{');
        json_key(&a->body, "name");
        json_text(&a->body, name);
        json_close(&a->body, '}');
}

static void set_name(const char *name, struct request *a) {
        request_begin(a, STEP_NAME, "PUT", "/api/v2/session/name");
        write_name(name, a);
}

static void found_team(const char *name, struct request *a) {
        request_begin(a, STEP_TEAM, "POST", "/api/v2/team");
        write_name(name, a);
}

static int founded(struct persona *p, const json_t *o, struct err *err) {
        if (!json_is_integer(json_object_get(o, "id")))
                return garbled(err);
        p->teamless = false;
        p->account = number_of(o, "id");
        str_copy(p->kind, sizeof(p->kind), "team");
        return 0;
}

static void stream(struct request *a) {
        request_begin(a, STEP_TICKET, "POST", "/api/v2/stream/tickets");
}

static int streamed(struct persona *p, const json_t *o, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *ticket = text_of(o, "ticket");

        if (!*ticket)
                return garbled(err);
        str_copy(p->stream, sizeof(p->stream),
                 arena_printf(&arena, "/scorestream?ticket=%s", remote_escape(ticket, &arena)));
        return 0;
}

/* --- challenges --- */

static void list(const char *cursor, struct request *a) {
        request_begin(a, STEP_CHALLENGES, "GET", PAGE);
        remote_query(&a->path, "cursor", cursor);
}

static void read_hints(struct own *own, const json_t *hints) {
        const json_t *hint;
        size_t i;

        own->hints = (unsigned)json_array_size(hints);
        own->unlocked = 0;
        own->hint_cost = 0;
        json_array_foreach(hints, i, hint) {
                if (!is_true(hint, "unlocked")) {
                        own->hint_cost = number_of(hint, "cost");
                        return;
                }
                own->unlocked++;
        }
}

static void read_challenge(struct own *own, const json_t *o) {
        own->listed = true;
        own->solved = is_true(o, "solved");
        own->locked = strcmp(text_of(o, "state"), "locked") == 0;
        own->instance = json_is_object(json_object_get(o, "instance"));
        read_hints(own, json_object_get(o, "hints"));
}

static int listed(struct persona *p, const json_t *o, const char **next, struct err *err) {
        const json_t *items = json_object_get(o, "items"), *item;
        size_t i;

        if (!json_is_array(items))
                return garbled(err);
        json_array_foreach(items, i, item) {
                const char *slug = text_of(item, "slug");

                if (*slug)
                        read_challenge(persona_own(p, course_slug(p->course, slug,
                                                                  text_of(item, "title"))),
                                       item);
        }
        *next = json_string_value(json_object_get(o, "next"));
        return 0;
}

/* PATH has one %s, for a slug. */
static void begin_of(struct request *a, enum step step, const char *method, const struct lesson *l,
                     const char *rest) {
        _cleanup_arena_ struct arena arena = { 0 };

        request_begin(a, step, method, "/api/v2/challenges/");
        buf_str(&a->path, remote_escape(l->slug, &arena));
        buf_str(&a->path, rest);
}

static void open_challenge(const struct lesson *l, struct request *a) {
        begin_of(a, STEP_CHALLENGE, "GET", l, "");
}

static int opened(struct persona *p, size_t place, const json_t *o, struct err *err) {
        struct own *own = persona_own(p, place);

        if (!json_is_object(o))
                return garbled(err);
        read_challenge(own, o);
        own->counts_wrong = number_of(o, "max_attempts") > 0;
        return 0;
}

static void submit(const struct lesson *l, const char *flag, struct request *a) {
        request_begin(a, STEP_SUBMIT, "POST", "/api/v2/submissions");
        json_open(&a->body, '{');
        json_key(&a->body, "challenge");
        json_text(&a->body, l->slug);
        json_key(&a->body, "flag");
        json_text(&a->body, flag);
        json_close(&a->body, '}');
}

static int judged(struct persona *p, const json_t *o, enum judged *ret, struct err *err) {
        if (!dialect_result(text_of(o, "result"), ret))
                return garbled(err);
        p->points = number_of(o, "total");
        return 0;
}

static void hint(const struct lesson *l, unsigned id, struct request *a) {
        begin_of(a, STEP_HINT, "POST", l, "/hints/");
        buf_int(&a->path, id);
}

static int hinted(struct persona *p, size_t place, const json_t *o, struct err *err) {
        if (!json_is_string(json_object_get(o, "text")))
                return garbled(err);
        persona_own(p, place)->unlocked++;
        p->points = number_of(o, "total");
        return 0;
}

static void board(struct request *a) { request_begin(a, STEP_BOARD, "GET", "/api/v2/scoreboard"); }

static void key(const struct persona *p, const struct lesson *l, struct buf *ret) {
        solve_key(ret, p->kind, p->account, l->slug);
}

const struct dialect dialect_native = {
        .name = "Berth",
        .opens = true,
        .starts = true,
        .boards = true,
        .teams = true,
        .sign_up = sign_up,
        .sign_in = sign_in,
        .signed_in = signed_in,
        .set_name = set_name,
        .found_team = found_team,
        .founded = founded,
        .stream = stream,
        .streamed = streamed,
        .list = list,
        .listed = listed,
        .open = open_challenge,
        .opened = opened,
        .submit = submit,
        .judged = judged,
        .hint = hint,
        .hinted = hinted,
        .board = board,
        .key = key,
};
