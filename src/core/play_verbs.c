/* What players do in the game: flags and hints. */
#include <string.h>

#include "base/metric.h"
#include "base/str.h"
#include "core/engine_impl.h"
#include "core/game_verbs.h"
#include "core/watch_impl.h"
#include "model/seal.h"

#define ALIKE_LEAST 4 /* bytes of an answer that is compared with others */

static const char *const verdicts[] = { [VERDICT_CORRECT] = "correct",
                                        [VERDICT_INCORRECT] = "incorrect",
                                        [VERDICT_ALREADY_SOLVED] = "already_solved" };

const char *verdict_name(enum verdict v) { return verdicts[v]; }

struct event deed_event(const struct work *w, const struct origin *o, enum action action,
                        struct account who, const struct challenge *c) {
        struct event e = work_event(w, o, action);
        char name[DISPLAY_NAME_SIZE];

        read_model_account_name(w->model, who, name);
        e.account = who;
        deed_hide(w, &e);
        event_text(&e, "name", name);
        if (!c)
                return e;
        e.challenge = c->id;
        event_text(&e, "challenge", c->slug);
        event_text(&e, "title", c->title);
        return e;
}

void deed_hide(const struct work *w, struct event *e) {
        if (!game_counts(games_of(w->games, e->tenant)->game, e->account))
                event_int(e, "hidden", 1);
}

void deed_gain(struct event *e, const struct gain *gain) {
        event_int(e, "points", gain->points);
        event_int(e, "total", gain->total);
        event_int(e, "value", gain->value);
        event_int(e, "solves", gain->solves);
        if (gain->blood >= 0)
                event_int(e, "blood", gain->blood + 1);
        if (gain->blood == 0)
                event_int(e, "prestige", scoring_prestige(gain->value));
}

/* Submit. */

static const struct progress none;

static const struct progress *progress_of(const struct access *a, int64_t challenge) {
        const struct progress *p = game_progress(a->game->game, a->who, challenge);

        return p ? p : &none;
}

/* A judge's word counts for the user's account, at any time. */
static int judged_access(const struct submit *s, struct work *w, struct access *ret,
                         struct err *err) {
        const struct origin *o = &s->command.origin;
        const struct user *u = read_model_user(w->model, s->user);

        if (!u || u->tenant != o->tenant)
                return err_set(err, ERR_NOT_FOUND, "No such user");
        ret->who = user_account(u, read_model_tenant(w->model, o->tenant));
        ret->staff = true;
        return 0;
}

static int check_submit(struct submit *s, struct work *w, struct access *a, struct err *err) {
        const struct challenge *c = read_model_challenge(w->model, s->challenge->id);
        const struct progress *p;

        if (s->user && judged_access(s, w, a, err) < 0)
                return -1;
        if (!c)
                return err_set(err, ERR_NOT_FOUND, "No such challenge");
        if (access_account(a, err) < 0 || access_open(a, err) < 0 ||
            access_challenge(a, c, err) < 0)
                return -1;
        p = progress_of(a, c->id);
        if (c->max_attempts > 0 && !s->user && !p->solved_ms && p->attempts >= c->max_attempts)
                return err_set(err, ERR_LOCKED, "Not accepted. You have 0 tries remaining");
        if (c != s->challenge) /* it was changed meanwhile */
                s->accepted = challenge_accepts(c, s->text);
        return 0;
}

/* *owner: whose flag of an instance the text is, where that is another account. */
static bool is_right(const struct submit *s, struct work *w, const struct access *a,
                     struct account *owner) {
        const struct lease_flag *f;

        if (s->accepted || s->user)
                return true;
        f = flags_find(w->engine->flags, s->challenge->id, s->text, a->who, w->now_ms);
        if (f && !account_equal(f->owner, a->who))
                *owner = f->owner;
        return f && account_equal(f->owner, a->who) && flags_usable(f, w->now_ms);
}

static struct submission row_of_submit(const struct submit *s, const struct work *w,
                                       const struct access *a, int64_t seq) {
        struct submission row = {
                .tenant = a->tenant,
                .who = a->who,
                .user = s->user ? s->user : s->command.origin.user,
                .challenge = s->challenge->id,
                .at_ms = w->now_ms,
                .seq = seq,
                .box = "",
        };

        memcpy(row.address, s->sender.address, sizeof(row.address));
        memcpy(row.agent, s->sender.agent, sizeof(row.agent));
        return row;
}

static int solve(struct submit *s, struct work *w, const struct access *a, struct err *err) {
        struct event e = deed_event(w, &s->command.origin, ACTION_SOLVED, a->who, s->challenge);
        struct gain gain = game_gain(a->game->game, a->who, s->challenge->id);
        struct submission row;
        bool added;

        deed_gain(&e, &gain);
        if (s->user)
                event_int(&e, "user", s->user);
        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0)
                return -1;
        row = row_of_submit(s, w, a, w->chain.seq);
        row.result = SUBMISSION_CORRECT;
        if (submissions_insert(w->tx, &row, err) < 0 ||
            solves_insert(w->tx,
                          &(struct solve_row){ row.tenant, row.who, row.challenge, row.user, row.id,
                                               row.at_ms, row.seq },
                          &added, err) < 0)
                return -1;
        if (!added)
                return err_set(err, ERR_INTERNAL, "the store has a solve that the daemon has not");
        s->verdict = VERDICT_CORRECT;
        s->points = gain.points;
        s->total = gain.total;
        s->blood = gain.blood;
        return 0;
}

static char lower_of(char c) { return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

/* Alike ones are found by it; what is submitted cannot be found from it without the key.  Very
 * short answers are alike by chance. */
static void digest_wrong(const uint8_t key[KEY_SIZE], const char *text, char ret[33]) {
        char lower[SUBMISSION_MAX];
        uint8_t digest[SHA256_SIZE];
        size_t n;

        ret[0] = '\0';
        for (n = 0; n < sizeof(lower) && text[n]; n++)
                lower[n] = lower_of(text[n]);
        if (n < ALIKE_LEAST)
                return;
        hmac_sha256(key, lower, n, digest);
        hex_encode(digest, 16, ret);
}

/* ROW is the flag of OWNER's instance: that is certain, but not who gave it to whom. */
static int suspect(struct work *w, const struct submit *s, const struct submission *row,
                   struct err *err) {
        struct suspicion found = suspicion_of(row->tenant, row->challenge, row->who, row->owner);
        struct origin system = work_system(row->tenant);

        memcpy(system.request_id, s->command.origin.request_id, sizeof(system.request_id));
        suspicion_add(&found, SIGNAL_SHARED_FLAG, row->who, row->id, 0, row->at_ms);
        found.certainty = suspicion_weight(&found);
        return suspicion_note(w, &system, &found, err);
}

static int miss(struct submit *s, struct work *w, const struct access *a, struct account owner,
                struct err *err) {
        struct event e = work_event(w, &s->command.origin, ACTION_SUBMITTED);
        char whose[ACCOUNT_TEXT];
        uint8_t key[KEY_SIZE];
        struct submission row;

        e.challenge = s->challenge->id;
        if (owner.id)
                event_text(&e, "flag_of", account_text(owner, whose));
        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0)
                return -1;
        row = row_of_submit(s, w, a, w->chain.seq);
        seal_key(w->engine->config.master_key, a->tenant, key);
        row.result = SUBMISSION_INCORRECT;
        row.box = seal(key, "submission", s->text, w->arena);
        row.owner = owner;
        digest_wrong(key, s->text, row.digest);
        if (submissions_insert(w->tx, &row, err) < 0)
                return -1;
        if (owner.id && !a->staff && suspect(w, s, &row, err) < 0)
                return -1;
        s->verdict = VERDICT_INCORRECT;
        s->total = game_total(a->game->game, a->who);
        return 0;
}

static int submit_run(struct command *cmd, struct work *w, struct err *err) {
        struct submit *s = container_of(cmd, struct submit, command);
        struct access a = work_access(w, &cmd->origin);
        const struct progress *p;
        struct account owner = { 0 };
        int r;

        s->blood = -1;
        s->points = 0;
        s->attempts_left = -1;
        if (check_submit(s, w, &a, err) < 0)
                return -1;
        p = progress_of(&a, s->challenge->id);
        if (p->solved_ms) {
                s->verdict = VERDICT_ALREADY_SOLVED;
                s->total = game_total(a.game->game, a.who);
                return 0;
        }
        if (is_right(s, w, &a, &owner)) {
                r = solve(s, w, &a, err);
        } else {
                if (s->challenge->max_attempts > 0)
                        s->attempts_left = s->challenge->max_attempts - p->attempts - 1;
                r = miss(s, w, &a, owner, err);
        }
        if (r == 0)
                metric_add(METRIC_SUBMISSIONS, 1, verdict_name(s->verdict));
        return r;
}

void submit_command(struct submit *s) { s->command.run = submit_run; }

/* Hints. */

static int check_hint(const struct hint_unlock *h, const struct access *a,
                      const struct challenge *c, struct err *err) {
        const struct progress *p;
        int64_t total;

        if (access_account(a, err) < 0 || access_open(a, err) < 0 ||
            access_challenge(a, c, err) < 0)
                return -1;
        if (h->hint < 1 || (uint64_t)h->hint > c->n_hints)
                return err_set(err, ERR_NOT_FOUND, "No such hint");
        p = progress_of(a, c->id);
        if (p->hints & UINT32_C(1) << (h->hint - 1))
                return err_set(err, ERR_ALREADY, "This hint is unlocked already");
        if (h->hint > 1 && !(p->hints & UINT32_C(1) << (h->hint - 2)))
                return err_set(err, ERR_LOCKED, "Unlock hint %d first", (int)h->hint - 1);
        total = game_total(a->game->game, a->who);
        if (total < c->hints[h->hint - 1].cost)
                return err_set(err, ERR_POINTS, "This hint costs %lld points, you have %lld",
                               (long long)c->hints[h->hint - 1].cost, (long long)total);
        return 0;
}

static int hint_run(struct command *cmd, struct work *w, struct err *err) {
        struct hint_unlock *h = container_of(cmd, struct hint_unlock, command);
        const struct challenge *c = read_model_challenge(w->model, h->challenge);
        struct access a = work_access(w, &cmd->origin);
        struct hint_row row = { .tenant = a.tenant,
                                .who = a.who,
                                .challenge = h->challenge,
                                .hint = h->hint,
                                .user = cmd->origin.user,
                                .at_ms = w->now_ms };
        struct event e;
        bool added;

        if (check_hint(h, &a, c, err) < 0)
                return -1;
        row.cost = c->hints[h->hint - 1].cost;
        e = deed_event(w, &cmd->origin, ACTION_HINT_UNLOCKED, a.who, c);
        h->total = game_total_with(a.game->game, a.who, 0, row.cost);
        event_int(&e, "hint", h->hint);
        event_int(&e, "points", -row.cost);
        event_int(&e, "total", h->total);
        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0)
                return -1;
        row.seq = w->chain.seq;
        if (hints_insert(w->tx, &row, &added, err) < 0)
                return -1;
        if (!added)
                return err_set(err, ERR_INTERNAL, "the store has a hint that the daemon has not");
        metric_add(METRIC_HINTS, 1);
        return 0;
}

void hint_unlock_command(struct hint_unlock *h) { h->command.run = hint_run; }
