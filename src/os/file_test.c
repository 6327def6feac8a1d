#include <dirent.h>
#include <sys/stat.h>

#include "os/file.h"
#include "test.h"

static char folder[] = "/tmp/berth-file-test.XXXXXX";

/* What a test makes in its folder, by these names, goes at its end. */
static void clean(void) {
        static const char *const names[] = { "a/b/c", "a/b", "a", "f", "" };
        char path[200];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
                remove(path);
        }
}

static const char *in_folder(struct arena *a, const char *name) {
        static int made;

        if (!made) {
                CHECK(mkdtemp(folder));
                atexit(clean);
                made = 1;
        }
        return arena_printf(a, "%s/%s", folder, name);
}

static int count_files(void) {
        DIR *d = opendir(folder);
        int n = 0;

        CHECK(d);
        while (readdir(d))
                n++;
        closedir(d);
        return n - 2; /* . and .. */
}

TEST(written_is_read) {
        _cleanup_arena_ struct arena a = { 0 };
        const char *path = in_folder(&a, "f");
        struct err err;
        struct stat st;
        char *text;
        size_t n;

        CHECK_OK(file_write(path, 0640, "a\0b", 3, &err));
        CHECK_OK(file_read(path, 3, &a, &text, &n, &err));
        CHECK(n == 3 && memcmp(text, "a\0b", 4) == 0); /* and a NUL after it */
        CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
        CHECK_OK(file_write(path, 0600, "", 0, &err));
        CHECK_OK(file_read(path, 3, &a, &text, &n, &err));
        CHECK(n == 0 && text[0] == '\0');
        CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
        CHECK(count_files() == 1);
}

TEST(large_files) {
        _cleanup_arena_ struct arena a = { 0 };
        const char *path = in_folder(&a, "f");
        size_t size = 300001, n;
        char *data = arena_alloc(&a, size), *text;
        struct err err;

        for (size_t i = 0; i < size; i++)
                data[i] = (char)(i % 251);
        CHECK_OK(file_write(path, 0600, data, size, &err));
        CHECK_OK(file_read(path, size, &a, &text, &n, &err));
        CHECK(n == size && memcmp(data, text, size) == 0);
        CHECK(file_read(path, size - 1, &a, &text, &n, &err) == -1);
        CHECK(err.kind == ERR_TOO_LARGE);
}

TEST(endless_files_are_too_large) {
        _cleanup_arena_ struct arena a = { 0 };
        struct err err;
        char *text;
        size_t n;

        CHECK(file_read("/dev/zero", 100000, &a, &text, &n, &err) == -1);
        CHECK(err.kind == ERR_TOO_LARGE);
}

TEST(files_that_are_not_there) {
        _cleanup_arena_ struct arena a = { 0 };
        struct err err;
        char *text = NULL;
        size_t n = 7;

        CHECK(file_read(in_folder(&a, "f"), 10, &a, &text, &n, &err) == -1);
        CHECK(err.kind == ERR_NOT_FOUND);
        CHECK(!text && n == 7);
        CHECK(file_read(folder, 10, &a, &text, &n, &err) == -1);
        CHECK(err.kind == ERR_INTERNAL);
        CHECK(file_write(in_folder(&a, "a/b"), 0600, "x", 1, &err) == -1);
        CHECK(err.kind == ERR_NOT_FOUND);
}

TEST(a_failed_write_leaves_nothing) {
        _cleanup_arena_ struct arena a = { 0 };
        const char *path = in_folder(&a, "a");
        struct err err;

        CHECK(mkdir(path, 0700) == 0); /* no file can take a folder's place */
        CHECK(file_write(path, 0600, "x", 1, &err) == -1);
        CHECK(err.kind == ERR_INTERNAL);
        CHECK(count_files() == 1);
}

TEST(a_name_in_this_folder) {
        _cleanup_arena_ struct arena a = { 0 };
        struct err err;
        char *text;
        size_t n;

        in_folder(&a, "");
        CHECK(chdir(folder) == 0);
        CHECK_OK(file_write("f", 0600, "x", 1, &err));
        CHECK_OK(file_read("f", 10, &a, &text, &n, &err));
        CHECK_STR(text, "x");
}

TEST(folders_with_their_parents) {
        _cleanup_arena_ struct arena a = { 0 };
        const char *path = in_folder(&a, "a/b//c/");
        struct err err;
        struct stat st;

        CHECK_OK(file_mkdirs(path, 0700, &err));
        CHECK(stat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700);
        CHECK_OK(file_mkdirs(path, 0700, &err));
        CHECK_OK(file_mkdirs("/", 0700, &err));
}

TEST(a_file_in_the_way_of_a_folder) {
        _cleanup_arena_ struct arena a = { 0 };
        struct err err;

        CHECK_OK(file_write(in_folder(&a, "f"), 0600, "x", 1, &err));
        CHECK(file_mkdirs(in_folder(&a, "f"), 0700, &err) == -1);
        CHECK(err.kind == ERR_INTERNAL);
        CHECK(file_mkdirs(in_folder(&a, "f/g"), 0700, &err) == -1);
        CHECK(err.kind == ERR_INTERNAL);
}
