#include "model/challenge_set.h"
#include "test.h"

static struct err err;
static char complaints[2048];

static struct challenge *parse(const char *text) {
        _cleanup_json_ json_t *o = NULL;
        struct challenge *c;

        CHECK_OK(json_parse(text, strlen(text), &o, &err));
        CHECK_OK(challenge_parse(o, 0, 1, &c, &err));
        return c;
}

static void note(void *arg, const struct challenge *c, const char *member, const char *reason) {
        size_t n = strlen(complaints);

        (void)arg;
        snprintf(complaints + n, sizeof(complaints) - n, "%s: %s: %s\n", c->slug, member, reason);
}

static size_t resolve(struct challenge **set, size_t n) {
        complaints[0] = '\0';
        return challenge_set_resolve(set, n, note, NULL);
}

TEST(names_and_numbers_become_slugs) {
        struct challenge *set[] = {
                parse("{\"name\":\"Warm Up\",\"number\":3}"),
                parse("{\"name\":\"B\",\"requirements\":[\"Warm Up\"]}"),
                parse("{\"name\":\"C\",\"requirements\":[3,\"b\"]}"),
                parse("{\"name\":\"D\",\"requirements\":[\"warm-up\"]}"),
        };

        CHECK(resolve(set, 4) == 0);
        CHECK_STR(set[1]->requirements[0], "warm-up");
        CHECK_STR(set[2]->requirements[0], "warm-up");
        CHECK_STR(set[2]->requirements[1], "b");
        CHECK(!set[2]->requirements[2]);
        CHECK(strstr(set[2]->text, "\"requirements\":[\"warm-up\",\"b\"]"));
        CHECK(resolve(set, 4) == 0); /* again: nothing changes */
        CHECK_STR(set[3]->requirements[0], "warm-up");
        for (size_t i = 0; i < 4; i++)
                challenge_unref(set[i]);
}

TEST(what_is_not_there_is_told) {
        struct challenge *set[] = {
                parse("{\"name\":\"A\",\"requirements\":[\"b\",\"zzz\",9]}"),
                parse("{\"name\":\"B\"}"),
        };

        CHECK(resolve(set, 2) == 2);
        CHECK_STR(complaints, "a: requirements[1]: there is no challenge \"zzz\"\n"
                              "a: requirements[2]: there is no challenge \"9\"\n");
        for (size_t i = 0; i < 2; i++)
                challenge_unref(set[i]);
}

TEST(circles_are_told) {
        struct challenge *set[] = {
                parse("{\"name\":\"A\",\"requirements\":[\"b\"]}"),
                parse("{\"name\":\"B\",\"requirements\":[\"c\"]}"),
                parse("{\"name\":\"C\",\"requirements\":[\"a\"]}"),
                parse("{\"name\":\"D\",\"requirements\":[\"a\"]}"),
                parse("{\"name\":\"E\",\"requirements\":[\"e\"]}"),
        };

        CHECK(resolve(set, 5) == 4); /* D needs a circle, and is in none */
        CHECK(!strstr(complaints, "d: "));
        for (size_t i = 0; i < 5; i++)
                challenge_unref(set[i]);
}

TEST(a_number_is_for_one) {
        struct challenge *set[] = { parse("{\"name\":\"A\",\"number\":1}"),
                                    parse("{\"name\":\"B\",\"number\":1}") };

        CHECK(resolve(set, 2) == 1);
        CHECK_STR(complaints, "b: number: 1 is the number of \"a\"\n");
        for (size_t i = 0; i < 2; i++)
                challenge_unref(set[i]);
}
