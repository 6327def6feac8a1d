/* The order of a game's accounts, now or before a moment. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/game_impl.h"

/* --- boards as such --- */

static void *array_of(size_t n, size_t size) {
        void *p = calloc(n + 1, size);

        if (!p)
                abort();
        return p;
}

static struct board *board_new(const struct game *g, int64_t cutoff_ms, size_t rows) {
        struct board *b = array_of(1, sizeof(*b));

        b->refs = 1;
        b->cutoff_ms = cutoff_ms;
        b->rows = array_of(rows, sizeof(*b->rows));
        b->challenges = array_of(g->tasks.n, sizeof(*b->challenges));
        return b;
}

struct board *board_ref(const struct board *b) {
        struct board *mine = (struct board *)(uintptr_t)b; /* only the count changes */
        int before = __atomic_fetch_add(&mine->refs, 1, __ATOMIC_RELAXED);

        assert(before > 0);
        return mine;
}

struct board *board_unref(struct board *b) {
        int before;

        if (!b)
                return NULL;
        before = __atomic_fetch_sub(&b->refs, 1, __ATOMIC_ACQ_REL);
        assert(before > 0);
        if (before == 1) {
                free(b->rows);
                free(b->challenges);
                free(b);
        }
        return NULL;
}

static int by_challenge(const void *a, const void *b) {
        const struct board_challenge *x = a, *y = b;

        return (x->challenge > y->challenge) - (x->challenge < y->challenge);
}

const struct worth *board_worth(const struct board *b, int64_t challenge) {
        struct board_challenge key = { .challenge = challenge }, *found;

        found = bsearch(&key, b->challenges, b->n_challenges, sizeof(key), by_challenge);
        return found ? &found->worth : NULL;
}

/* --- places --- */

/* What orders accounts, the first difference first. */
struct key {
        int64_t score, last_ms, last_seq, account;
};

static struct key key_of(int64_t score, int64_t last_ms, int64_t last_seq, struct account who) {
        /* Who never scored comes after who did. */
        return (struct key){ -score, last_ms ? last_ms : INT64_MAX, last_seq, account_key(who) };
}

static int compare(const struct key *a, const struct key *b) {
        const int64_t x[] = { a->score, a->last_ms, a->last_seq, a->account };
        const int64_t y[] = { b->score, b->last_ms, b->last_seq, b->account };
        size_t i = 0;

        while (i < ARRAY_SIZE(x) - 1 && x[i] == y[i])
                i++;
        return (x[i] > y[i]) - (x[i] < y[i]);
}

/* --- live --- */

static bool on_board(const struct member *m) {
        return m->counts && (m->solves > 0 || m->n_awards > 0);
}

static int64_t score_of(const struct member *m) {
        return game_score(m->earned + m->awarded, m->spent);
}

static int members_by_place(const void *a, const void *b) {
        const struct member *m = *(struct member *const *)a, *o = *(struct member *const *)b;
        const struct key x = key_of(score_of(m), m->last_ms, m->last_seq, m->who);
        const struct key y = key_of(score_of(o), o->last_ms, o->last_seq, o->who);

        return compare(&x, &y);
}

static void drop_dirty(struct members *order) {
        size_t n = 0;

        for (size_t i = 0; i < order->n; i++)
                if (!order->list[i]->dirty)
                        order->list[n++] = order->list[i];
        order->n = n;
}

/* Those that changed and are on the board, in order; no longer dirty, any of them. */
static void sort_dirty(struct members *dirty) {
        size_t n = 0;

        for (size_t i = 0; i < dirty->n; i++) {
                dirty->list[i]->dirty = false;
                if (on_board(dirty->list[i]))
                        dirty->list[n++] = dirty->list[i];
        }
        dirty->n = n;
        if (n > 0)
                qsort(dirty->list, n, sizeof(*dirty->list), members_by_place);
}

/* Puts those of CHANGED among those of ORDER, from the end. */
static void merge(struct members *order, const struct members *changed) {
        size_t n = order->n, m = changed->n;

        while (order->cap < n + m)
                order->list = game_room(order->list, order->cap, &order->cap, sizeof(*order->list));
        order->n = n + m;
        while (m > 0) {
                if (n > 0 && members_by_place(&order->list[n - 1], &changed->list[m - 1]) > 0) {
                        order->list[n + m - 1] = order->list[n - 1];
                        n--;
                } else {
                        order->list[n + m - 1] = changed->list[m - 1];
                        m--;
                }
        }
}

static void fill_row(struct board_row *s, const struct member *m) {
        s->who = m->who;
        memcpy(s->bracket, m->bracket, sizeof(s->bracket));
        s->score = score_of(m);
        s->solves = m->solves;
        s->last_ms = m->last_ms;
        s->last_seq = m->last_seq;
}

static struct board *live_board(struct game *g) {
        struct board *b;
        struct task *t;
        size_t at = 0;

        drop_dirty(&g->order);
        sort_dirty(&g->dirty);
        merge(&g->order, &g->dirty);
        g->dirty.n = 0;
        b = board_new(g, BOARD_LIVE, g->order.n);
        for (; b->n < g->order.n; b->n++)
                fill_row(&b->rows[b->n], g->order.list[b->n]);
        while ((t = map_next(&g->tasks, &at)))
                b->challenges[b->n_challenges++] =
                        (struct board_challenge){ t->id, game_worth(g, t->id) };
        return b;
}

/* --- before a moment --- */

static int rows_by_place(const void *a, const void *b) {
        const struct board_row *r = a, *o = b;
        const struct key x = key_of(r->score, r->last_ms, r->last_seq, r->who);
        const struct key y = key_of(o->score, o->last_ms, o->last_seq, o->who);

        return compare(&x, &y);
}

static struct worth worth_before(const struct task *t, int64_t cutoff_ms) {
        struct worth w = { 0 };

        for (size_t i = 0; i < t->n && t->solvers[i].at_ms < cutoff_ms; i++) {
                if (!t->solvers[i].member->counts)
                        continue;
                if (w.solves < BLOODS)
                        w.bloods[w.solves] = t->solvers[i].member->who;
                w.solves++;
        }
        w.value = scoring_value(&t->scoring, w.solves);
        return w;
}

static int64_t points_by(const struct game *g, const struct worth *w, struct account who) {
        int64_t points = w->value;

        for (int64_t i = 0; i < BLOODS; i++)
                if (w->bloods[i].id && account_equal(w->bloods[i], who))
                        points += scoring_bonus(w->value, g->bonus_percent, i);
        return points;
}

/* What M gained and spent before UNTIL_MS, by the values of BY. */
struct sum {
        int64_t gained, spent, solves;
        int64_t last_ms, last_seq;
        bool any;
};

static void note_last(struct sum *s, int64_t at_ms, int64_t seq) {
        if (at_ms < s->last_ms || (at_ms == s->last_ms && seq <= s->last_seq))
                return;
        s->last_ms = at_ms;
        s->last_seq = seq;
}

static struct sum sum_of(const struct game *g, const struct board *by, const struct member *m,
                         int64_t until_ms) {
        struct sum s = { 0 };

        for (size_t i = 0; i < m->n_progress; i++) {
                const struct progress *p = &m->progress[i];
                const struct worth *w = p->solved_ms ? board_worth(by, p->challenge) : NULL;

                if (!w || p->solved_ms >= until_ms)
                        continue;
                s.any = true;
                s.solves++;
                s.gained += points_by(g, w, m->who);
                if (w->value > 0)
                        note_last(&s, p->solved_ms, p->solved_seq);
        }
        for (size_t i = 0; i < m->n_awards; i++) {
                const struct award *a = &m->awards[i];

                if (a->at_ms >= until_ms)
                        continue;
                s.any = true;
                s.gained += a->value;
                if (a->value > 0)
                        note_last(&s, a->at_ms, a->seq);
        }
        for (size_t i = 0; i < m->n_spendings; i++)
                if (m->spendings[i].at_ms < until_ms)
                        s.spent += m->spendings[i].cost;
        return s;
}

static struct board *board_before(struct game *g, int64_t cutoff_ms) {
        struct board *b = board_new(g, cutoff_ms, g->members.n);
        const struct member *m;
        const struct task *t;
        size_t at = 0;

        while ((t = map_next(&g->tasks, &at)))
                b->challenges[b->n_challenges++] =
                        (struct board_challenge){ t->id, worth_before(t, cutoff_ms) };
        qsort(b->challenges, b->n_challenges, sizeof(*b->challenges), by_challenge);
        at = 0;
        while ((m = map_next(&g->members, &at))) {
                struct sum s = sum_of(g, b, m, cutoff_ms);

                if (!m->counts || !s.any)
                        continue;
                fill_row(&b->rows[b->n], m);
                b->rows[b->n].score = game_score(s.gained, s.spent);
                b->rows[b->n].solves = s.solves;
                b->rows[b->n].last_ms = s.last_ms;
                b->rows[b->n].last_seq = s.last_seq;
                b->n++;
        }
        qsort(b->rows, b->n, sizeof(*b->rows), rows_by_place);
        return b;
}

struct board *game_board(struct game *g, int64_t cutoff_ms) {
        struct board *b;

        if (cutoff_ms != BOARD_LIVE)
                return board_before(g, cutoff_ms);
        b = live_board(g);
        qsort(b->challenges, b->n_challenges, sizeof(*b->challenges), by_challenge);
        return b;
}

int64_t game_points_by(const struct game *g, const struct board *by, struct account who,
                       int64_t challenge) {
        const struct worth *w = board_worth(by, challenge);

        return w && game_solved(g, who, challenge) ? points_by(g, w, who) : 0;
}

int64_t game_total_by(const struct game *g, const struct board *by, struct account who) {
        const struct member *m = game_member(g, who);
        struct sum s;

        if (!m)
                return 0;
        s = sum_of(g, by, m, INT64_MAX);
        return game_score(s.gained, s.spent);
}

/* --- an account's way --- */

/* What was gained or spent at one moment. */
struct deed {
        int64_t at_ms, gained, spent;
};

static int by_time(const void *a, const void *b) {
        const struct deed *x = a, *y = b;

        return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

/* The caller frees them. */
static struct deed *deeds_of(const struct game *g, const struct board *by, const struct member *m,
                             size_t *ret_n) {
        struct deed *ret = array_of(m->n_progress + m->n_awards + m->n_spendings, sizeof(*ret));
        size_t n = 0;

        for (size_t i = 0; i < m->n_progress; i++) {
                const struct progress *p = &m->progress[i];
                const struct worth *w = p->solved_ms ? board_worth(by, p->challenge) : NULL;

                if (w && p->solved_ms < by->cutoff_ms)
                        ret[n++] = (struct deed){ p->solved_ms, points_by(g, w, m->who), 0 };
        }
        for (size_t i = 0; i < m->n_awards; i++)
                if (m->awards[i].at_ms < by->cutoff_ms)
                        ret[n++] = (struct deed){ m->awards[i].at_ms, m->awards[i].value, 0 };
        for (size_t i = 0; i < m->n_spendings; i++)
                if (m->spendings[i].at_ms < by->cutoff_ms)
                        ret[n++] = (struct deed){ m->spendings[i].at_ms, 0, m->spendings[i].cost };
        qsort(ret, n, sizeof(*ret), by_time);
        *ret_n = n;
        return ret;
}

size_t game_timeline(const struct game *g, const struct board *by, struct account who,
                     struct step **ret) {
        const struct member *m = game_member(g, who);
        size_t n = 0;
        _cleanup_free_ struct deed *deeds = m ? deeds_of(g, by, m, &n) : NULL;
        struct step *steps = array_of(n, sizeof(*steps));
        int64_t gained = 0, spent = 0;

        for (size_t i = 0; i < n; i++) {
                gained += deeds[i].gained;
                spent += deeds[i].spent;
                steps[i] = (struct step){ deeds[i].at_ms, game_score(gained, spent) };
        }
        *ret = steps;
        return n;
}
