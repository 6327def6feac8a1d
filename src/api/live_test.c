/* The live stream over real sockets: what is replayed, what comes, who may see it.  On $STORE too.
 */
#include "api/testline.h"

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
        char query[200];
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
