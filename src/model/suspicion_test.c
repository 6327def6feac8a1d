#include "model/suspicion.h"
#include "test.h"

static const struct account ann = { ACCOUNT_USER, 7 }, bob = { ACCOUNT_USER, 5 };

static struct submission handed_in(const char *address, const char *digest, const char *agent,
                                   int64_t at_ms) {
        struct submission s = { .at_ms = at_ms };

        snprintf(s.address, sizeof(s.address), "%s", address);
        snprintf(s.digest, sizeof(s.digest), "%s", digest);
        snprintf(s.agent, sizeof(s.agent), "%s", agent);
        return s;
}

/* What the signals in FOUND weigh. */
static int64_t weight_of(unsigned found) {
        struct suspicion s = suspicion_of(1, 2, ann, bob);

        for (int i = 0; i < _SIGNAL_N; i++)
                if (found & 1u << i)
                        suspicion_add(&s, (enum signal_kind)i, ann, 1, 2, 0);
        return suspicion_weight(&s);
}

static int64_t compared(struct submission a, struct submission b) {
        CHECK(suspicion_compare(&a, &b) == suspicion_compare(&b, &a));
        return weight_of(suspicion_compare(&a, &b));
}

TEST(signals_add_up_and_all_of_them_are_certain) {
        struct submission a = handed_in("a1", "d1", "Firefox on Linux", 1000000);

        CHECK(compared(a, handed_in("a1", "d1", "Firefox on Linux", 1060000)) == 100);
        CHECK(compared(a, handed_in("a1", "d1", "curl", 1060000)) == 80);
        CHECK(compared(a, handed_in("a1", "d1", "curl", 1060001)) == 70);
        CHECK(compared(a, handed_in("a2", "d1", "curl", 2000000)) == 30);
        CHECK(compared(a, handed_in("a2", "d2", "curl", 2000000)) == 0);
}

/* Players of one hall, with the browser that all of them have, stay below what is told. */
TEST(neighbours_who_are_quick_are_not_enough) {
        struct submission a = handed_in("a1", "d1", "Firefox on Linux", 1000000);

        CHECK(compared(a, handed_in("a1", "d2", "curl", 1000001)) == 50);
        CHECK(compared(a, handed_in("a1", "", "Firefox on Linux", 1000001)) == 70);
        CHECK(compared(a, handed_in("a1", "", "Firefox on Linux", 1000001)) <
              GAME_THRESHOLD_DEFAULT);
}

TEST(what_is_unknown_of_both_is_nothing_in_common) {
        CHECK(compared(handed_in("", "", "", 0), handed_in("", "", "", 600000)) == 0);
}

TEST(the_pair_has_one_order) {
        struct suspicion s = suspicion_of(1, 2, ann, bob), t = suspicion_of(1, 2, bob, ann);

        CHECK(account_equal(s.one, bob) && account_equal(s.other, ann));
        CHECK(account_equal(t.one, bob) && account_equal(t.other, ann));
        CHECK(suspicion_add(&s, SIGNAL_SHARED_FLAG, ann, 12, 0, 99));
        CHECK(suspicion_add(&t, SIGNAL_SHARED_FLAG, bob, 0, 12, 99));
        CHECK(s.evidence[0].one == 0 && s.evidence[0].other == 12);
        CHECK(t.evidence[0].one == 0 && t.evidence[0].other == 12);
        CHECK(suspicion_weight(&s) == 100);
}

TEST(evidence_comes_once_and_has_an_end) {
        struct suspicion s = suspicion_of(1, 2, ann, bob);

        CHECK(suspicion_add(&s, SIGNAL_SAME_ADDRESS, ann, 1, 2, 5));
        CHECK(!suspicion_add(&s, SIGNAL_SAME_ADDRESS, ann, 1, 2, 6));
        CHECK(!suspicion_add(&s, SIGNAL_SAME_ADDRESS, bob, 2, 1, 6));
        for (int64_t i = 0; i < 100; i++)
                suspicion_add(&s, SIGNAL_SAME_ANSWER, ann, 10 + i, 20, 7);
        CHECK(s.n_evidence == EVIDENCE_MAX);
        CHECK(!suspicion_add(&s, SIGNAL_SAME_ANSWER, ann, 500, 20, 8));
        /* One more signal still finds its place, and no other signal loses its last. */
        CHECK(suspicion_add(&s, SIGNAL_CLOSE_IN_TIME, ann, 1, 2, 9));
        CHECK(suspicion_add(&s, SIGNAL_SIMILAR_AGENT, ann, 1, 2, 9));
        CHECK(suspicion_weight(&s) == 100 && s.n_evidence == EVIDENCE_MAX);
}

TEST(evidence_is_kept_and_read_again) {
        _cleanup_buf_ struct buf text = { 0 }, again = { 0 };
        struct suspicion s = suspicion_of(1, 2, ann, bob), t = suspicion_of(1, 2, ann, bob);
        struct err err;

        suspicion_add(&s, SIGNAL_SAME_ADDRESS, ann, 1, 2, 5);
        suspicion_add(&s, SIGNAL_SHARED_FLAG, bob, 3, 0, 6);
        suspicion_write_evidence(&s, &text);
        CHECK_OK(suspicion_read_evidence(&t, text.data, &err));
        suspicion_write_evidence(&t, &again);
        CHECK_STR(text.data, again.data);
        CHECK(t.n_evidence == 2 && t.evidence[0].one == 2 && t.evidence[1].one == 3);
        suspicion_signals(&t, ' ', &again);
        CHECK(strstr(again.data, "shared_flag same_address"));
}

TEST(damaged_evidence_is_refused_and_changes_nothing) {
        static const char *const bad[] = { "", "{}", "[1]", "[{\"signal\":\"guess\"}]",
                                           "[{\"signal\":\"same_address\",\"one\":\"x\"}]" };
        struct suspicion s = suspicion_of(1, 2, ann, bob);
        struct err err;

        suspicion_add(&s, SIGNAL_SAME_ADDRESS, ann, 1, 2, 5);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                CHECK(suspicion_read_evidence(&s, bad[i], &err) < 0 && err.kind == ERR_INVALID);
        CHECK(s.n_evidence == 1 && s.evidence[0].at_ms == 5);
}

TEST(notes_are_text_and_have_an_end) {
        char notes[SUSPICION_NOTES_SIZE + 1];

        CHECK(suspicion_notes_fit("") && suspicion_notes_fit("they sit\n\tside by side \xc3\xa9"));
        CHECK(!suspicion_notes_fit("\x1b[31m") && !suspicion_notes_fit("\xff"));
        memset(notes, '"', sizeof(notes));
        notes[SUSPICION_NOTES_SIZE] = '\0';
        CHECK(!suspicion_notes_fit(notes));
        notes[SUSPICION_NOTES_SIZE - 1] = '\0';
        CHECK(suspicion_notes_fit(notes));
}

TEST(risks_begin_where_they_are_said_to) {
        CHECK(risk_of(1) == RISK_LOW && risk_of(49) == RISK_LOW);
        CHECK(risk_of(50) == RISK_MEDIUM && risk_of(74) == RISK_MEDIUM);
        CHECK(risk_of(75) == RISK_HIGH && risk_of(100) == RISK_HIGH);
        CHECK(risk_parse("HIGH") == RISK_HIGH && risk_parse("low") == RISK_LOW);
        CHECK(risk_parse("") < 0 && suspicion_verdict_parse("guilty") < 0);
        CHECK(suspicion_verdict_parse("confirmed") == SUSPICION_CONFIRMED);
}
