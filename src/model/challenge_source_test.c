#include "model/challenge_source.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>

#include "test.h"

/* A folder for a test, with files in folders of it. */
static char dir[] = "/tmp/berth-challenges-XXXXXX";

static const char *path_of(const char *folder, const char *name) {
        static char path[256];

        snprintf(path, sizeof(path), "%s/%s/%s", dir, folder, name);
        return path;
}

static void put(const char *folder, const char *name, const char *text) {
        FILE *f;

        CHECK(mkdir(path_of(folder, ""), 0700) == 0 || *folder == '\0' || errno == EEXIST);
        f = fopen(path_of(folder, name), "w");
        CHECK(f != NULL);
        fputs(text, f);
        fclose(f);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at) {
        (void)st;
        (void)kind;
        (void)at;
        return remove(path);
}

static void make_dir(void) { CHECK(mkdtemp(dir) != NULL); }
static void remove_dir(void) { CHECK(nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0); }

static const struct source_config plain = { .tenant = 2, .max_file_bytes = 100 };

static void load(const char *path, struct challenge_source *s) {
        struct err err;

        CHECK_OK(challenge_source_load(path, &plain, s, &err));
}

/* "FILE:LINE:COLUMN: REASON" of each complaint, FILE without its folders, in lines. */
static const char *complaints(struct challenge_source *s) {
        const char *all = "";

        for (size_t i = 0; i < s->n_bad; i++) {
                struct complaint c = s->bad[i];

                c.file = strrchr(c.file, '/') + 1;
                all = arena_printf(&s->arena, "%s%s\n", all, complaint_text(&c, &s->arena));
        }
        return all;
}

static const struct challenge *find(const struct challenge_source *s, const char *slug) {
        for (size_t i = 0; i < s->n; i++)
                if (strcmp(s->set[i]->slug, slug) == 0)
                        return s->set[i];
        CHECK(false);
        return NULL;
}

/* Folders. */

TEST(good_ones_load_beside_bad_ones) {
        _cleanup_source_ struct challenge_source s = { 0 };

        make_dir();
        put("zeta", "challenge.yml", "name: Zeta\n");
        put("alpha", "challenge.yaml", "name: Beta\n");
        put("broken", "challenge.yml", "name: Broken\nvalue: x\n");
        put("twin", "challenge.yml", "name: Twin\nslug: beta\n");
        put("unrelated", "readme.txt", "not read");
        put(".git", "challenge.yml", "neither is this");
        put("", "challenge.yml", "name: Top\n");
        load(dir, &s);
        remove_dir();
        CHECK(s.n == 3 && !s.is_file);
        CHECK_STR(s.set[0]->slug, "beta");
        CHECK_STR(s.set[1]->slug, "top");
        CHECK_STR(s.set[2]->slug, "zeta");
        CHECK(strstr(s.files[0], "/alpha/challenge.yaml") && strstr(s.files[1], "/challenge.yml"));
        CHECK(strstr(s.files[2], "/zeta/challenge.yml"));
        CHECK(s.n_bad == 2);
        CHECK(strstr(s.bad[0].file, "/broken/challenge.yml") != NULL);
        CHECK(s.bad[0].line == 2);
        CHECK_STR(s.bad[0].reason, "value: must be a whole number from 0 to 1000000");
        CHECK(strstr(s.bad[1].file, "/twin/challenge.yml") != NULL);
        CHECK(s.bad[1].line == 2);
        CHECK(strstr(s.bad[1].reason, "the slug \"beta\" is already taken by") != NULL);
}

TEST(what_cannot_be_read_is_a_complaint) {
        _cleanup_source_ struct challenge_source s = { 0 };

        make_dir();
        CHECK(mkfifo(path_of("", "challenge.yml"), 0600) == 0); /* reading would wait for ever */
        CHECK(symlink("nowhere", path_of("", "challenge.yaml")) == 0);
        load(dir, &s);
        remove_dir();
        CHECK(s.n == 0);
        CHECK_STR(complaints(&s), "challenge.yml: is no regular file\n"
                                  "challenge.yaml: cannot be read: No such file or directory\n");
}

TEST(many_files_load) {
        _cleanup_source_ struct challenge_source s = { 0 };

        make_dir();
        for (int i = 0; i < 40; i++) {
                char folder[16], text[32];

                snprintf(folder, sizeof(folder), "c%02d", i);
                snprintf(text, sizeof(text), "name: n%02d\n", 39 - i);
                put(folder, "challenge.yml", i % 2 ? "name: [\n" : text);
        }
        load(dir, &s);
        remove_dir();
        CHECK(s.n == 20 && s.n_bad == 20);
        for (size_t i = 1; i < s.n; i++)
                CHECK(strcmp(s.set[i - 1]->slug, s.set[i]->slug) < 0);
}

TEST(what_is_not_there_fails) {
        struct challenge_source s;
        struct err err;

        CHECK(challenge_source_load("/nonexistent/challenges", &plain, &s, &err) == -1);
        CHECK(strstr(err.msg, "/nonexistent/challenges: No such file") != NULL);
}

TEST(the_examples_load) {
        static const struct source_config config = { .tenant = 2, .max_file_bytes = 1 << 20 };
        _cleanup_source_ struct challenge_source s = { 0 };
        size_t instances = 0;
        struct err err;

        CHECK_OK(challenge_source_load(EXAMPLES, &config, &s, &err));
        CHECK_STR(complaints(&s), "");
        CHECK(s.n >= 6);
        for (size_t i = 0; i < s.n; i++)
                instances += s.set[i]->has_instance;
        CHECK(instances >= 4);
}

TEST(a_set_is_checked_as_a_whole) {
        _cleanup_source_ struct challenge_source s = { 0 };

        make_dir();
        put("a", "challenge.yml", "name: A\nrequirements: [B]\n");
        put("b", "challenge.yml", "name: B\nrequirements:\n  - c\n  - nothing\n");
        put("c", "challenge.yml", "name: C\n");
        put("d", "challenge.yml", "name: D\nrequirements: [E]\n");
        put("e", "challenge.yml", "name: E\nvalue: 1\nrequirements: [d]\n");
        put("f", "challenge.yml", "name: F\nrequirements: [\"C\"]\nnumber: 7\n");
        put("g", "challenge.yml", "name: G\nnumber: 7\n");
        load(dir, &s);
        remove_dir();
        CHECK(s.n == 2);
        CHECK_STR(find(&s, "f")->requirements[0], "c");
        CHECK(strstr(find(&s, "f")->text, "\"requirements\":[\"c\"]"));
        CHECK(find(&s, "c"));
        CHECK_STR(complaints(&s),
                  "challenge.yml:2: number: 7 is the number of \"f\"\n"
                  "challenge.yml:4: requirements[1]: there is no challenge \"nothing\"\n"
                  "challenge.yml:2: requirements: it needs itself to be solved first\n"
                  "challenge.yml:3: requirements: it needs itself to be solved first\n"
                  "challenge.yml:2: requirements[0]: there is no challenge \"b\"\n");
}

/* Files to download. */

TEST(files_are_measured) {
        _cleanup_source_ struct challenge_source s = { 0 }, again = { 0 };
        const struct attachment *f;

        make_dir();
        put("a", "challenge.yml", "name: A\nfiles: [page.txt, dist/deep.bin]\n");
        put("a", "page.txt", "abc");
        put("a/dist", "deep.bin", "");
        load(dir, &s);
        CHECK_STR(complaints(&s), "");
        f = s.set[0]->files;
        CHECK_STR(f[0].name, "page.txt");
        CHECK_STR(f[0].digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        CHECK(f[0].bytes == 3);
        CHECK_STR(f[1].name, "deep.bin");
        CHECK_STR(f[1].digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        CHECK(f[1].bytes == 0 && strstr(f[1].path, "/a/dist/deep.bin"));
        CHECK(strstr(s.set[0]->text, "ba7816bf"));
        put("a", "page.txt", "abd"); /* a change of it is one of the challenge */
        load(dir, &again);
        remove_dir();
        CHECK(strcmp(s.set[0]->text, again.set[0]->text) != 0);
}

TEST(files_that_cannot_be_had) {
        _cleanup_source_ struct challenge_source s = { 0 };
        char big[102];

        memset(big, 'x', sizeof(big) - 1);
        big[sizeof(big) - 1] = '\0';
        make_dir();
        put("a", "challenge.yml",
            "name: A\nfiles:\n  - none\n  - sub\n  - link\n  - big\n  - twin\n");
        put("a/sub", "x", "");
        put("a", "big", big);
        put("b", "secret", "not a's to give");
        CHECK(symlink("../b/secret", path_of("a", "link")) == 0);
        CHECK(symlink("sub/x", path_of("a", "twin")) == 0);
        put("ab", "challenge.yml", "name: AB\n");
        load(dir, &s);
        remove_dir();
        CHECK(s.n == 1);
        CHECK_STR(complaints(&s),
                  "challenge.yml:3: files[0]: \"none\" cannot be read: No such file or directory\n"
                  "challenge.yml:4: files[1]: is no regular file\n"
                  "challenge.yml:5: files[2]: \"link\" leads out of the challenge's folder\n"
                  "challenge.yml:6: files[3]: is larger than 100 bytes\n");
}

/* CTFG's file. */

static void load_json(const char *text, const struct source_config *config,
                      struct challenge_source *s) {
        struct err err;

        make_dir();
        put("", "challenges.json", text);
        CHECK_OK(challenge_source_load(path_of("", "challenges.json"), config, s, &err));
        remove_dir();
}

static void refused(const char *text, const char *want) {
        _cleanup_source_ struct challenge_source s = { 0 };

        load_json(text, &plain, &s);
        CHECK_STR(complaints(&s), want);
        memcpy(dir + strlen(dir) - 6, "XXXXXX", 6); /* for the next one */
}

TEST(ctfgs_file_as_it_is) {
        _cleanup_source_ struct challenge_source s = { 0 };
        const struct challenge *c;

        load_json("[{\"id\": 7, \"title\": \"The Crime Scene\", \"category\": \"Basic\",\n"
                  "  \"difficulty\": \"Easy\", \"points\": 100, \"testflag\": \"26\",\n"
                  "  \"description\": \"Hello @DISPLAYNAME@,\n\ncount <b>it</b>.\",\n"
                  "  \"flag\": \"^26$\", \"content\": {\"x\": [1, \"@USERID@\"]},\n"
                  "  \"hints\": [{\"id\": 1, \"text\": \"One\", \"cost\": 5},\n"
                  "             {\"id\": 2, \"text\": \"Two\", \"cost\": 0}]},\n"
                  " {\"id\": 3, \"title\": \"Next\", \"flag\": \"\\\\d\", \"points\": 1,\n"
                  "  \"requirements\": [7], \"hints\": null, \"content\": null}]\n",
                  &plain, &s);
        CHECK_STR(complaints(&s), "");
        CHECK(s.n == 2 && s.is_file);
        c = find(&s, "the-crime-scene");
        CHECK(c->number == 7 && c->tenant == 2 && c->scoring.initial == 100);
        CHECK_STR(c->title, "The Crime Scene");
        CHECK_STR(c->category, "Basic");
        CHECK_STR(c->difficulty, "Easy");
        CHECK_STR(c->description, "Hello @DISPLAYNAME@,\n\ncount <b>it</b>.");
        CHECK_STR(c->content, "{\"x\":[1,\"@USERID@\"]}");
        CHECK(c->n_hints == 2 && c->hints[0].cost == 5 && c->state == CHALLENGE_VISIBLE);
        CHECK_STR(c->hints[1].text, "Two");
        CHECK(challenge_accepts(c, "26") && challenge_accepts(c, " 26\n"));
        CHECK(!challenge_accepts(c, "261") && !challenge_accepts(c, "x26"));
        c = find(&s, "next");
        CHECK(challenge_accepts(c, "a5b") && !challenge_accepts(c, "55")); /* in one place */
        CHECK_STR(c->requirements[0], "the-crime-scene");
        CHECK(!strstr(c->text, "testflag"));
}

/* (B1) */
TEST(what_is_wrong_with_ctfgs_file) {
        refused("[{\"id\": 5, \"title\": \"A\", \"flag\": \"a\"},\n"
                " {\"id\": 5, \"title\": \"B\", \"flag\": \"b\"}]",
                "challenges.json:2:9: id: 5 is there twice, first in line 1\n");
        refused("[{\"id\": 1, \"title\": \"A\", \"flag\": \"a\",\n"
                "  \"requirements\": [1, 99, \"A\"]}]",
                "challenges.json:2:23: requirements[1]: there is no challenge 99\n"
                "challenges.json:2:27: requirements[2]: must be the id of a challenge\n");
        refused("[{\"id\": 1, \"title\": \"A\",\n  \"flag\": \"^(26$\"}]",
                "challenges.json:2:11: flag: is no regular expression: missing closing "
                "parenthesis at offset 5\n");
        refused("[{\"id\": 1, \"title\": \"A\", \"flag\": \"a\", \"hints\": [\n"
                "  {\"id\": 1, \"text\": \"x\"},\n  {\"id\": 3, \"text\": \"y\"}]}]",
                "challenges.json:3:10: hints[1].id: must be 2: hints are numbered from 1, without "
                "a gap\n");
        refused("[{\"id\": 1, \"title\": \"A\", \"flag\": \"^300$\",\n  \"testflag\": \"300 pi\"}]",
                "challenges.json:2:15: testflag: is not accepted by the flag's expression\n");
        refused("[{\"id\": 1, \"title\": \"A\", \"flag\": \"a\", \"requirements\": [2]},\n"
                " {\"id\": 2, \"title\": \"B\", \"flag\": \"b\", \"requirements\": [1]}]",
                "challenges.json:1:55: requirements: it needs itself to be solved first\n"
                "challenges.json:2:55: requirements: it needs itself to be solved first\n");
}

TEST(each_is_reported) {
        refused("[{\"id\": \"1\", \"title\": \"A\", \"flag\": 7},\n {\"title\": \"B\"},\n"
                " {\"id\": 3, \"flag\": \"x\"},\n"
                " {\"id\": 4, \"title\": \"D\", \"flag\": \"x\", \"points\": \"many\"},\n"
                " {\"id\": 5, \"title\": \"E\", \"flag\": \"x\", \"hints\": [{\"id\": 1, \"text\": "
                "7}]},\n"
                " {\"id\": 6, \"title\": \"F\", \"flag\": \"x\", \"hints\": {}, \"requirements\": "
                "1},\n"
                " 8]",
                "challenges.json:1:9: id: must be a whole number from 1 on\n"
                "challenges.json:2:2: id: is missing\n"
                "challenges.json:7:2: a challenge must be an object\n"
                "challenges.json:1:36: flag: must be a regular expression, in quotes\n"
                "challenges.json:2:2: flag: is missing\n"
                "challenges.json:3:2: title: is missing\n"
                "challenges.json:4:49: points: must be a whole number from 0 to 1000000\n"
                "challenges.json:5:67: hints[0].text: must be text; put it in quotes\n"
                "challenges.json:6:48: hints: must be a list\n"
                "challenges.json:6:68: requirements: must be a list\n");
}

TEST(what_is_no_list_of_challenges) {
        refused("{}", "challenges.json:1:1: must be a list of challenges: [{...}, ...]\n");
        refused("[\n{\"id\": 1,}]",
                "challenges.json:2:10: not valid JSON: '}' stands where a name in quotes is due\n");
        refused("", "challenges.json:1:1: not valid JSON: the file ends where a value is due\n");
}

TEST(slugs_are_unique) {
        _cleanup_source_ struct challenge_source s = { 0 };

        load_json("[{\"id\": 1, \"title\": \"Twice\", \"flag\": \"a\"},"
                  " {\"id\": 2, \"title\": \"twice!\", \"flag\": \"b\"},"
                  " {\"id\": 4, \"title\": \"Twice 3\", \"flag\": \"b\"},"
                  " {\"id\": 3, \"title\": \"TWICE\", \"flag\": \"b\"},"
                  " {\"id\": 5, \"title\": \"\xc2\xbfQu\xc3\xa9?\", \"flag\": \"c\"},"
                  " {\"id\": 6, \"title\": \"\xd0\xb4\xd0\xb0\", \"flag\": \"d\"}]",
                  &plain, &s);
        CHECK_STR(complaints(&s), "");
        CHECK(find(&s, "twice")->number == 1 && find(&s, "twice-2")->number == 2);
        CHECK(find(&s, "twice-3")->number == 4 && find(&s, "twice-3-3")->number == 3);
        CHECK(find(&s, "qu")->number == 5 && find(&s, "challenge-6")->number == 6);
}

static const char *known(void *arg, int64_t number) {
        CHECK_STR(arg, "arg");
        return number == 2 ? "twice" : number == 3 ? "old-name" : NULL;
}

/* A title may change, and the challenge stays the one it was. */
TEST(slugs_are_kept) {
        char arg[] = "arg";
        const struct source_config config = { .tenant = 2, .slug_of = known, .arg = arg };
        _cleanup_source_ struct challenge_source s = { 0 };

        load_json("[{\"id\": 1, \"title\": \"Twice\", \"flag\": \"a\"},"
                  " {\"id\": 2, \"title\": \"Now other\", \"flag\": \"b\"},"
                  " {\"id\": 3, \"title\": \"New name\", \"flag\": \"b\", \"requirements\": [2]}]",
                  &config, &s);
        CHECK(find(&s, "twice")->number == 2 && find(&s, "old-name")->number == 3);
        CHECK_STR(find(&s, "old-name")->requirements[0], "twice");
        CHECK(find(&s, "twice-1")->number == 1);
}
