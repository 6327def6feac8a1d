#include "api/frames.h"

#include "base/json.h"

#define MEMBERS_MAX 12

static const char *const types[] = {
        [FRAME_SNAPSHOT] = "snapshot", [FRAME_SOLVE] = "solve",
        [FRAME_HINT] = "hint",         [FRAME_AWARD] = "award",
        [FRAME_NAME] = "name",         [FRAME_ANNOUNCEMENT] = "announcement",
        [FRAME_SYSTEM] = "system",
};

const char *frame_type_name(enum frame_type t) { return types[t]; }

static const struct form {
        bool there;
        enum frame_type type;
        const char *event;
        const char *members[MEMBERS_MAX];
} forms[_ACTION_N] = {
#define FRAME(action, type, event, ...) \
        [ACTION_##action] = { true, FRAME_##type, event, { __VA_ARGS__ } },
#include "api/frames.def"
};

bool frame_has(enum action action) { return forms[action].there; }

static void write_member(struct buf *b, const struct event *e, const char *key) {
        size_t n;
        const char *value = event_member(e, key, &n);

        if (!value)
                return;
        json_key(b, key);
        json_rawn(b, value, n);
}

static void write_account(struct buf *b, struct account who) {
        json_key(b, "account_id");
        json_int(b, who.id);
        json_key(b, "account_kind");
        json_text(b, account_kind_name(who.kind));
}

static void write_frame(struct buf *b, const struct event *e, const struct form *form,
                        const struct frame *f) {
        json_open(b, '{');
        json_key(b, "seq");
        json_int(b, e->seq);
        json_key(b, "type");
        json_text(b, types[form->type]);
        json_key(b, "ts");
        json_int(b, e->at_ms);
        if (form->type == FRAME_SYSTEM) {
                json_key(b, "event");
                json_text(b, form->event);
        } else if (form->type != FRAME_ANNOUNCEMENT) {
                write_account(b, e->account);
        }
        for (size_t i = 0; i < MEMBERS_MAX && form->members[i]; i++)
                write_member(b, e, form->members[i]);
        if (e->challenge && form->type != FRAME_SYSTEM) {
                json_key(b, "challenge_id");
                json_int(b, e->challenge);
        }
        if (form->type == FRAME_SOLVE && f->ref != e->seq) { /* judged anew */
                json_key(b, "solved_at");
                json_time(b, event_number(e, "at_ms", e->at_ms));
        }
        if (f->reset) {
                json_key(b, "logout");
                json_bool(b, true);
        }
        json_close(b, '}');
}

/* A user who changes teams changes no board. */
static bool is_about_board(const struct event *e) {
        size_t n;

        return e->action != ACTION_USER_CHANGED || event_member(e, "standing", &n);
}

bool frame_of(const struct event *e, struct frame *ret, struct buf *text) {
        const struct form *form = &forms[e->action];

        if (!form->there || !is_about_board(e))
                return false;
        *ret = (struct frame){ .seq = e->seq,
                               .at_ms = e->at_ms,
                               .who = e->account,
                               .challenge = e->challenge,
                               .ref = event_number(e, "at_seq", e->seq),
                               .type = form->type,
                               .hidden = event_number(e, "hidden", 0) != 0,
                               .reset = e->action == ACTION_GAME_RESET };
        write_frame(text, e, form, ret);
        return true;
}

static bool has_points(enum frame_type t) {
        return t == FRAME_SOLVE || t == FRAME_HINT || t == FRAME_AWARD;
}

bool frame_shown(const struct frame *f, bool staff, const struct game_rules *rules,
                 int64_t now_ms) {
        if (staff)
                return true;
        if (f->hidden)
                return false;
        return !has_points(f->type) || !game_frozen(rules, now_ms) || f->at_ms < rules->freeze_ms;
}

/* --- CTFG's --- */

/* KEY with what it is in TEXT, or with DEF. */
static void copy_member(struct buf *b, const char *key, const char *text, const char *from,
                        const char *def) {
        size_t n;
        const char *value = json_member(text, from, &n);

        json_key(b, key);
        if (value)
                json_rawn(b, value, n);
        else
                json_raw(b, def);
}

static void write_score(const struct frame *f, const char *text, const char *name, int64_t number,
                        struct buf *b) {
        json_open(b, '{');
        json_key(b, "id");
        json_int(b, f->seq);
        json_key(b, "type");
        json_text(b, f->type == FRAME_HINT ? "hint" : "score");
        if (name) {
                json_key(b, "displayname");
                json_text(b, name);
        } else {
                copy_member(b, "displayname", text, "name", "\"?\"");
        }
        json_key(b, "ts");
        json_int(b, f->at_ms);
        json_key(b, "challenge_id");
        if (f->challenge)
                json_int(b, number);
        else
                json_none(b);
        copy_member(b, "challenge", text, f->type == FRAME_AWARD ? "reason" : "title",
                    "\"Unknown Challenge\"");
        copy_member(b, "points", text, "points", "0");
        if (f->type == FRAME_HINT)
                copy_member(b, "hint_id", text, "hint", "0");
        json_close(b, '}');
}

bool frame_ctfg(const struct frame *f, const char *text, const char *name, int64_t number,
                struct buf *b) {
        if (has_points(f->type)) {
                write_score(f, text, name, number, b);
                return true;
        }
        if (!f->reset)
                return false;
        json_open(b, '{');
        json_key(b, "type");
        json_text(b, "system");
        json_key(b, "event");
        json_text(b, "reset");
        json_key(b, "logout");
        json_bool(b, true);
        json_key(b, "ts");
        json_int(b, f->at_ms);
        json_close(b, '}');
        return true;
}
