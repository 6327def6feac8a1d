#include "api/tickets.h"

#include "test.h"

static const uint8_t key[KEY_SIZE] = { 1, 2, 3 };

static struct tickets *fresh(void) {
        crypto_init();
        return tickets_new(key);
}

TEST(a_ticket_is_good_once_and_for_a_minute) {
        _cleanup_(tickets_freep) struct tickets *t = fresh();
        char one[TICKET_TEXT], two[TICKET_TEXT];

        tickets_issue(t, 5, 7, 1000, one);
        tickets_issue(t, 6, 7, 1000, two);
        CHECK(strlen(one) == 43 && strcmp(one, two) != 0);
        CHECK(tickets_use(t, one, 1001) == 5);
        CHECK(tickets_use(t, one, 1001) == 0);
        CHECK(tickets_use(t, two, 1000 + TICKET_MS) == 0);
        CHECK(tickets_use(t, two, 1001) == 0); /* that was its use */
        CHECK(tickets_use(t, "", 1001) == 0 && tickets_use(t, "AAAA", 1001) == 0);
}

TEST(a_user_has_so_many_and_others_are_not_touched) {
        _cleanup_(tickets_freep) struct tickets *t = fresh();
        char mine[TICKETS_OF_USER + 1][TICKET_TEXT], other[TICKET_TEXT];

        tickets_issue(t, 1, 1, 1000, other);
        for (int i = 0; i <= TICKETS_OF_USER; i++)
                tickets_issue(t, 100 + i, 2, 1000, mine[i]);
        CHECK(tickets_use(t, mine[0], 1000) == 0); /* gave way */
        for (int i = TICKETS_OF_USER; i > 0; i--)
                CHECK(tickets_use(t, mine[i], 1000) == 100 + i);
        CHECK(tickets_use(t, other, 1000) == 1);
}

TEST(all_together_are_bounded) {
        _cleanup_(tickets_freep) struct tickets *t = fresh();
        char first[TICKET_TEXT], second[TICKET_TEXT], last[TICKET_TEXT];

        tickets_issue(t, 1, 1, 1000, first);
        tickets_issue(t, 2, 2, 1000, second);
        for (int64_t i = 3; i <= TICKETS_MAX + 1; i++)
                tickets_issue(t, i, i, 1000, last);
        CHECK(tickets_use(t, first, 1000) == 0);
        CHECK(tickets_use(t, second, 1000) == 2);
        CHECK(tickets_use(t, last, 1000) == TICKETS_MAX + 1);
        tickets_issue(t, 9, 9, 1000 + TICKET_MS, first); /* the old ones go */
        CHECK(tickets_use(t, first, 1000 + TICKET_MS) == 9);
}

TEST(a_pass_is_good_as_often_as_one_likes) {
        _cleanup_(tickets_freep) struct tickets *t = fresh(), *again = fresh(), *foreign = NULL;
        static const uint8_t other_key[KEY_SIZE] = { 9 };
        char one[PASS_TEXT], two[PASS_TEXT];

        tickets_pass(t, INT64_C(1) << 40, one);
        tickets_pass(t, INT64_C(1) << 40, two);
        CHECK(strcmp(one, two) != 0 && strlen(one) == 54);
        for (int i = 0; i < 3; i++)
                CHECK(tickets_of_pass(t, one) == INT64_C(1) << 40);
        CHECK(tickets_of_pass(again, two) == INT64_C(1) << 40); /* after a restart, too */
        foreign = tickets_new(other_key);
        CHECK(tickets_of_pass(foreign, one) == 0);
        CHECK(tickets_use(t, one, 0) == 0);
}

TEST(a_pass_cannot_be_made_up) {
        _cleanup_(tickets_freep) struct tickets *t = fresh();
        char pass[PASS_TEXT], longer[PASS_TEXT + 8];

        tickets_pass(t, 77, pass);
        for (size_t i = 0; pass[i]; i++) {
                char c = pass[i];

                pass[i] = c == 'A' ? 'B' : 'A';
                /* the last character's low bits are no part of it */
                CHECK(i == strlen(pass) - 1 || tickets_of_pass(t, pass) == 0);
                pass[i] = c;
        }
        snprintf(longer, sizeof(longer), "%sAAAA", pass);
        CHECK(tickets_of_pass(t, longer) == 0);
        longer[50] = '\0';
        CHECK(tickets_of_pass(t, longer) == 0);
        CHECK(tickets_of_pass(t, "") == 0 && tickets_of_pass(t, "%$#") == 0);
        CHECK(tickets_of_pass(t, pass) == 77);
}
