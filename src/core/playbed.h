/* A game on a testbed: two users, "easy" (100 points, two hints) and "hard" (decaying from 500,
 * after easy), and its verbs.  Only *_test.c include this. */
#pragma once

#include "core/game_verbs.h"
#include "core/people_verbs.h"
#include "core/testbed.h"
#include "store/game.h"

#define EASY                                                                                    \
        "{\"name\":\"Easy\",\"slug\":\"easy\",\"value\":100,\"flags\":[\"F{easy}\"],\"hints\":" \
        "[{\"content\":\"one\",\"cost\":30},{\"content\":\"two\",\"cost\":80}],\"attempts\":5}"
#define HARD                                                                                    \
        "{\"name\":\"Hard\",\"slug\":\"hard\",\"type\":\"dynamic\",\"extra\":{\"initial\":500," \
        "\"decay\":10,\"minimum\":100},\"flags\":[\"F{hard}\"],\"requirements\":[\"easy\"]}"

struct play {
        struct bed bed;
        int64_t easy, hard;
};

static inline void begin(struct play *p) {
        bed_init(&p->bed, "", 50);
        bed_people(&p->bed, policy_default);
        p->easy = bed_challenge_add(&p->bed, EASY);
        p->hard = bed_challenge_add(&p->bed, HARD);
}

static inline int try(struct play *p, struct command *cmd, struct err *err) {
        return engine_call(p->bed.engine, cmd, err);
}

static inline struct origin judge(struct play *p) {
        return (struct origin){ .kind = ACTOR_OPERATOR,
                                .tenant = p->bed.tenant,
                                .role = ROLE_ADMIN };
}

static inline struct submit submit_of(struct play *p, int user, int64_t challenge,
                                      const char *text) {
        struct submit s = { .text = text };

        s.command.origin = bed_origin(&p->bed, user);
        read_model_lock(p->bed.engine->model);
        s.challenge = read_model_hold_challenge(p->bed.engine->model, challenge);
        read_model_unlock(p->bed.engine->model);
        s.accepted = challenge_accepts(s.challenge, text);
        submit_command(&s);
        return s;
}

/* The verdict; -1 when it was refused. */
static inline int submit(struct play *p, int user, int64_t challenge, const char *text,
                         struct err *err) {
        struct submit s = submit_of(p, user, challenge, text);
        int r = try(p, &s.command, err) < 0 ? -1 : (int)s.verdict;

        challenge_unref(s.challenge);
        return r;
}

static inline int unlock(struct play *p, int user, int64_t challenge, int64_t hint,
                         struct err *err) {
        struct hint_unlock h = { .challenge = challenge, .hint = hint };

        h.command.origin = bed_origin(&p->bed, user);
        hint_unlock_command(&h);
        return try(p, &h.command, err);
}

static inline int set(struct play *p, unsigned fields, struct game_rules rules, struct err *err) {
        struct game_set g = { .fields = fields, .rules = rules };

        g.command.origin = judge(p);
        game_set_command(&g);
        return try(p, &g.command, err);
}

static inline int64_t total(struct play *p, int user) {
        struct read_model *m = p->bed.engine->model;
        struct account who = { ACCOUNT_USER, p->bed.users[user].id };
        int64_t n;

        read_model_lock(m);
        n = game_total(read_model_game(m, p->bed.tenant)->game, who);
        read_model_unlock(m);
        return n;
}

static inline struct board *shown(struct play *p, bool staff) {
        struct read_model *m = p->bed.engine->model;
        struct board *b;

        read_model_lock(m);
        b = board_ref(games_board(read_model_game(m, p->bed.tenant), staff, clock_now_ms()));
        read_model_unlock(m);
        return b;
}

/* Its submissions, newest first; at most 100. */
struct listing {
        struct submission rows[100];
        size_t n;
};

static inline int add_row(void *arg, const struct submission *s, _unused_ struct err *err) {
        struct listing *l = arg;

        l->rows[l->n++] = *s;
        return 0;
}

/* Valid until the next call. */
static inline const struct listing *submissions(struct play *p) {
        static struct listing l;
        _cleanup_(tx_endp) struct tx *tx = NULL;
        struct submission_filter f = { .tenant = p->bed.tenant, .result = -1, .max = 100 };
        struct db *db;
        struct err err;

        l.n = 0;
        CHECK_OK(store_open_reader(p->bed.store_url, &db, &err));
        CHECK_OK(tx_begin(db, &tx, &err));
        CHECK_OK(submissions_each(tx, &f, add_row, &l, &err));
        tx = tx_end(tx);
        db_free(db);
        return &l;
}

static inline int give(struct play *p, int user, int64_t value, int64_t *id, struct err *err) {
        struct award_give a = { .who = { ACCOUNT_USER, p->bed.users[user].id }, .value = value };

        a.command.origin = judge(p);
        award_give_command(&a);
        if (try(p, &a.command, err) < 0)
                return -1;
        *id = a.ret.id;
        return 0;
}

static inline int judge_anew(struct play *p, int64_t id, enum submission_result result,
                             bool remove) {
        struct submission_judge j = { .submission = id, .result = result, .remove = remove };
        struct err err;

        j.command.origin = judge(p);
        submission_judge_command(&j);
        return try(p, &j.command, &err);
}
