#include "model/seal.h"
#include "test.h"

static struct arena arena;
static struct err err;
static uint8_t key[KEY_SIZE] = { 1, 2, 3 };

static const char *opened(const char *box) {
        const char *text = NULL;

        CHECK_OK(unseal(key, box, &arena, &text, &err));
        return text;
}

TEST(what_was_sealed_can_be_read) {
        crypto_init();
        CHECK_STR(opened(seal(key, "a", "flag{ä}", &arena)), "flag{ä}");
        CHECK_STR(opened(seal(key, "a", "", &arena)), "");
        CHECK(!strstr(seal(key, "a", "flag{secret}", &arena), "secret"));
}

TEST(the_same_text_gives_the_same_box_at_one_place) {
        crypto_init();
        CHECK_STR(seal(key, "a", "x", &arena), seal(key, "a", "x", &arena));
        CHECK(strcmp(seal(key, "a", "x", &arena), seal(key, "b", "x", &arena)) != 0);
        CHECK(strcmp(seal(key, "a", "x", &arena), seal(key, "a", "y", &arena)) != 0);
}

TEST(what_was_changed_does_not_open) {
        char *box, kept;
        const char *text;
        uint8_t other[KEY_SIZE];

        crypto_init();
        box = arena_printf(&arena, "%s", seal(key, "a", "flag{x}", &arena));
        for (size_t i = 0; box[i]; i++) {
                kept = box[i];
                box[i] = kept == 'A' ? 'B' : 'A';
                CHECK(unseal(key, box, &arena, &text, &err) == -1 && err.kind == ERR_INVALID);
                box[i] = kept;
        }
        CHECK_STR(opened(box), "flag{x}");
        seal_key(key, 2, other);
        CHECK(unseal(other, box, &arena, &text, &err) == -1);
        CHECK(unseal(key, "", &arena, &text, &err) == -1);
        CHECK(unseal(key, "AAAA", &arena, &text, &err) == -1);
        CHECK(unseal(key, "no base64!", &arena, &text, &err) == -1);
}
