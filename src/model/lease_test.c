#include "model/lease.h"

#include "base/attr.h"
#include "base/random.h"
#include "test.h"

#define NOW 1700000000000

static struct lease running(struct policy policy) {
        return (struct lease){ .state = LEASE_RUNNING,
                               .policy = policy,
                               .created_ms = NOW,
                               .expires_ms = NOW + policy.base_ms };
}

/* As the verb does it. */
static int extend(struct lease *l, int64_t now_ms, struct err *err) {
        if (lease_check_extend(l, now_ms, err) < 0)
                return -1;
        l->expires_ms += l->policy.increment_ms;
        l->extensions++;
        lease_assert(l);
        return 0;
}

static void check_refused(const struct lease *l, int64_t now_ms, enum err_kind kind,
                          const char *text) {
        struct err err;

        CHECK(lease_check_extend(l, now_ms, &err) == -1);
        CHECK(err.kind == kind);
        CHECK_STR(err.msg, text);
}

TEST(ended_is_final) {
        for (int s = 0; s < _LEASE_N; s++)
                CHECK(!lease_may_become(LEASE_ENDED, (enum lease_state)s));
}

TEST(every_state_can_end) {
        for (int s = 0; s < LEASE_ENDED; s++) {
                unsigned seen = 1u << s;

                for (int edge = 0; edge < _LEASE_N * _LEASE_N * _LEASE_N; edge++) {
                        int from = edge / _LEASE_N % _LEASE_N, to = edge % _LEASE_N;

                        if (seen >> from & 1 &&
                            lease_may_become((enum lease_state)from, (enum lease_state)to))
                                seen |= 1u << to;
                }
                CHECK(seen >> LEASE_ENDED & 1);
        }
}

TEST(no_shortcuts) {
        CHECK(!lease_may_become(LEASE_PENDING, LEASE_RUNNING));
        CHECK(!lease_may_become(LEASE_RUNNING, LEASE_ENDED)); /* the engine must confirm */
        CHECK(!lease_may_become(LEASE_STARTING, LEASE_ENDED));
        CHECK(!lease_may_become(LEASE_STOPPING, LEASE_RUNNING));
        CHECK(!lease_may_become(LEASE_RUNNING, LEASE_PENDING));
}

TEST(names_are_read_as_they_are_written) {
        for (int s = 0; s < _LEASE_N; s++)
                CHECK(lease_state_parse(lease_state_name((enum lease_state)s)) == s);
        for (int r = 0; r < _REASON_N; r++)
                CHECK(end_reason_parse(end_reason_name((enum end_reason)r)) == r);
        for (int p = PROTOCOL_TCP; p <= PROTOCOL_SSH; p++)
                CHECK(protocol_parse(protocol_name((enum protocol)p)) == p);
        CHECK(lease_state_parse("gone") == -1);
        CHECK(end_reason_parse("bored") == -1);
        CHECK(protocol_parse("udp") == -1);
}

TEST(an_instance_has_its_leases_name) {
        char name[INSTANCE_NAME];

        lease_instance_name("01hf7yat00zzzzzzzzzz", name);
        CHECK_STR(name, "berth-01hf7yat00zzzzzzzzzz");
}

TEST(ids_are_valid_and_sort_by_their_making) {
        char a[LEASE_ID_SIZE], b[LEASE_ID_SIZE];

        lease_id_make(NOW, a);
        lease_id_make(NOW, b);
        CHECK(strlen(a) == 20);
        CHECK(lease_id_valid(a));
        for (int i = 0; i < 1000; i++) { /* within one moment, too: the queue goes by it */
                CHECK(strcmp(a, b) < 0);
                memcpy(a, b, sizeof(a));
                lease_id_make(NOW, b);
        }
        for (int64_t ms = 1; ms < INT64_C(1) << 49; ms *= 3) {
                lease_id_make(ms, a);
                lease_id_make(ms + 1, b);
                CHECK(strcmp(a, b) < 0);
        }
}

TEST(ids_from_outside_are_checked) {
        CHECK(lease_id_valid("01hf7yat00zzzzzzzzzz"));
        CHECK(!lease_id_valid(""));
        CHECK(!lease_id_valid("01hf7yat00zzzzzzzzz"));   /* one short */
        CHECK(!lease_id_valid("01hf7yat00zzzzzzzzzzz")); /* one more */
        CHECK(!lease_id_valid("01HF7YAT00ZZZZZZZZZZ"));
        CHECK(!lease_id_valid("01hf7yat00zzzzzzzzzu")); /* u is not in the alphabet */
        CHECK(!lease_id_valid("../../../etc/passwd0"));
}

TEST(five_extensions_and_no_sixth) { /* E3 */
        struct lease l = running(policy_default);
        char text[96];
        struct err err;

        for (int i = 1; i <= 5; i++) {
                CHECK_OK(extend(&l, NOW, &err));
                CHECK(l.extensions == i);
                if (i == 2) {
                        lease_extended_text(&l, text, sizeof(text));
                        CHECK_STR(text, "Container extended by 15 minutes (extension 2/5)");
                }
        }
        CHECK(l.expires_ms == NOW + (900 + 5 * 900) * 1000);
        check_refused(&l, NOW, ERR_LIMIT, "Maximum extensions reached (5)");
}

TEST(the_cap_is_on_the_new_deadline) { /* E4 */
        struct policy many = { 900000, 900000, 5400000, 50 };
        struct lease l = running(many);
        struct err err;

        for (int i = 0; i < 5; i++)
                CHECK_OK(extend(&l, NOW, &err)); /* all in the first instant */
        check_refused(&l, NOW, ERR_LIMIT, "Maximum lifetime reached (90 minutes)");
        CHECK(l.expires_ms == NOW + 5400000);
}

TEST(texts_have_the_lease_s_own_numbers) {
        struct policy odd = { 60000, 30000, 100000, 1 }, hour = { 60000, 60000, 60000, 2 };
        struct lease l = running(odd);
        char text[96];
        struct err err;

        CHECK_OK(extend(&l, NOW, &err));
        lease_extended_text(&l, text, sizeof(text));
        CHECK_STR(text, "Container extended by 30 seconds (extension 1/1)");
        check_refused(&l, NOW, ERR_LIMIT, "Maximum extensions reached (1)");
        l.policy.max_extensions = 2;
        check_refused(&l, NOW, ERR_LIMIT, "Maximum lifetime reached (100 seconds)");
        l = running(hour);
        check_refused(&l, NOW, ERR_LIMIT, "Maximum lifetime reached (1 minute)");
}

TEST(refusals_come_in_their_order) {
        struct lease l = running(policy_default);

        l.extensions = 5; /* breaks every rule at once, from the last to the first */
        l.expires_ms = NOW + 5400000;
        check_refused(&l, l.expires_ms - 1, ERR_LIMIT, "Maximum extensions reached (5)");
        check_refused(&l, l.expires_ms, ERR_GONE, "Container already expired");
        l.state = LEASE_ENDED;
        check_refused(&l, l.expires_ms, ERR_NOT_FOUND, "No active container found");
}

TEST(only_what_lives_is_extended) {
        struct lease l = running(policy_default);
        struct err err;

        l.state = LEASE_PENDING; /* its clock has not begun */
        check_refused(&l, NOW, ERR_NOT_FOUND, "No active container found");
        l.state = LEASE_STARTING;
        CHECK_OK(lease_check_extend(&l, NOW, &err));
        l.state = LEASE_STOPPING;
        l.reason = REASON_STOPPED_MANUAL;
        check_refused(&l, NOW, ERR_NOT_FOUND, "No active container found");
        l.reason = REASON_STOPPED_AUTO;
        check_refused(&l, NOW, ERR_GONE, "Container already expired");
}

/* Extends at random moments, under random policies, never pass created + max_lifetime. */
TEST(no_walk_passes_the_cap) {
        for (int walk = 0; walk < 2000; walk++) {
                int64_t base = 1 + (int64_t)random_below(100000);
                struct policy p = { .base_ms = base,
                                    .increment_ms = 1 + (int64_t)random_below(100000),
                                    .max_lifetime_ms = base + (int64_t)random_below(500000),
                                    .max_extensions = (int64_t)random_below(12) };
                struct lease l = running(p);
                int64_t now = NOW;
                struct err err;

                for (int step = 0; step < 40; step++) {
                        struct lease before = l;

                        now += (int64_t)random_below(20000);
                        if (extend(&l, now, &err) < 0) {
                                CHECK(memcmp(&before, &l, sizeof(l)) == 0);
                                continue;
                        }
                        CHECK(now < before.expires_ms);
                        CHECK(l.expires_ms <= NOW + p.max_lifetime_ms);
                        CHECK(l.extensions <= p.max_extensions);
                }
        }
}

/* Runs lease_assert() in a child: does it die? */
static bool asserts(const struct lease *l) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                fclose(stderr);
                lease_assert(l);
                _exit(0);
        }
        CHECK(waitpid(pid, &status, 0) == pid);
        return WIFSIGNALED(status);
}

TEST(the_invariant_is_asserted) {
        struct lease good = running(policy_default), bad;

        CHECK(!asserts(&good));
        bad = good;
        bad.extensions = -1;
        CHECK(asserts(&bad));
        bad = good;
        bad.extensions = 6;
        CHECK(asserts(&bad));
        bad = good;
        bad.expires_ms = bad.created_ms;
        CHECK(asserts(&bad));
        bad = good;
        bad.expires_ms = bad.created_ms + 5400001;
        CHECK(asserts(&bad));
}
