/* The live stream over real sockets: what is replayed, what comes, who may see it.  On $STORE too.
 */
#include <poll.h>

#include "api/testsite.h"
#include "net/ws_frame.h"

#define EASY                                                                          \
        "{\"name\":\"Easy\",\"slug\":\"easy\",\"value\":100,\"flags\":[\"F{easy}\"]," \
        "\"hints\":[{\"content\":\"one\",\"cost\":30}]}"
#define HARD "{\"name\":\"Hard\",\"slug\":\"hard\",\"value\":200,\"flags\":[\"F{hard}\"]}"

static struct site site;
static struct reply r;

static void begin(void) {
        site_init(&site, "", 10, false);
        bed_challenge_add(&site.bed, EASY);
        bed_challenge_add(&site.bed, HARD);
}

static void ask(enum who who, const char *method, const char *path, const char *body, int status) {
        site_ask(&site, &r, who, method, path, body);
        CHECK_STATUS(&r, status);
}

static void solve(enum who who, const char *challenge) {
        char body[100];

        snprintf(body, sizeof(body), "{\"challenge\":\"%s\",\"flag\":\"F{%s}\"}", challenge,
                 challenge);
        ask(who, "POST", "/api/v2/submissions", body, 200);
        CHECK_STR(reply_text(&r, "result"), "correct");
}

static void award(const char *user, int value) {
        char body[100];

        snprintf(body, sizeof(body), "{\"user\":\"%s\",\"value\":%d,\"reason\":\"x\"}", user,
                 value);
        ask(ORGANISER, "POST", "/api/v2/awards", body, 201);
}

/* --- a client --- */

struct line {
        int fd;
        struct buf b; /* what came and was not looked at */
        json_t *json; /* of the last frame */
        struct buf text;
        int code; /* that it was closed with */
};

static struct line dial(const char *query, const char *headers, int status) {
        struct line l = { .fd = site_connect(&site) };
        char request[1000];
        int n = snprintf(request, sizeof(request),
                         "GET /scorestream%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                         "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                         query, headers);
        const char *end = NULL;
        char part[4096];
        int got;

        CHECK(write(l.fd, request, (size_t)n) == n);
        while (!end) {
                ssize_t m = read(l.fd, part, sizeof(part));

                CHECK(m > 0);
                buf_add(&l.b, part, (size_t)m);
                end = strstr(l.b.data, "\r\n\r\n");
        }
        CHECK(sscanf(l.b.data, "HTTP/1.1 %d", &got) == 1);
        if (got != status)
                fprintf(stderr, "%s\n", l.b.data);
        CHECK(got == status);
        n = (int)(end + 4 - l.b.data);
        memmove(l.b.data, l.b.data + n, l.b.len - (size_t)n);
        l.b.len -= (size_t)n;
        return l;
}

static const char *ticket(enum who who) {
        static char text[100];

        ask(who, "POST", "/api/v2/stream/tickets", NULL, 200);
        snprintf(text, sizeof(text), "?ticket=%s", reply_text(&r, "ticket"));
        return text;
}

static struct line watch(enum who who, int64_t since) {
        char query[200];

        snprintf(query, sizeof(query), since >= 0 ? "%s&since=%lld" : "%s", ticket(who),
                 (long long)since);
        return dial(query, "", 101);
}

static void need(struct line *l, size_t n) {
        char part[16384];

        while (l->b.len < n) {
                struct pollfd p = { .fd = l->fd, .events = POLLIN };
                ssize_t m;

                CHECK(poll(&p, 1, 10000) == 1);
                m = read(l->fd, part, sizeof(part));
                CHECK(m > 0);
                buf_add(&l->b, part, (size_t)m);
        }
}

static void drop(struct line *l, size_t n) {
        memmove(l->b.data, l->b.data + n, l->b.len - n);
        l->b.len -= n;
}

/* The next text; false when it was closed. */
static bool next(struct line *l) {
        struct err err;

        json_decref(l->json);
        l->json = NULL;
        for (;;) {
                size_t n, head = 2;
                uint8_t op;

                need(l, 2);
                op = (uint8_t)l->b.data[0] & 0xf;
                n = (uint8_t)l->b.data[1];
                head = n < 126 ? 2 : n == 126 ? 4 : 10;
                need(l, head);
                for (size_t i = 2, m = n = head == 2 ? n : 0; i < head; i++)
                        n = m = m << 8 | (uint8_t)l->b.data[i];
                need(l, head + n);
                if (op == WS_TEXT) {
                        buf_clear(&l->text);
                        buf_add(&l->text, l->b.data + head, n);
                        CHECK_OK(json_parse(l->text.data, n, &l->json, &err));
                } else if (op == WS_CLOSE) {
                        l->code = ws_close_code((uint8_t *)l->b.data + head, n);
                }
                drop(l, head + n);
                if (op == WS_TEXT || op == WS_CLOSE)
                        return op == WS_TEXT;
        }
}

static const char *text(const struct line *l, const char *key) {
        const char *s = json_string_value(json_object_get(l->json, key));

        return s ? s : "";
}

static int64_t number(const struct line *l, const char *key) {
        return json_integer_value(json_object_get(l->json, key));
}

/* The next frame is of TYPE. */
static void expect(struct line *l, const char *type) {
        CHECK(next(l));
        if (strcmp(text(l, "type"), type) != 0)
                fprintf(stderr, "%s\n", l->text.data);
        CHECK_STR(text(l, "type"), type);
}

static void hang_up(struct line *l) {
        close(l->fd);
        buf_done(&l->b);
        buf_done(&l->text);
        json_decref(l->json);
        *l = (struct line){ .fd = -1 };
}

static void expect_close(struct line *l, int code) {
        CHECK(!next(l));
        CHECK(l->code == code);
        hang_up(l);
}

/* Nothing comes but what an announcement brings. */
static void expect_nothing(struct line *l) {
        ask(ORGANISER, "POST", "/api/v2/announcements", "{\"title\":\"mark\",\"text\":\"x\"}", 201);
        expect(l, "announcement");
        CHECK_STR(text(l, "title"), "mark");
}

/* --- tests --- */

TEST(a_snapshot_and_what_comes_after_it) {
        struct line l;
        int64_t seq;

        begin();
        solve(ADA, "easy");
        l = watch(BOB, -1);
        expect(&l, "snapshot");
        seq = number(&l, "seq");
        CHECK(seq > 0 && json_array_size(json_object_get(l.json, "accounts")) == 1);
        CHECK(strstr(l.text.data, "\"score\":100,\"solves\":1,\"last_score_at\":\"20"));
        CHECK(strstr(l.text.data,
                     "{\"slug\":\"easy\",\"title\":\"Easy\",\"value\":100,\"solves\":1}"));
        CHECK(strstr(l.text.data, "\"frozen_at\":null"));
        solve(ADA, "hard");
        expect(&l, "solve");
        CHECK(number(&l, "seq") > seq && number(&l, "points") == 200);
        CHECK(number(&l, "total") == 300 && number(&l, "account_id") == site.ids[ADA]);
        CHECK_STR(text(&l, "challenge"), "hard");
        CHECK(number(&l, "blood") == 1);
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/1", NULL, 200);
        expect(&l, "hint");
        CHECK(number(&l, "points") == -30 && number(&l, "hint") == 1);
        award("user1", 5);
        expect(&l, "award");
        CHECK_STR(text(&l, "reason"), "x");
        ask(ADA, "PUT", "/api/v2/session/name", "{\"name\":\"Ada L\"}", 200);
        expect(&l, "name");
        CHECK_STR(text(&l, "name"), "Ada L");
        expect_nothing(&l);
        hang_up(&l);
        site_done(&site);
}

/* Every frame that came live comes again, byte for byte, from wherever it is asked for. */
TEST(a_replay_is_what_was_live) {
        struct line live, again;
        struct buf frames[20] = { 0 };
        int64_t seqs[20];
        size_t n = 0;

        begin();
        live = watch(ORGANISER, -1);
        expect(&live, "snapshot");
        seqs[0] = number(&live, "seq");
        solve(ADA, "easy");
        solve(BOB, "easy");
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/1", NULL, 200);
        award("user1", 7);
        ask(ADA, "PUT", "/api/v2/session/name", "{\"name\":\"Ada L\"}", 200);
        solve(ORGANISER, "hard");
        ask(ORGANISER, "PATCH", "/api/v2/game", "{\"paused\":false}", 200);
        ask(ORGANISER, "POST", "/api/v2/announcements", "{\"title\":\"end\",\"text\":\"x\"}", 201);
        do {
                CHECK(next(&live));
                buf_add(&frames[n], live.text.data, live.text.len);
                seqs[++n] = number(&live, "seq");
        } while (strcmp(text(&live, "type"), "announcement") != 0);
        CHECK(n == 8);
        for (size_t from = 0; from <= n; from++) {
                again = watch(ORGANISER, seqs[from]);
                for (size_t i = from; i < n; i++) {
                        CHECK(next(&again));
                        CHECK_STR(again.text.data, frames[i].data);
                }
                hang_up(&again);
        }
        hang_up(&live);
        site_restart(&site); /* from the log alone */
        for (size_t from = 0; from <= n; from += n / 2) {
                again = watch(ORGANISER, seqs[from]);
                for (size_t i = from; i < n; i++) {
                        CHECK(next(&again));
                        CHECK_STR(again.text.data, frames[i].data);
                }
                hang_up(&again);
        }
        for (size_t i = 0; i < n; i++)
                buf_done(&frames[i]);
        site_done(&site);
}

TEST(the_frozen_and_the_hidden_are_for_organisers) {
        struct line player, staff;
        int64_t seq;
        char path[100];

        begin();
        player = watch(BOB, -1);
        staff = watch(ORGANISER, -1);
        expect(&player, "snapshot");
        expect(&staff, "snapshot");
        seq = number(&staff, "seq");
        solve(ORGANISER, "easy"); /* who is on no board */
        expect(&staff, "solve");
        CHECK(number(&staff, "hidden") == 0);
        snprintf(path, sizeof(path), "/api/v2/users/%lld", (long long)site.ids[BOB]);
        ask(ORGANISER, "PATCH", path, "{\"standing\":\"hidden\"}", 200);
        expect(&player, "system");
        CHECK_STR(text(&player, "event"), "rescored");
        expect(&staff, "system");
        solve(BOB, "easy");
        ask(BOB, "PUT", "/api/v2/session/name", "{\"name\":\"Bobby\"}", 200);
        expect(&staff, "solve");
        expect(&staff, "name");
        solve(ADA, "easy");
        expect(&staff, "solve");
        expect(&player, "solve");
        CHECK(number(&player, "account_id") == site.ids[ADA]);
        ask(ORGANISER, "PATCH", "/api/v2/game", "{\"freeze_at\":\"2020-01-01T00:00:00Z\"}", 200);
        expect(&staff, "system");
        expect(&player, "system");
        CHECK_STR(text(&player, "event"), "rules");
        solve(ADA, "hard");
        expect(&staff, "solve");
        expect_nothing(&player);
        expect(&staff, "announcement");
        hang_up(&player);
        player = watch(BOB,
                       seq); /* replayed: nothing of points either, as all is after the freeze */
        expect(&player, "system");
        expect(&player, "system");
        expect(&player, "announcement");
        hang_up(&player);
        player = watch(BOB, -1);
        expect(&player, "snapshot");
        CHECK(json_array_size(json_object_get(player.json, "accounts")) == 0);
        CHECK_STR(text(&player, "frozen_at"), "2020-01-01T00:00:00.000Z");
        expect(&player, "announcement"); /* no board had to be made since */
        ask(ORGANISER, "PATCH", "/api/v2/game", "{\"freeze_at\":null}", 200);
        expect(&player, "system");
        hang_up(&player);
        player = watch(BOB, seq);
        expect(&player, "system");
        expect(&player, "solve");
        CHECK(number(&player, "account_id") == site.ids[ADA]);
        expect(&player, "system");
        expect(&player, "solve");
        hang_up(&player);
        hang_up(&staff);
        site_done(&site);
}

TEST(a_ticket_is_needed_and_good_once) {
        char query[100];
        struct line l;

        begin();
        snprintf(query, sizeof(query), "%s", ticket(ADA));
        CHECK(strlen(query) == strlen("?ticket=") + 43);
        l = dial(query, "", 101);
        hang_up(&l);
        l = dial(query, "", 401);
        hang_up(&l);
        l = dial("", "", 401);
        hang_up(&l);
        l = dial("?ticket=", "", 401);
        hang_up(&l);
        l = dial("?token=AAAA", "", 401);
        hang_up(&l);
        snprintf(query, sizeof(query), "%s&since=99999999", ticket(ADA));
        l = dial(query, "", 400);
        hang_up(&l);
        snprintf(query, sizeof(query), "%s&since=-1", ticket(ADA));
        l = dial(query, "", 400);
        hang_up(&l);
        snprintf(query, sizeof(query), "%s&since=1x", ticket(ADA));
        l = dial(query, "", 400);
        hang_up(&l);
        snprintf(query, sizeof(query), "%s", ticket(ADA));
        l = dial(query, "Origin: http://evil.example\r\n", 403);
        hang_up(&l);
        l = dial(query, "Origin: http://x\r\n", 101); /* it was not used up */
        hang_up(&l);
        ask(ADA, "GET", "/scorestream", NULL, 426);
        CHECK_STR(reply_header(&r, "Sec-WebSocket-Version"), "13");
        ask(NOBODY, "POST", "/api/v2/stream/tickets", NULL, 401);
        site_done(&site);
}

TEST(a_stream_ends_with_its_credentials) {
        struct line ada, other;
        char query[100], path[100];
        int64_t token;

        begin();
        ask(ADA, "GET", "/api/v2/whoami", NULL, 200);
        token = strtoll(reply_text(&r, "token_id"), NULL, 10);
        ada = watch(ADA, -1);
        expect(&ada, "snapshot");
        other = watch(BOB, -1);
        expect(&other, "snapshot");
        snprintf(query, sizeof(query), "%s", ticket(ADA));
        snprintf(path, sizeof(path), "/api/v2/tokens/%lld", (long long)token);
        ask(ADMIN, "DELETE", path, NULL, 200);
        expect_close(&ada, WS_POLICY);
        ada = dial(query, "", 401);
        hang_up(&ada);
        expect_nothing(&other);
        snprintf(path, sizeof(path), "/api/v2/users/%lld", (long long)site.ids[BOB]);
        ask(ORGANISER, "PATCH", path, "{\"standing\":\"banned\"}", 200);
        expect(&other, "system");
        expect_close(&other, WS_POLICY);
        site_done(&site);
}

TEST(a_reset_is_told_and_ends_all) {
        struct line l, ctfg;
        char query[100];

        begin();
        solve(ADA, "easy");
        l = watch(ADMIN, -1);
        expect(&l, "snapshot");
        ask(ADMIN, "POST", "/api/v2/game/reset", "{\"confirm\":true}", 200);
        expect(&l, "system");
        CHECK_STR(text(&l, "event"), "reset");
        CHECK(json_is_true(json_object_get(l.json, "logout")));
        expect_close(&l, WS_POLICY);
        l = watch(ADMIN, -1);
        expect(&l, "snapshot");
        CHECK(json_array_size(json_object_get(l.json, "accounts")) == 0);
        solve(ADA, "easy");
        expect(&l, "solve");
        hang_up(&l);
        snprintf(query, sizeof(query), "%s", ticket(ADA));
        ctfg = dial(query, "", 101);
        hang_up(&ctfg);
        site_done(&site);
}

TEST(one_user_watches_so_many_times) {
        struct line lines[21];

        begin();
        for (int i = 0; i < 20; i++) {
                lines[i] = watch(ADA, -1);
                expect(&lines[i], "snapshot");
        }
        lines[20] = dial(ticket(ADA), "", 429);
        hang_up(&lines[20]);
        lines[20] = watch(BOB, -1);
        hang_up(&lines[20]);
        hang_up(&lines[0]);
        for (int i = 0; i < 100; i++) {
                lines[0] = (struct line){ .fd = -1 };
                site_ask(&site, &r, NOBODY, "GET", "/metrics", NULL);
                if (strstr(r.text, "berth_watchers{transport=\"websocket\"} 19\n"))
                        break;
                usleep(20000);
        }
        lines[0] = watch(ADA, -1);
        expect(&lines[0], "snapshot");
        for (int i = 0; i < 20; i++)
                hang_up(&lines[i]);
        site_done(&site);
}

TEST(all_are_told_that_the_daemon_stops) {
        struct line l[3];

        begin();
        for (int i = 0; i < 3; i++) {
                l[i] = watch(ADA, -1);
                expect(&l[i], "snapshot");
        }
        site_done(&site);
        for (int i = 0; i < 3; i++)
                expect_close(&l[i], WS_GOING_AWAY);
}
