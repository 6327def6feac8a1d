/* The live stream in its other forms: that of CTFG's clients, and server-sent events.  On $STORE
 * too. */
#include "api/testline.h"

/* --- CTFG's --- */

/* The query of what CTFG's front end is told to open. */
static const char *pass(enum who who) {
        static char query[200];

        ask(who, "GET", "/api/me", NULL, 200);
        CHECK(strncmp(reply_text(&r, "websocket_url"), "ws://x/scorestream?token=", 25) == 0);
        snprintf(query, sizeof(query), "%s", reply_text(&r, "websocket_url") + 18);
        return query;
}

/* The next frame is an array of N objects; gives the first. */
static const json_t *expect_array(struct line *l, size_t n) {
        CHECK(next(l));
        if (!json_is_array(l->json) || json_array_size(l->json) != n)
                fprintf(stderr, "%s\n", l->text.data);
        CHECK(json_is_array(l->json) && json_array_size(l->json) == n);
        return json_array_get(l->json, 0);
}

static const char *member(const json_t *o, const char *key) {
        const char *s = json_string_value(json_object_get(o, key));

        return s ? s : "";
}

static int64_t value(const json_t *o, const char *key) {
        return json_integer_value(json_object_get(o, key));
}

TEST(ctfgs_clients_get_all_and_then_what_comes) {
        struct line l;
        const json_t *o;
        int64_t id;

        begin();
        l = dial(pass(ADA), "", 101);
        expect_array(&l, 0);
        solve(ADA, "easy");
        o = expect_array(&l, 1);
        CHECK_STR(member(o, "type"), "score");
        CHECK_STR(member(o, "challenge"), "Easy");
        CHECK(value(o, "points") == 100 && value(o, "challenge_id") > 0 && value(o, "ts") > 0);
        CHECK(strncmp(member(o, "displayname"), "Player ", 7) == 0);
        id = value(o, "id");
        ask(ADA, "POST", "/api/v2/challenges/easy/hints/1", NULL, 200);
        o = expect_array(&l, 1);
        CHECK_STR(member(o, "type"), "hint");
        CHECK(value(o, "points") == -30 && value(o, "hint_id") == 1 && value(o, "id") > id);
        ask(ADA, "PUT", "/api/v2/session/name", "{\"name\":\"Ada \\\"L\\\"\"}", 400);
        ask(ADA, "PUT", "/api/v2/session/name", "{\"name\":\"Ada L\"}", 200);
        award("user1", 7);
        o = expect_array(&l, 1); /* a name is nothing that they know */
        CHECK_STR(member(o, "type"), "score");
        CHECK(json_is_null(json_object_get(o, "challenge_id")));
        hang_up(&l);
        l = dial(pass(BOB), "", 101);
        o = expect_array(&l, 3);
        CHECK(value(o, "id") == id && value(o, "points") == 100);
        CHECK_STR(member(o, "displayname"), "Ada L"); /* all under one name */
        CHECK_STR(member(json_array_get(l.json, 1), "type"), "hint");
        CHECK_STR(member(json_array_get(l.json, 1), "displayname"), "Ada L");
        hang_up(&l);
        site_done(&site);
}

TEST(ctfgs_clients_hear_of_what_counts_only) {
        char path[100];
        struct line l;

        begin();
        solve(ADA, "easy");
        solve(BOB, "easy");
        solve(BOB, "hard");
        solve(ORGANISER, "easy");
        award("user0", 5);
        snprintf(path, sizeof(path), "/api/v2/awards/%s", reply_text(&r, "id"));
        ask(ORGANISER, "DELETE", path, NULL, 204);
        award("user0", 6);
        ask(ORGANISER, "GET", "/api/v2/submissions?account=user:2&challenge=hard", NULL, 200);
        snprintf(path, sizeof(path), "/api/v2/submissions/%lld",
                 (long long)json_integer_value(json_object_get(
                         json_array_get(json_object_get(r.json, "items"), 0), "id")));
        ask(ORGANISER, "DELETE", path, NULL, 204);
        l = dial(pass(ADA), "", 101);
        expect_array(&l, 3);
        CHECK(value(json_array_get(l.json, 2), "points") == 6);
        hang_up(&l);
        solve(BOB, "hard"); /* again */
        snprintf(path, sizeof(path), "/api/v2/users/%lld", (long long)site.ids[ADA]);
        ask(ORGANISER, "PATCH", path, "{\"standing\":\"hidden\"}", 200);
        site_restart(&site);
        l = dial(pass(BOB), "", 101);
        expect_array(&l, 2);
        hang_up(&l);
        l = dial(pass(ORGANISER), "", 101);
        expect_array(&l, 5);
        hang_up(&l);
        ask(ADMIN, "POST", "/api/v2/game/reset", "{\"confirm\":true}", 200);
        l = dial(pass(BOB), "", 101);
        expect_array(&l, 0);
        hang_up(&l);
        site_restart(&site);
        l = dial(pass(BOB), "", 101);
        expect_array(&l, 0);
        solve(BOB, "easy");
        expect_array(&l, 1);
        hang_up(&l);
        site_done(&site);
}

TEST(a_pass_lives_as_long_as_its_session) {
        char query[200], path[100];
        struct line l, other;

        begin();
        snprintf(query, sizeof(query), "%s", pass(ADA));
        for (int i = 0; i < 3; i++) {
                l = dial(query, "", 101);
                expect_array(&l, 0);
                hang_up(&l);
        }
        site_restart(&site);
        l = dial(query, "", 101); /* its own client never asks for another */
        expect_array(&l, 0);
        other = dial(pass(ADMIN), "", 101);
        expect_array(&other, 0);
        ask(ADA, "GET", "/api/v2/whoami", NULL, 200);
        snprintf(path, sizeof(path), "/api/v2/tokens/%s", reply_text(&r, "token_id"));
        ask(ADMIN, "DELETE", path, NULL, 200);
        expect_close(&l, WS_POLICY);
        l = dial(query, "", 401);
        hang_up(&l);
        ask(ADMIN, "POST", "/api/v2/game/reset", "{\"confirm\":true}", 200);
        expect(&other, "system");
        CHECK_STR(text(&other, "event"), "reset");
        CHECK(json_is_true(json_object_get(other.json, "logout")) && number(&other, "ts") > 0);
        expect_close(&other, WS_POLICY);
        site_done(&site);
}

/* --- server-sent events --- */

/* One stream: what came of its body, without the chunks around it. */
struct events {
        int fd;
        struct buf raw, b;
        size_t at; /* of RAW, the next chunk */
        char id[32], type[32];
        struct buf data;
        json_t *json;
};

static struct events listen_to(enum who who, const char *query, const char *headers, int status) {
        struct events e = { 0 };
        char path[200], part[4096];
        const char *end = NULL;
        int got;

        snprintf(path, sizeof(path), "/api/v2/stream%s", query);
        e.fd = site_send(&site, who, "GET", path, headers, NULL);
        while (!end) {
                ssize_t m = read(e.fd, part, sizeof(part));

                CHECK(m > 0);
                buf_add(&e.raw, part, (size_t)m);
                end = strstr(e.raw.data, "\r\n\r\n");
        }
        CHECK(sscanf(e.raw.data, "HTTP/1.1 %d", &got) == 1 && got == status);
        CHECK(status != 200 || strstr(e.raw.data, "Content-Type: text/event-stream\r\n"));
        e.at = (size_t)(end + 4 - e.raw.data);
        return e;
}

/* More of the body; false at its end. */
static bool more(struct events *e) {
        char part[16384], *end;

        for (;;) {
                const char *line = e->raw.data + e->at;
                struct pollfd p = { .fd = e->fd, .events = POLLIN };
                ssize_t m;
                size_t n;

                if (strstr(line, "\r\n")) {
                        n = strtoul(line, &end, 16);
                        if (n == 0)
                                return false;
                        if (e->raw.len >= (size_t)(end - e->raw.data) + 2 + n + 2) {
                                buf_add(&e->b, end + 2, n);
                                e->at = (size_t)(end - e->raw.data) + 2 + n + 2;
                                return true;
                        }
                }
                CHECK(poll(&p, 1, 10000) == 1);
                m = read(e->fd, part, sizeof(part));
                if (m <= 0)
                        return false;
                buf_add(&e->raw, part, (size_t)m);
        }
}

/* One line of an event. */
static void read_line(struct events *e, const char *line, size_t n) {
        if (n > 4 && strncmp(line, "id: ", 4) == 0)
                snprintf(e->id, sizeof(e->id), "%.*s", (int)n - 4, line + 4);
        else if (n > 7 && strncmp(line, "event: ", 7) == 0)
                snprintf(e->type, sizeof(e->type), "%.*s", (int)n - 7, line + 7);
        else if (n > 6 && strncmp(line, "data: ", 6) == 0)
                buf_add(&e->data, line + 6, n - 6);
}

/* The next event; false at the end. */
static bool hear(struct events *e) {
        struct err err;

        do {
                const char *end, *line, *next_line;

                while (!e->b.len || !(end = strstr(e->b.data, "\n\n")))
                        if (!more(e))
                                return false;
                *e->id = *e->type = '\0';
                buf_clear(&e->data);
                for (line = e->b.data; line < end; line = next_line + 1) {
                        next_line = strchr(line, '\n');
                        read_line(e, line, (size_t)(next_line - line));
                }
                e->b.len -= (size_t)(end + 2 - e->b.data);
                memmove(e->b.data, end + 2, e->b.len + 1);
        } while (!*e->type); /* a comment */
        json_decref(e->json);
        CHECK_OK(json_parse(e->data.data, e->data.len, &e->json, &err));
        return true;
}

static void expect_event(struct events *e, const char *type) {
        CHECK(hear(e));
        CHECK_STR(e->type, type);
}

static void leave(struct events *e) {
        close(e->fd);
        buf_done(&e->raw);
        buf_done(&e->b);
        buf_done(&e->data);
        json_decref(e->json);
}

TEST(events_are_the_same_frames) {
        struct events e;
        struct line l;
        char headers[64];

        begin();
        e = listen_to(ADA, "", "", 200);
        expect_event(&e, "snapshot");
        CHECK(strtoll(e.id, NULL, 10) == value(e.json, "seq"));
        l = watch(BOB, -1);
        expect(&l, "snapshot");
        solve(ADA, "easy");
        expect(&l, "solve");
        expect_event(&e, "solve");
        CHECK_STR(e.data.data, l.text.data);
        CHECK(strtoll(e.id, NULL, 10) == number(&l, "seq"));
        snprintf(headers, sizeof(headers), "Last-Event-ID: %s\r\n", e.id);
        leave(&e);
        solve(BOB, "easy");
        expect(&l, "solve");
        e = listen_to(ADA, "?since=1", headers, 200);
        expect_event(&e, "solve");
        CHECK_STR(e.data.data, l.text.data);
        leave(&e);
        e = listen_to(ADA, "?since=-1", "", 400);
        leave(&e);
        e = listen_to(ADA, "", "Last-Event-ID: x\r\n", 400);
        leave(&e);
        e = listen_to(NOBODY, "", "", 401);
        leave(&e);
        hang_up(&l);
        site_done(&site);
}

TEST(an_account_hears_of_its_leases) {
        struct events ada, bob, staff;

        begin();
        ada = listen_to(ADA, "", "", 200);
        bob = listen_to(BOB, "", "", 200);
        staff = listen_to(ORGANISER, "", "", 200);
        expect_event(&ada, "snapshot");
        expect_event(&bob, "snapshot");
        expect_event(&staff, "snapshot");
        ask(ADA, "POST", "/api/v2/instances", "{\"challenge\":\"web\"}", 202);
        do {
                expect_event(&ada, "lease");
                CHECK(!*ada.id && !json_object_get(ada.json, "account"));
                CHECK_STR(member(ada.json, "challenge"), "web");
                expect_event(&staff, "lease");
                CHECK(json_object_get(staff.json, "account"));
        } while (strcmp(member(ada.json, "state"), "running") != 0);
        CHECK(json_array_size(json_object_get(ada.json, "endpoints")) == 1);
        solve(BOB, "easy");
        expect_event(&bob, "solve"); /* and nothing of the lease before it */
        leave(&ada);
        leave(&bob);
        leave(&staff);
        site_done(&site);
}

TEST(a_public_board_is_streamed_to_anybody) {
        struct events e;

        begin();
        ask(ORGANISER, "PATCH", "/api/v2/game", "{\"public_board\":true}", 200);
        e = listen_to(NOBODY, "", "", 200);
        expect_event(&e, "snapshot");
        solve(ADA, "easy");
        expect_event(&e, "solve");
        ask(ORGANISER, "PATCH", "/api/v2/game", "{\"public_board\":false}", 200);
        expect_event(&e, "system");
        CHECK(!hear(&e));
        leave(&e);
        site_done(&site);
}

TEST(event_streams_end_with_their_credentials_and_with_the_daemon) {
        struct events ada, bob;
        char path[100];

        begin();
        ask(ADA, "GET", "/api/v2/whoami", NULL, 200);
        snprintf(path, sizeof(path), "/api/v2/tokens/%s", reply_text(&r, "token_id"));
        ada = listen_to(ADA, "", "", 200);
        bob = listen_to(BOB, "", "", 200);
        expect_event(&ada, "snapshot");
        expect_event(&bob, "snapshot");
        ask(ADMIN, "DELETE", path, NULL, 200);
        CHECK(!hear(&ada));
        leave(&ada);
        site_done(&site);
        CHECK(!hear(&bob));
        leave(&bob);
}
