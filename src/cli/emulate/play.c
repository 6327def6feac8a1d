#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "cli/emulate/throng_impl.h"

#define STUMBLES_MAX 3 /* on one challenge, before it is left alone */

static const struct dialect *dialect_of(const struct player *p) {
        return p->throng->config->dialect;
}

static const struct lesson *lesson_of(const struct player *p) {
        return p->throng->config->course->lessons[p->place];
}

static struct own *own_of(struct player *p) { return persona_own(&p->persona, p->place); }

/* --- which challenge is next --- */

static bool is_open(const struct own *own) {
        return own->listed && !own->solved && !own->locked && !own->settled;
}

bool play_has_more(const struct player *p) {
        for (size_t i = 0; i < p->persona.n_own; i++)
                if (is_open(&p->persona.own[i]))
                        return true;
        return false;
}

/* One of those that are open, and have an instance where that is WANTED; -1 when there is none. */
static ssize_t draw(const struct player *p, bool wanted) {
        size_t n = 0, nth;

        for (size_t i = 0; i < p->persona.n_own; i++)
                n += is_open(&p->persona.own[i]) && (!wanted || p->persona.own[i].instance);
        if (n == 0)
                return -1;
        nth = random_below(n);
        for (size_t i = 0; i < p->persona.n_own; i++)
                if (is_open(&p->persona.own[i]) && (!wanted || p->persona.own[i].instance) &&
                    nth-- == 0)
                        return (ssize_t)i;
        return -1;
}

/* In a rush the first thing is an instance, and nothing comes before it. */
static bool rushes(const struct player *p) {
        return p->throng->config->plan.profile == PROFILE_RUSH && !p->hold.asked_us;
}

/* Chooses a challenge, and what to do with it; false when there is none. */
static bool choose(struct player *p) {
        double u[3] = { throng_chance(), throng_chance(), throng_chance() };
        ssize_t place = rushes(p) ? draw(p, true) : -1;
        bool rush = place >= 0;
        const struct own *own;
        struct chances chances;

        if (place < 0)
                place = draw(p, false);
        if (place < 0)
                return false;
        p->place = (size_t)place;
        p->stumbled = false;
        own = own_of(p);
        chances = (struct chances){ .opens = dialect_of(p)->opens && !rush,
                                    .starts = dialect_of(p)->starts,
                                    .boards = dialect_of(p)->boards,
                                    .instance = own->instance,
                                    .flag_known = lesson_of(p)->flag != NULL,
                                    .affords_hint = own->unlocked < own->hints &&
                                                    own->hint_cost <= p->persona.points,
                                    .counts_wrong = own->counts_wrong };
        plan_acts(&chances, u, &p->acts);
        return true;
}

/* --- how it went --- */

static unsigned *stumbles_of(struct player *p) {
        if (p->place >= p->n_stumbles) {
                size_t n = p->place + 32;

                p->stumbles = reallocarray(p->stumbles, n, sizeof(*p->stumbles));
                if (!p->stumbles)
                        abort();
                while (p->n_stumbles < n)
                        p->stumbles[p->n_stumbles++] = 0;
        }
        return &p->stumbles[p->place];
}

/* All was done that there was to do with this challenge. */
static void finish(struct player *p) {
        if (!p->stumbled || ++*stumbles_of(p) >= STUMBLES_MAX)
                own_of(p)->settled = true;
        p->acts = (struct acts){ 0 };
}

void play_advance(struct player *p, bool well) {
        if (p->stage != STAGE_PLAY) { /* it looked at the board while it watches */
                player_wait(p, plan_watch_ms(&p->throng->config->plan, throng_chance()));
                return;
        }
        p->stumbled |= !well;
        if (p->acts.at < p->acts.n)
                p->acts.at++;
        if (p->acts.at == p->acts.n)
                finish(p);
        player_think(p);
}

/* --- flags --- */

static void write_key(const struct player *p, struct buf *key) {
        dialect_of(p)->key(&p->persona, lesson_of(p), key);
}

static bool is_right(const struct player *p) { return p->acts.list[p->acts.at] == ACT_RIGHT; }

static void hand_in(struct player *p) {
        const struct lesson *l = lesson_of(p);
        int64_t wait_ms = pace_take(&p->pace, clock_mono_ms());
        _cleanup_buf_ struct buf key = { 0 };
        char wrong[40];

        if (wait_ms) {
                player_wait(p, wait_ms);
                return;
        }
        snprintf(wrong, sizeof(wrong), "CTF{not_%016" PRIx64 "}", random_below(UINT64_MAX));
        dialect_of(p)->submit(l, is_right(p) ? l->flag : wrong, &p->request);
        if (is_right(p)) {
                write_key(p, &key);
                sightings_sent(&p->throng->sightings, key.data, clock_mono_us());
        }
        player_send(p);
}

int play_judged(struct player *p, const json_t *o, const struct visit_answer *a, struct err *err) {
        struct measure *m = &p->throng->measure;
        _cleanup_buf_ struct buf key = { 0 };
        bool right = is_right(p);
        enum judged judged;

        if (dialect_of(p)->judged(&p->persona, o, &judged, err) < 0)
                return -1;
        measure_judged(m, judged, right, a->ended_us);
        if (right && judged == JUDGED_WRONG)
                measure_failed(m, STEP_SUBMIT, a->ended_us, "a right flag was judged wrong (%s)",
                               lesson_of(p)->title);
        if (!right && judged == JUDGED_RIGHT)
                measure_failed(m, STEP_SUBMIT, a->ended_us, "a wrong flag was judged right (%s)",
                               lesson_of(p)->title);
        if (right) {
                write_key(p, &key);
                sightings_answered(&p->throng->sightings, key.data, judged == JUDGED_RIGHT,
                                   a->ended_us);
        }
        if (judged != JUDGED_WRONG)
                own_of(p)->solved = true;
        play_advance(p, true);
        return 0;
}

/* --- acts --- */

static void ask_list(struct player *p) {
        dialect_of(p)->list(p->cursor.len ? p->cursor.data : NULL, &p->request);
        player_send(p);
}

static void do_act(struct player *p) {
        switch (p->acts.list[p->acts.at]) {
        case ACT_OPEN:
                dialect_of(p)->open(lesson_of(p), &p->request);
                player_send(p);
                return;
        case ACT_START:
                hold_go_on(p);
                return;
        case ACT_HINT:
                dialect_of(p)->hint(lesson_of(p), own_of(p)->unlocked + 1, &p->request);
                player_send(p);
                return;
        case ACT_WRONG:
        case ACT_RIGHT:
                hand_in(p);
                return;
        case ACT_STOP:
                hold_stop(p);
                return;
        case ACT_LIST:
                ask_list(p);
                return;
        case ACT_BOARD:
                dialect_of(p)->board(&p->request);
                player_send(p);
                return;
        }
}

void play_next(struct player *p) {
        if (p->acts.n || choose(p)) {
                do_act(p);
                return;
        }
        p->stage = STAGE_WATCH;
        throng_done(p);
        player_wait(p, plan_watch_ms(&p->throng->config->plan, throng_chance()));
}

/* Something new may be there, or the board have changed. */
void play_watch(struct player *p) {
        if (!p->cursor.len && play_has_more(p)) {
                p->stage = STAGE_PLAY;
                player_wait(p, 0);
        } else if (p->cursor.len || !dialect_of(p)->boards || throng_chance() < 0.5) {
                ask_list(p);
        } else {
                dialect_of(p)->board(&p->request);
                player_send(p);
        }
}
