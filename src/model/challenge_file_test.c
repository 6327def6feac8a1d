#include "model/challenge_file.h"

#include "test.h"

static struct challenge *parse(const char *text) {
        _cleanup_marks_ struct marks marks = { 0 };
        struct challenge *c = NULL;
        struct mark at = { 0 };
        struct err err;

        if (challenge_file_parse(text, strlen(text), 2, &marks, &c, &at, &err) < 0) {
                fprintf(stderr, "line %d: %s\n", at.line, err.msg);
                exit(1);
        }
        return c;
}

static void check_refused(const char *text, int line, const char *reason) {
        _cleanup_marks_ struct marks marks = { 0 };
        struct challenge *c = NULL;
        struct err err = { .kind = ERR_INTERNAL };
        struct mark found = { 0 };

        CHECK(challenge_file_parse(text, strlen(text), 2, &marks, &c, &found, &err) == -1);
        CHECK(err.kind == ERR_INVALID);
        if (!strstr(err.msg, reason))
                CHECK_STR(err.msg, reason);
        if (found.line != line)
                fprintf(stderr, "line %d, not %d: %s\n", found.line, line, err.msg);
        CHECK(found.line == line);
        CHECK(c == NULL);
}

TEST(a_file_as_the_header_shows_it) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(
                "name: Web 101\n"
                "category: web\n"
                "description: |\n"
                "  two\n"
                "  lines\n"
                "value: 100\n"
                "state: visible\n"
                "instance:\n"
                "  image: berth/web\n"
                "  ports: [{name: web, port: 8080, protocol: http}]\n"
                "  command: [/app/serve]\n"
                "  environment: {MODE: demo}\n"
                "  limits: {memory_mb: 64, cpu_milli: 500, pids: 64}\n"
                "  isolation: {writable_root: false}\n"
                "  egress: false\n"
                "  probe: {type: http, port: web, path: /, status: 200, timeout_seconds: 30}\n"
                "  flag: {template: \"CTF{web_<hex>_<user_id>}\", env: true, file: "
                "/flag/flag.txt}\n"
                "  policy: {base_seconds: 900, increment_seconds: 900, max_extensions: 5,\n"
                "           max_lifetime_seconds: 5400}\n"
                "  runtime: docker\n");

        CHECK_STR(c->slug, "web-101");
        CHECK_STR(c->description, "two\nlines\n");
        CHECK(c->tenant == 2 && c->scoring.initial == 100 && c->has_instance);
        CHECK(c->spec.endpoints[0].inner == 8080);
        CHECK_STR(c->spec.flag_template, "CTF{web_<hex>_<user_id>}");
}

TEST(all_that_ctfcli_knows_is_accepted) {
        _cleanup_(challenge_unrefp) struct challenge *c = parse(
                "name: Old\nauthor: me\nattribution: [you]\ntype: dynamic\n"
                "extra: {initial: 500, decay: 10, minimum: 50}\nimage: .\nprotocol: tcp\n"
                "host: null\nconnection_info: nc x 1\nhealthcheck: ./h.sh\n"
                "solution: {path: s.md, state: hidden}\nattempts: 5\nlogic: any\n"
                "flags:\n  - flag{a}\n  - {type: static, content: b, data: case_insensitive}\n"
                "topics: [a]\ntags: [b]\nfiles: [c]\n"
                "hints: [plain, {content: d, cost: 10, requirements: [e]}]\n"
                "requirements: {prerequisites: [1], anonymize: true}\nnext: ~\n"
                "scheduled_at: 2026-01-01T00:00:00+00:00\nmodule: null\nversion: \"0.1\"\n");

        CHECK(c->scoring.initial == 500 && !c->has_instance);
        CHECK_STR(c->title, "Old");
}

TEST(plain_text_stays_as_it_is_written) {
        _cleanup_(challenge_unrefp) struct challenge *c =
                parse("name: no\ninstance:\n  image: a\n  environment:\n    V: 1.10\n    Z: 007\n"
                      "    N: 7\n    T: true\n    Q: \"true\"\n    M: -0\n    B: 0\n");

        CHECK_STR(c->title, "no");
        CHECK_STR(c->spec.env[0], "V=1.10");
        CHECK_STR(c->spec.env[1], "Z=007");
        CHECK_STR(c->spec.env[2], "N=7");
        CHECK_STR(c->spec.env[3], "T=true");
        CHECK_STR(c->spec.env[4], "Q=true");
        CHECK_STR(c->spec.env[5], "M=-0");
        CHECK_STR(c->spec.env[6], "B=0");
}

TEST(what_is_wrong_has_its_line) {
        check_refused("name: N\nvalue: lots\n", 2, "value: must be a whole number");
        check_refused("name: N\n\n# remark\ninstance:\n  image: a\n  limts: {}\n", 6,
                      "instance.limts: is unknown");
        check_refused("name: N\ninstance:\n  image: a\n  ports:\n    - {port: 1}\n    - name: b\n"
                      "      port: 99999\n",
                      7, "instance.ports[1].port: must be a whole number from 1 to 65535");
        check_refused("name: N\ninstance:\n  image: a\n  limits:\n    pids: 0\n", 5,
                      "instance.limits.pids");
        check_refused("name: N\ninstance:\n  image: a\n  command:\n    - a\n    - 1\n", 6,
                      "instance.command[1]: must be text");
        check_refused("name: N\ninstance:\n  image: a\n  environment:\n    A: x\n    B C: y\n", 6,
                      "instance.environment.B C: must have a name");
        check_refused("name: N\ninstance:\n  image: a\n  flag:\n    template: <nope>\n", 5,
                      "instance.flag.template: unknown placeholder");
        check_refused("name: N\ninstance:\n  image: a\n  policy:\n    max_extensions: 1\n"
                      "    base_seconds: 9999\n",
                      6, "more than max_lifetime_seconds");
}

TEST(what_is_missing_has_the_line_around_it) {
        check_refused("category: web\n", 1, "name: is missing");
        check_refused("name: N\ninstance:\n  egress: true\n", 2, "instance.image: is missing");
        check_refused("name: N\ninstance:\n  image: a\n  ports:\n    - {port: 1}\n    - name: x\n",
                      6, "instance.ports[1].port: is missing");
}

TEST(odd_names_still_lead_to_a_line) {
        check_refused("name: N\ninstance:\n  image: a\n  'a: b.c[1': 1\n", 2, "is unknown");
        check_refused("name: N\ninstance:\n  image: a\n  '': 1\n", 4, "is unknown");
        check_refused(
                "name: N\ninstance:\n  image: a\n"
                "  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx: "
                "1\n",
                4, "is unknown");
}

TEST(what_is_no_yaml_has_its_line) {
        check_refused("", 1, "the file is empty");
        check_refused("# nothing\n", 2, "the file is empty");
        check_refused("name: N\nvalue: [1\nstate: x\n", 3, "not valid YAML");
        check_refused("name: N\n\tvalue: 1\n", 2, "not valid YAML");
        check_refused("name: N\nvalue: 1\n x: \"open\n", 3, "not valid YAML");
        check_refused("name: N\nvalue: \x01\n", 2, "not valid text: control characters");
        check_refused("name: N\nvalue: \xff\n", 2, "not valid text");
        check_refused("- a\n- b\n", 1, "a challenge must be a mapping");
        check_refused("just text\n", 1, "a challenge must be a mapping");
}

TEST(what_could_surprise_is_refused) {
        check_refused("name: N\nname: M\n", 2, "name: is there twice");
        check_refused("name: N\nx: &a 1\ny: *a\n", 2, "anchors (&name) are not allowed");
        check_refused("name: N\ny: *a\n", 2, "aliases (*name) are not allowed");
        check_refused("name: N\nx: &a [1]\n", 2, "anchors");
        check_refused("name: N\nx: &a {b: 1}\n", 2, "anchors");
        check_refused("name: N\nx: !!str 1\n", 2, "tags (!name) are not allowed");
        check_refused("name: N\nx: !a [1]\n", 2, "tags");
        check_refused("name: N\n? [a]\n: 1\n", 2, "a name must be plain text");
        check_refused("name: N\n*a : 1\n", 2, "aliases");
        check_refused("name: N\n---\nname: M\n", 2, "there is a second document");
        check_refused("name: N\nx: \"a\\0b\"\n", 2, "a text has a NUL character");
        check_refused("name: N\n\"a\\0b\": 1\n", 2, "a name has a NUL character");
}

TEST(depth_and_size_are_bounded) {
        char deep[512] = "name: N\nx: ";
        struct buf big = { 0 };
        _cleanup_marks_ struct marks marks = { 0 };
        struct challenge *c;
        struct mark at = { 7, 7 };
        struct err err;

        memset(deep + strlen(deep), '[', 200);
        check_refused(deep, 2, "nested deeper than 32 levels");

        buf_str(&big, "name: N\nx: [");
        for (int i = 0; i < 20001; i++)
                buf_str(&big, "1,\n");
        buf_str(&big, "1]\n");
        check_refused(big.data, 19997, "more than 20000 values in one file");

        buf_clear(&big);
        buf_str(&big, "name: N\n#");
        while (big.len <= CHALLENGE_FILE_MAX)
                buf_str(&big, "##########");
        CHECK(challenge_file_parse(big.data, big.len, 2, &marks, &c, &at, &err) == -1);
        CHECK(at.line == 0);
        CHECK_STR(err.msg, "the file is larger than 1048576 bytes");
        buf_done(&big);
}

TEST(places_have_columns) {
        static const char text[] = "name: N\nhints:\n  - {content: a,  cost: b}\n";
        _cleanup_marks_ struct marks marks = { 0 };
        struct challenge *c = NULL;
        struct mark at = { 0 };
        struct err err;

        CHECK(challenge_file_parse(text, strlen(text), 2, &marks, &c, &at, &err) == -1);
        CHECK(at.line == 3 && at.column == 19);
        CHECK(marks_find(&marks, "hints").line == 2 && marks_find(&marks, "hints").column == 1);
}
