/*
 * How long a board takes to be made anew after one solve, with 2,000 accounts that have solved half of
 * 100 challenges of decaying value, so that a solve changes what 1,000 others have; beside a sort of as
 * many rows, which is what a board made from nothing could not do without.
 *
 *         board_bench [ACCOUNTS [CHALLENGES]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/game.h"

#define ROUNDS 400

static int by_us(const void *a, const void *b) {
        const int64_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static int by_score(const void *a, const void *b) {
        const struct board_row *x = a, *y = b;

        return (x->score < y->score) - (x->score > y->score);
}

static int64_t sort_us(const struct board *b) {
        struct board_row *rows = malloc((b->n + 1) * sizeof(*rows));
        int64_t from_us;

        if (!rows)
                abort();
        for (size_t i = 0; i < b->n; i++)
                rows[i] = b->rows[(i * 7919) % b->n];
        from_us = clock_mono_us();
        qsort(rows, b->n, sizeof(*rows), by_score);
        from_us = clock_mono_us() - from_us;
        free(rows);
        return from_us;
}

int main(int argc, char **argv) {
        int64_t accounts = argc > 1 ? strtoll(argv[1], NULL, 10) : 2000;
        int64_t challenges = argc > 2 ? strtoll(argv[2], NULL, 10) : 100;
        const struct scoring scoring = { SCORING_LOGARITHMIC, 500, 100, (double)accounts };
        int64_t made[ROUNDS], sorted[ROUNDS], now_ms = 1000, seq = 1;
        struct game *g = game_new();

        for (int64_t c = 1; c <= challenges; c++)
                game_put_challenge(g, c, &scoring);
        for (int64_t a = 1; a <= accounts; a++) {
                struct account who = { ACCOUNT_USER, a };

                game_put_account(g, who, true, "");
                for (int64_t c = 1; c <= challenges; c++)
                        if ((a * 31 + c * 17) % 2)
                                game_add_solve(g, &(struct solve){ who, c, a, now_ms++, seq++ });
        }
        board_unref(game_board(g, BOARD_LIVE));
        for (int64_t i = 0; i < ROUNDS; i++) {
                struct account who = { ACCOUNT_USER, 1 + i % accounts };
                int64_t c = 1 + i % challenges, from_us;
                struct board *b;

                if (game_solved(g, who, c))
                        game_drop_solve(g, who, c);
                board_unref(game_board(g, BOARD_LIVE));
                from_us = clock_mono_us();
                game_add_solve(g, &(struct solve){ who, c, who.id, now_ms++, seq++ });
                b = game_board(g, BOARD_LIVE);
                made[i] = clock_mono_us() - from_us;
                sorted[i] = sort_us(b);
                board_unref(b);
        }
        qsort(made, ROUNDS, sizeof(*made), by_us);
        qsort(sorted, ROUNDS, sizeof(*sorted), by_us);
        printf("{\"p50_us\":%lld,\"p99_us\":%lld,\"sort_us\":%lld}\n", (long long)made[ROUNDS / 2],
               (long long)made[ROUNDS * 99 / 100], (long long)sorted[ROUNDS / 2]);
        game_free(g);
        return 0;
}
