/* What the game knows of a challenge: scoring, flags, hints, files, and how it is kept. */
#include "model/challenge.h"
#include "model/seal.h"
#include "test.h"

#include "base/attr.h"

static struct err err;

static struct challenge *parse(const char *text) {
        _cleanup_json_ json_t *o = NULL;
        struct challenge *c;

        crypto_init();
        CHECK_OK(json_parse(text, strlen(text), &o, &err));
        CHECK_OK(challenge_parse(o, 7, 1, &c, &err));
        return c;
}

static void refuses(const char *members, const char *why) {
        _cleanup_json_ json_t *o = NULL;
        struct challenge *c;
        char text[1024];

        snprintf(text, sizeof(text), "{\"name\":\"x\",%s}", members);
        CHECK_OK(json_parse(text, strlen(text), &o, &err));
        CHECK(challenge_parse(o, 7, 1, &c, &err) == -1 && err.kind == ERR_INVALID);
        if (!strstr(err.msg, why)) {
                fprintf(stderr, "%s: \"%s\" has no \"%s\"\n", members, err.msg, why);
                exit(1);
        }
}

#define FULL                                                                                      \
        "{\"name\":\"Full\",\"description\":\"*x*\",\"difficulty\":\"easy\",\"attribution\":"     \
        "\"me\",\"connection_info\":\"nc x 1\",\"number\":12,\"type\":\"dynamic\",\"extra\":"     \
        "{\"initial\":500,\"minimum\":100,\"decay\":7.5,\"function\":\"linear\"},\"attempts\":3," \
        "\"scheduled_at\":\"2026-11-20T19:00:00+01:00\",\"flags\":[\"flag{a}\",{\"type\":"        \
        "\"regex\",\"content\":\"^b+$\"},{\"content\":\"Ca\",\"data\":\"case_insensitive\"}],"    \
        "\"hints\":[\"first\",{\"content\":\"*second*\",\"cost\":10,\"title\":\"T\"}],"           \
        "\"files\":[\"dist/app.zip\"],\"tags\":[\"t\"],\"requirements\":[\"a\",3],"               \
        "\"content\":{\"z\":1,\"a\":[2]},\"solve\":\"./solve.sh\"}"

TEST(everything_is_read) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(FULL);

        CHECK_STR(c->html, "<p><em>x</em></p>\n");
        CHECK_STR(c->difficulty, "easy");
        CHECK_STR(c->attribution, "me");
        CHECK_STR(c->connection_info, "nc x 1");
        CHECK(c->number == 12 && c->max_attempts == 3);
        CHECK(c->scoring.kind == SCORING_LINEAR && c->scoring.initial == 500 &&
              c->scoring.minimum == 100 && c->scoring.decay == 7.5);
        CHECK(c->scheduled_ms == 1795197600000);
        CHECK(c->n_flags == 3 && c->flags[1].kind == FLAG_REGEX && c->flags[2].case_insensitive);
        CHECK(c->n_hints == 2 && c->hints[0].cost == 0 && c->hints[1].cost == 10);
        CHECK_STR(c->hints[1].html, "<p><em>second</em></p>\n");
        CHECK_STR(c->hints[1].title, "T");
        CHECK(c->n_files == 1);
        CHECK_STR(c->files[0].name, "app.zip");
        CHECK_STR(c->files[0].path, "dist/app.zip");
        CHECK_STR(c->requirements[1], "3");
        CHECK_STR(c->content, "{\"a\":[2],\"z\":1}");
        CHECK_STR(c->solve, "./solve.sh");
}

TEST(its_text_gives_it_again) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(FULL), *again = NULL;

        c->files[0].digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        c->files[0].bytes = 5;
        challenge_rewrite(c);
        again = parse(c->text);
        CHECK_STR(again->text, c->text);
        CHECK(again->files[0].bytes == 5 && !again->files[0].path);
        CHECK(again->scoring.decay == 7.5);
}

TEST(flags_are_not_to_be_read_where_it_is_kept) {
        static const uint8_t key[KEY_SIZE] = { 9 };
        _cleanup_(challenge_unrefp) struct challenge *c = parse(FULL), *again = NULL;
        _cleanup_buf_ struct buf kept = { 0 }, kept_again = { 0 };
        _cleanup_json_ json_t *o = NULL;

        c->files[0].digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        challenge_rewrite(c);
        challenge_seal(c, key, &kept);
        CHECK(!strstr(kept.data, "flag{a}") && !strstr(kept.data, "^b+$"));
        CHECK_OK(json_parse(kept.data, kept.len, &o, &err));
        CHECK_OK(challenge_unseal(o, key, &err));
        CHECK_OK(challenge_parse(o, 7, 1, &again, &err));
        CHECK_STR(again->text, c->text);
        challenge_seal(again, key, &kept_again);
        CHECK_STR(kept_again.data, kept.data);
}

TEST(another_key_opens_nothing) {
        static const uint8_t key[KEY_SIZE] = { 9 }, other[KEY_SIZE] = { 8 };
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("{\"name\":\"x\",\"flags\":[\"a\"]}");
        _cleanup_buf_ struct buf kept = { 0 };
        _cleanup_json_ json_t *o = NULL;

        challenge_seal(c, key, &kept);
        CHECK_OK(json_parse(kept.data, kept.len, &o, &err));
        CHECK(challenge_unseal(o, other, &err) == -1 && strstr(err.msg, "flags[0]"));
}

TEST(what_is_accepted) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(FULL);

        CHECK(challenge_accepts(c, "flag{a}"));
        CHECK(challenge_accepts(c, " \tflag{a}\r\n"));
        CHECK(challenge_accepts(c, "bbb"));
        CHECK(challenge_accepts(c, "cA"));
        CHECK(!challenge_accepts(c, "FLAG{A}"));
        CHECK(!challenge_accepts(c, "flag{a}x"));
        CHECK(!challenge_accepts(c, "xbbb"));
        CHECK(!challenge_accepts(c, ""));
        CHECK(!challenge_accepts(c, "   "));
}

TEST(a_challenge_without_flags_accepts_nothing) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse("{\"name\":\"x\"}");

        CHECK(!challenge_accepts(c, "") && !challenge_accepts(c, "x"));
        CHECK(c->scoring.kind == SCORING_STATIC && c->scoring.initial == 0);
}

TEST(what_is_refused_is_named) {
        refuses("\"flags\":[{\"type\":\"regex\",\"content\":\"a(\"}]", "flags[0]: is no regular");
        refuses("\"flags\":[\"\"]", "flags[0]: is empty");
        refuses("\"flags\":[{\"type\":\"magic\",\"content\":\"a\"}]", "flags[0].type");
        refuses("\"flags\":[{\"content\":\"a\",\"data\":\"upper\"}]", "flags[0].data");
        refuses("\"flags\":[5]", "flags[0]");
        refuses("\"flags\":\"a\"", "flags: must be a list");
        refuses("\"hints\":[{\"cost\":5}]", "hints[0]: must have a content");
        refuses("\"hints\":[{\"content\":\"a\",\"cost\":-1}]", "hints[0].cost");
        refuses("\"files\":[\"../../etc/passwd\"]", "files[0]");
        refuses("\"files\":[\"/etc/passwd\"]", "files[0]");
        refuses("\"files\":[\"a/x\",\"b/x\"]", "files[1]: has the name");
        refuses("\"files\":[{\"name\":\"x\",\"sha256\":\"12\"}]", "files[0].sha256");
        refuses("\"type\":\"dynamic\"", "extra: must have initial");
        refuses("\"extra\":{\"initial\":100,\"minimum\":200}", "extra.minimum");
        refuses("\"extra\":{\"initial\":100,\"function\":\"cubic\"}", "extra.function");
        refuses("\"extra\":{\"initial\":100,\"decay\":-1}", "extra.decay");
        refuses("\"scheduled_at\":\"2026-11-20T19:00:00\"", "scheduled_at");
        refuses("\"logic\":\"all\"", "logic");
        refuses("\"attempts\":\"5\"", "attempts");
        refuses("\"requirements\":[true]", "requirements[0]");
        refuses("\"requirements\":{\"prerequisites\":[\"\"]}", "requirements.prerequisites[0]");
        refuses("\"tags\":[\"a\\nb\"]", "tags[0]");
}
