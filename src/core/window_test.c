#include "core/window.h"

#include <stdlib.h>

#include "base/clock.h"
#include "test.h"

#define T0 INT64_C(1795200000000)

static struct window *w;
static int64_t next_id;

struct sent {
        int64_t who, challenge;
        const char *address, *digest, *agent;
        int64_t at_ms;
};

static struct submission submission_of(const struct sent *s) {
        struct submission ret = { .id = ++next_id,
                                  .tenant = 1,
                                  .who = { ACCOUNT_USER, s->who },
                                  .challenge = s->challenge ? s->challenge : 1,
                                  .at_ms = T0 + s->at_ms };

        snprintf(ret.address, sizeof(ret.address), "%s", s->address ? s->address : "");
        snprintf(ret.digest, sizeof(ret.digest), "%s", s->digest ? s->digest : "");
        snprintf(ret.agent, sizeof(ret.agent), "%s", s->agent ? s->agent : "");
        return ret;
}

static int64_t send(struct sent s) {
        struct submission made = submission_of(&s);

        if (!w)
                w = window_new();
        window_add(w, &made);
        return made.id;
}

struct found {
        struct suspicion all[10000];
        size_t n;
};
static struct found found;

static void note(void *arg, const struct suspicion *s) {
        struct found *f = arg;

        f->all[f->n++] = *s;
}

static void find(void) {
        found.n = 0;
        window_find(w, note, &found);
}

/* The certainty about ONE and OTHER, the lower first; 0 when nothing was found. */
static int64_t certainty(int64_t one, int64_t other) {
        for (size_t i = 0; i < found.n; i++)
                if (found.all[i].one.id == one && found.all[i].other.id == other)
                        return found.all[i].certainty;
        return 0;
}

/* CRE's own test, which it failed. */
TEST(the_same_wrong_answer_from_one_address_within_a_minute) {
        int64_t a = send((struct sent){ 1, 0, "a1", "d1", "Firefox on Linux", 0 });
        int64_t b = send((struct sent){ 2, 0, "a1", "d1", "Firefox on Linux", 60000 });

        send((struct sent){ 3, 0, "a1", "d1", "curl", 60001 });
        find();
        CHECK(found.n == 3);
        CHECK(certainty(1, 2) == 100 && certainty(2, 3) == 80 && certainty(1, 3) == 70);
        CHECK(found.all[0].tenant == 1 && found.all[0].challenge == 1);
        CHECK(found.all[0].n_evidence == 4);
        CHECK(found.all[0].evidence[0].one == a && found.all[0].evidence[0].other == b);
        CHECK(found.all[0].evidence[0].at_ms == T0 + 60000);
}

TEST(a_hall_of_players_behind_one_address_is_no_suspicion) {
        for (int64_t i = 1; i <= 30; i++)
                send((struct sent){ i, 0, "a1", NULL, i % 2 ? "Firefox on Linux" : NULL, i * 100 });
        find();
        CHECK(found.n == 30 * 29 / 2);
        for (size_t i = 0; i < found.n; i++)
                CHECK(found.all[i].certainty == 50 || found.all[i].certainty == 70);
}

TEST(what_everybody_guesses_counts_nothing) {
        for (int64_t i = 1; i <= 3; i++)
                send((struct sent){ i, 0, "a1", "d1", NULL, i });
        find();
        CHECK(certainty(1, 2) == 80);
        send((struct sent){ 4, 0, "a1", "d1", NULL, 4 });
        find();
        CHECK(certainty(1, 4) == 50 && certainty(3, 4) == 50);
        /* What is known of long ago counts, too. */
        for (int64_t i = 1; i <= 3; i++)
                send((struct sent){ i, 0, NULL, "d2", NULL, 5 });
        send((struct sent){ 5, 0, "a2", "d2", NULL, 9000000 });
        send((struct sent){ 6, 0, "a2", "d2", NULL, 9000001 });
        find();
        CHECK(certainty(5, 6) == 50);
        /* The same answer to another challenge is another one. */
        send((struct sent){ 5, 2, "a2", "d2", NULL, 9000002 });
        send((struct sent){ 6, 2, "a2", "d2", NULL, 9000003 });
        find();
        CHECK(certainty(5, 6) == 80);
}

TEST(signals_of_several_submissions_add_up) {
        send((struct sent){ 1, 0, "a1", "d1", NULL, 0 });
        send((struct sent){ 2, 0, "a2", "d1", NULL, 300000 });
        find();
        CHECK(certainty(1, 2) == 30);
        send((struct sent){ 1, 0, "a2", "d5", NULL, 400000 });
        find();
        CHECK(certainty(1, 2) == 70);
        send((struct sent){ 2, 0, "a2", "d6", NULL, 410000 });
        find();
        CHECK(certainty(1, 2) == 80);
        find();
        CHECK(found.n == 0); /* nothing new */
}

TEST(what_is_far_apart_is_not_compared) {
        send((struct sent){ 1, 0, "a1", "d1", "curl", 0 });
        send((struct sent){ 2, 0, "a1", "d1", "curl", SUSPICION_WINDOW_MS + 1 });
        send((struct sent){ 3, 2, "a1", "d1", "curl", SUSPICION_WINDOW_MS + 1 });
        find();
        CHECK(found.n == 0);
        send((struct sent){ 3, 0, "a1", "d1", "curl", SUSPICION_WINDOW_MS + 1 });
        find();
        CHECK(found.n == 1 && certainty(2, 3) == 100);
}

TEST(one_account_is_no_pair) {
        send((struct sent){ 1, 0, "a1", "d1", "curl", 0 });
        send((struct sent){ 1, 0, "a1", "d1", "curl", 1 });
        find();
        CHECK(found.n == 0);
}

TEST(it_is_emptied) {
        send((struct sent){ 1, 0, "a1", "d1", "curl", 0 });
        window_clear(w);
        send((struct sent){ 2, 0, "a1", "d1", "curl", 1 });
        find();
        CHECK(found.n == 0);
        send((struct sent){ 3, 0, "a1", "d1", "curl", 1 });
        find();
        CHECK(found.n == 1 && certainty(2, 3) == 100);
}

TEST(what_is_long_gone_is_forgotten) {
        char address[24];

        send((struct sent){ 1, 0, "old", "d1", NULL, 0 });
        for (int64_t i = 0; i < 3 * WINDOW_MOST; i++) {
                snprintf(address, sizeof(address), "%lld", (long long)i);
                send((struct sent){ 10 + i, 0, address, NULL, NULL, i / 1000 });
        }
        find();
        CHECK(found.n == 0);
        send((struct sent){ 2, 0, "old", "d1", NULL, 60000 });
        find();
        CHECK(found.n == 0);
        send((struct sent){ 3, 0, "old", "d1", NULL, 60001 });
        find();
        CHECK(found.n == 1 && certainty(2, 3) == 80);
}

/* Everybody behind one address, all at once: the work has an end, and who shares an answer is
 * still found. */
TEST(a_flood_is_looked_at_in_part) {
        int64_t began_ms;

        for (int64_t i = 0; i < WINDOW_MOST; i++)
                send((struct sent){ 10 + i % 5000, 0, "a1", NULL, "curl", i / 10 });
        send((struct sent){ 1, 0, "a1", "d1", "curl", 2000 });
        send((struct sent){ 2, 0, "a1", "d1", "curl", 2001 });
        began_ms = clock_mono_ms();
        find();
        CHECK(clock_mono_ms() - began_ms < 3000); /* some 0.1 s, and slower with sanitizers */
        CHECK(found.n > 100 && certainty(1, 2) == 100);
}

/* --- beside a slow and obvious model --- */

#define MANY 60

static struct submission sent[MANY];
static size_t n_sent;

static bool common(const struct submission *s) {
        int64_t known[MANY];
        size_t n = 0;

        for (size_t i = 0; i < n_sent; i++) {
                size_t k = 0;

                if (sent[i].challenge != s->challenge || strcmp(sent[i].digest, s->digest) != 0)
                        continue;
                while (k < n && known[k] != sent[i].who.id)
                        k++;
                if (k == n)
                        known[n++] = sent[i].who.id;
        }
        return n > WINDOW_RARE;
}

/* All pairs of submissions; *worth says whether any has an address or a rare answer in common. */
static unsigned all_of(int64_t a, int64_t b, int64_t challenge, bool *worth) {
        unsigned all = 0;

        for (size_t i = 0; i < n_sent; i++)
                for (size_t j = 0; j < n_sent; j++) {
                        const struct submission *x = &sent[i], *y = &sent[j];
                        unsigned found_here;

                        if (x->who.id != a || y->who.id != b || x->challenge != challenge ||
                            y->challenge != challenge ||
                            llabs(x->at_ms - y->at_ms) > SUSPICION_WINDOW_MS)
                                continue;
                        found_here = suspicion_compare(x, y);
                        if (common(x))
                                found_here &= ~(1u << SIGNAL_SAME_ANSWER);
                        all |= found_here;
                        *worth |=
                                found_here & (1u << SIGNAL_SAME_ADDRESS | 1u << SIGNAL_SAME_ANSWER);
                }
        return all;
}

static int64_t weight_of(unsigned signals) {
        struct suspicion s = suspicion_of(1, 1, (struct account){ ACCOUNT_USER, 1 },
                                          (struct account){ ACCOUNT_USER, 2 });

        for (enum signal_kind k = 0; k < _SIGNAL_N; k++)
                if (signals & 1u << k)
                        suspicion_add(&s, k, s.one, 1, 1, 1);
        return suspicion_weight(&s);
}

static void draw(void) {
        static const char *const few[] = { "x", "y", "z", "" };
        int64_t at_ms = n_sent ? sent[n_sent - 1].at_ms - T0 : 0;
        static unsigned seed = 5;
        struct sent s;

        s.who = 1 + rand_r(&seed) % 6;
        s.challenge = 1 + rand_r(&seed) % 2;
        s.address = few[rand_r(&seed) % 4];
        s.digest = few[rand_r(&seed) % 4];
        s.agent = few[rand_r(&seed) % 4];
        s.at_ms = at_ms + rand_r(&seed) % 120000;
        sent[n_sent] = submission_of(&s);
        window_add(w, &sent[n_sent++]);
}

static void check_pair(int64_t a, int64_t b, int64_t challenge) {
        bool worth = false;
        unsigned all = all_of(a, b, challenge, &worth);
        int64_t got = 0;

        for (size_t i = 0; i < found.n; i++)
                if (found.all[i].one.id == a && found.all[i].other.id == b &&
                    found.all[i].challenge == challenge)
                        got = found.all[i].certainty;
        CHECK(got == (worth ? weight_of(all) : 0));
}

/* Pairs are found that have what it takes, and with all they have. */
TEST(random_histories_are_judged_as_the_model_does) {
        for (int round = 0; round < 300; round++) {
                if (!w)
                        w = window_new();
                window_clear(w);
                n_sent = 0;
                for (int i = 0; i < 24; i++)
                        draw();
                find();
                for (int64_t c = 1; c <= 2; c++)
                        for (int64_t a = 1; a <= 6; a++)
                                for (int64_t b = a + 1; b <= 6; b++)
                                        check_pair(a, b, c);
        }
}
