#include "cli/emulate/course.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "test.h"

static char dir[32];

static const char *path_of(const char *name) {
        static char path[128];

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        return path;
}

static void put(const char *name, const char *text) {
        FILE *f = fopen(path_of(name), "w");

        CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void make_dir(void) {
        snprintf(dir, sizeof(dir), "/tmp/berth-course-XXXXXX");
        CHECK(mkdtemp(dir) != NULL);
}

static void remove_dir(void) {
        static const char *const names[] = { "a/challenge.yml", "b/challenge.yml", "c.json", "a",
                                             "b" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                remove(path_of(names[i]));
        CHECK(rmdir(dir) == 0);
}

static const struct lesson *by_slug(struct course *c, const char *slug) {
        size_t place = course_slug(c, slug, "");

        return c->lessons[place];
}

static const struct lesson *by_number(struct course *c, int64_t number) {
        size_t place = course_number(c, number, "");

        return c->lessons[place];
}

TEST(static_flags_of_a_folder) {
        _cleanup_course_ struct course c = { 0 };
        struct err err;

        make_dir();
        CHECK(mkdir(path_of("a"), 0700) == 0 && mkdir(path_of("b"), 0700) == 0);
        put("a/challenge.yml",
            "name: A\nvalue: 5\nflags: [{type: regex, content: '^x.$'}, 'F{a}']\n");
        put("b/challenge.yml", "name: B\nvalue: 5\nflags: [{type: regex, content: '^x.$'}]\n");
        CHECK_OK(course_load(dir, &c, &err));
        remove_dir();
        CHECK(c.n == 2 && c.n_flags == 1 && !c.is_file);
        CHECK_STR(by_slug(&c, "a")->flag, "F{a}");
        CHECK_STR(by_slug(&c, "a")->title, "A");
        CHECK(by_slug(&c, "b")->flag == NULL); /* nobody knows what it accepts */
        CHECK(c.n == 2);
}

TEST(testflags_of_ctfgs_file) {
        _cleanup_course_ struct course c = { 0 };
        struct err err;

        make_dir();
        put("c.json", "[{\"id\": 7, \"title\": \"Seven Up\", \"points\": 5, \"flag\": \"^x.$\",\n"
                      "\"description\": \"two\nlines\", \"testflag\": \"xy\"},\n"
                      "{\"id\": 8, \"title\": \"Eight\", \"points\": 5, \"flag\": \"^y$\"}]");
        CHECK_OK(course_load(path_of("c.json"), &c, &err));
        remove_dir();
        CHECK(c.n == 2 && c.n_flags == 1 && c.is_file);
        CHECK_STR(by_number(&c, 7)->flag, "xy");
        CHECK(by_number(&c, 7) == by_slug(&c, "seven-up"));
        CHECK(by_number(&c, 8)->flag == NULL);
}

TEST(what_the_server_lists_is_added_once) {
        _cleanup_course_ struct course c = { 0 };
        char slug[20];

        for (int i = 0; i < 300; i++) {
                snprintf(slug, sizeof(slug), "c%d", i);
                CHECK(course_slug(&c, slug, "Title") == (size_t)i);
        }
        for (int i = 0; i < 300; i++) {
                snprintf(slug, sizeof(slug), "c%d", i);
                CHECK(course_slug(&c, slug, "Title") == (size_t)i);
                CHECK(c.lessons[i]->place == (size_t)i);
                CHECK_STR(c.lessons[i]->slug, slug);
        }
        CHECK(course_number(&c, 1, "One") == 300 && course_number(&c, 1, "One") == 300);
        CHECK(c.n == 301 && c.n_flags == 0);
}

TEST(what_is_wrong_is_told) {
        _cleanup_course_ struct course c = { 0 };
        struct err err;

        make_dir();
        CHECK(mkdir(path_of("a"), 0700) == 0);
        put("a/challenge.yml", "name: [\n");
        close(STDERR_FILENO);
        CHECK(course_load(dir, &c, &err) < 0 && err.kind == ERR_INVALID);
        CHECK(strstr(err.msg, "mend the files") != NULL);
        remove_dir();
        CHECK(course_load("/nonexistent", &c, &err) < 0);
}
