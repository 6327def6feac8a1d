/* What organisers do with what was played: submissions, points by hand, announcements. */
#include <string.h>

#include "base/str.h"
#include "core/engine_impl.h"
#include "core/game_verbs.h"

/* Submissions. */

/* What its solve would bring, had it come when it was handed in. */
static struct gain gain_of_past(const struct game *now, const struct submission *s) {
        _cleanup_(game_freep) struct game *then = game_clone(now);
        struct gain gain;

        game_add_solve(then, &(struct solve){ s->who, s->challenge, s->user, s->at_ms, s->seq });
        gain.points = game_points(then, s->who, s->challenge);
        gain.total = game_total(then, s->who);
        gain.value = game_worth(then, s->challenge).value;
        gain.solves = game_worth(then, s->challenge).solves;
        gain.blood = game_blood(then, s->who, s->challenge);
        return gain;
}

/* It counts from when it was handed in. */
static int solve_past(struct work *w, const struct origin *o, const struct submission *s,
                      struct err *err) {
        const struct challenge *c = read_model_challenge(w->model, s->challenge);
        const struct game *game = games_of(w->games, s->tenant)->game;
        struct event e = deed_event(w, o, ACTION_SOLVED, s->who, c);
        struct gain gain;
        bool added;

        if (game_solved(game, s->who, s->challenge))
                return 0;
        gain = gain_of_past(game, s);
        deed_gain(&e, &gain);
        e.challenge = s->challenge;
        event_int(&e, "user", s->user);
        event_int(&e, "at_ms", s->at_ms);
        event_int(&e, "at_seq", s->seq);
        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0)
                return -1;
        return solves_insert(w->tx,
                             &(struct solve_row){ s->tenant, s->who, s->challenge, s->user, s->id,
                                                  s->at_ms, s->seq },
                             &added, err);
}

/* Takes back the solve that S was, if it was. */
static int unsolve(struct work *w, const struct origin *o, const struct submission *s,
                   struct err *err) {
        const struct challenge *c = read_model_challenge(w->model, s->challenge);
        struct event e = deed_event(w, o, ACTION_UNSOLVED, s->who, c);
        const struct progress *p =
                game_progress(games_of(w->games, s->tenant)->game, s->who, s->challenge);
        int64_t seq;

        if (!p || p->solved_seq != s->seq)
                return 0;
        e.challenge = s->challenge;
        event_int(&e, "submission", s->id);
        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0)
                return -1;
        return solves_delete(w->tx, s->who, s->challenge, &seq, err);
}

static int append_judged(struct work *w, const struct origin *o, const struct submission *s,
                         enum action action, int64_t wrong, const char *result, struct err *err) {
        struct event e = work_event(w, o, action);

        e.account = s->who;
        e.challenge = s->challenge;
        event_int(&e, "submission", s->id);
        event_int(&e, "wrong", wrong);
        event_text(&e, "result", result);
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

static int judge_run(struct command *cmd, struct work *w, struct err *err) {
        struct submission_judge *j = container_of(cmd, struct submission_judge, command);
        const struct origin *o = &cmd->origin;
        bool was_right, right = !j->remove && j->result == SUBMISSION_CORRECT;
        int64_t wrong;
        struct submission s;

        if (submissions_get(w->tx, j->submission, w->arena, &s, err) < 0)
                return -1;
        if (s.tenant != o->tenant)
                return err_set(err, ERR_NOT_FOUND, "No such submission");
        was_right = s.result == SUBMISSION_CORRECT;
        if (!j->remove && right == was_right)
                return 0;
        if (was_right && unsolve(w, o, &s, err) < 0)
                return -1;
        if (right && solve_past(w, o, &s, err) < 0)
                return -1;
        wrong = (int64_t)(!j->remove && !right) - !was_right;
        if (append_judged(w, o, &s, j->remove ? ACTION_SUBMISSION_DELETED : ACTION_JUDGED, wrong,
                          j->remove ? "deleted" : submission_result_name(j->result), err) < 0)
                return -1;
        return j->remove ? submissions_delete(w->tx, s.id, err) :
                           submissions_judge(w->tx, s.id, j->result, err);
}

void submission_judge_command(struct submission_judge *j) { j->command.run = judge_run; }

/* Awards. */

static bool is_account(const struct work *w, int64_t tenant, struct account who) {
        const struct user *u = who.kind == ACCOUNT_USER ? read_model_user(w->model, who.id) : NULL;
        const struct team *t = who.kind == ACCOUNT_TEAM ? read_model_team(w->model, who.id) : NULL;

        return (u && u->tenant == tenant) || (t && t->tenant == tenant);
}

static int award_run(struct command *cmd, struct work *w, struct err *err) {
        struct award_give *a = container_of(cmd, struct award_give, command);
        const struct tenant *tenant = read_model_tenant(w->model, cmd->origin.tenant);
        struct event e;

        if (!is_account(w, cmd->origin.tenant, a->who))
                return err_set(err, ERR_NOT_FOUND, "No such account");
        if ((a->who.kind == ACCOUNT_TEAM) != (tenant && tenant->team_mode))
                return err_set(err, ERR_INVALID, "account: %s score here",
                               tenant && tenant->team_mode ? "teams" : "users");
        if (a->value == 0 || a->value < -AWARD_MOST || a->value > AWARD_MOST)
                return err_set(err, ERR_INVALID, "value: must be -%d to %d, and not 0", AWARD_MOST,
                               AWARD_MOST);
        a->ret = (struct award_row){ .tenant = cmd->origin.tenant,
                                     .who = a->who,
                                     .value = a->value,
                                     .by = cmd->origin.user,
                                     .at_ms = w->now_ms,
                                     .seq = w->chain.seq + 1 };
        str_copy(a->ret.reason, sizeof(a->ret.reason), a->reason);
        if (awards_insert(w->tx, &a->ret, err) < 0)
                return -1;
        e = deed_event(w, &cmd->origin, ACTION_AWARDED, a->who, NULL);
        event_int(&e, "points", a->value);
        event_int(&e, "total",
                  game_total_with(games_of(w->games, e.tenant)->game, a->who, a->value, 0));
        event_int(&e, "award", a->ret.id);
        event_text(&e, "reason", a->reason);
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

void award_give_command(struct award_give *a) { a->command.run = award_run; }

static int award_remove_run(struct command *cmd, struct work *w, struct err *err) {
        struct award_remove *a = container_of(cmd, struct award_remove, command);
        struct award_row row;
        struct event e;

        if (awards_get(w->tx, a->award, &row, err) < 0)
                return -1;
        if (row.tenant != cmd->origin.tenant)
                return err_set(err, ERR_NOT_FOUND, "No such award");
        e = deed_event(w, &cmd->origin, ACTION_AWARD_REMOVED, row.who, NULL);
        event_int(&e, "points", -row.value);
        event_int(&e, "award", row.id);
        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0)
                return -1;
        return awards_delete(w->tx, row.id, err);
}

void award_remove_command(struct award_remove *a) { a->command.run = award_remove_run; }

/* Announcements. */

static int announce_run(struct command *cmd, struct work *w, struct err *err) {
        struct announce *a = container_of(cmd, struct announce, command);
        struct event e = work_event(w, &cmd->origin, ACTION_ANNOUNCED);

        a->ret = (struct announcement){ .tenant = cmd->origin.tenant,
                                        .title = a->title,
                                        .text = a->text,
                                        .by = cmd->origin.user,
                                        .at_ms = w->now_ms,
                                        .seq = w->chain.seq + 1 };
        if (announcements_insert(w->tx, &a->ret, err) < 0)
                return -1;
        event_int(&e, "announcement", a->ret.id);
        event_text(&e, "title", a->title);
        event_text(&e, "text", a->text); /* a long one is left out, to be asked for */
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

void announce_command(struct announce *a) { a->command.run = announce_run; }
