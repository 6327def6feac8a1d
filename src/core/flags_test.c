#include "core/flags.h"

#include "model/flag.h"
#include "test.h"

__attribute__((constructor)) static void init(void) { crypto_init(); }

static const uint8_t master[KEY_SIZE] = { 1, 2, 3 };
static const struct account ann = { ACCOUNT_USER, 1 }, bob = { ACCOUNT_USER, 2 };

static struct challenge challenge = {
        .id = 7, .tenant = 3, .has_instance = true, .spec.flag_template = "F{<hex><hex>}"
};

static struct lease_flag flag(const char *lease, struct account owner, int64_t generation) {
        struct lease_flag f = { .tenant = 3,
                                .challenge = 7,
                                .owner = owner,
                                .generation = generation,
                                .grace_ms = 1000 };

        snprintf(f.lease, sizeof(f.lease), "%s", lease);
        return f;
}

static const char *text(struct account owner, int64_t generation, char ret[FLAG_MAX]) {
        uint8_t key[KEY_SIZE];
        struct err err;

        flag_key(master, 3, key);
        CHECK_OK(flag_derive(key, challenge.spec.flag_template, 7, owner, generation, ret, &err));
        return ret;
}

TEST(a_flag_is_found_with_its_owner) {
        struct flags *f = flags_new(master);
        struct lease_flag one = flag("a", ann, 1);
        const struct lease_flag *found;
        char t[FLAG_MAX];

        flags_put(f, &one, &challenge);
        found = flags_find(f, 7, text(ann, 1, t), ann, 0);
        CHECK(found && account_equal(found->owner, ann));
        found = flags_find(f, 7, t, bob, 0);
        CHECK(found && account_equal(found->owner, ann)); /* and so not Bob's */
        CHECK(!flags_find(f, 8, t, ann, 0));
        CHECK(!flags_find(f, 7, text(ann, 2, t), ann, 0));
        CHECK(!flags_find(f, 7, "", ann, 0));
        flags_free(f);
}

TEST(it_is_taken_while_its_lease_lives_and_for_the_grace_after) {
        struct flags *f = flags_new(master);
        struct lease_flag one = flag("a", ann, 1);
        const struct lease_flag *found;
        char t[FLAG_MAX];

        flags_put(f, &one, &challenge);
        found = flags_find(f, 7, text(ann, 1, t), ann, 5000);
        CHECK(flags_usable(found, INT64_MAX));
        one.ended_ms = 10000;
        flags_put(f, &one, &challenge);
        CHECK(flags_usable(found, 10999) && !flags_usable(found, 11000));
        flags_free(f);
}

TEST(one_that_is_taken_goes_before_one_that_is_not) {
        struct flags *f = flags_new(master);
        struct lease_flag old = flag("a", ann, 1), new = flag("b", ann, 2);
        const struct challenge same = {
                .id = 7, .tenant = 3, .has_instance = true, .spec.flag_template = "F{always}"
        };

        old.ended_ms = 1;
        flags_put(f, &new, &same);
        flags_put(f, &old, &same);
        CHECK_STR(flags_find(f, 7, "F{always}", ann, 99999)->lease, "b");
        flags_free(f);
}

TEST(what_several_others_have_tells_of_nobody) {
        struct flags *f = flags_new(master);
        struct lease_flag one = flag("a", ann, 1), two = flag("b", bob, 1);
        const struct challenge same = {
                .id = 7, .tenant = 3, .has_instance = true, .spec.flag_template = "F{always}"
        };

        flags_put(f, &one, &same);
        flags_put(f, &two, &same);
        CHECK(!flags_find(f, 7, "F{always}", (struct account){ ACCOUNT_USER, 3 }, 0));
        CHECK(account_equal(flags_find(f, 7, "F{always}", bob, 0)->owner, bob));
        flags_free(f);
}
