/* /api/v2/submissions: flags handed in by players, and what organisers see and judge of them. */
#include <inttypes.h>
#include <string.h>

#include "api/body.h"
#include "api/instances.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/sender.h"
#include "api/submissions.h"
#include "api/view.h"
#include "base/str.h"
#include "model/seal.h"
#include "store/game.h"

/* --- handing in --- */

struct handing {
        struct submit submit;
        void (*done)(struct call *c, const struct submission_answer *a);
        void (*failed)(struct call *c, const struct err *err);
};

/* While the board is frozen nothing of the answer tells what others have done since. */
static void freeze(struct call *c, const struct submit *s, struct submission_answer *a) {
        struct view v;

        read_model_lock(c->api->model);
        if (view_open(c, &v) && v.frozen) {
                a->blood = 0;
                a->total = view_total(&v);
                if (a->verdict == VERDICT_CORRECT)
                        a->points = view_worth(&v, s->challenge->id).value;
        }
        read_model_unlock(c->api->model);
}

static void on_submitted(struct call *c, struct command *cmd) {
        struct submit *s = container_of(cmd, struct submit, command);
        struct handing *h = container_of(s, struct handing, submit);
        struct submission_answer a = {
                .verdict = s->verdict,
                .points = s->points,
                .total = s->total,
                .blood = s->blood + 1,
                .attempts_left = s->attempts_left,
        };

        if (cmd->result == 0) {
                freeze(c, s, &a);
                h->done(c, &a);
        } else {
                h->failed(c, &cmd->err);
        }
        challenge_unref(s->challenge);
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static const char *trimmed(struct arena *arena, const char *text) {
        size_t n = strlen(text);
        char *copy;

        while (n > 0 && is_blank(text[n - 1]))
                n--;
        for (; n > 0 && is_blank(*text); n--)
                text++;
        copy = arena_grow(arena, text, n, n + 1);
        copy[n] = '\0';
        return copy;
}

void submission_hand_in(struct call *c, int64_t challenge, const char *text,
                        void (*done)(struct call *c, const struct submission_answer *a),
                        void (*failed)(struct call *c, const struct err *err)) {
        struct handing *h = arena_new(http_arena(c->req), struct handing);
        struct err err;

        *h = (struct handing){ .done = done, .failed = failed };
        read_model_lock(c->api->model);
        h->submit.challenge = read_model_hold_challenge(c->api->model, challenge);
        read_model_unlock(c->api->model);
        if (!h->submit.challenge) {
                err_set(&err, ERR_NOT_FOUND, "No such challenge");
                failed(c, &err);
                return;
        }
        h->submit.text = trimmed(http_arena(c->req), text);
        h->submit.accepted = challenge_accepts(h->submit.challenge, h->submit.text);
        sender_of(c, &h->submit.sender);
        submit_command(&h->submit);
        call_submit(c, &h->submit.command, on_submitted);
}

void submission_message(const struct submission_answer *a, char *ret, size_t room) {
        switch (a->verdict) {
        case VERDICT_CORRECT:
                snprintf(ret, room, "Correct");
                break;
        case VERDICT_ALREADY_SOLVED:
                snprintf(ret, room, "You have already solved this");
                break;
        case VERDICT_INCORRECT:
                if (a->attempts_left < 0)
                        snprintf(ret, room, "Incorrect");
                else
                        snprintf(ret, room, "Incorrect. You have %" PRId64 " %s remaining",
                                 a->attempts_left, a->attempts_left == 1 ? "try" : "tries");
                break;
        }
}

static void reply_answer(struct call *c, const struct submission_answer *a) {
        struct buf *b = call_buf(c);
        char message[64];

        submission_message(a, message, sizeof(message));
        json_open(b, '{');
        json_key(b, "result");
        json_text(b, verdict_name(a->verdict));
        json_key(b, "message");
        json_text(b, message);
        json_key(b, "points");
        json_int(b, a->points);
        json_key(b, "total");
        json_int(b, a->total);
        json_key(b, "blood");
        if (a->blood)
                json_int(b, a->blood);
        else
                json_none(b);
        json_key(b, "attempts_left");
        if (a->attempts_left >= 0)
                json_int(b, a->attempts_left);
        else
                json_none(b);
        json_close(b, '}');
        call_reply_json(c, 200);
}

int submission_challenge(struct call *c, int64_t *ret, struct err *err) {
        const json_t *v = json_object_get(c->body, "challenge");
        const char *name = NULL;
        char digits[STR_INT];

        if (json_is_integer(v))
                name = str_int(json_integer_value(v), digits);
        else if (body_text(c->body, "challenge", ROUTE_PARAM, &name, err) < 0)
                return -1;
        *ret = instance_challenge(c, name);
        return *ret ? 0 : err_set(err, ERR_NOT_FOUND, "No such challenge");
}

void submission_create(struct call *c) {
        const char *flag;
        int64_t challenge;
        struct err err;

        if (body_text(c->body, "flag", SUBMISSION_MAX, &flag, &err) < 0 ||
            submission_challenge(c, &challenge, &err) < 0)
                problem_reply(c, &err);
        else
                submission_hand_in(c, challenge, flag, reply_answer, problem_reply);
}

/* --- what was handed in, for organisers --- */

struct listing {
        struct query query;
        struct call *call;
        struct submission_filter filter;
        uint8_t key[KEY_SIZE];
        int64_t max, written, last;
        bool more;
        struct arena arena;
        struct buf out;
};

/* With the read model locked. */
static void write_row(struct listing *l, const struct submission *s) {
        const struct read_model *m = l->call->api->model;
        const struct challenge *ch = read_model_challenge(m, s->challenge);
        const struct user *u = read_model_user(m, s->user);
        char name[DISPLAY_NAME_SIZE], whose[ACCOUNT_TEXT];
        struct buf *b = &l->out;
        const char *text = NULL;
        struct err ignored;

        if (*s->box && unseal(l->key, s->box, &l->arena, &text, &ignored) < 0)
                text = NULL; /* of another install's key */
        read_model_account_name(m, s->who, name);
        json_open(b, '{');
        json_key(b, "id");
        json_int(b, s->id);
        json_key(b, "at");
        json_time(b, s->at_ms);
        json_key(b, "account_id");
        json_int(b, s->who.id);
        json_key(b, "kind");
        json_text(b, account_kind_name(s->who.kind));
        json_key(b, "name");
        json_text(b, name);
        json_key(b, "user_id");
        json_int(b, s->user);
        json_key(b, "user");
        json_text(b, u ? u->name : NULL);
        json_key(b, "challenge_id");
        json_int(b, s->challenge);
        json_key(b, "challenge");
        json_text(b, ch ? ch->slug : NULL);
        json_key(b, "result");
        json_text(b, submission_result_name(s->result));
        json_key(b, "text");
        json_text(b, text);
        json_key(b, "flag_of");
        json_text(b, s->owner.id ? account_text(s->owner, whose) : NULL);
        json_key(b, "agent");
        json_text(b, *s->agent ? s->agent : NULL);
        json_close(b, '}');
}

static int on_row(void *arg, const struct submission *s, _unused_ struct err *err) {
        struct listing *l = arg;

        if (l->written == l->max) {
                l->more = true;
                return 0;
        }
        read_model_lock(l->call->api->model);
        write_row(l, s);
        read_model_unlock(l->call->api->model);
        l->last = s->id;
        l->written++;
        return 0;
}

/* On the reader's thread. */
static int read_rows(struct query *q, struct tx *tx, struct err *err) {
        struct listing *l = container_of(q, struct listing, query);

        page_begin(&l->out);
        if (submissions_each(tx, &l->filter, on_row, l, err) < 0)
                return -1;
        page_end_id(&l->out, l->more ? l->last : 0);
        return 0;
}

static void on_read(struct call *c, struct query *q) {
        struct listing *l = container_of(q, struct listing, query);

        if (q->result < 0)
                problem_reply(c, &q->err);
        else
                call_reply(c, 200, TYPE_JSON, &l->out);
        buf_done(&l->out);
        arena_done(&l->arena);
}

static int parse_filter(struct call *c, struct listing *l, struct err *err) {
        const char *challenge = http_query(c->req, "challenge");
        const char *result = http_query(c->req, "result");
        struct page page;

        if (page_parse(c, true, &page, err) < 0 ||
            query_account("account", http_query(c->req, "account"), &l->filter.account, err) < 0)
                return -1;
        if (challenge && !(l->filter.challenge = instance_challenge(c, challenge)))
                return err_set(err, ERR_INVALID, "challenge: there is none of this name");
        l->filter.result = result ? submission_result_parse(result) : -1;
        if (result && l->filter.result < 0)
                return err_set(err, ERR_INVALID, "result: must be correct or incorrect");
        l->max = page.max;
        l->filter.max = page.max + 1;
        l->filter.before_id = page.after;
        return 0;
}

void submission_list(struct call *c) {
        struct listing *l = arena_new(http_arena(c->req), struct listing);
        struct err err;

        *l = (struct listing){ .query.run = read_rows,
                               .call = c,
                               .filter.tenant = c->origin.tenant };
        if (parse_filter(c, l, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        engine_seal_key(c->api->config.engine, c->origin.tenant, l->key);
        call_query(c, &l->query, on_read);
}

/* --- judging --- */

static void on_judged(struct call *c, struct command *cmd) {
        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                call_reply(c, 204, NULL, call_buf(c));
}

static void judge(struct call *c, enum submission_result result, bool remove) {
        struct submission_judge *j = arena_new(http_arena(c->req), struct submission_judge);

        *j = (struct submission_judge){ .result = result, .remove = remove };
        if (!query_id(c->param, &j->submission)) {
                problem_replyf(c, ERR_NOT_FOUND, "No such submission");
                return;
        }
        submission_judge_command(j);
        call_submit(c, &j->command, on_judged);
}

void submission_change(struct call *c) {
        const char *text;
        struct err err;
        int result;

        if (body_text(c->body, "result", NAME_MAX_BYTES, &text, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        result = submission_result_parse(text);
        if (result < 0)
                problem_replyf(c, ERR_INVALID, "result: must be correct or incorrect");
        else
                judge(c, (enum submission_result)result, false);
}

void submission_delete(struct call *c) { judge(c, SUBMISSION_INCORRECT, true); }
