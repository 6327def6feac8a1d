#include <string.h>

#include "core/read_model.h"
#include "test.h"

TEST(tokens_whose_digests_begin_alike_are_told_apart) {
        struct read_model *m = read_model_new();
        struct user user = { .id = 7, .tenant = 1 };
        struct token a = { .id = 1, .user = 7 }, b = { .id = 2, .user = 8 };
        uint8_t neither[SHA256_SIZE] = { 0 };
        const struct token *t;

        b.digest[SHA256_SIZE - 1] = 1;
        neither[SHA256_SIZE - 1] = 2;
        read_model_begin(m);
        read_model_put_user(m, &user);
        read_model_put_token(m, &a);
        read_model_put_token(m, &b);
        a.revoked_ms = 5;
        read_model_put_token(m, &a); /* again */
        read_model_end(m);

        read_model_lock(m);
        t = read_model_token(m, a.digest);
        CHECK(t && t->id == 1 && t->revoked_ms == 5);
        CHECK(t && read_model_token_user(m, t) == read_model_user(m, 7));
        t = read_model_token(m, b.digest);
        CHECK(t && t->id == 2);
        CHECK(t && read_model_token_user(m, t) == NULL);
        CHECK(read_model_token(m, neither) == NULL);
        read_model_unlock(m);
        read_model_free(m);
}

TEST(a_token_finds_a_user_that_came_after_it) {
        struct read_model *m = read_model_new();
        struct token token = { .id = 1, .user = 7 };
        struct user user = { .id = 7, .tenant = 1 };
        const struct token *t;

        read_model_begin(m);
        read_model_put_token(m, &token);
        read_model_put_user(m, &user);
        read_model_end(m);

        read_model_lock(m);
        t = read_model_token(m, token.digest);
        CHECK(t && read_model_token_user(m, t) == read_model_user(m, 7));
        read_model_unlock(m);
        read_model_free(m);
}
