/* The game through the engine: flags, hints, awards, judging, sessions, teams; and that the board
 * is what the log says. */
#include "core/playbed.h"
#include "model/flag.h"

TEST(a_flag_is_right_once_and_a_wrong_one_is_kept_sealed) {
        struct play p;
        const struct listing *l;
        struct err err;

        begin(&p);
        CHECK(submit(&p, 0, p.easy, "F{wrong}", &err) == VERDICT_INCORRECT);
        CHECK(total(&p, 0) == 0);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_ALREADY_SOLVED);
        CHECK(submit(&p, 0, p.easy, "F{wrong}", &err) == VERDICT_ALREADY_SOLVED);
        CHECK(total(&p, 0) == 100 && total(&p, 1) == 0);
        l = submissions(&p);
        CHECK(l->n == 2 && l->rows[0].result == SUBMISSION_CORRECT);
        CHECK(l->rows[1].result == SUBMISSION_INCORRECT && strlen(l->rows[1].digest) == 32);
        bed_done(&p.bed);
}

struct racing {
        struct submit s;
        _Atomic(int) *left;
};

static void raced(struct command *cmd) {
        atomic_fetch_sub(container_of(cmd, struct racing, s.command)->left, 1);
}

TEST(of_a_hundred_right_ones_at_once_one_counts) {
        _Atomic(int) left = 100;
        int correct = 0, already = 0;
        struct racing *all = calloc(100, sizeof(*all));
        struct play p;

        begin(&p);
        for (int i = 0; i < 100; i++) {
                all[i] = (struct racing){ submit_of(&p, 0, p.easy, "F{easy}"), &left };
                all[i].s.command.done = raced;
                engine_submit(p.bed.engine, &all[i].s.command);
        }
        while (left)
                bed_sleep_ms(5);
        for (int i = 0; i < 100; i++) {
                CHECK(all[i].s.command.result == 0);
                correct += all[i].s.verdict == VERDICT_CORRECT;
                already += all[i].s.verdict == VERDICT_ALREADY_SOLVED;
                challenge_unref(all[i].s.challenge);
        }
        CHECK(correct == 1 && already == 99 && total(&p, 0) == 100 && submissions(&p)->n == 1);
        free(all);
        bed_done(&p.bed);
}

TEST(hints_come_in_order_and_are_paid) {
        struct play p;
        struct err err;

        begin(&p);
        CHECK(unlock(&p, 0, p.easy, 1, &err) == -1 && err.kind == ERR_POINTS);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        CHECK(unlock(&p, 0, p.easy, 2, &err) == -1 && err.kind == ERR_LOCKED);
        CHECK_OK(unlock(&p, 0, p.easy, 1, &err));
        CHECK(unlock(&p, 0, p.easy, 1, &err) == -1 && err.kind == ERR_ALREADY);
        CHECK(total(&p, 0) == 70);
        CHECK(unlock(&p, 0, p.easy, 2, &err) == -1 && err.kind == ERR_POINTS);
        CHECK(unlock(&p, 0, p.easy, 3, &err) == -1 && err.kind == ERR_NOT_FOUND);
        bed_stop(&p.bed); /* CTFG's hints came back as solves */
        bed_start(&p.bed);
        CHECK(total(&p, 0) == 70);
        CHECK(submit(&p, 0, p.hard, "no", &err) == VERDICT_INCORRECT);
        bed_done(&p.bed);
}

TEST(what_is_to_be_solved_first_gates_flags_hints_and_starts) {
        struct play p;
        struct err err;

        begin(&p);
        CHECK(submit(&p, 0, p.hard, "F{hard}", &err) == -1 && err.kind == ERR_LOCKED);
        CHECK(unlock(&p, 0, p.hard, 1, &err) == -1 && err.kind == ERR_LOCKED);
        CHECK(submissions(&p)->n == 0);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        CHECK(submit(&p, 0, p.hard, "F{hard}", &err) == VERDICT_CORRECT);
        CHECK(submit(&p, 1, p.hard, "F{hard}", &err) == -1 && err.kind == ERR_LOCKED);
        CHECK(total(&p, 0) == 600);
        bed_done(&p.bed);
}

TEST(attempts_are_counted) {
        struct play p;
        struct err err;

        begin(&p);
        for (int i = 0; i < 5; i++)
                CHECK(submit(&p, 0, p.easy, "no", &err) == VERDICT_INCORRECT);
        bed_stop(&p.bed);
        bed_start(&p.bed);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == -1 && err.kind == ERR_LOCKED);
        CHECK(submit(&p, 1, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        bed_done(&p.bed);
}

TEST(the_game_has_its_time) {
        int64_t now_ms = clock_now_ms();
        struct play p;
        struct err err;

        begin(&p);
        CHECK_OK(set(&p, GAME_STARTS, (struct game_rules){ .starts_ms = now_ms + 60000 }, &err));
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == -1 && err.kind == ERR_NOT_STARTED);
        CHECK_OK(set(&p, GAME_STARTS | GAME_PAUSE, (struct game_rules){ .paused = true }, &err));
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == -1 && err.kind == ERR_PAUSED);
        CHECK_OK(set(&p, GAME_PAUSE | GAME_ENDS, (struct game_rules){ .ends_ms = now_ms }, &err));
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == -1 && err.kind == ERR_ENDED);
        CHECK(unlock(&p, 0, p.easy, 1, &err) == -1 && err.kind == ERR_ENDED);
        CHECK_OK(set(&p, GAME_ENDS, (struct game_rules){ 0 }, &err));
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        CHECK(set(&p, GAME_STARTS | GAME_ENDS, (struct game_rules){ .starts_ms = 2, .ends_ms = 1 },
                  &err) == -1 &&
              err.kind == ERR_INVALID);
        bed_done(&p.bed);
}

TEST(a_frozen_board_is_the_board_of_that_moment) {
        struct board *live, *frozen;
        struct play p;
        struct err err;

        begin(&p);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        bed_sleep_ms(3);
        CHECK_OK(set(&p, GAME_FREEZE, (struct game_rules){ .freeze_ms = clock_now_ms() }, &err));
        CHECK(submit(&p, 1, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        CHECK(submit(&p, 0, p.hard, "F{hard}", &err) == VERDICT_CORRECT);
        live = shown(&p, true);
        frozen = shown(&p, false);
        CHECK(live->n == 2 && live->rows[0].score == 600 && frozen->n == 1);
        CHECK(frozen->rows[0].score == 100 && frozen->rows[0].solves == 1);
        CHECK(board_worth(frozen, p.easy)->solves == 1 && board_worth(frozen, p.hard)->solves == 0);
        board_unref(live);
        board_unref(frozen);
        bed_stop(&p.bed); /* and after a restart */
        bed_start(&p.bed);
        frozen = shown(&p, false);
        CHECK(frozen->n == 1 && frozen->rows[0].score == 100);
        board_unref(frozen);
        CHECK_OK(set(&p, GAME_FREEZE, (struct game_rules){ 0 }, &err));
        live = shown(&p, false);
        CHECK(live->n == 2);
        board_unref(live);
        bed_done(&p.bed);
}

TEST(the_flag_of_an_instance_is_its_owners) {
        struct play p;
        struct lease mine;
        const struct listing *l;
        char flag[FLAG_MAX];
        uint8_t key[KEY_SIZE];
        struct err err;

        begin(&p);
        mine = bed_running(&p.bed, 0, p.bed.web);
        flag_key(p.bed.config.master_key, p.bed.tenant, key);
        CHECK_OK(flag_derive(key, "F{<hex>}", p.bed.web, mine.owner, mine.generation, flag, &err));
        CHECK(submit(&p, 1, p.bed.web, flag, &err) == VERDICT_INCORRECT);
        l = submissions(&p);
        CHECK(l->n == 1 && account_equal(l->rows[0].owner, mine.owner));
        CHECK(submit(&p, 0, p.bed.web, flag, &err) == VERDICT_CORRECT);
        bed_done(&p.bed);
}

TEST(the_flag_of_an_ended_instance_is_taken_and_the_next_is_another) {
        struct play p;
        struct lease first, second;
        char flag[FLAG_MAX], other[FLAG_MAX];
        uint8_t key[KEY_SIZE];
        struct err err;

        begin(&p);
        flag_key(p.bed.config.master_key, p.bed.tenant, key);
        first = bed_running(&p.bed, 0, p.bed.web);
        CHECK_OK(bed_try_stop(&p.bed, 0, first.id, &err));
        bed_wait(&p.bed, first.id, LEASE_ENDED);
        bed_stop(&p.bed); /* known from the store alone */
        bed_start(&p.bed);
        second = bed_running(&p.bed, 0, p.bed.web);
        CHECK(first.generation == 1 && second.generation == 2);
        CHECK_OK(flag_derive(key, "F{<hex>}", p.bed.web, first.owner, 1, flag, &err));
        CHECK_OK(flag_derive(key, "F{<hex>}", p.bed.web, first.owner, 2, other, &err));
        CHECK(strcmp(flag, other) != 0);
        CHECK(submit(&p, 0, p.bed.web, flag, &err) == VERDICT_CORRECT);
        bed_done(&p.bed);
}

TEST(organisers_give_take_and_judge_anew) {
        struct play p;
        const struct listing *l;
        struct err err;
        int64_t id;

        begin(&p);
        CHECK_OK(give(&p, 0, -50, &id, &err));
        CHECK(total(&p, 0) == -50);
        CHECK(give(&p, 0, 0, &id, &err) == -1 && err.kind == ERR_INVALID);
        CHECK(submit(&p, 1, p.easy, "F{Easy}", &err) == VERDICT_INCORRECT);
        bed_sleep_ms(3);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        l = submissions(&p);
        CHECK_OK(judge_anew(&p, l->rows[1].id, SUBMISSION_CORRECT, false));
        CHECK(total(&p, 1) == 100);
        read_model_lock(p.bed.engine->model);
        CHECK(game_worth(read_model_game(p.bed.engine->model, p.bed.tenant)->game, p.easy)
                      .bloods[0]
                      .id == p.bed.users[1].id); /* it was handed in first */
        read_model_unlock(p.bed.engine->model);
        CHECK_OK(judge_anew(&p, l->rows[0].id, 0, true));
        CHECK(total(&p, 0) == -50 && submissions(&p)->n == 1);
        CHECK_OK(judge_anew(&p, l->rows[0].id, SUBMISSION_INCORRECT, false));
        CHECK(total(&p, 1) == 0);
        bed_stop(&p.bed);
        bed_start(&p.bed);
        CHECK(total(&p, 0) == -50 && total(&p, 1) == 0);
        bed_done(&p.bed);
}

TEST(a_reset_forgets_the_game_and_ends_sessions) {
        struct game_reset r = { 0 };
        struct session_create s = { .verified = "$argon2id$x" };
        struct password_set pw = { .password = "$argon2id$x" };
        struct display_set d = { .name = "Nobody" };
        struct play p;
        struct err err;

        begin(&p);
        d.user = s.user = pw.user = p.bed.users[0].id;
        d.command.origin = s.command.origin = bed_origin(&p.bed, 0);
        pw.command.origin = r.command.origin = judge(&p);
        display_set_command(&d);
        CHECK_OK(try(&p, &d.command, &err));
        password_set_command(&pw);
        CHECK_OK(try(&p, &pw.command, &err));
        session_create_command(&s);
        CHECK_OK(try(&p, &s.command, &err));
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        game_reset_command(&r);
        CHECK_OK(try(&p, &r.command, &err));
        CHECK(r.sessions == 1 && total(&p, 0) == 0 && submissions(&p)->n == 0);
        read_model_lock(p.bed.engine->model);
        CHECK(!read_model_token(p.bed.engine->model, s.ret.digest));
        CHECK_STR(read_model_user(p.bed.engine->model, s.user)->display, "");
        read_model_unlock(p.bed.engine->model);
        CHECK(unlock(&p, 0, p.easy, 1, &err) == -1 && err.kind == ERR_POINTS);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        bed_done(&p.bed);
}

TEST(a_new_password_ends_every_session) {
        struct session_create s = { .verified = "$argon2id$x" };
        struct password_set pw = { .password = "$argon2id$x" };
        struct play p;
        struct err err;

        begin(&p);
        s.user = pw.user = p.bed.users[0].id;
        s.command.origin = bed_origin(&p.bed, 0);
        session_create_command(&s);
        CHECK(try(&p, &s.command, &err) == -1 && err.kind == ERR_UNAUTHENTIC); /* none yet */
        pw.command.origin = judge(&p);
        password_set_command(&pw);
        CHECK_OK(try(&p, &pw.command, &err));
        CHECK_STR(pw.text, "");
        CHECK_OK(try(&p, &s.command, &err));
        pw.command.origin = bed_origin(&p.bed, 0);
        snprintf(pw.verified, sizeof(pw.verified), "%s", "$argon2id$other");
        CHECK(try(&p, &pw.command, &err) == -1 && err.kind == ERR_UNAUTHENTIC);
        snprintf(pw.verified, sizeof(pw.verified), "%s", "$argon2id$x");
        CHECK_OK(try(&p, &pw.command, &err));
        read_model_lock(p.bed.engine->model);
        CHECK(!read_model_token(p.bed.engine->model, s.ret.digest));
        CHECK(read_model_token(p.bed.engine->model, pw.ret.digest));
        read_model_unlock(p.bed.engine->model);
        bed_done(&p.bed);
}

static int found(struct play *p, int user, const char *name, struct team *ret, struct err *err) {
        struct team_found f = { 0 };

        snprintf(f.team.name, sizeof(f.team.name), "%s", name);
        f.command.origin = bed_origin(&p->bed, user);
        team_found_command(&f);
        if (try(p, &f.command, err) < 0)
                return -1;
        *ret = f.team;
        return 0;
}

static int join(struct play *p, int user, const char *invite, struct err *err) {
        struct team_join j = { 0 };

        snprintf(j.invite, sizeof(j.invite), "%s", invite);
        j.command.origin = bed_origin(&p->bed, user);
        team_join_command(&j);
        return try(p, &j.command, err);
}

static int leave(struct play *p, int user, int who, struct err *err) {
        struct team_leave l = { .user = p->bed.users[who].id };

        l.command.origin = bed_origin(&p->bed, user);
        team_leave_command(&l);
        return try(p, &l.command, err);
}

static void set_teams(struct play *p) {
        struct game_set g = { .fields = GAME_MODE | GAME_TEAM_SIZE,
                              .rules.team_size = 2,
                              .team_mode = true };
        struct err err;

        g.command.origin = judge(p);
        game_set_command(&g);
        CHECK_OK(try(p, &g.command, &err));
}

TEST(teams_are_founded_joined_and_left_before_they_score) {
        struct board *board;
        struct play p;
        struct team team, other;
        struct submit s;
        struct err err;

        begin(&p);
        CHECK(found(&p, 0, "Reds", &team, &err) == -1 && err.kind == ERR_INVALID);
        set_teams(&p);
        CHECK_OK(found(&p, 0, "Reds", &team, &err));
        CHECK(found(&p, 0, "Blues", &other, &err) == -1 && err.kind == ERR_CONFLICT);
        CHECK(found(&p, 1, "reds", &other, &err) == -1 && err.kind == ERR_CONFLICT);
        CHECK(join(&p, 1, "nonsense", &err) == -1 && err.kind == ERR_NOT_FOUND);
        CHECK_OK(join(&p, 1, team.invite, &err));
        CHECK(leave(&p, 1, 0, &err) == -1 && err.kind == ERR_FORBIDDEN);
        CHECK_OK(leave(&p, 0, 0, &err)); /* and 1 leads it */
        CHECK(join(&p, 0, team.invite, &err) == 0);
        CHECK_OK(leave(&p, 1, 0, &err));
        CHECK_OK(join(&p, 0, team.invite, &err));
        s = submit_of(&p, 0, p.easy, "F{easy}");
        s.command.origin.account = (struct account){ ACCOUNT_TEAM, team.id };
        CHECK_OK(try(&p, &s.command, &err));
        challenge_unref(s.challenge);
        CHECK(s.verdict == VERDICT_CORRECT);
        CHECK(leave(&p, 0, 0, &err) == -1 && err.kind == ERR_CONFLICT);
        board = shown(&p, false);
        CHECK(board->rows[0].who.kind == ACCOUNT_TEAM);
        board_unref(board);
        bed_done(&p.bed);
}

TEST(a_mode_is_for_good_once_somebody_scored) {
        struct game_set g = { .fields = GAME_MODE, .team_mode = true };
        struct play p;
        struct err err;

        begin(&p);
        CHECK(submit(&p, 0, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        g.command.origin = judge(&p);
        game_set_command(&g);
        CHECK(try(&p, &g.command, &err) == -1 && err.kind == ERR_CONFLICT);
        bed_done(&p.bed);
}

TEST(two_cannot_have_one_name) {
        struct display_set d = { .name = "Ann" }, e = { .name = "ANN" };
        struct play p;
        struct err err;

        begin(&p);
        d.user = p.bed.users[0].id;
        e.user = p.bed.users[1].id;
        d.command.origin = bed_origin(&p.bed, 0);
        e.command.origin = bed_origin(&p.bed, 1);
        display_set_command(&d);
        display_set_command(&e);
        CHECK_OK(try(&p, &d.command, &err));
        CHECK(try(&p, &e.command, &err) == -1 && err.kind == ERR_CONFLICT);
        snprintf(e.name, sizeof(e.name), "admin");
        CHECK(try(&p, &e.command, &err) == -1 && err.kind == ERR_INVALID);
        snprintf(e.name, sizeof(e.name), "Ann B");
        CHECK_OK(try(&p, &e.command, &err));
        bed_done(&p.bed);
}
