#include "os/tree.h"

#include <ftw.h>
#include <sys/stat.h>

#include "test.h"

static char dir[] = "/tmp/berth-tree-XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at) {
        (void)st;
        (void)kind;
        (void)at;
        return remove(path);
}

static void clean(void) { CHECK(nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0); }

static const char *path_of(const char *name) {
        static char path[128];

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        return path;
}

static void put(const char *name, const char *text) {
        FILE *f = fopen(path_of(name), "w");

        CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void make(void) {
        crypto_init();
        CHECK(mkdtemp(dir));
        atexit(clean);
        CHECK(mkdir(path_of("a"), 0700) == 0 && mkdir(path_of("a/deep"), 0700) == 0);
        CHECK(mkdir(path_of(".git"), 0700) == 0);
        put("a/f", "1");
        put("a/deep/g", "1");
}

/* Has PATH another print than it had at the last call? */
static bool changed(const char *path) {
        static uint8_t last[SHA256_SIZE];
        _cleanup_arena_ struct arena arena = { 0 };
        struct tree t;
        struct err err;
        bool r;

        CHECK_OK(tree_look(path, &arena, &t, &err));
        r = memcmp(last, t.print, sizeof(last)) != 0;
        memcpy(last, t.print, sizeof(last));
        return r;
}

TEST(every_change_is_seen) {
        make();
        CHECK(changed(dir) && !changed(dir));
        put("a/f", "22");
        CHECK(changed(dir));
        put("a/deep/g", "22");
        CHECK(changed(dir));
        put("new", "");
        CHECK(changed(dir));
        CHECK(unlink(path_of("a/f")) == 0);
        CHECK(changed(dir) && !changed(dir));
        put(".git/index", "not looked at");
        CHECK(!changed(dir));
}

/* As editors do it: another file takes the name, of the same size. */
TEST(a_file_in_anothers_place) {
        char from[128];

        make();
        put("a/other", "2");
        CHECK(changed(dir));
        snprintf(from, sizeof(from), "%s", path_of("a/other"));
        CHECK(rename(from, path_of("a/f")) == 0);
        CHECK(changed(dir));
}

TEST(a_file_alone) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct tree t;
        struct err err;

        make();
        CHECK(changed(path_of("a/f")));
        put("a/other", "x");
        CHECK(!changed(path_of("a/f")));
        put("a/f", "22");
        CHECK(changed(path_of("a/f")));
        CHECK_OK(tree_look(path_of("a/f"), &arena, &t, &err));
        CHECK(t.n_folders == 1);
        CHECK_STR(t.folders[0], path_of("a"));
        CHECK(tree_look(path_of("none"), &arena, &t, &err) == -1 && err.kind == ERR_NOT_FOUND);
}

TEST(folders_to_watch) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct tree t;
        struct err err;

        make();
        CHECK(symlink("..", path_of("a/loop")) == 0); /* ends at the greatest depth */
        CHECK_OK(tree_look(dir, &arena, &t, &err));
        CHECK(t.n_folders >= 3 && t.n_folders < 200);
        CHECK_STR(t.folders[0], dir);
        CHECK_STR(t.folders[1], path_of("a"));
        CHECK_STR(t.folders[2], path_of("a/deep"));
}
