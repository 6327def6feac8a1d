/*
 * CTFG's routes, for its front end, its player emulator and its judges, over
 * the same verbs.  Where CTFG answers with accidental arrays or null, these
 * answer with the object that it means.
 */
#include <stdio.h>
#include <string.h>

#include "api/accounts.h"
#include "api/body.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/session.h"
#include "api/stream.h"
#include "api/submissions.h"
#include "api/view.h"
#include "base/password.h"
#include "base/str.h"

#define ADDRESS_MAX 300

static void open_reply(struct call *c) { json_open(call_buf(c), '{'); }

static struct buf *out(struct call *c) { return &c->lane->scratch; }

static void close_reply(struct call *c, int status) {
        json_close(out(c), '}');
        call_reply_json(c, status);
}

/* --- signing in --- */

/* Where its stream is: on this very server, as long as the session is good. */
static void write_stream(struct call *c) {
        const char *host = http_header(c->req, "Host");
        char url[ADDRESS_MAX], pass[PASS_TEXT];

        stream_pass(c, pass);
        snprintf(url, sizeof(url), "%s://%.200s/scorestream?token=%s",
                 http_secure(c->req) ? "wss" : "ws", host ? host : "", pass);
        json_key(out(c), "websocket_url");
        json_text(out(c), url);
}

static void write_me(struct call *c, bool username) {
        char display[DISPLAY_NAME_SIZE], name[NAME_MAX_BYTES];

        session_display(c, display, name);
        open_reply(c);
        if (username) {
                json_key(out(c), "username");
                json_text(out(c), name);
        }
        json_key(out(c), "displayname");
        json_text(out(c), *display ? display : NULL);
        json_key(out(c), "needs_name");
        json_bool(out(c), !*display);
        write_stream(c);
        close_reply(c, 200);
}

static void on_in(struct call *c) { write_me(c, false); }

void ctfg_login(struct call *c) {
        const char *name, *password;
        struct err err;

        c->origin.tenant = guard_tenant(c);
        if (body_text(c->body, "username", NAME_MAX_BYTES - 1, &name, &err) < 0 ||
            body_text(c->body, "password", PASSWORD_MAX, &password, &err) < 0)
                problem_reply(c, &err);
        else
                session_sign_in(c, name, password, on_in, problem_reply);
}

static void on_out(struct call *c) { call_reply(c, 204, NULL, call_buf(c)); }

void ctfg_logout(struct call *c) {
        if (c->session)
                session_sign_out(c, on_out);
        else
                on_out(c);
}

void ctfg_me(struct call *c) { write_me(c, true); }

static void reply_result(struct call *c, const char *result) {
        open_reply(c);
        json_key(out(c), "result");
        json_text(out(c), result);
        close_reply(c, 200);
}

static void on_named(struct call *c, struct command *cmd) {
        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                reply_result(c, "ok");
}

void ctfg_set_name(struct call *c) {
        struct display_set *d = arena_new(http_arena(c->req), struct display_set);
        const char *name;
        struct err err;

        *d = (struct display_set){ .user = c->origin.user };
        if (body_text_or(c->body, "name", DISPLAY_NAME_SIZE - 1, &name, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        str_copy(d->name, sizeof(d->name), name);
        display_set_command(d);
        call_submit(c, &d->command, on_named);
}

/* --- challenges --- */

static void write_hints(const struct view *v, struct buf *b, const struct challenge *c,
                        const struct progress *p) {
        json_key(b, "hints");
        json_open(b, '[');
        for (size_t i = 0; i < c->n_hints; i++) {
                json_open(b, '{');
                json_key(b, "id");
                json_int(b, (int64_t)i + 1);
                json_key(b, "cost");
                json_int(b, c->hints[i].cost);
                if (p && p->hints & UINT32_C(1) << i) {
                        json_key(b, "text");
                        json_text(b, view_expand(v, c->hints[i].text, PLACEHOLDER_TEXT));
                }
                json_close(b, '}');
        }
        json_close(b, ']');
}

/* The description goes through a Markdown reader that lets HTML through. */
static void write_challenge(const struct view *v, struct buf *b, const struct challenge *c) {
        const struct progress *p = game_progress(v->access.game->game, v->access.who, c->id);

        json_open(b, '{');
        json_key(b, "id");
        json_int(b, challenge_number(c));
        json_key(b, "title");
        json_text(b, c->title);
        json_key(b, "category");
        json_text(b, c->category);
        json_key(b, "difficulty");
        json_text(b, c->difficulty ? c->difficulty : "");
        json_key(b, "points");
        json_int(b, view_worth(v, c->id).value);
        json_key(b, "solved");
        json_bool(b, p && p->solved_ms);
        json_key(b, "description");
        json_text(b, view_expand(v, c->description, PLACEHOLDER_HTML));
        write_hints(v, b, c, p);
        json_key(b, "content");
        if (c->content)
                json_raw(b, view_expand(v, c->content, PLACEHOLDER_JSON));
        else
                json_none(b);
        json_close(b, '}');
}

void ctfg_challenges(struct call *c) {
        struct buf *b = call_buf(c);
        const struct challenge *ch;
        int64_t at = 0;
        struct err ignored;
        struct view v;

        json_open(b, '[');
        read_model_lock(c->api->model);
        if (view_open(c, &v))
                while ((ch = read_model_next_challenge(v.access.model, v.access.tenant, &at)))
                        if (ch->state == CHALLENGE_VISIBLE &&
                            access_challenge(&v.access, ch, &ignored) == 0)
                                write_challenge(&v, b, ch);
        read_model_unlock(c->api->model);
        json_close(b, ']');
        call_reply_json(c, 200);
}

/* The challenge that `id` means, a number or the same as text; 0 when there is none. */
static int64_t named_challenge(struct call *c) {
        const json_t *v = json_object_get(c->body, "id");
        int64_t number = json_integer_value(v), at = 0, id = 0;
        const struct challenge *ch;

        if (json_is_string(v) && !query_id(json_string_value(v), &number))
                return 0;
        read_model_lock(c->api->model);
        while ((ch = read_model_next_challenge(c->api->model, c->origin.tenant, &at)))
                if (challenge_number(ch) == number &&
                    (ch->state != CHALLENGE_HIDDEN || call_is_staff(c)))
                        id = ch->id;
        read_model_unlock(c->api->model);
        return id;
}

static void refuse(struct call *c, int status, const char *error) {
        open_reply(c);
        json_key(out(c), "error");
        json_text(out(c), error);
        json_key(out(c), "request_id");
        json_text(out(c), c->origin.request_id);
        close_reply(c, status);
}

/* --- flags --- */

static void reply_answer(struct call *c, const struct submission_answer *a) {
        open_reply(c);
        json_key(out(c), "result");
        json_text(out(c), verdict_name(a->verdict));
        if (a->verdict == VERDICT_CORRECT) {
                json_key(out(c), "points");
                json_int(out(c), a->points);
        }
        if (a->verdict != VERDICT_INCORRECT) {
                json_key(out(c), "total");
                json_int(out(c), a->total);
        }
        close_reply(c, 200);
}

void ctfg_submit(struct call *c) {
        int64_t challenge = named_challenge(c);
        const char *flag;
        struct err err;

        if (!challenge)
                refuse(c, 400, "unknown_id");
        else if (body_text(c->body, "flag", SUBMISSION_MAX, &flag, &err) < 0)
                problem_reply(c, &err);
        else
                submission_hand_in(c, challenge, flag, reply_answer, problem_reply);
}

/* --- hints --- */

static void on_unlocked(struct call *c, struct command *cmd) {
        const struct hint_unlock *h = container_of(cmd, struct hint_unlock, command);
        const struct challenge *ch;
        struct view v;

        if (cmd->result < 0) {
                if (cmd->err.kind == ERR_NOT_FOUND)
                        refuse(c, 400, "unknown_hint");
                else
                        problem_reply(c, &cmd->err);
                return;
        }
        open_reply(c);
        json_key(out(c), "result");
        json_text(out(c), "ok");
        read_model_lock(c->api->model);
        ch = read_model_challenge(c->api->model, h->challenge);
        if (view_open(c, &v) && ch && (size_t)h->hint <= ch->n_hints) {
                json_key(out(c), "text");
                json_text(out(c), view_expand(&v, ch->hints[h->hint - 1].text, PLACEHOLDER_TEXT));
        }
        read_model_unlock(c->api->model);
        close_reply(c, 200);
}

void ctfg_hint(struct call *c) {
        struct hint_unlock *h = arena_new(http_arena(c->req), struct hint_unlock);

        *h = (struct hint_unlock){ .hint = json_integer_value(
                                           json_object_get(c->body, "hint_id")) };
        if (!json_object_get(c->body, "id") || !json_object_get(c->body, "hint_id")) {
                refuse(c, 400, "missing_parameters");
                return;
        }
        h->challenge = named_challenge(c);
        if (!h->challenge) {
                refuse(c, 400, "unknown_challenge");
                return;
        }
        hint_unlock_command(h);
        call_submit(c, &h->command, on_unlocked);
}

/* --- judges --- */

static void on_awarded(struct call *c, struct command *cmd) {
        struct submit *s = container_of(cmd, struct submit, command);

        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                reply_result(c, s->verdict == VERDICT_ALREADY_SOLVED ? "already_solved" : "ok");
        challenge_unref(s->challenge);
}

void ctfg_award(struct call *c) {
        struct submit *s = arena_new(http_arena(c->req), struct submit);
        int64_t challenge = named_challenge(c);
        struct user user;
        struct err err;

        *s = (struct submit){ .text = "" };
        if (!challenge) {
                refuse(c, 400, "unknown_id");
                return;
        }
        if (account_user(c, "username", json_object_get(c->body, "username"), &user, &err) < 0) {
                if (err.kind == ERR_NOT_FOUND)
                        refuse(c, 400, "unknown_user");
                else
                        problem_reply(c, &err);
                return;
        }
        read_model_lock(c->api->model);
        s->challenge = read_model_hold_challenge(c->api->model, challenge);
        read_model_unlock(c->api->model);
        if (!s->challenge) {
                refuse(c, 400, "unknown_id");
                return;
        }
        s->user = user.id;
        submit_command(s);
        call_submit(c, &s->command, on_awarded);
}
