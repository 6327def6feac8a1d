#include "os/depot.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <time.h>

#include "test.h"

#define ABC   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char dir[] = "/tmp/berth-depot-XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at) {
        (void)st;
        (void)kind;
        (void)at;
        return remove(path);
}

static void clean(void) { CHECK(nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0); }

static struct depot *make(int64_t max_bytes) {
        struct depot *d;
        char path[64];
        struct err err;

        crypto_init();
        CHECK(mkdtemp(dir));
        atexit(clean);
        snprintf(path, sizeof(path), "%s/files", dir);
        CHECK_OK(depot_open(path, max_bytes, &d, &err));
        return d;
}

static const char *file(const char *name, const char *text) {
        static char path[64];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        f = fopen(path, "w");
        CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
        return path;
}

static int count(const char *shelf) {
        char command[128];
        int n = -1;
        FILE *f;

        snprintf(command, sizeof(command), "ls %s/files/%s | wc -l", dir, shelf);
        f = popen(command, "r");
        CHECK(f && fscanf(f, "%d", &n) == 1);
        pclose(f);
        return n;
}

static void check_holds(struct depot *d, int64_t shelf, const char *digest, const char *want) {
        char text[64] = "";
        int64_t bytes;
        struct err err;
        int fd;

        CHECK_OK(depot_get(d, shelf, digest, &fd, &bytes, &err));
        CHECK(bytes == (int64_t)strlen(want) && read(fd, text, sizeof(text) - 1) == bytes);
        close(fd);
        CHECK_STR(text, want);
}

static void check_none(struct depot *d, int64_t shelf, const char *digest) {
        int64_t bytes;
        struct err err;
        int fd;

        CHECK(!depot_has(d, shelf, digest, NULL));
        CHECK(depot_get(d, shelf, digest, &fd, &bytes, &err) == -1 && err.kind == ERR_NOT_FOUND);
}

static int receive(struct depot *d, const char *digest, int64_t offset, int64_t total,
                   const char *text, bool *whole, struct err *err) {
        const struct depot_part part = { offset, total, text, strlen(text) };

        return depot_receive(d, 1, digest, &part, whole, err);
}

TEST(imported) {
        _cleanup_(depot_freep) struct depot *d = make(100);
        int64_t bytes = 0;
        struct err err;

        check_none(d, 1, ABC);
        CHECK_OK(depot_import(d, 1, ABC, file("a", "abc"), &err));
        CHECK_OK(depot_import(d, 1, ABC, "/nowhere", &err)); /* it is there */
        check_holds(d, 1, ABC, "abc");
        CHECK(depot_has(d, 1, ABC, &bytes) && bytes == 3);
        CHECK_OK(depot_import(d, 1, EMPTY, file("a", ""), &err));
        check_holds(d, 1, EMPTY, "");
        CHECK(count("1") == 2);
}

TEST(shelves_are_apart) {
        _cleanup_(depot_freep) struct depot *d = make(100);
        struct err err;

        CHECK_OK(depot_import(d, 1, ABC, file("a", "abc"), &err));
        check_none(d, 2, ABC);
}

TEST(what_is_no_digest_is_nowhere) {
        _cleanup_(depot_freep) struct depot *d = make(100);
        struct err err;
        bool whole;

        check_none(d, 1, "");
        check_none(d, 1, "../../etc/passwd");
        check_none(d, 1, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
        CHECK(depot_import(d, 1, "..", file("a", "abc"), &err) == -1);
        CHECK(receive(d, "..", 0, 3, "abc", &whole, &err) == -1);
        CHECK(err.kind == ERR_NOT_FOUND);
}

TEST(another_file_is_refused) {
        _cleanup_(depot_freep) struct depot *d = make(3);
        struct err err;

        CHECK(depot_import(d, 1, ABC, file("a", "abd"), &err) == -1 && err.kind == ERR_INVALID);
        CHECK(depot_import(d, 1, ABC, file("a", "abcd"), &err) == -1 && err.kind == ERR_TOO_LARGE);
        CHECK(depot_import(d, 1, ABC, "/nowhere", &err) == -1 && err.kind == ERR_NOT_FOUND);
        check_none(d, 1, ABC);
        CHECK(count("1") == 0);
}

TEST(sent_in_parts) {
        _cleanup_(depot_freep) struct depot *d = make(100);
        bool whole = true;
        struct err err;

        CHECK_OK(receive(d, ABC, 0, 3, "a", &whole, &err));
        CHECK(!whole);
        check_none(d, 1, ABC);
        CHECK(receive(d, ABC, 2, 3, "c", &whole, &err) == -1);
        CHECK(err.kind == ERR_CONFLICT && strstr(err.msg, "only 1 bytes are here"));
        CHECK_OK(receive(d, ABC, 0, 3, "ab", &whole, &err)); /* from the start */
        CHECK(!whole);
        CHECK_OK(receive(d, ABC, 2, 3, "c", &whole, &err));
        CHECK(whole);
        check_holds(d, 1, ABC, "abc");
        CHECK_OK(receive(d, ABC, 0, 3, "x", &whole, &err));
        CHECK(whole); /* nothing is written over it */
        check_holds(d, 1, ABC, "abc");
        CHECK_OK(receive(d, EMPTY, 0, 0, "", &whole, &err));
        CHECK(whole && count("1") == 2);
}

/* An earlier try for something longer does not stay behind it. */
TEST(sent_again_shorter) {
        _cleanup_(depot_freep) struct depot *d = make(100);
        bool whole;
        struct err err;

        CHECK_OK(receive(d, ABC, 0, 9, "abcdefgh", &whole, &err));
        CHECK_OK(receive(d, ABC, 0, 3, "abc", &whole, &err));
        CHECK(whole);
        check_holds(d, 1, ABC, "abc");
}

TEST(bad_parts) {
        _cleanup_(depot_freep) struct depot *d = make(3);
        bool whole = true;
        struct err err;

        CHECK(receive(d, ABC, 0, 4, "abcd", &whole, &err) == -1);
        CHECK(err.kind == ERR_TOO_LARGE);
        CHECK(receive(d, ABC, 1, 3, "abc", &whole, &err) == -1);
        CHECK(err.kind == ERR_INVALID);
        CHECK(receive(d, ABC, -1, 3, "a", &whole, &err) == -1);
        CHECK(receive(d, ABC, 0, -1, "", &whole, &err) == -1);
        CHECK(receive(d, ABC, INT64_MAX, 3, "a", &whole, &err) == -1);
        CHECK(receive(d, ABC, 0, 3, "abd", &whole, &err) == -1);
        CHECK(err.kind == ERR_INVALID && strstr(err.msg, "another digest"));
        check_none(d, 1, ABC);
        CHECK(count("1") == 0);
}

static bool named(void *arg, int64_t shelf, const char *digest) {
        ++*(int *)arg;
        return shelf == 1 && strcmp(digest, ABC) == 0;
}

static void set_age(const char *path, int64_t age_s) {
        struct timespec times[2];
        char whole[200];

        clock_gettime(CLOCK_REALTIME, &times[0]);
        times[0].tv_sec -= age_s;
        times[1] = times[0];
        snprintf(whole, sizeof(whole), "%s/files/%s", dir, path);
        CHECK(utimensat(AT_FDCWD, whole, times, 0) == 0);
}

TEST(collected_when_nobody_wants_it) {
        _cleanup_(depot_freep) struct depot *d = make(100);
        int asked = 0;
        bool whole;
        struct err err;

        for (int64_t shelf = 1; shelf <= 3; shelf++)
                CHECK_OK(depot_import(d, shelf, ABC, file("a", "abc"), &err));
        CHECK_OK(receive(d, EMPTY, 0, 3, "a", &whole, &err));
        set_age("1/" ABC, 200); /* old, and named */
        set_age("2/" ABC, 200); /* old */
        set_age("3/" ABC, 200); /* old, until somebody asks for it before they send it */
        CHECK(depot_has(d, 3, ABC, NULL));
        CHECK(depot_collect(d, 100, named, &asked) == 1 && asked == 3);
        CHECK(depot_has(d, 1, ABC, NULL) && !depot_has(d, 2, ABC, NULL) &&
              depot_has(d, 3, ABC, NULL));
        CHECK(count("1") == 2);
        set_age("1/" EMPTY ".part", 100);
        CHECK(depot_collect(d, 100, named, &asked) == 1); /* what was given up */
        CHECK(count("1") == 1);
        CHECK(depot_collect(d, 100, named, &asked) == 0); /* being named made it young */
}
