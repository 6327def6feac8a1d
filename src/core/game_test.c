/* The game against a slow and obvious model of it, on random histories. */
#include "core/game.h"
#include "test.h"

#define ACCOUNTS   12
#define CHALLENGES 7
#define DEEDS      400

/* --- the obvious model: a list of all that is true now, summed up anew for each question --- */

struct fact {
        enum { SOLVE, HINT, AWARD } kind;
        size_t account;
        int64_t challenge; /* 1 on; of an award its id */
        int64_t value;     /* of an award; the hint's cost */
        int64_t at_ms, seq;
        bool gone;
};

static struct {
        struct fact facts[DEEDS];
        size_t n;
        bool counts[ACCOUNTS];
        struct scoring scoring[CHALLENGES + 1];
        int64_t bonus[BLOODS];
} truth;

static struct account account(size_t i) {
        return (struct account){ i % 3 ? ACCOUNT_USER : ACCOUNT_TEAM, (int64_t)i + 1 };
}

static bool earlier(const struct fact *a, const struct fact *b) {
        return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->seq < b->seq);
}

static int64_t solves_of(int64_t challenge, int64_t cutoff_ms, const struct fact *before) {
        int64_t n = 0;

        for (size_t i = 0; i < truth.n; i++) {
                const struct fact *f = &truth.facts[i];

                n += !f->gone && f->kind == SOLVE && f->challenge == challenge &&
                     truth.counts[f->account] && f->at_ms < cutoff_ms &&
                     (!before || earlier(f, before));
        }
        return n;
}

static int64_t value_of(int64_t challenge, int64_t cutoff_ms) {
        return scoring_value(&truth.scoring[challenge], solves_of(challenge, cutoff_ms, NULL));
}

/* Solves made after the cutoff get no bonus by it. */
static int64_t points_of(const struct fact *f, int64_t cutoff_ms) {
        int64_t value = value_of(f->challenge, cutoff_ms);

        if (!truth.counts[f->account] || f->at_ms >= cutoff_ms)
                return value;
        return value + scoring_bonus(value, truth.bonus, solves_of(f->challenge, INT64_MAX, f));
}

struct score {
        int64_t total, solves, last_ms, last_seq;
        bool any;
};

static struct score score_of(size_t who, int64_t cutoff_ms, int64_t until_ms) {
        int64_t gained = 0, spent = 0;
        struct score s = { 0 };

        for (size_t i = 0; i < truth.n; i++) {
                const struct fact *f = &truth.facts[i];
                int64_t points = f->kind == SOLVE ? points_of(f, cutoff_ms) : f->value;

                if (f->gone || f->account != who || f->at_ms >= until_ms)
                        continue;
                if (f->kind == HINT) {
                        spent += f->value;
                        continue;
                }
                s.any = true;
                s.solves += f->kind == SOLVE;
                gained += points;
                if (points > 0 &&
                    (f->at_ms > s.last_ms || (f->at_ms == s.last_ms && f->seq > s.last_seq))) {
                        s.last_ms = f->at_ms;
                        s.last_seq = f->seq;
                }
        }
        s.total = gained > 0 ? (gained > spent ? gained - spent : 0) : gained;
        return s;
}

static bool is_ahead(size_t a, const struct score *x, size_t b, const struct score *y) {
        int64_t last_x = x->last_ms ? x->last_ms : INT64_MAX;
        int64_t last_y = y->last_ms ? y->last_ms : INT64_MAX;

        if (x->total != y->total)
                return x->total > y->total;
        if (last_x != last_y)
                return last_x < last_y;
        if (x->last_seq != y->last_seq)
                return x->last_seq < y->last_seq;
        return account_key(account(a)) < account_key(account(b));
}

/* --- the comparison --- */

static size_t index_of(struct account who) {
        for (size_t i = 0; i < ACCOUNTS; i++)
                if (account_equal(account(i), who))
                        return i;
        abort();
}

static void check_board(struct game *g, int64_t cutoff_ms) {
        struct board *b = game_board(g, cutoff_ms);
        size_t expected = 0;

        for (size_t i = 0; i < ACCOUNTS; i++)
                expected += truth.counts[i] && score_of(i, cutoff_ms, cutoff_ms).any;
        CHECK(b->n == expected);
        for (size_t i = 0; i < b->n; i++) {
                size_t who = index_of(b->rows[i].who);
                struct score want = score_of(who, cutoff_ms, cutoff_ms);

                CHECK(truth.counts[who]);
                CHECK(b->rows[i].score == want.total && b->rows[i].solves == want.solves);
                CHECK(b->rows[i].last_ms == want.last_ms && b->rows[i].last_seq == want.last_seq);
                if (i > 0) {
                        size_t before = index_of(b->rows[i - 1].who);
                        struct score ahead = score_of(before, cutoff_ms, cutoff_ms);

                        CHECK(is_ahead(before, &ahead, who, &want));
                }
        }
        CHECK(b->n_challenges == CHALLENGES);
        for (int64_t c = 1; c <= CHALLENGES; c++) {
                CHECK(board_worth(b, c)->value == value_of(c, cutoff_ms));
                CHECK(board_worth(b, c)->solves == solves_of(c, cutoff_ms, NULL));
        }
        CHECK(!board_worth(b, CHALLENGES + 1));
        for (size_t i = 0; i < ACCOUNTS; i++)
                CHECK(game_total_by(g, b, account(i)) == score_of(i, cutoff_ms, INT64_MAX).total);
        board_unref(b);
}

static void check_bloods(const struct game *g) {
        for (size_t i = 0; i < truth.n; i++) {
                const struct fact *f = &truth.facts[i];
                int64_t place = f->kind == SOLVE ? solves_of(f->challenge, INT64_MAX, f) : 0;

                if (f->gone || f->kind != SOLVE)
                        continue;
                if (!truth.counts[f->account] || place >= BLOODS)
                        place = -1;
                CHECK(game_blood(g, account(f->account), f->challenge) == place);
                CHECK(game_points(g, account(f->account), f->challenge) == points_of(f, INT64_MAX));
        }
}

static void check_all(struct game *g, int64_t now_ms) {
        for (size_t i = 0; i < ACCOUNTS; i++)
                CHECK(game_total(g, account(i)) == score_of(i, INT64_MAX, INT64_MAX).total);
        check_bloods(g);
        check_board(g, BOARD_LIVE);
        check_board(g, now_ms - lrand48() % 50);
        check_board(g, BOARD_LIVE);
}

/* --- random histories --- */

static struct fact *find(size_t who, int kind, int64_t challenge) {
        for (size_t i = 0; i < truth.n; i++) {
                struct fact *f = &truth.facts[i];

                if (!f->gone && f->account == who && (int)f->kind == kind &&
                    f->challenge == challenge)
                        return f;
        }
        return NULL;
}

static struct fact *add(int kind, size_t who, int64_t challenge, int64_t value, int64_t at_ms) {
        struct fact *f = &truth.facts[truth.n];

        *f = (struct fact){ .kind = kind,
                            .account = who,
                            .challenge = challenge,
                            .value = value,
                            .at_ms = at_ms,
                            .seq = (int64_t)truth.n + 1 };
        truth.n++;
        return f;
}

static void solve(struct game *g, size_t who, int64_t challenge, int64_t at_ms) {
        struct fact *f;

        if (find(who, SOLVE, challenge))
                return;
        f = add(SOLVE, who, challenge, 0, at_ms);
        game_add_solve(g, &(struct solve){ account(who), challenge, 1, at_ms, f->seq });
}

static void take_back(struct game *g, size_t who, int64_t challenge) {
        struct fact *f = find(who, SOLVE, challenge);

        game_drop_solve(g, account(who), challenge);
        if (f)
                f->gone = true;
}

static struct scoring random_scoring(void) {
        struct scoring s = { .kind = (enum scoring_kind)(lrand48() % 4),
                             .initial = lrand48() % 500,
                             .decay = (double)(lrand48() % 80) / 10 };

        s.minimum = s.initial ? lrand48() % s.initial : 0;
        return s;
}

static void change_something(struct game *g, size_t who, int64_t challenge) {
        struct fact *f;

        switch (lrand48() % 4) {
        case 0:
                truth.counts[who] = !truth.counts[who];
                game_put_account(g, account(who), truth.counts[who], "");
                break;
        case 1:
                truth.scoring[challenge] = random_scoring();
                game_put_challenge(g, challenge, &truth.scoring[challenge]);
                break;
        case 2:
                truth.bonus[lrand48() % BLOODS] = lrand48() % 20;
                game_set_bonus(g, truth.bonus);
                break;
        default:
                f = find(who, AWARD, challenge);
                game_drop_award(g, account(who), challenge);
                if (f)
                        f->gone = true;
        }
}

static void step(struct game *g, int64_t now_ms) {
        size_t who = (size_t)lrand48() % ACCOUNTS;
        int64_t challenge = 1 + lrand48() % CHALLENGES, value = lrand48() % 300 - 100;
        int64_t hint = 1 + lrand48() % HINTS_MAX;

        switch (lrand48() % 8) {
        case 0:
        case 1:
        case 2:
                /* Others' rows may come late, from another daemon or a re-judged submission. */
                solve(g, who, challenge, now_ms - (lrand48() % 4 ? 0 : lrand48() % 100));
                break;
        case 3:
                if (find(who, HINT, challenge * 100 + hint))
                        break;
                add(HINT, who, challenge * 100 + hint, value > 0 ? value : 0, now_ms);
                game_add_hint(g, account(who), challenge, hint, value > 0 ? value : 0, now_ms);
                break;
        case 4:
                if (find(who, AWARD, challenge))
                        break;
                game_add_award(g, &(struct award){ challenge, account(who), value, now_ms,
                                                   (int64_t)truth.n + 1 });
                add(AWARD, who, challenge, value, now_ms);
                break;
        case 5:
                take_back(g, who, challenge);
                break;
        default:
                if (lrand48() % 3 == 0)
                        change_something(g, who, challenge);
        }
}

static struct game *begin(void) {
        struct game *g = game_new();

        memset(&truth, 0, sizeof(truth));
        for (int64_t c = 1; c <= CHALLENGES; c++) {
                truth.scoring[c] = random_scoring();
                game_put_challenge(g, c, &truth.scoring[c]);
        }
        for (size_t i = 0; i < ACCOUNTS; i++) {
                truth.counts[i] = i % 4 != 3;
                game_put_account(g, account(i), truth.counts[i], "");
        }
        return g;
}

TEST(every_history_gives_what_its_facts_say) {
        for (unsigned seed = 1; seed <= 60; seed++) {
                struct game *g, *copy;
                int64_t now_ms = 1000000;

                srand48(seed);
                g = begin();
                for (int i = 0; i < 300 && truth.n < DEEDS - 1; i++) {
                        now_ms += lrand48() % 3;
                        step(g, now_ms);
                        if (i % 10 == 0)
                                check_all(g, now_ms);
                }
                check_all(g, now_ms);
                copy = game_clone(g);
                game_free(g);
                check_all(copy, now_ms);
                step(copy, now_ms);
                check_all(copy, now_ms);
                game_free(copy);
        }
}

TEST(the_order_of_facts_does_not_matter) {
        struct scoring s = { SCORING_LINEAR, 500, 100, 50 };
        struct game *a = game_new(), *b = game_new();
        struct solve x = { { ACCOUNT_USER, 1 }, 1, 1, 100, 1 };
        struct solve y = { { ACCOUNT_USER, 2 }, 1, 2, 100, 2 };

        game_add_hint(a, x.who, 1, 1, 70, 90); /* before its account or challenge were told */
        game_put_challenge(a, 1, &s);
        game_put_account(a, x.who, true, "");
        game_put_account(a, y.who, true, "");
        game_add_solve(a, &x);
        game_add_solve(a, &y);
        game_put_challenge(b, 1, &s);
        game_add_solve(b, &y);
        game_add_solve(b, &x);
        game_put_account(b, y.who, true, "");
        game_put_account(b, x.who, true, "");
        game_add_hint(b, x.who, 1, 1, 70, 90);
        CHECK(game_total(a, x.who) == 380 && game_total(b, x.who) == 380);
        CHECK(game_total(a, y.who) == 450 && game_total(b, y.who) == 450);
        CHECK(game_blood(a, x.who, 1) == 0 && game_blood(b, x.who, 1) == 0);
        game_free(a);
        game_free(b);
}

TEST(hints_take_nobody_below_zero) {
        struct scoring s = { SCORING_LINEAR, 100, 0, 50 };
        struct account who = { ACCOUNT_USER, 1 };
        struct game *g = game_new();

        game_put_challenge(g, 1, &s);
        game_put_account(g, who, true, "");
        game_add_solve(g, &(struct solve){ who, 1, 1, 100, 1 });
        game_add_hint(g, who, 1, 1, 100, 110);
        CHECK(game_total(g, who) == 0);
        for (int64_t i = 2; i < 5; i++) { /* its value decays to nothing */
                struct account other = { ACCOUNT_USER, i };

                game_put_account(g, other, true, "");
                game_add_solve(g, &(struct solve){ other, 1, i, 100 + i, i });
                CHECK(game_total(g, who) == 0);
        }
        game_add_award(g, &(struct award){ 1, who, -30, 200, 9 });
        CHECK(game_total(g, who) == -30); /* an organiser may */
        game_add_award(g, &(struct award){ 2, who, 200, 201, 10 });
        CHECK(game_total(g, who) == 70);
        game_free(g);
}

TEST(a_reset_forgets_what_was_done_and_keeps_who_and_what) {
        struct scoring s = { SCORING_STATIC, 100, 0, 0 };
        struct account who = { ACCOUNT_TEAM, 4 };
        struct game *g = game_new();
        struct board *b;

        game_put_challenge(g, 1, &s);
        game_put_account(g, who, true, "open");
        game_add_solve(g, &(struct solve){ who, 1, 1, 100, 1 });
        game_add_hint(g, who, 1, 2, 10, 110);
        game_add_award(g, &(struct award){ 1, who, 5, 120, 3 });
        game_add_attempts(g, who, 1, 3);
        CHECK(game_begun(g) && game_progress(g, who, 1)->attempts == 3);
        board_unref(game_board(g, BOARD_LIVE));
        game_reset(g);
        CHECK(!game_begun(g) && game_total(g, who) == 0 && !game_progress(g, who, 1));
        b = game_board(g, BOARD_LIVE);
        CHECK(b->n == 0);
        board_unref(b);
        game_add_solve(g, &(struct solve){ who, 1, 1, 200, 5 });
        b = game_board(g, BOARD_LIVE);
        CHECK(b->n == 1 && b->rows[0].score == 100);
        CHECK_STR(b->rows[0].bracket, "open");
        board_unref(b);
        game_free(g);
}

TEST(wrong_answers_are_those_of_who_counts) {
        struct scoring s = { SCORING_STATIC, 100, 0, 0 };
        struct account one = { ACCOUNT_USER, 1 }, two = { ACCOUNT_USER, 2 };
        struct game *g = game_new(), *copy;

        game_put_account(g, one, true, "");
        game_add_attempts(g, one, 1, 2); /* before its challenge was told */
        game_put_challenge(g, 1, &s);
        game_add_attempts(g, two, 1, 10); /* before its account was */
        CHECK(game_counts(g, one) && !game_counts(g, two) && game_wrong(g, 1) == 2);
        game_put_account(g, two, true, "");
        CHECK(game_wrong(g, 1) == 12);
        game_put_account(g, two, true, "open");
        game_add_attempts(g, two, 1, -1); /* one was judged anew */
        CHECK(game_wrong(g, 1) == 11 && game_wrong(g, 2) == 0);
        copy = game_clone(g);
        game_put_account(copy, one, false, "");
        CHECK(game_wrong(copy, 1) == 9 && game_wrong(g, 1) == 11);
        game_reset(copy);
        CHECK(game_wrong(copy, 1) == 0);
        game_free(copy);
        game_free(g);
}

TEST(an_accounts_way) {
        struct scoring s = { SCORING_STATIC, 100, 0, 0 };
        struct account who = { ACCOUNT_USER, 1 };
        struct game *g = game_new();
        struct board *b;
        struct step *steps;

        game_put_challenge(g, 1, &s);
        game_put_challenge(g, 2, &s);
        game_put_account(g, who, true, "");
        game_add_solve(g, &(struct solve){ who, 1, 1, 100, 1 });
        game_add_hint(g, who, 2, 1, 30, 200);
        game_add_solve(g, &(struct solve){ who, 2, 1, 300, 3 });
        game_add_award(g, &(struct award){ 1, who, -20, 250, 2 });
        b = game_board(g, BOARD_LIVE);
        CHECK(game_timeline(g, b, who, &steps) == 4);
        CHECK(steps[0].at_ms == 100 && steps[0].total == 100);
        CHECK(steps[1].at_ms == 200 && steps[1].total == 70);
        CHECK(steps[2].at_ms == 250 && steps[2].total == 50);
        CHECK(steps[3].at_ms == 300 && steps[3].total == 150);
        free(steps);
        board_unref(b);
        b = game_board(g, 250);
        CHECK(game_timeline(g, b, who, &steps) == 2);
        CHECK(steps[1].total == 70);
        free(steps);
        CHECK(game_timeline(g, b, (struct account){ ACCOUNT_USER, 99 }, &steps) == 0);
        free(steps);
        board_unref(b);
        game_free(g);
}
