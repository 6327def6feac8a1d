/* The live stream under load: none lost, none twice, much replayed, a slow client, CTFG's form and
 * server-sent events.  On $STORE too. */
#include "api/testline.h"
#include "core/game_verbs.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MANY 8000
#define SOON 60000 /* ms: what a sanitizer costs says nothing */
#else
#define MANY 50000
#define SOON 2000
#endif
#define MORE 1000

/* --- events, many at once --- */

struct gift {
        struct award_give give;
        atomic_uint *left;
};

static void on_given(struct command *cmd) {
        struct gift *g = cmd->arg;

        CHECK(cmd->result == 0);
        atomic_fetch_sub(g->left, 1);
}

/* N awards of one point for Ada, in the order of their ids. */
static void give_many(unsigned n) {
        struct gift *gifts = calloc(n, sizeof(*gifts));
        atomic_uint left = n;

        CHECK(gifts);
        for (unsigned i = 0; i < n; i++) {
                struct gift *g = &gifts[i];

                g->left = &left;
                g->give.who = (struct account){ ACCOUNT_USER, site.ids[ADA] };
                g->give.value = 1;
                g->give.command.origin = (struct origin){ .kind = ACTOR_OPERATOR,
                                                          .tenant = site.bed.tenant,
                                                          .role = ROLE_ADMIN };
                award_give_command(&g->give);
                g->give.command.done = on_given;
                g->give.command.arg = g;
                engine_submit(site.bed.engine, &g->give.command);
        }
        while (left)
                usleep(500);
        free(gifts);
}

static void *give_more(void *arg) {
        for (int i = 0; i < 10; i++) {
                give_many(MORE / 10);
                usleep(*(useconds_t *)arg);
        }
        return NULL;
}

/* N awards come, each the next of the one before. */
static void expect_awards(struct line *l, int64_t total, unsigned n) {
        int64_t id = 0, seq = 0;

        for (unsigned i = 0; i < n; i++) {
                expect(l, "award");
                if (number(l, "total") != total + i + 1)
                        fprintf(stderr, "%u of %u: %s\n", i, n, l->text.data);
                CHECK(number(l, "total") == total + i + 1);
                CHECK(number(l, "seq") > seq && (id == 0 || number(l, "award") == id + 1));
                seq = number(l, "seq");
                id = number(l, "award");
        }
}

TEST(much_is_replayed_while_more_is_written) {
        useconds_t pause = 1000;
        pthread_t thread;
        int64_t seq, began, took;
        struct line l;

        begin();
        l = watch(ADA, -1);
        expect(&l, "snapshot");
        seq = number(&l, "seq");
        hang_up(&l);
        give_many(MANY);
        site_restart(&site); /* nothing is in memory */
        began = clock_mono_ms();
        l = watch(ADA, seq);
        CHECK(pthread_create(&thread, NULL, give_more, &pause) == 0);
        expect_awards(&l, 0, MANY);
        took = clock_mono_ms() - began;
        printf("%d events replayed in %lld ms\n", MANY, (long long)took);
        CHECK(took < SOON);
        expect_awards(&l, MANY, MORE);
        pthread_join(thread, NULL);
        hang_up(&l);
        /* From the middle of what is in memory, and of what is not. */
        for (int part = 1; part < 4; part++) {
                l = watch(ADA, seq + MANY / 4 * part);
                expect_awards(&l, MANY / 4 * part, MANY - MANY / 4 * part + MORE);
                expect_nothing(&l);
                hang_up(&l);
                l = watch(ADA, -1);
                expect(&l, "snapshot");
                hang_up(&l);
        }
        site_done(&site);
}

static int64_t score(const struct line *l) {
        const json_t *first = json_array_get(json_object_get(l->json, "accounts"), 0);

        return json_integer_value(json_object_get(first, "score"));
}

TEST(none_is_lost_and_none_comes_twice_while_one_connects) {
        useconds_t pause = 20000;
        struct line lines[20];
        int64_t from[20];
        pthread_t thread;

        begin();
        CHECK(pthread_create(&thread, NULL, give_more, &pause) == 0);
        for (int i = 0; i < 20; i++) {
                lines[i] = watch(BOB, -1);
                usleep(7000);
        }
        pthread_join(thread, NULL);
        for (int i = 0; i < 20; i++) {
                expect(&lines[i], "snapshot");
                from[i] = score(&lines[i]);
                expect_awards(&lines[i], from[i], (unsigned)(MORE - from[i]));
        }
        CHECK(from[19] > from[0]);
        ask(ORGANISER, "POST", "/api/v2/announcements", "{\"title\":\"end\",\"text\":\"x\"}", 201);
        for (int i = 0; i < 20; i++) {
                expect(&lines[i], "announcement");
                hang_up(&lines[i]);
        }
        site_done(&site);
}

/* --- more than are told in one turn of a loop --- */

#define CROWD 380

static void *leave_one_by_one(void *lines) {
        struct line *l = lines;

        for (int i = 0; i < CROWD; i += 2) {
                hang_up(&l[i]);
                usleep(200);
        }
        return NULL;
}

TEST(a_crowd_is_told_while_some_of_it_leave) {
        static struct line lines[CROWD];
        useconds_t pause = 2000;
        pthread_t giver, leaver;

        begin();
        site.user_watchers = CROWD;
        site_restart(&site);
        for (int i = 0; i < CROWD; i++) {
                lines[i] = watch(i % 3 ? ADA : ORGANISER, -1);
                expect(&lines[i], "snapshot");
        }
        CHECK(pthread_create(&giver, NULL, give_more, &pause) == 0);
        CHECK(pthread_create(&leaver, NULL, leave_one_by_one, lines) == 0);
        for (int i = 1; i < CROWD; i += 2)
                expect_awards(&lines[i], 0, MORE);
        pthread_join(giver, NULL);
        pthread_join(leaver, NULL);
        ask(ORGANISER, "POST", "/api/v2/announcements", "{\"title\":\"end\",\"text\":\"x\"}", 201);
        ask(ADMIN, "POST", "/api/v2/game/reset", "{\"confirm\":true}", 200);
        for (int i = 1; i < CROWD; i += 2) {
                expect(&lines[i], "announcement");
                expect(&lines[i], "system");
                expect_close(&lines[i], WS_POLICY);
        }
        site_done(&site);
}

/* --- one that does not read --- */

struct news {
        struct announce announce;
        atomic_uint *left;
};

static void on_announced(struct command *cmd) {
        struct news *x = cmd->arg;

        CHECK(cmd->result == 0);
        atomic_fetch_sub(x->left, 1);
}

static void announce_many(unsigned n) {
        struct news *news = calloc(n, sizeof(*news));
        static char long_text[901];
        atomic_uint left = n;

        CHECK(news);
        memset(long_text, 'x', sizeof(long_text) - 1);
        for (unsigned i = 0; i < n; i++) {
                struct news *x = &news[i];

                x->left = &left;
                x->announce.title = "long";
                x->announce.text = long_text;
                x->announce.command.origin = (struct origin){ .kind = ACTOR_OPERATOR,
                                                              .tenant = site.bed.tenant,
                                                              .role = ROLE_ADMIN };
                announce_command(&x->announce);
                x->announce.command.done = on_announced;
                x->announce.command.arg = x;
                engine_submit(site.bed.engine, &x->announce.command);
        }
        while (left)
                usleep(500);
        free(news);
}

static void *count_announcements(void *arg) {
        struct line *l = arg;

        for (int i = 0; i < 9000; i++)
                expect(l, "announcement");
        return NULL;
}

TEST(a_client_that_does_not_read_is_dropped_alone) {
        struct line slow, quick;
        pthread_t thread;

        begin();
        slow = watch(ADA, -1);
        quick = watch(BOB, -1);
        expect(&quick, "snapshot");
        CHECK(pthread_create(&thread, NULL, count_announcements, &quick) == 0);
        for (int i = 0; i < 90; i++)
                announce_many(100); /* 9 MB in all: more than the sockets hold */
        pthread_join(thread, NULL);
        for (int i = 0; i < 500; i++) {
                ask(NOBODY, "GET", "/metrics", NULL, 200);
                if (strstr(r.text, "berth_watchers{transport=\"websocket\"} 1\n"))
                        break;
                usleep(20000);
        }
        CHECK(strstr(r.text, "berth_watchers{transport=\"websocket\"} 1\n"));
        CHECK(strstr(r.text, "berth_stream_dropped_total{reason=\"slow\"} 1\n"));
        hang_up(&slow);
        hang_up(&quick);
        site_done(&site);
}
