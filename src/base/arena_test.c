#include <stdint.h>

#include "base/arena.h"
#include "test.h"

TEST(zeroed_and_aligned) {
        _cleanup_arena_ struct arena a = { 0 };

        for (size_t size = 1; size < 300; size++) {
                char *p = arena_alloc(&a, size);

                CHECK((uintptr_t)p % 16 == 0);
                for (size_t i = 0; i < size; i++)
                        CHECK(p[i] == 0);
                memset(p, 0xff, size);
        }
}

TEST(large_pieces) {
        _cleanup_arena_ struct arena a = { 0 };
        char *small = arena_alloc(&a, 8), *large = arena_alloc(&a, 1 << 20);

        memset(large, 1, 1 << 20);
        CHECK(small[0] == 0);
}

TEST(grow_copies) {
        _cleanup_arena_ struct arena a = { 0 };
        char *p = arena_printf(&a, "%s", "abc");
        char *q = arena_grow(&a, p, 4, 100);

        CHECK(q != p);
        CHECK_STR(q, "abc");
        CHECK(arena_grow(&a, NULL, 0, 10));
}

TEST(printf_of_any_length) {
        _cleanup_arena_ struct arena a = { 0 };
        const char *s = arena_printf(&a, "%09000d", 7);

        CHECK(strlen(s) == 9000 && s[8999] == '7');
}
