#include "cli/emulate/plan.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {
#define PROFILE(id, name) [PROFILE_##id] = (name),
#include "cli/emulate/profiles.def"
};

const char *profile_name(enum profile p) { return names[p]; }

int profile_parse(const char *name) {
        for (int i = 0; i < _PROFILE_N; i++)
                if (strcmp(names[i], name) == 0)
                        return i;
        return -1;
}

/* Three in four of an event's players are there within its first tenth, early ones more; the others
 * come one after the other until its middle. */
static double event_arrival(double u) {
        if (u < 0.75)
                return 0.1 * pow(u / 0.75, 1.5);
        return 0.1 + 0.4 * (u - 0.75) / 0.25;
}

int64_t plan_arrival_ms(const struct plan *p, double u) {
        if (p->jitter_ms >= 0)
                return (int64_t)(u * (double)p->jitter_ms);
        if (p->profile == PROFILE_EVENT)
                return (int64_t)(event_arrival(u) * (double)p->duration_ms);
        return 0;
}

/* How much is done at X of an event, 0 to 1, its mean being about 0.7. */
static double intensity(double x) { return 0.5 + 1.5 * exp(-x / 0.1) + exp((x - 1) / 0.08); }

#define ACTS_EACH     4   /* of a challenge, with a look at the list and the board */
#define THINK_LEAST   50  /* ms */
#define THINK_SPREAD  100 /* ms, of those who do not think */
#define THINK_LONGEST 5.0 /* times the mean */
#define WATCH_MS      10000

int64_t plan_think_ms(const struct plan *p, int64_t at_ms, size_t n_challenges, double u) {
        double mean, x = (double)at_ms / (double)p->duration_ms, times = -log(1 - u);

        if (p->profile != PROFILE_EVENT)
                return THINK_LEAST + (int64_t)(u * THINK_SPREAD);
        mean = 0.7 * (double)p->duration_ms / (double)(ACTS_EACH * (n_challenges + 2));
        mean /= intensity(x < 0 ? 0 : x > 1 ? 1 : x);
        return THINK_LEAST + (int64_t)(mean * (times > THINK_LONGEST ? THINK_LONGEST : times));
}

int64_t plan_watch_ms(const struct plan *p, double u) {
        int64_t ms = WATCH_MS < p->duration_ms / 4 ? WATCH_MS : p->duration_ms / 4;

        return ms / 2 + (int64_t)(u * (double)ms);
}

/* --- acts --- */

#define HINT_SHARE  0.3 /* of the challenges */
#define WRONG_SHARE 0.4
#define BOARD_SHARE 0.5

static void add(struct acts *a, bool wanted, enum act act) {
        if (wanted)
                a->list[a->n++] = act;
}

void plan_acts(const struct chances *c, const double u[3], struct acts *ret) {
        bool instance = c->starts && c->instance;
        /* Where the right one is not known a wrong one has to do. */
        bool wrong = !c->flag_known || (u[1] < WRONG_SHARE && !c->counts_wrong);

        *ret = (struct acts){ 0 };
        add(ret, c->opens, ACT_OPEN);
        add(ret, instance, ACT_START);
        add(ret, c->affords_hint && u[0] < HINT_SHARE, ACT_HINT);
        add(ret, wrong, ACT_WRONG);
        add(ret, c->flag_known, ACT_RIGHT);
        add(ret, instance, ACT_STOP);
        add(ret, c->flag_known, ACT_LIST);
        add(ret, c->boards && u[2] < BOARD_SHARE, ACT_BOARD);
}

/* --- pace --- */

#define PACE_BURST   9 /* one of the ten is left to clocks that differ */
#define PACE_EACH_MS 2050

int64_t pace_take(struct pace *p, int64_t now_ms) {
        int64_t full = p->full_ms > now_ms ? p->full_ms : now_ms;
        int64_t early = full + PACE_EACH_MS - now_ms - (int64_t)PACE_BURST * PACE_EACH_MS;

        if (early > 0)
                return early;
        p->full_ms = full + PACE_EACH_MS;
        return 0;
}
