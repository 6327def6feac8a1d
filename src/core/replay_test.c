/* On random histories, through the engine: the board is what the log says. */
#include "base/random.h"
#include "core/playbed.h"

static int fold(void *games, const struct event *e, _unused_ struct err *err) {
        struct change c = { .event = *e };

        games_apply(games, &c);
        return 0;
}

/* A game made from nothing but who and what there is, and the log. */
static struct game *folded(struct play *p, struct games *games) {
        struct read_model *m = p->bed.engine->model;
        struct event_filter f = { .action = -1, .max = 100000 };
        _cleanup_(tx_endp) struct tx *tx = NULL;
        const struct challenge *c;
        const struct user *u;
        struct db *db;
        struct err err;
        int64_t at = 0;
        size_t user = 0;

        games_put_rules(games, &read_model_game(m, p->bed.tenant)->rules);
        while ((u = read_model_next_user(m, p->bed.tenant, &user)))
                games_put_user(games, u);
        while ((c = read_model_next_challenge(m, p->bed.tenant, &at)))
                games_put_challenge(games, c);
        CHECK_OK(store_open_reader(p->bed.store_url, &db, &err));
        CHECK_OK(tx_begin(db, &tx, &err));
        CHECK_OK(events_each(tx, &f, fold, games, &err));
        tx = tx_end(tx);
        db_free(db);
        return games_of(games, p->bed.tenant)->game;
}

static void check_same(const struct board *a, const struct board *b) {
        CHECK(a->n == b->n && a->n_challenges == b->n_challenges);
        for (size_t i = 0; i < a->n; i++) {
                CHECK(account_equal(a->rows[i].who, b->rows[i].who));
                CHECK(a->rows[i].score == b->rows[i].score &&
                      a->rows[i].solves == b->rows[i].solves);
                CHECK(a->rows[i].last_ms == b->rows[i].last_ms);
        }
        for (size_t i = 0; i < a->n_challenges; i++)
                CHECK(memcmp(&a->challenges[i], &b->challenges[i], sizeof(a->challenges[i])) == 0);
}

static void check_board(struct play *p) {
        _cleanup_(games_done) struct games games = { 0 };
        _cleanup_(board_unrefp) struct board *live = shown(p, true), *players = shown(p, false);
        _cleanup_(board_unrefp) struct board *again = game_board(folded(p, &games), BOARD_LIVE);
        _cleanup_(board_unrefp) struct board *cut = NULL;

        check_same(live, again);
        if (players->cutoff_ms == BOARD_LIVE)
                return;
        cut = game_board(games_of(&games, p->bed.tenant)->game, players->cutoff_ms);
        check_same(players, cut);
}

#define CROWD 8

static struct user crowd[CROWD];

static void make_crowd(struct play *p) {
        struct err err;

        for (int i = 0; i < CROWD; i++) {
                struct user_create u = { 0 };

                u.command.origin = judge(p);
                snprintf(u.user.name, sizeof(u.user.name), "crowd%d", i);
                user_create_command(&u);
                CHECK_OK(try(p, &u.command, &err));
                crowd[i] = u.user;
        }
}

static void deed(struct play *p) {
        static const char *const texts[] = { "F{easy}", "F{hard}", "no" };
        int64_t challenge = random_below(2) ? p->easy : p->hard;
        size_t who = random_below(CROWD);
        struct user_change u = { .fields = USER_STANDING, .user = { .id = crowd[who].id } };
        const struct listing *l;
        int64_t id;
        struct err err;

        p->bed.users[0] = crowd[who];
        switch (random_below(12)) {
        case 0:
                (void)give(p, 0, (int64_t)random_below(200) - 100, &id, &err);
                break;
        case 1:
                u.command.origin = judge(p);
                u.user.standing = (enum standing)random_below(3);
                user_change_command(&u);
                CHECK_OK(try(p, &u.command, &err));
                break;
        case 2:
                l = submissions(p);
                if (l->n > 0)
                        CHECK_OK(judge_anew(p, l->rows[random_below(l->n)].id,
                                            (enum submission_result)random_below(2),
                                            random_below(2)));
                break;
        case 3:
                CHECK_OK(set(p, GAME_FREEZE | GAME_BONUS,
                             (struct game_rules){ .freeze_ms = random_below(2) ? clock_now_ms() : 0,
                                                  .bonus_percent = { 10, 5, 1 } },
                             &err));
                break;
        case 4:
        case 5:
                (void)unlock(p, 0, challenge, 1 + (int64_t)random_below(2), &err);
                break;
        default:
                submit(p, 0, challenge, texts[random_below(3)], &err);
                break;
        }
}

TEST(the_board_equals_a_recomputation_from_the_log) {
        struct play p;

        begin(&p);
        make_crowd(&p);
        for (int round = 0; round < 6; round++) {
                for (int i = 0; i < 30; i++) {
                        deed(&p);
                        for (int j = 0; j < CROWD; j++) {
                                p.bed.users[0] = crowd[j];
                                if (i % 10 == 0)
                                        check_board(&p);
                        }
                }
                bed_stop(&p.bed);
                bed_start(&p.bed);
                check_board(&p);
        }
        bed_done(&p.bed);
}
