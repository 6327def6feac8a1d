#include "os/folder_watch.h"

#include <ftw.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "test.h"

static char dir[] = "/tmp/berth-watch-XXXXXX";
static atomic_int looks, at_once;
static int busy_ms;

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at) {
        (void)st;
        (void)kind;
        (void)at;
        return remove(path);
}

static void clean(void) { CHECK(nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) == 0); }

static void put(const char *name) {
        char path[128];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        f = fopen(path, "a");
        CHECK(f && fputs("x", f) >= 0 && fclose(f) == 0);
}

static void look(void *arg) {
        CHECK(arg == dir && atomic_fetch_add(&at_once, 1) == 0);
        usleep((useconds_t)busy_ms * 1000);
        atomic_fetch_add(&looks, 1);
        atomic_fetch_sub(&at_once, 1);
}

static struct folder_watch *make(int64_t settle_ms, int64_t poll_ms) {
        const struct folder_watch_config config = {
                .settle_ms = settle_ms, .poll_ms = poll_ms, .look = look, .arg = dir
        };
        const char *const folders[] = { dir, "/nonexistent" };
        struct folder_watch *w;
        struct err err;

        CHECK(mkdtemp(dir));
        atexit(clean);
        CHECK_OK(folder_watch_new(&config, &w, &err));
        folder_watch_set(w, folders, 2);
        usleep(50000);
        return w;
}

static bool wait_looks(int n) {
        for (int i = 0; i < 500 && atomic_load(&looks) < n; i++)
                usleep(10000);
        return atomic_load(&looks) == n;
}

TEST(a_change_is_looked_at_once_it_settled) {
        _cleanup_(folder_watch_freep) struct folder_watch *w = make(100, 60000);

        CHECK(atomic_load(&looks) == 0);
        for (int i = 0; i < 5; i++) {
                put("f");
                usleep(20000);
        }
        CHECK(atomic_load(&looks) == 0);
        CHECK(wait_looks(1));
        usleep(200000);
        CHECK(atomic_load(&looks) == 1);
        put("g");
        CHECK(wait_looks(2));
}

TEST(endless_changes_do_not_hold_it_up) {
        _cleanup_(folder_watch_freep) struct folder_watch *w = make(100, 60000);
        int64_t began = clock_mono_ms();

        while (atomic_load(&looks) == 0 && clock_mono_ms() - began < 5000) {
                put("f");
                usleep(20000);
        }
        CHECK(atomic_load(&looks) == 1);
}

TEST(polls_without_a_change) {
        _cleanup_(folder_watch_freep) struct folder_watch *w = make(100, 50);

        for (int i = 0; i < 500 && atomic_load(&looks) < 3; i++)
                usleep(10000);
        CHECK(atomic_load(&looks) >= 3);
}

TEST(a_change_during_a_look_is_looked_at_after_it) {
        _cleanup_(folder_watch_freep) struct folder_watch *w = NULL;

        busy_ms = 300;
        w = make(50, 60000);
        put("f");
        for (int i = 0; i < 500 && atomic_load(&at_once) == 0; i++)
                usleep(10000);
        put("f");
        CHECK(wait_looks(2));
}

TEST(other_folders) {
        _cleanup_(folder_watch_freep) struct folder_watch *w = make(50, 60000);
        const char *const other[] = { "/nonexistent" };

        folder_watch_set(w, other, 1);
        usleep(100000);
        put("f");
        usleep(300000);
        CHECK(atomic_load(&looks) == 0);
        folder_watch_set(w, (const char *const[]){ dir }, 1);
        usleep(100000);
        put("f");
        CHECK(wait_looks(1));
}

TEST(the_end_waits_for_a_look) {
        struct folder_watch *w;

        busy_ms = 200;
        w = make(20, 60000);
        put("f");
        for (int i = 0; i < 500 && atomic_load(&at_once) == 0; i++)
                usleep(1000);
        folder_watch_set(w, (const char *const[]){ dir }, 1);
        folder_watch_free(w);
        CHECK(atomic_load(&looks) == 1 && atomic_load(&at_once) == 0);
}
