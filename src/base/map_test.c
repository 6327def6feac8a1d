#include <pthread.h>

#include "base/map.h"
#include "test.h"

#define MANY 5000

TEST(an_empty_map) {
        struct map m = { 0 };
        size_t at = 0;

        CHECK(!map_get(&m, "a"));
        CHECK(!map_get_id(&m, 1));
        CHECK(!map_del(&m, "a"));
        CHECK(!map_del_id(&m, 1));
        CHECK(!map_next(&m, &at));
        map_done(&m);
}

TEST(put_replaces) {
        struct map m = { 0 };
        char first[] = "key", second[] = "key";

        map_put(&m, first, first);
        map_put(&m, second, second);
        CHECK(m.n == 1);
        memset(first, 'x', sizeof(first) - 1); /* the map must not look at it any more */
        CHECK(map_get(&m, "key") == second);
        CHECK(map_del(&m, "key") == second);
        CHECK(m.n == 0);
        CHECK(!map_get(&m, "key"));
        map_done(&m);
}

TEST(many_texts) {
        static char keys[MANY][16];
        struct map m = { 0 };

        for (size_t i = 0; i < MANY; i++) {
                snprintf(keys[i], sizeof(keys[i]), "team-%zu", i);
                map_put(&m, keys[i], keys[i]);
        }
        CHECK(m.n == MANY);
        for (size_t i = 0; i < MANY; i += 2)
                CHECK(map_del(&m, keys[i]) == keys[i]);
        for (size_t i = 0; i < MANY; i++)
                CHECK(map_get(&m, keys[i]) == (i % 2 ? keys[i] : NULL));
        CHECK(m.n == MANY / 2);
        map_done(&m);
}

TEST(many_numbers) {
        static char values[MANY];
        struct map m = { 0 };

        for (int64_t i = 0; i < MANY; i++)
                map_put_id(&m, i - MANY / 2, &values[i]);
        for (int64_t i = 0; i < MANY; i++)
                CHECK(map_get_id(&m, i - MANY / 2) == &values[i]);
        CHECK(!map_get_id(&m, MANY));
        for (int64_t i = 0; i < MANY; i++)
                CHECK(map_del_id(&m, i - MANY / 2) == &values[i]);
        CHECK(m.n == 0);
        map_done(&m);
}

TEST(coming_and_going_does_not_grow) {
        struct map m = { 0 };
        char value;

        for (int64_t i = 0; i < 100000; i++) {
                map_put_id(&m, i, &value);
                if (i >= 10)
                        CHECK(map_del_id(&m, i - 10) == &value);
        }
        CHECK(m.n == 10);
        CHECK(m.cap <= 64);
        CHECK(m.used < m.cap); /* the marks of what went are swept up */
        map_done(&m);
}

TEST(walk_sees_each_once) {
        static char seen[100];
        struct map m = { 0 };
        size_t n = 0;
        char *v;

        for (int64_t i = 0; i < 100; i++)
                map_put_id(&m, i, &seen[i]);
        for (int64_t i = 0; i < 100; i += 3)
                map_del_id(&m, i);
        for (size_t i = 0; (v = map_next(&m, &i)); n++)
                CHECK((*v)++ == 0);
        CHECK(n == m.n && n == 66);
        map_done(&m);
}

static void *use(void *arg) {
        struct map m = { 0 };

        map_put(&m, "key", arg);
        CHECK(map_get(&m, "key") == arg);
        map_done(&m);
        return NULL;
}

TEST(first_use_by_many_threads) {
        pthread_t threads[8];
        char value;

        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                CHECK(pthread_create(&threads[i], NULL, use, &value) == 0);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                pthread_join(threads[i], NULL);
}

/* The order of a walk shows the seed: processes must not share one. */
static void order(int fd) {
        static char values[64];
        struct map m = { 0 };
        char out[64];
        size_t n = 0;
        char *v;

        for (int64_t i = 0; i < 64; i++)
                map_put_id(&m, i, &values[i]);
        for (size_t i = 0; (v = map_next(&m, &i));)
                out[n++] = (char)(v - values);
        CHECK(write(fd, out, sizeof(out)) == sizeof(out));
        map_done(&m);
}

TEST(the_seed_differs_between_processes) {
        char orders[2][64];
        int fds[2];

        for (size_t i = 0; i < 2; i++) {
                CHECK(pipe(fds) == 0);
                if (fork() == 0) {
                        order(fds[1]);
                        _exit(0);
                }
                CHECK(read(fds[0], orders[i], 64) == 64);
                wait(NULL);
        }
        CHECK(memcmp(orders[0], orders[1], 64) != 0);
}
