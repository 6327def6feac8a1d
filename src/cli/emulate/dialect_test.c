#include "cli/emulate/dialect.h"

#include "test.h"

static struct course course;
static struct persona p;
static struct request request;

static void begin(void) {
        p = (struct persona){ .course = &course, .name = "ann", .password = "se\"cret" };
        request = (struct request){ 0 };
}

static void end(void) {
        free(p.own);
        course_done(&course);
        request_done(&request);
}

static json_t *parsed(const char *text) {
        json_t *o;
        struct err err;

        CHECK_OK(json_parse(text, strlen(text), &o, &err));
        return o;
}

#define READ(call, text)                                 \
        do {                                             \
                _cleanup_json_ json_t *o = parsed(text); \
                struct err err;                          \
                CHECK_OK(call);                          \
        } while (0)

#define GARBLED(call, text)                                   \
        do {                                                  \
                _cleanup_json_ json_t *o = parsed(text);      \
                struct err err;                               \
                CHECK((call) < 0 && err.kind == ERR_GARBLED); \
        } while (0)

static void asks(const char *method, const char *path, const char *body) {
        CHECK_STR(request.method, method);
        CHECK_STR(request.path.data, path);
        CHECK_STR(request.body.len ? request.body.data : "", body);
}

/* --- Berth's own --- */

TEST(berth_signs_in) {
        const struct dialect *d = &dialect_native;

        begin();
        d->sign_in(&p, &request);
        asks("POST", "/api/v2/session", "{\"name\":\"ann\",\"password\":\"se\\\"cret\"}");
        p.tenant = "ctf";
        d->sign_up(&p, &request);
        asks("POST", "/api/v2/sign-up",
             "{\"name\":\"ann\",\"password\":\"se\\\"cret\",\"tenant\":\"ctf\"}");
        READ(d->signed_in(&p, o, &err),
             "{\"user\":{\"id\":3,\"display_name\":\"Ann\"},\"points\":40,"
             "\"account\":{\"kind\":\"user\",\"id\":3,\"name\":\"Ann\"}}");
        CHECK(p.named && !p.teamless && p.account == 3 && p.points == 40);
        CHECK_STR(p.display, "Ann");
        READ(d->signed_in(&p, o, &err),
             "{\"user\":{\"id\":3,\"display_name\":null},\"points\":0,\"account\":null}");
        CHECK(!p.named && p.teamless);
        READ(d->founded(&p, o, &err), "{\"id\":9}");
        CHECK(!p.teamless && p.account == 9);
        CHECK_STR(p.kind, "team");
        GARBLED(d->signed_in(&p, o, &err), "{}");
        GARBLED(d->signed_in(&p, o, &err), "[]");
        GARBLED(d->founded(&p, o, &err), "{\"id\":null}");
        READ(d->streamed(&p, o, &err), "{\"ticket\":\"a+b\"}");
        CHECK_STR(p.stream, "/scorestream?ticket=a%2Bb");
        GARBLED(d->streamed(&p, o, &err), "{}");
        end();
}

TEST(berth_lists_challenges) {
        const struct dialect *d = &dialect_native;
        const char *next = NULL;
        const struct own *own;

        begin();
        d->list(NULL, &request);
        asks("GET", "/api/v2/challenges?limit=1000", "");
        d->list("a b", &request);
        asks("GET", "/api/v2/challenges?limit=1000&cursor=a%20b", "");
        READ(d->listed(&p, o, &next, &err),
             "{\"items\":[{\"slug\":\"web\",\"title\":\"Web\",\"state\":\"visible\",\"solved\":"
             "false,"
             "\"instance\":{\"endpoints\":[]},\"hints\":[{\"id\":1,\"cost\":5,\"unlocked\":true},"
             "{\"id\":2,\"cost\":7,\"unlocked\":false},{\"id\":3,\"cost\":9,\"unlocked\":false}]},"
             "{\"slug\":\"pwn\",\"state\":\"locked\",\"instance\":null}],\"next\":null}");
        CHECK(!next && p.n_own == 2 && course.n == 2);
        own = &p.own[0];
        CHECK(own->listed && !own->solved && !own->locked && own->instance);
        CHECK(own->hints == 3 && own->unlocked == 1 && own->hint_cost == 7);
        CHECK(p.own[1].locked && !p.own[1].instance && p.own[1].hints == 0);
        READ(d->opened(&p, 0, o, &err),
             "{\"slug\":\"web\",\"state\":\"visible\",\"solved\":true,\"max_attempts\":3}");
        CHECK(p.own[0].solved && p.own[0].counts_wrong && !p.own[0].instance);
        GARBLED(d->listed(&p, o, &next, &err), "{\"items\":{}}");
        GARBLED(d->listed(&p, o, &next, &err), "null");
        GARBLED(d->opened(&p, 0, o, &err), "[]");
        end();
}

TEST(berth_judges) {
        const struct dialect *d = &dialect_native;
        const struct lesson *l;
        _cleanup_buf_ struct buf key = { 0 };
        enum judged judged;

        begin();
        p.account = 5;
        CHECK(course_slug(&course, "web-1", "Web 1") == 0);
        l = course.lessons[0];
        d->submit(l, "F{\"}", &request);
        asks("POST", "/api/v2/submissions", "{\"challenge\":\"web-1\",\"flag\":\"F{\\\"}\"}");
        READ(d->judged(&p, o, &judged, &err),
             "{\"result\":\"correct\",\"points\":100,\"total\":140}");
        CHECK(judged == JUDGED_RIGHT && p.points == 140);
        READ(d->judged(&p, o, &judged, &err),
             "{\"result\":\"incorrect\",\"points\":0,\"total\":140}");
        CHECK(judged == JUDGED_WRONG);
        READ(d->judged(&p, o, &judged, &err), "{\"result\":\"already_solved\",\"total\":140}");
        CHECK(judged == JUDGED_ALREADY);
        GARBLED(d->judged(&p, o, &judged, &err), "{\"result\":\"perhaps\"}");
        d->hint(l, 2, &request);
        asks("POST", "/api/v2/challenges/web-1/hints/2", "");
        READ(d->hinted(&p, 0, o, &err), "{\"id\":2,\"text\":\"Look\",\"total\":90}");
        CHECK(p.points == 90 && p.own[0].unlocked == 1);
        GARBLED(d->hinted(&p, 0, o, &err), "{\"id\":2}");
        d->open(l, &request);
        asks("GET", "/api/v2/challenges/web-1", "");
        d->board(&request);
        asks("GET", "/api/v2/scoreboard", "");
        snprintf(p.kind, sizeof(p.kind), "team");
        d->key(&p, l, &key);
        CHECK_STR(key.data, "team:5/web-1");
        end();
}

/* --- CTFG's --- */

TEST(ctfg_signs_in) {
        const struct dialect *d = &dialect_ctfg;

        begin();
        d->sign_in(&p, &request);
        asks("POST", "/api/login", "{\"username\":\"ann\",\"password\":\"se\\\"cret\"}");
        READ(d->signed_in(&p, o, &err),
             "{\"displayname\":null,\"needs_name\":true,\"websocket_url\":\"ws://h/s?token=A\"}");
        CHECK(!p.named);
        CHECK_STR(p.stream, "ws://h/s?token=A");
        READ(d->signed_in(&p, o, &err),
             "{\"displayname\":\"Ann\",\"needs_name\":null,\"websocket_url\":\"ws://h/s\"}");
        CHECK(p.named);
        CHECK_STR(p.display, "Ann");
        GARBLED(d->signed_in(&p, o, &err), "{\"displayname\":\"Ann\"}");
        d->set_name("Ann", &request);
        asks("POST", "/api/set-name", "{\"name\":\"Ann\"}");
        d->stream(&request);
        asks("GET", "/api/me", "");
        end();
}

TEST(ctfg_lists_challenges_or_null) {
        const struct dialect *d = &dialect_ctfg;
        const char *next = "x";

        begin();
        READ(d->listed(&p, o, &next, &err), "null");
        CHECK(!next && p.n_own == 0);
        READ(d->listed(&p, o, &next, &err),
             "[{\"id\":2,\"title\":\"B\",\"solved\":null,\"hints\":[{\"id\":1,\"cost\":5,\"text\":"
             "\"t\"},{\"id\":2,\"cost\":6}]},{\"id\":1,\"title\":\"A\",\"solved\":true,\"hints\":"
             "null}]");
        CHECK(p.n_own == 2 && course.n == 2);
        CHECK(!p.own[0].solved && p.own[0].unlocked == 1 && p.own[0].hint_cost == 6);
        CHECK(p.own[1].solved && p.own[1].hints == 0);
        GARBLED(d->listed(&p, o, &next, &err), "{}");
        end();
}

TEST(ctfg_judges_in_objects_and_arrays) { /* CT4 */
        const struct dialect *d = &dialect_ctfg;
        _cleanup_buf_ struct buf key = { 0 };
        const struct lesson *l;
        enum judged judged;

        begin();
        CHECK(course_number(&course, 4, "Four") == 0);
        l = course.lessons[0];
        d->submit(l, "x", &request);
        asks("POST", "/api/submit", "{\"id\":4,\"flag\":\"x\"}");
        READ(d->judged(&p, o, &judged, &err),
             "{\"result\":\"correct\",\"points\":100,\"total\":300}");
        CHECK(judged == JUDGED_RIGHT && p.points == 300);
        READ(d->judged(&p, o, &judged, &err), "{\"result\":\"incorrect\"}");
        CHECK(judged == JUDGED_WRONG && p.points == 300);
        READ(d->judged(&p, o, &judged, &err), "[\"result\",\"already_solved\",\"total\",250]");
        CHECK(judged == JUDGED_ALREADY && p.points == 250);
        READ(d->judged(&p, o, &judged, &err), "[[\"result\",\"incorrect\"]]");
        CHECK(judged == JUDGED_WRONG);
        GARBLED(d->judged(&p, o, &judged, &err), "[\"error\",\"unknown_id\"]");
        d->hint(l, 1, &request);
        asks("POST", "/api/hint", "{\"id\":4,\"hint_id\":1}");
        persona_own(&p, 0)->hint_cost = 30;
        READ(d->hinted(&p, 0, o, &err), "{\"result\":\"ok\"}");
        CHECK(p.points == 220 && p.own[0].unlocked == 1);
        snprintf(p.display, sizeof(p.display), "Ann");
        d->key(&p, l, &key);
        CHECK_STR(key.data, "Ann\nFour");
        end();
}

/* --- refusals --- */

static const char *refusal(int status, const char *text) {
        static struct buf b;

        buf_clear(&b);
        dialect_refusal(status, text, strlen(text), &b);
        return b.data;
}

TEST(refusals_in_words) {
        CHECK_STR(refusal(503, "{\"code\":\"unavailable\",\"detail\":\"Too many\"}"),
                  "HTTP 503 unavailable: Too many");
        CHECK_STR(refusal(400, "{\"error\":\"unknown_id\"}"), "HTTP 400 unknown_id");
        CHECK_STR(refusal(401, "[[\"error\",\"invalid_credentials\"]]"),
                  "HTTP 401 invalid_credentials");
        CHECK_STR(refusal(500, "<html>backtrace</html>"), "HTTP 500");
        CHECK_STR(refusal(502, ""), "HTTP 502");
}

TEST(what_a_player_knows_grows) {
        begin();
        CHECK(!persona_own(&p, 500)->listed && p.n_own == 501);
        persona_own(&p, 500)->listed = true;
        CHECK(persona_own(&p, 3) == &p.own[3]);
        CHECK(!persona_own(&p, 2000)->listed && p.own[500].listed && p.n_own == 2001);
        end();
}
