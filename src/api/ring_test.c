#include "api/ring.h"

#include "base/random.h"
#include "test.h"

static const struct game_rules no_rules;

static struct event solve(int64_t seq) {
        struct event e = { .seq = seq,
                           .at_ms = seq * 1000,
                           .tenant = 1,
                           .action = ACTION_SOLVED,
                           .account = { ACCOUNT_USER, 1 },
                           .challenge = 2,
                           .detail = "{}" };

        event_text(&e, "name", "somebody");
        event_int(&e, "points", seq);
        return e;
}

/* Frames for FIRST to LAST. */
static struct batch *batch(int64_t first, int64_t last, const struct game_rules *rules) {
        _cleanup_maker_ struct batch_maker m = { .tenant = 1, .rules = rules };

        for (int64_t seq = first; seq <= last; seq++) {
                struct event e = solve(seq);

                batch_maker_add(&m, &e);
        }
        return batch_maker_finish(&m, last);
}

TEST(a_batch_has_its_frames_framed_once) {
        struct batch *b = batch(5, 7, &no_rules);
        size_t at = 0;

        CHECK(b->n == 3 && b->last == 7 && b->open == b->wire && b->wire->refs == 2);
        for (size_t i = 0; i < b->n; i++) {
                const struct part *p = &b->parts[i];

                CHECK(p->at == at + ws_frame_header(p->n));
                CHECK(memcmp(part_text(b, p), "{\"seq\":", 7) == 0);
                CHECK(part_text(b, p)[p->n - 1] == '}');
                at = p->at + p->n;
        }
        CHECK(at == b->wire->n);
        CHECK(batch_find(b, 0) == 0 && batch_find(b, 5) == 1 && batch_find(b, 7) == 3);
        batch_unref(b);
}

TEST(batches_are_joined) {
        struct game_rules frozen = { .freeze_ms = 6000 };
        struct event gone = {
                .seq = 9, .tenant = 1, .action = ACTION_TOKEN_REVOKED, .detail = "{}"
        };
        _cleanup_maker_ struct batch_maker m = { .tenant = 1, .rules = &frozen, .now_ms = 9000 };
        struct batch *list[3], *b, *whole = batch(4, 7, &no_rules);
        struct event e = solve(6);

        list[0] = batch(4, 5, &no_rules);
        batch_maker_add(&m, &e);
        e = solve(7);
        batch_maker_add(&m, &e);
        list[1] = batch_maker_finish(&m, 7);
        event_int(&gone, "token", 3);
        batch_maker_add(&m, &gone);
        list[2] = batch_maker_finish(&m, 9);
        CHECK(list[1]->wire && !list[1]->open && !list[2]->wire && list[2]->n_concerns == 1);
        b = batch_join(list, 3);
        CHECK(b->n == 4 && b->last == 9 && b->tenant == 1 && !b->reset);
        CHECK(b->wire->n == whole->wire->n &&
              memcmp(b->wire->data, whole->wire->data, b->wire->n) == 0);
        for (size_t i = 0; i < b->n; i++)
                CHECK(b->parts[i].at == whole->parts[i].at && b->parts[i].n == whole->parts[i].n);
        CHECK(b->open->n == list[0]->wire->n &&
              memcmp(b->open->data, list[0]->wire->data, b->open->n) == 0);
        CHECK(b->n_concerns == 1 && b->concerns[0].id == 3);
        batch_unref(b);
        b = batch_join(list, 1);
        CHECK(b->open == b->wire && b->last == 5);
        batch_unref(b);
        for (int i = 0; i < 3; i++)
                batch_unref(list[i]);
        batch_unref(whole);
}

TEST(players_get_what_they_may_see) {
        struct game_rules frozen = { .freeze_ms = 6000 };
        _cleanup_maker_ struct batch_maker m = { .tenant = 1, .rules = &frozen, .now_ms = 9000 };
        struct event e = solve(5);
        struct batch *b;

        batch_maker_add(&m, &e);
        e = solve(6);
        batch_maker_add(&m, &e);
        b = batch_maker_finish(&m, 6);
        CHECK(b->n == 2 && b->open && b->open != b->wire && b->open->n < b->wire->n);
        CHECK(memcmp(b->open->data, b->wire->data, b->open->n) == 0);
        batch_unref(b);
        batch_maker_add(&m, &e);
        b = batch_maker_finish(&m, 6);
        CHECK(b->wire && !b->open);
        batch_unref(b);
}

TEST(whose_stream_it_may_end) {
        static const enum action actions[] = { ACTION_TOKEN_REVOKED, ACTION_SIGNED_OUT,
                                               ACTION_USER_CHANGED,  ACTION_TEAM_CHANGED,
                                               ACTION_GAME_CHANGED,  ACTION_GAME_RESET };
        static const enum concern_kind kinds[] = { CONCERN_TOKEN, CONCERN_TOKEN,  CONCERN_USER,
                                                   CONCERN_TEAM,  CONCERN_PUBLIC, CONCERN_ALL };
        _cleanup_maker_ struct batch_maker m = { .tenant = 1, .rules = &no_rules };
        struct batch *b;

        for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
                struct event e = { .seq = 1 + (int64_t)i,
                                   .action = actions[i],
                                   .account = { ACCOUNT_USER, 8 },
                                   .detail = "{\"token\":8}" };

                batch_maker_add(&m, &e);
        }
        b = batch_maker_finish(&m, 10);
        CHECK(b->n_concerns == ARRAY_SIZE(kinds) && b->reset && b->n == 3);
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                CHECK(b->concerns[i].kind == kinds[i]);
                CHECK(b->concerns[i].id == (i < 4 ? 8 : 0));
        }
        batch_unref(b);
        CHECK(batch_maker_empty(&m));
}

/* Against a list of all there ever was. */
TEST(a_ring_has_the_last_of_it_without_a_gap) {
        for (int round = 0; round < 50; round++) {
                struct ring r;
                int64_t seq = 100, begin = 100;

                ring_init(&r, 20000, seq);
                for (int i = 0; i < 200; i++) {
                        int64_t first = seq + 1 + (int64_t)random_below(3);
                        struct batch *b;

                        seq = first + (int64_t)random_below(4);
                        b = batch(first, seq, &no_rules);
                        ring_push(&r, b);
                        batch_unref(b);
                        CHECK(r.bytes <= r.max_bytes && r.last == seq && r.from >= begin);
                }
                CHECK(r.from > 100 && r.n > 10);
                CHECK(!ring_find(&r, seq));
                for (int64_t at = r.from; at < seq;) {
                        struct batch *b = ring_find(&r, at);

                        CHECK(b && b->last > at);
                        CHECK(batch_find(b, at) < b->n);
                        at = b->last;
                }
                ring_done(&r);
        }
}

TEST(what_came_before_is_put_first) {
        struct ring r;
        struct batch *one = batch(1, 40, NULL), *two = batch(41, 80, NULL);
        struct batch *three = batch(101, 120, &no_rules);

        ring_init(&r, batch_bytes(two) + batch_bytes(three), 100);
        ring_push(&r, three);
        CHECK(ring_put_first(&r, two, 40) && r.from == 40 && r.n == 2);
        CHECK(ring_find(&r, 40) == two && ring_find(&r, 80) == three);
        CHECK(!ring_put_first(&r, one, 0) && r.from == 40);
        ring_done(&r);
        CHECK(one->refs == 1 && two->refs == 1 && three->refs == 1);
        batch_unref(one);
        batch_unref(two);
        batch_unref(three);
}
