#include "api/idempotency.h"
#include "test.h"

static const uint8_t one[SHA256_SIZE] = { 1 }, two[SHA256_SIZE] = { 2 };

static enum key_verdict begin(struct idempotency *t, int64_t user, const char *key,
                              const uint8_t *digest, int64_t now_ms, struct key_slot **slot,
                              struct key_answer *answer) {
        static struct arena arena;

        return idempotency_begin(t, user, key, digest, now_ms, &arena, slot, answer);
}

static void finish(struct idempotency *t, struct key_slot *slot, const char *body) {
        idempotency_finish(
                t, slot,
                &(struct key_answer){
                        .status = 201, .location = "/x", .body = body, .n = strlen(body) });
}

TEST(the_second_gets_what_the_first_got) {
        _cleanup_(idempotency_freep) struct idempotency *t = idempotency_new();
        struct key_answer answer = { 0 };
        struct key_slot *slot = NULL;

        CHECK(begin(t, 1, "k", one, 0, &slot, &answer) == KEY_NEW);
        CHECK(begin(t, 1, "k", one, 0, &slot, &answer) == KEY_BUSY);
        finish(t, slot, "{\"id\":1}");
        CHECK(begin(t, 1, "k", one, 1, &slot, &answer) == KEY_ANSWERED);
        CHECK(answer.status == 201 && answer.n == 8);
        CHECK_STR(answer.body, "{\"id\":1}");
        CHECK_STR(answer.location, "/x");
        CHECK(begin(t, 1, "k", two, 1, &slot, &answer) == KEY_OTHER);
}

TEST(keys_are_of_one_user) {
        _cleanup_(idempotency_freep) struct idempotency *t = idempotency_new();
        struct key_slot *a = NULL, *b = NULL;
        struct key_answer answer;

        CHECK(begin(t, 1, "k", one, 0, &a, &answer) == KEY_NEW);
        CHECK(begin(t, 11, "k", two, 0, &b, &answer) == KEY_NEW);
        finish(t, a, "a");
        finish(t, b, "b");
}

TEST(a_refused_request_may_come_again) {
        _cleanup_(idempotency_freep) struct idempotency *t = idempotency_new();
        struct key_slot *slot = NULL;
        struct key_answer answer;

        CHECK(begin(t, 1, "k", one, 0, &slot, &answer) == KEY_NEW);
        idempotency_finish(t, slot, NULL);
        CHECK(begin(t, 1, "k", two, 0, &slot, &answer) == KEY_NEW);
        finish(t, slot, "x");
}

TEST(a_day_later_it_is_forgotten) {
        _cleanup_(idempotency_freep) struct idempotency *t = idempotency_new();
        struct key_slot *slot = NULL;
        struct key_answer answer;

        CHECK(begin(t, 1, "k", one, 0, &slot, &answer) == KEY_NEW);
        finish(t, slot, "x");
        CHECK(begin(t, 1, "k", one, IDEMPOTENCY_MS - 1, &slot, &answer) == KEY_ANSWERED);
        CHECK(begin(t, 1, "k", two, IDEMPOTENCY_MS, &slot, &answer) == KEY_NEW);
        finish(t, slot, "y");
}

TEST(the_oldest_of_too_many_gives_way) {
        _cleanup_(idempotency_freep) struct idempotency *t = idempotency_new();
        struct key_slot *slot = NULL, *busy = NULL;
        struct key_answer answer;
        char key[24];

        CHECK(begin(t, 1, "busy", one, 0, &busy, &answer) == KEY_NEW);
        for (int i = 0; i < IDEMPOTENCY_MAX + 10; i++) {
                snprintf(key, sizeof(key), "%d", i);
                CHECK(begin(t, 1, key, one, 0, &slot, &answer) == KEY_NEW);
                finish(t, slot, "x");
        }
        CHECK(begin(t, 1, key, one, 0, &slot, &answer) == KEY_ANSWERED);
        CHECK(begin(t, 1, "busy", one, 0, &slot, &answer) == KEY_BUSY);
        CHECK(begin(t, 1, "0", one, 0, &slot, &answer) == KEY_NEW);
        finish(t, slot, "x");
        finish(t, busy, "x");
}
