/* Facts, and the totals that follow from them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/game_impl.h"

static void *zeroed(size_t size) {
        void *p = calloc(1, size);

        if (!p)
                abort();
        return p;
}

void *game_room(void *list, size_t n, size_t *cap, size_t size) {
        if (n < *cap)
                return list;
        *cap = *cap ? 2 * *cap : 4;
        list = reallocarray(list, *cap, size);
        if (!list)
                abort();
        return list;
}

static void *copied(const void *list, size_t n, size_t size) {
        void *copy = reallocarray(NULL, n + 1, size);

        if (!copy)
                abort();
        if (n)
                memcpy(copy, list, n * size);
        return copy;
}

struct game *game_new(void) {
        return zeroed(sizeof(struct game));
}

static void member_free(struct member *m) {
        free(m->progress);
        free(m->spendings);
        free(m->awards);
        free(m);
}

struct game *game_free(struct game *g) {
        struct member *m;
        struct task *t;
        size_t at = 0;

        if (!g)
                return NULL;
        while ((m = map_next(&g->members, &at)))
                member_free(m);
        at = 0;
        while ((t = map_next(&g->tasks, &at))) {
                free(t->solvers);
                free(t);
        }
        map_done(&g->members);
        map_done(&g->tasks);
        free(g->order.list);
        free(g->dirty.list);
        free(g);
        return NULL;
}

static void touch(struct game *g, struct member *m) {
        if (m->dirty)
                return;
        m->dirty = true;
        g->dirty.list = game_room(g->dirty.list, g->dirty.n, &g->dirty.cap, sizeof(*g->dirty.list));
        g->dirty.list[g->dirty.n++] = m;
}

static void clone_member(struct game *to, const struct member *m) {
        struct member *copy = copied(m, 1, sizeof(*m));

        copy->progress = copied(m->progress, m->n_progress, sizeof(*m->progress));
        copy->cap_progress = m->n_progress + 1;
        copy->spendings = copied(m->spendings, m->n_spendings, sizeof(*m->spendings));
        copy->cap_spendings = m->n_spendings + 1;
        copy->awards = copied(m->awards, m->n_awards, sizeof(*m->awards));
        copy->cap_awards = m->n_awards + 1;
        copy->dirty = false;
        map_put_id(&to->members, account_key(m->who), copy);
        touch(to, copy);
}

static void clone_task(struct game *to, const struct task *t) {
        struct task *copy = copied(t, 1, sizeof(*t));

        copy->solvers = copied(t->solvers, t->n, sizeof(*t->solvers));
        copy->cap = t->n + 1;
        for (size_t i = 0; i < t->n; i++)
                copy->solvers[i].member = game_member(to, t->solvers[i].member->who);
        map_put_id(&to->tasks, t->id, copy);
}

struct game *game_clone(const struct game *g) {
        struct game *copy = game_new();
        const struct member *m;
        const struct task *t;
        size_t at = 0;

        memcpy(copy->bonus_percent, g->bonus_percent, sizeof(copy->bonus_percent));
        while ((m = map_next(&g->members, &at)))
                clone_member(copy, m);
        at = 0;
        while ((t = map_next(&g->tasks, &at)))
                clone_task(copy, t);
        return copy;
}

/* Members. */

static struct member *member_of(struct game *g, struct account who) {
        struct member *m = game_member(g, who);

        if (!m) {
                m = zeroed(sizeof(*m));
                m->who = who;
                map_put_id(&g->members, account_key(who), m);
        }
        return m;
}

static size_t progress_place(const struct member *m, int64_t challenge) {
        size_t low = 0, high = m->n_progress;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (m->progress[mid].challenge < challenge)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static const struct progress *find_progress(const struct member *m, int64_t challenge) {
        size_t at = progress_place(m, challenge);

        return at < m->n_progress && m->progress[at].challenge == challenge ? &m->progress[at] :
                                                                              NULL;
}

static struct progress *progress_of(struct member *m, int64_t challenge) {
        size_t at = progress_place(m, challenge);

        if (at < m->n_progress && m->progress[at].challenge == challenge)
                return &m->progress[at];
        m->progress = game_room(m->progress, m->n_progress, &m->cap_progress, sizeof(*m->progress));
        memmove(m->progress + at + 1, m->progress + at,
                (m->n_progress - at) * sizeof(*m->progress));
        m->n_progress++;
        m->progress[at] = (struct progress){ .challenge = challenge };
        return &m->progress[at];
}

static void note_last(struct member *m, int64_t at_ms, int64_t seq) {
        if (at_ms < m->last_ms || (at_ms == m->last_ms && seq <= m->last_seq))
                return;
        m->last_ms = at_ms;
        m->last_seq = seq;
}

/* From all there is, where something was taken away. */
static void find_last(const struct game *g, struct member *m) {
        m->last_ms = m->last_seq = 0;
        for (size_t i = 0; i < m->n_progress; i++) {
                const struct progress *p = &m->progress[i];

                if (p->solved_ms && game_task(g, p->challenge)->value > 0)
                        note_last(m, p->solved_ms, p->solved_seq);
        }
        for (size_t i = 0; i < m->n_awards; i++)
                if (m->awards[i].value > 0)
                        note_last(m, m->awards[i].at_ms, m->awards[i].seq);
}

/* Tasks. */

/* Gives solver S its points. */
static void give(struct game *g, struct solver *s, int64_t points) {
        if (s->points == points)
                return;
        s->member->earned += points - s->points;
        s->points = points;
        touch(g, s->member);
}

/* After anything that T's value or its first solvers hang on. */
static void rescore(struct game *g, struct task *t) {
        bool was_worth = t->value > 0;
        int64_t place = 0;

        t->counted = 0;
        for (size_t i = 0; i < t->n; i++)
                t->counted += t->solvers[i].member->counts;
        t->value = scoring_value(&t->scoring, t->counted);
        for (size_t i = 0; i < t->n; i++) {
                struct solver *s = &t->solvers[i];
                bool counts = s->member->counts;

                give(g, s,
                     t->value + (counts ? scoring_bonus(t->value, g->bonus_percent, place) : 0));
                place += counts;
        }
        for (size_t i = 0; i < t->n && was_worth != (t->value > 0); i++)
                find_last(g, t->solvers[i].member);
}

void game_set_bonus(struct game *g, const int64_t percent[BLOODS]) {
        struct task *t;
        size_t at = 0;

        if (memcmp(g->bonus_percent, percent, sizeof(g->bonus_percent)) == 0)
                return;
        memcpy(g->bonus_percent, percent, sizeof(g->bonus_percent));
        while ((t = map_next(&g->tasks, &at)))
                rescore(g, t);
}

static int64_t count_wrong(const struct game *g, int64_t challenge) {
        const struct member *m;
        size_t at = 0;
        int64_t n = 0;

        while ((m = map_next(&g->members, &at))) {
                const struct progress *p = m->counts ? find_progress(m, challenge) : NULL;

                n += p ? p->attempts : 0;
        }
        return n;
}

void game_put_challenge(struct game *g, int64_t challenge, const struct scoring *scoring) {
        struct task *t = game_task(g, challenge);

        if (!t) {
                t = zeroed(sizeof(*t));
                t->id = challenge;
                t->wrong = count_wrong(g, challenge);
                map_put_id(&g->tasks, challenge, t);
        }
        t->scoring = *scoring;
        rescore(g, t);
}

static bool is_active(const struct member *m) {
        return m->solves > 0 || m->n_spendings > 0 || m->n_awards > 0;
}

/* M begins to count, or ends: so do its wrong answers. */
static void move_attempts(struct game *g, const struct member *m) {
        for (size_t i = 0; i < m->n_progress; i++) {
                struct task *t = game_task(g, m->progress[i].challenge);

                if (t)
                        t->wrong += m->counts ? m->progress[i].attempts : -m->progress[i].attempts;
        }
}

bool game_put_account(struct game *g, struct account who, bool counts, const char *bracket) {
        struct member *m = member_of(g, who);
        bool changed = m->counts != counts, moved = strcmp(m->bracket, bracket) != 0;

        str_copy(m->bracket, sizeof(m->bracket), bracket);
        m->counts = counts;
        touch(g, m);
        if (changed)
                move_attempts(g, m);
        for (size_t i = 0; i < m->n_progress && changed; i++)
                if (m->progress[i].solved_ms)
                        rescore(g, game_task(g, m->progress[i].challenge));
        return (changed || moved) && is_active(m);
}

/* Solves. */

static bool is_before(const struct solver *s, int64_t at_ms, int64_t seq) {
        return s->at_ms < at_ms || (s->at_ms == at_ms && s->seq < seq);
}

/* Adds S in its place; true where that is the last. */
static bool insert_solver(struct task *t, const struct solver *s) {
        size_t at = t->n;

        while (at > 0 && !is_before(&t->solvers[at - 1], s->at_ms, s->seq))
                at--;
        t->solvers = game_room(t->solvers, t->n, &t->cap, sizeof(*t->solvers));
        memmove(t->solvers + at + 1, t->solvers + at, (t->n - at) * sizeof(*t->solvers));
        t->solvers[at] = *s;
        return at == t->n++;
}

/* The usual case of rescore(): the newest solve, which changes the value of no other. */
static bool score_last(struct game *g, struct task *t) {
        struct solver *s = &t->solvers[t->n - 1];
        int64_t counted = t->counted + s->member->counts;

        if (scoring_value(&t->scoring, counted) != t->value)
                return false;
        t->counted = counted;
        give(g, s,
             t->value + (s->member->counts ?
                                 scoring_bonus(t->value, g->bonus_percent, counted - 1) :
                                 0));
        return true;
}

void game_add_solve(struct game *g, const struct solve *solve) {
        struct task *t = game_task(g, solve->challenge);
        struct member *m = member_of(g, solve->who);
        struct progress *p = progress_of(m, solve->challenge);

        assert(t && solve->at_ms > 0);
        if (p->solved_ms)
                return;
        p->solved_ms = solve->at_ms;
        p->solved_seq = solve->seq;
        m->solves++;
        touch(g, m);
        if (!insert_solver(t, &(struct solver){ .member = m,
                                                .user = solve->user,
                                                .at_ms = solve->at_ms,
                                                .seq = solve->seq }) ||
            !score_last(g, t))
                rescore(g, t);
        if (t->value > 0)
                note_last(m, solve->at_ms, solve->seq);
}

void game_drop_solve(struct game *g, struct account who, int64_t challenge) {
        struct member *m = game_member(g, who);
        struct task *t = game_task(g, challenge);
        struct progress *p;
        size_t at = 0;

        if (!game_solved(g, who, challenge))
                return;
        p = progress_of(m, challenge);
        while (t->solvers[at].member != m)
                at++;
        give(g, &t->solvers[at], 0);
        memmove(t->solvers + at, t->solvers + at + 1, (t->n - at - 1) * sizeof(*t->solvers));
        t->n--;
        p->solved_ms = p->solved_seq = 0;
        m->solves--;
        touch(g, m);
        rescore(g, t);
        find_last(g, m);
}

/* Hints, awards, attempts. */

void game_add_hint(struct game *g, struct account who, int64_t challenge, int64_t hint,
                   int64_t cost, int64_t at_ms) {
        struct member *m = member_of(g, who);
        struct progress *p = progress_of(m, challenge);
        uint32_t bit = UINT32_C(1) << (hint - 1);

        assert(hint > 0 && hint <= HINTS_MAX && cost >= 0);
        if (p->hints & bit)
                return;
        p->hints |= bit;
        m->spendings =
                game_room(m->spendings, m->n_spendings, &m->cap_spendings, sizeof(*m->spendings));
        m->spendings[m->n_spendings++] = (struct spending){ cost, at_ms };
        m->spent += cost;
        touch(g, m);
}

static size_t award_place(const struct member *m, int64_t id) {
        size_t at = 0;

        while (at < m->n_awards && m->awards[at].id != id)
                at++;
        return at;
}

void game_add_award(struct game *g, const struct award *award) {
        struct member *m = member_of(g, award->who);

        if (award_place(m, award->id) < m->n_awards)
                return;
        m->awards = game_room(m->awards, m->n_awards, &m->cap_awards, sizeof(*m->awards));
        m->awards[m->n_awards++] = *award;
        m->awarded += award->value;
        if (award->value > 0)
                note_last(m, award->at_ms, award->seq);
        touch(g, m);
}

void game_drop_award(struct game *g, struct account who, int64_t id) {
        struct member *m = game_member(g, who);
        size_t at = m ? award_place(m, id) : 0;

        if (!m || at == m->n_awards)
                return;
        m->awarded -= m->awards[at].value;
        m->awards[at] = m->awards[--m->n_awards];
        find_last(g, m);
        touch(g, m);
}

void game_add_attempts(struct game *g, struct account who, int64_t challenge, int64_t n) {
        struct member *m = member_of(g, who);
        struct task *t = game_task(g, challenge);

        progress_of(m, challenge)->attempts += n;
        if (t && m->counts)
                t->wrong += n;
}

void game_reset(struct game *g) {
        struct member *m;
        struct task *t;
        size_t at = 0;

        while ((t = map_next(&g->tasks, &at))) {
                t->n = 0;
                t->counted = t->wrong = 0;
                t->value = scoring_value(&t->scoring, 0);
        }
        at = 0;
        while ((m = map_next(&g->members, &at))) {
                m->n_progress = m->n_spendings = m->n_awards = 0;
                m->earned = m->awarded = m->spent = m->solves = 0;
                m->last_ms = m->last_seq = 0;
                touch(g, m);
        }
}

/* Questions. */

const struct progress *game_progress(const struct game *g, struct account who, int64_t challenge) {
        const struct member *m = game_member(g, who);

        return m ? find_progress(m, challenge) : NULL;
}

size_t game_progress_all(const struct game *g, struct account who, const struct progress **ret) {
        const struct member *m = game_member(g, who);

        *ret = m ? m->progress : NULL;
        return m ? m->n_progress : 0;
}

bool game_solved(const struct game *g, struct account who, int64_t challenge) {
        const struct progress *p = game_progress(g, who, challenge);

        return p && p->solved_ms;
}

bool game_awarded(const struct game *g, struct account who, int64_t seq) {
        const struct member *m = game_member(g, who);

        for (size_t i = 0; m && i < m->n_awards; i++)
                if (m->awards[i].seq == seq)
                        return true;
        return false;
}

bool game_counts(const struct game *g, struct account who) {
        const struct member *m = game_member(g, who);

        return m && m->counts;
}

int64_t game_wrong(const struct game *g, int64_t challenge) {
        const struct task *t = game_task(g, challenge);

        return t ? t->wrong : 0;
}

bool game_active(const struct game *g, struct account who) {
        const struct member *m = game_member(g, who);

        return m && is_active(m);
}

bool game_begun(const struct game *g) {
        const struct member *m;
        size_t at = 0;

        while ((m = map_next(&g->members, &at)))
                if (is_active(m))
                        return true;
        return false;
}

int64_t game_total(const struct game *g, struct account who) {
        const struct member *m = game_member(g, who);

        return m ? game_score(m->earned + m->awarded, m->spent) : 0;
}

int64_t game_total_with(const struct game *g, struct account who, int64_t gained, int64_t spent) {
        const struct member *m = game_member(g, who);

        return m ? game_score(m->earned + m->awarded + gained, m->spent + spent) :
                   game_score(gained, spent);
}

struct gain game_gain(const struct game *g, struct account who, int64_t challenge) {
        const struct member *m = game_member(g, who);
        const struct task *t = game_task(g, challenge);
        bool counts = m && m->counts;
        struct gain gain = { .blood = counts && t->counted < BLOODS ? (int)t->counted : -1 };

        gain.solves = t->counted + counts;
        gain.value = scoring_value(&t->scoring, gain.solves);
        gain.points = gain.value;
        if (gain.blood >= 0)
                gain.points += scoring_bonus(gain.value, g->bonus_percent, gain.blood);
        gain.total = game_total_with(g, who, gain.points, 0);
        return gain;
}

int64_t game_points(const struct game *g, struct account who, int64_t challenge) {
        int blood = game_blood(g, who, challenge);
        const struct task *t = game_task(g, challenge);

        if (!game_solved(g, who, challenge))
                return 0;
        return t->value + (blood >= 0 ? scoring_bonus(t->value, g->bonus_percent, blood) : 0);
}

struct worth game_worth(const struct game *g, int64_t challenge) {
        const struct task *t = game_task(g, challenge);
        struct worth w = { 0 };
        size_t found = 0;

        if (!t)
                return w;
        w.value = t->value;
        w.solves = t->counted;
        for (size_t i = 0; i < t->n && found < BLOODS; i++)
                if (t->solvers[i].member->counts)
                        w.bloods[found++] = t->solvers[i].member->who;
        return w;
}

int game_blood(const struct game *g, struct account who, int64_t challenge) {
        struct worth w = game_worth(g, challenge);

        for (int i = 0; i < BLOODS && w.bloods[i].id; i++)
                if (account_equal(w.bloods[i], who))
                        return i;
        return -1;
}
