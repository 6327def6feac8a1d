/* Watching over the game on a whole engine: what is found, what is judged, how challenges fare. */
#include "core/playbed.h"
#include "core/watch_verbs.h"
#include "model/flag.h"
#include "store/events.h"
#include "store/health.h"
#include "store/suspicions.h"

/* --- what the store has --- */

static struct tx *begin_reading(struct play *p, struct db **db) {
        struct tx *tx;
        struct err err;

        CHECK_OK(store_open_reader(p->bed.store_url, db, &err));
        CHECK_OK(tx_begin(*db, &tx, &err));
        return tx;
}

static void end_reading(struct db *db, struct tx *tx) {
        tx_end(tx);
        db_free(db);
}

struct suspects {
        struct suspicion all[3];
        size_t n;
};

static int add_suspicion(void *arg, const struct suspicion *s, _unused_ struct err *err) {
        struct suspects *l = arg;

        l->all[l->n++] = *s;
        return 0;
}

static struct suspects suspects(struct play *p) {
        struct suspicion_filter f = {
                .tenant = p->bed.tenant, .verdict = -1, .risk = -1, .max = 3
        };
        struct suspects l = { 0 };
        struct db *db;
        struct tx *tx = begin_reading(p, &db);
        struct err err;

        CHECK_OK(suspicions_each(tx, &f, add_suspicion, &l, &err));
        end_reading(db, tx);
        return l;
}

/* Waits, at most 10 s, until there are N. */
static struct suspects await(struct play *p, size_t n) {
        struct suspects l = { 0 };

        for (int i = 0; i < 500; i++) {
                l = suspects(p);
                if (l.n == n)
                        return l;
                bed_sleep_ms(20);
        }
        fprintf(stderr, "%zu suspicions, not %zu\n", l.n, n);
        exit(1);
}

struct told {
        struct event all[5];
        size_t n;
};

static int add_told(void *arg, const struct event *e, _unused_ struct err *err) {
        struct told *t = arg;

        t->all[t->n++] = *e;
        return 0;
}

/* The events with ACTION, oldest first. */
static struct told told(struct play *p, enum action action) {
        struct event_filter f = { .action = (int)action, .max = 5 };
        struct told t = { 0 };
        struct db *db;
        struct tx *tx = begin_reading(p, &db);
        struct err err;

        CHECK_OK(events_each(tx, &f, add_told, &t, &err));
        end_reading(db, tx);
        return t;
}

/* The log is whole, and its signatures are right. */
static void check_log(struct play *p) {
        struct audit_report report;
        struct db *db;
        struct tx *tx = begin_reading(p, &db);
        struct err err;

        CHECK_OK(audit_verify(tx, NULL, &report, &err));
        CHECK(report.good);
        end_reading(db, tx);
}

static const char *member(const struct event *e, const char *key) {
        static char texts[4][EVENT_DETAIL_MAX];
        static int next;
        char *text = texts[next++ % 4];
        size_t n = 0;
        const char *value = event_member(e, key, &n);

        snprintf(text, sizeof(texts[0]), "%.*s", (int)n, value ? value : "");
        return text;
}

/* --- what is done --- */

/* Hands in TEXT from somewhere. */
static int hand_in(struct play *p, int user, int64_t challenge, const char *text,
                   const char *address, const char *agent) {
        struct submit s = submit_of(p, user, challenge, text);
        struct err err;
        int r;

        snprintf(s.sender.address, sizeof(s.sender.address), "%s", address);
        snprintf(s.sender.agent, sizeof(s.sender.agent), "%s", agent);
        r = try(p, &s.command, &err) < 0 ? -1 : (int)s.verdict;
        challenge_unref(s.challenge);
        return r;
}

static void flag_of(struct play *p, const struct lease *l, char ret[FLAG_MAX]) {
        uint8_t key[KEY_SIZE];
        struct err err;

        flag_key(p->bed.config.master_key, p->bed.tenant, key);
        CHECK_OK(flag_derive(key, "F{<hex>}", l->challenge, l->owner, l->generation, ret, &err));
}

static int review(struct play *p, int64_t id, enum suspicion_verdict verdict, const char *notes,
                  struct err *err) {
        struct suspicion_review r = { .suspicion = id, .verdict = verdict, .notes = notes };

        r.command.origin = judge(p);
        suspicion_review_command(&r);
        return try(p, &r.command, err);
}

static int64_t user_add(struct play *p, const char *name, enum role role) {
        struct user_create u = { .command.origin.tenant = p->bed.tenant, .user.role = role };
        struct err err;

        snprintf(u.user.name, sizeof(u.user.name), "%s", name);
        user_create_command(&u);
        CHECK_OK(engine_call(p->bed.engine, &u.command, &err));
        return u.user.id;
}

/* Some looks go by. */
static void let_look(struct play *p) { bed_sleep_ms(4 * p->bed.config.watch_ms); }

/* --- shared flags --- */

TEST(anothers_flag_is_wrong_and_certain) {
        struct suspects l;
        struct lease mine;
        struct told t;
        struct play p;
        char flag[FLAG_MAX];

        begin(&p);
        mine = bed_running(&p.bed, 0, p.bed.web);
        flag_of(&p, &mine, flag);
        CHECK(hand_in(&p, 1, p.bed.web, flag, "a1", "curl") == VERDICT_INCORRECT);
        l = suspects(&p); /* at once */
        CHECK(l.n == 1 && l.all[0].certainty == 100 && l.all[0].challenge == p.bed.web);
        CHECK(l.all[0].one.id == p.bed.users[0].id && l.all[0].other.id == p.bed.users[1].id);
        CHECK(l.all[0].n_evidence == 1 && l.all[0].evidence[0].signal == SIGNAL_SHARED_FLAG);
        CHECK(l.all[0].evidence[0].one == 0 &&
              l.all[0].evidence[0].other == submissions(&p)->rows[0].id);
        t = told(&p, ACTION_SUSPICION_FOUND);
        CHECK(t.n == 1 && t.all[0].challenge == p.bed.web && t.all[0].account.id == 0);
        CHECK(t.all[0].actor_kind == ACTOR_SYSTEM && t.all[0].tenant == p.bed.tenant);
        CHECK_STR(member(&t.all[0], "certainty"), "100");
        CHECK_STR(member(&t.all[0], "signals"), "\"shared_flag\"");
        CHECK(!strstr(t.all[0].detail, flag));
        /* The same again is no news, but more evidence. */
        CHECK(hand_in(&p, 1, p.bed.web, flag, "a1", "curl") == VERDICT_INCORRECT);
        l = suspects(&p);
        CHECK(l.n == 1 && l.all[0].n_evidence == 2);
        CHECK(told(&p, ACTION_SUSPICION_FOUND).n == 1);
        CHECK(hand_in(&p, 0, p.bed.web, flag, "a2", "curl") == VERDICT_CORRECT);
        CHECK(suspects(&p).n == 1);
        check_log(&p);
        bed_done(&p.bed);
}

TEST(evidence_has_an_end) {
        struct suspects l;
        struct lease mine;
        struct play p;
        char flag[FLAG_MAX];

        begin(&p);
        mine = bed_running(&p.bed, 0, p.bed.web);
        flag_of(&p, &mine, flag);
        for (int i = 0; i < EVIDENCE_MAX + 5; i++)
                CHECK(hand_in(&p, 1, p.bed.web, flag, "", "") == VERDICT_INCORRECT);
        l = suspects(&p);
        CHECK(l.n == 1 && l.all[0].n_evidence == EVIDENCE_MAX);
        CHECK(told(&p, ACTION_SUSPICION_FOUND).n == 1);
        bed_done(&p.bed);
}

/* --- what submissions have in common --- */

TEST(what_two_have_in_common_is_found_and_told_once) {
        struct suspects l;
        struct told t;
        struct play p;

        begin(&p);
        CHECK(hand_in(&p, 0, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 1, p.easy, "f{Nearly}", "a1", "Python") == VERDICT_INCORRECT);
        l = await(&p, 1);
        CHECK(l.all[0].certainty == 80 && l.all[0].n_evidence == 3);
        CHECK(suspicion_has(&l.all[0], SIGNAL_SAME_ADDRESS) &&
              suspicion_has(&l.all[0], SIGNAL_SAME_ANSWER) &&
              suspicion_has(&l.all[0], SIGNAL_CLOSE_IN_TIME));
        /* More of it makes it more certain: once more, and then no more. */
        CHECK(hand_in(&p, 1, p.easy, "F{other}", "a1", "curl") == VERDICT_INCORRECT);
        for (int i = 0; i < 500 && suspects(&p).all[0].certainty < 100; i++)
                bed_sleep_ms(20);
        l = suspects(&p);
        CHECK(l.n == 1 && l.all[0].certainty == 100);
        CHECK(hand_in(&p, 0, p.easy, "F{third}", "a1", "curl") == VERDICT_INCORRECT);
        let_look(&p);
        t = told(&p, ACTION_SUSPICION_FOUND);
        CHECK(t.n == 2);
        CHECK_STR(member(&t.all[0], "certainty"), "80");
        CHECK_STR(member(&t.all[1], "certainty"), "100");
        CHECK(!strstr(t.all[1].detail, "nearly") && !strstr(t.all[1].detail, "curl"));
        /* To begin anew finds nothing more. */
        bed_stop(&p.bed);
        bed_start(&p.bed);
        let_look(&p);
        CHECK(told(&p, ACTION_SUSPICION_FOUND).n == 2 && suspects(&p).n == 1);
        bed_done(&p.bed);
}

/* What came while nobody looked is looked at after a start. */
TEST(a_start_goes_on_with_what_was_handed_in) {
        struct play p;

        begin(&p);
        CHECK(hand_in(&p, 0, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        bed_stop(&p.bed);
        bed_start(&p.bed);
        CHECK(hand_in(&p, 1, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(await(&p, 1).all[0].certainty == 100);
        bed_done(&p.bed);
}

TEST(neighbours_short_answers_and_organisers_are_left_alone) {
        struct suspects l;
        struct game_rules rules = { .threshold = 50 };
        struct play p;
        struct err err;

        begin(&p);
        /* One hall, one browser, one minute; and an answer that is too short to say anything. */
        CHECK(hand_in(&p, 0, p.easy, "F{a}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 1, p.easy, "F{b}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 0, p.easy, "abc", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 1, p.easy, "ABC", "a1", "curl") == VERDICT_INCORRECT);
        /* An organiser beside a player. */
        p.bed.users[0].id = user_add(&p, "organiser", ROLE_ORGANISER);
        CHECK(hand_in(&p, 0, p.easy, "F{abc}", "a2", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 1, p.easy, "F{abc}", "a2", "curl") == VERDICT_INCORRECT);
        let_look(&p);
        CHECK(suspects(&p).n == 0);
        /* Where organisers want to know more, neighbours are told. */
        CHECK_OK(set(&p, GAME_SUSPICION, rules, &err));
        p.bed.users[0].id = user_add(&p, "third", ROLE_PLAYER);
        CHECK(hand_in(&p, 0, p.easy, "F{d}", "a1", "curl") == VERDICT_INCORRECT);
        l = await(&p, 2); /* with both of before */
        CHECK(l.all[0].certainty == 70 && l.all[1].certainty == 70);
        bed_done(&p.bed);
}

TEST(after_a_reset_the_past_is_gone) {
        struct game_reset r = { 0 };
        struct play p;
        struct err err;

        begin(&p);
        CHECK(hand_in(&p, 0, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 1, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        await(&p, 1);
        r.command.origin = judge(&p);
        game_reset_command(&r);
        CHECK_OK(try(&p, &r.command, &err));
        CHECK(suspects(&p).n == 0);
        CHECK(hand_in(&p, 1, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        let_look(&p);
        CHECK(suspects(&p).n == 0);
        CHECK(hand_in(&p, 0, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(await(&p, 1).all[0].certainty == 100);
        bed_done(&p.bed);
}

/* --- verdicts --- */

TEST(verdicts_are_rows_of_the_log) {
        char notes[SUSPICION_NOTES_SIZE];
        struct suspects l;
        struct told t;
        struct play p;
        struct err err;
        int64_t id;

        begin(&p);
        CHECK(hand_in(&p, 0, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 1, p.easy, "F{nearly}", "a1", "Python") == VERDICT_INCORRECT);
        id = await(&p, 1).all[0].id;
        CHECK(review(&p, id + 1, SUSPICION_INNOCENT, "", &err) == -1 && err.kind == ERR_NOT_FOUND);
        CHECK(review(&p, id, SUSPICION_PENDING, "", &err) == -1 && err.kind == ERR_INVALID);
        CHECK(review(&p, id, SUSPICION_INNOCENT, "\x1b", &err) == -1 && err.kind == ERR_INVALID);
        memset(notes, '"', sizeof(notes));
        notes[sizeof(notes) - 1] = '\0'; /* the most that there may be: escaped, twice as long */
        CHECK_OK(review(&p, id, SUSPICION_SUSPICIOUS, notes, &err));
        CHECK_OK(review(&p, id, SUSPICION_INNOCENT, "brothers", &err));
        l = suspects(&p);
        t = told(&p, ACTION_SUSPICION_REVIEWED);
        CHECK(t.n == 2 && l.all[0].verdict == SUSPICION_INNOCENT);
        CHECK(l.all[0].review_seq == t.all[1].seq && l.all[0].reviewed_ms == t.all[1].at_ms);
        CHECK_STR(l.all[0].notes, "brothers");
        CHECK_STR(member(&t.all[0], "before"), "\"pending\"");
        CHECK_STR(member(&t.all[0], "previous"), "0");
        CHECK(strlen(member(&t.all[0], "notes")) == 2 + 2 * (sizeof(notes) - 1));
        CHECK_STR(member(&t.all[1], "before"), "\"suspicious\"");
        CHECK_STR(member(&t.all[1], "verdict"), "\"innocent\"");
        CHECK(event_number(&t.all[1], "previous", 0) == t.all[0].seq);
        /* Found again and more certain: the verdict stays. */
        CHECK(hand_in(&p, 1, p.easy, "F{again}", "a1", "curl") == VERDICT_INCORRECT);
        for (int i = 0; i < 500 && suspects(&p).all[0].certainty < 100; i++)
                bed_sleep_ms(20);
        l = suspects(&p);
        CHECK(l.all[0].certainty == 100 && l.all[0].verdict == SUSPICION_INNOCENT);
        check_log(&p);
        bed_done(&p.bed);
}

TEST(nobody_judges_in_another_tenant) {
        struct tenant_create other = { .tenant = { .slug = "other", .name = "Other" },
                                       .policy = policy_default };
        struct suspicion_review r = { .verdict = SUSPICION_INNOCENT, .notes = "" };
        struct play p;
        struct err err;

        begin(&p);
        CHECK(hand_in(&p, 0, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 1, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        r.suspicion = await(&p, 1).all[0].id;
        tenant_create_command(&other);
        other.command.origin.kind = ACTOR_OPERATOR;
        CHECK_OK(try(&p, &other.command, &err));
        r.command.origin = judge(&p);
        r.command.origin.tenant = other.tenant.id;
        suspicion_review_command(&r);
        CHECK(try(&p, &r.command, &err) == -1 && err.kind == ERR_NOT_FOUND);
        CHECK(suspects(&p).all[0].verdict == SUSPICION_PENDING);
        bed_done(&p.bed);
}

/* --- health --- */

static struct health health_of(struct play *p, int64_t challenge) {
        struct read_model *m = p->bed.engine->model;
        struct health h;

        read_model_lock(m);
        h = read_model_health(m, read_model_challenge(m, challenge), clock_now_ms());
        read_model_unlock(m);
        return h;
}

struct snapshots {
        struct health all[16];
        size_t n;
};

static int add_snapshot(void *arg, const struct health *h, _unused_ struct err *err) {
        struct snapshots *s = arg;

        s->all[s->n++] = *h;
        return 0;
}

static struct snapshots snapshots(struct play *p, int64_t challenge) {
        struct snapshots s = { 0 };
        struct db *db;
        struct tx *tx = begin_reading(p, &db);
        struct err err;

        CHECK_OK(healths_each(tx, challenge, 16, add_snapshot, &s, &err));
        end_reading(db, tx);
        return s;
}

/* Waits, at most 10 s, until N changes of health were told. */
static struct told await_told(struct play *p, size_t n) {
        struct told t = { 0 };

        for (int i = 0; i < 500; i++) {
                t = told(p, ACTION_CHALLENGE_CHECKED);
                if (t.n == n)
                        return t;
                bed_sleep_ms(20);
        }
        fprintf(stderr, "%zu changes of health, not %zu\n", t.n, n);
        exit(1);
}

/* A start that fails ends its lease. */
static void fail_to_start(struct play *p, int user, int64_t challenge) {
        struct lease l;
        struct err err;

        CHECK_OK(bed_try_start(&p->bed, user, challenge, &l, &err));
        l = bed_wait(&p->bed, l.id, LEASE_ENDED);
        CHECK(l.reason == REASON_FAILED_CREATE);
}

TEST(failing_starts_break_a_challenge_and_it_mends) {
        struct health h;
        struct told t;
        struct play p;
        struct err err;
        struct lease l;
        int64_t bad;

        bed_init(&p.bed, "", 50);
        bed_people(&p.bed, policy_default);
        bad = bed_challenge_add(&p.bed, "{\"name\":\"Bad\",\"slug\":\"bad\",\"value\":1,"
                                        "\"instance\":{\"image\":\"missing/image\"}}");
        CHECK(snapshots(&p, p.bed.web).n <= 1);
        for (int i = 0; i < 3; i++)
                fail_to_start(&p, i % 2, bad);
        t = await_told(&p, 1);
        CHECK(t.all[0].challenge == bad && t.all[0].tenant == p.bed.tenant);
        CHECK_STR(member(&t.all[0], "state"), "\"BROKEN\"");
        CHECK_STR(member(&t.all[0], "before"), "\"HEALTHY\"");
        CHECK_STR(member(&t.all[0], "failed_starts"), "3");
        h = health_of(&p, bad);
        CHECK(h.starts == 3 && h.failed_starts == 3 && h.failed_probes == 0 && h.score == 0);
        CHECK(snapshots(&p, bad).all[0].score == 0);
        /* A restart forgets neither the hour nor what was told. */
        bed_stop(&p.bed);
        bed_start(&p.bed);
        h = health_of(&p, bad);
        CHECK(h.starts == 3 && h.failed_starts == 3);
        let_look(&p);
        CHECK(told(&p, ACTION_CHALLENGE_CHECKED).n == 1);
        /* Refused starts say nothing. */
        CHECK(bed_try_start(&p.bed, 0, p.easy, &l, &err) == -1);
        /* The author mends it. */
        bed_challenge_add(&p.bed, "{\"name\":\"Bad\",\"slug\":\"bad\",\"value\":1,"
                                  "\"instance\":{\"image\":\"berth/good\"}}");
        for (int i = 0; i < 7; i++) {
                l = bed_running(&p.bed, 0, bad);
                CHECK_OK(bed_try_stop(&p.bed, 0, l.id, &err));
                bed_wait(&p.bed, l.id, LEASE_ENDED);
        }
        h = health_of(&p, bad);
        CHECK(h.starts == 10 && h.failed_starts == 3 && h.score == 70);
        t = told(&p, ACTION_CHALLENGE_CHECKED);
        for (int i = 0;
             i < 500 && health_state(event_number(&t.all[t.n - 1], "score", 0)) != HEALTH_HEALTHY;
             i++) {
                bed_sleep_ms(20);
                t = told(&p, ACTION_CHALLENGE_CHECKED);
        }
        CHECK_STR(member(&t.all[t.n - 1], "state"), "\"HEALTHY\"");
        check_log(&p);
        bed_done(&p.bed);
}

TEST(a_probe_without_answer_is_told_from_a_start_that_failed) {
        struct health h;
        struct play p;
        int64_t mute;

        bed_init(&p.bed, "", 50);
        bed_people(&p.bed, policy_default);
        mute = bed_challenge_add(
                &p.bed,
                "{\"name\":\"Mute\",\"slug\":\"mute\",\"value\":1,\"instance\":{\"image\":"
                "\"berth/mute\",\"ports\":[{\"name\":\"web\",\"port\":80,\"protocol\":"
                "\"http\"}],\"probe\":{\"type\":\"http\",\"status\":418,\"timeout_seconds\":"
                "1}}}");
        fail_to_start(&p, 0, mute);
        h = health_of(&p, mute);
        CHECK(h.starts == 1 && h.failed_starts == 0 && h.failed_probes == 1);
        bed_done(&p.bed);
}

TEST(an_instance_that_ends_by_itself_is_lost) {
        struct health h;
        struct play p;
        struct lease l;

        bed_init(&p.bed, "", 50);
        bed_people(&p.bed, policy_default);
        l = bed_running(&p.bed, 0, p.bed.plain);
        {
                struct err err;
                char name[INSTANCE_NAME];

                lease_instance_name(l.id, name);
                CHECK_OK(runtime_stop(p.bed.rt, name, &err));
        }
        bed_wait(&p.bed, l.id, LEASE_ENDED);
        h = health_of(&p, p.bed.plain);
        CHECK(h.starts == 1 && h.lost == 1);
        bed_done(&p.bed);
}

TEST(attempts_are_those_of_who_counts) {
        struct health h;
        struct play p;
        struct err err;

        begin(&p);
        for (int i = 0; i < 3; i++)
                CHECK(submit(&p, 0, p.easy, "F{no}", &err) == VERDICT_INCORRECT);
        CHECK(submit(&p, 1, p.easy, "F{easy}", &err) == VERDICT_CORRECT);
        p.bed.users[1].id = user_add(&p, "organiser", ROLE_ORGANISER);
        CHECK(submit(&p, 1, p.easy, "F{no}", &err) == VERDICT_INCORRECT);
        h = health_of(&p, p.easy);
        CHECK(h.attempts == 4 && h.solves == 1 && h.recent_attempts == 4 && h.recent_solves == 1);
        bed_stop(&p.bed);
        bed_start(&p.bed);
        h = health_of(&p, p.easy);
        CHECK(h.attempts == 4 && h.solves == 1 && h.recent_attempts == 4 && h.recent_solves == 1);
        bed_done(&p.bed);
}

TEST(every_challenge_that_can_be_seen_has_its_snapshot) {
        struct play p;
        int64_t hidden;

        begin(&p);
        hidden = bed_challenge_add(&p.bed, "{\"name\":\"H\",\"slug\":\"h\",\"state\":\"hidden\"}");
        bed_stop(&p.bed);
        bed_start(&p.bed); /* an hour begins, as far as this start knows */
        for (int i = 0; i < 500 && snapshots(&p, p.hard).n == 0; i++)
                bed_sleep_ms(20);
        CHECK(snapshots(&p, p.easy).n == 1 && snapshots(&p, p.hard).n == 1);
        CHECK(snapshots(&p, p.easy).all[0].at_ms % 3600000 == 0);
        CHECK(snapshots(&p, p.easy).all[0].score == 100);
        CHECK(snapshots(&p, hidden).n == 0);
        bed_done(&p.bed);
}

TEST(what_is_old_is_deleted_and_its_log_stays) {
        struct play p;
        struct err err;

        begin(&p);
        CHECK(hand_in(&p, 0, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK(hand_in(&p, 1, p.easy, "F{nearly}", "a1", "curl") == VERDICT_INCORRECT);
        CHECK_OK(review(&p, await(&p, 1).all[0].id, SUSPICION_INNOCENT, "", &err));
        bed_stop(&p.bed);
        p.bed.config.retention_ms = 1;
        bed_start(&p.bed);
        await(&p, 0);
        let_look(&p); /* it is not found again */
        CHECK(suspects(&p).n == 0);
        CHECK(told(&p, ACTION_SUSPICION_REVIEWED).n == 1);
        check_log(&p);
        bed_done(&p.bed);
}
