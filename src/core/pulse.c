#include "core/pulse.h"

#include <stdlib.h>
#include <string.h>

#define STEPS   12
#define STEP_MS (PULSE_MS / STEPS)

enum count { ATTEMPTS, SOLVES, STARTS, FAILED_STARTS, FAILED_PROBES, LOST, _COUNT_N };

struct step {
        int64_t number; /* since 1970 */
        int64_t counts[_COUNT_N];
};

struct course { /* of a challenge */
        int64_t tenant;
        struct step steps[STEPS]; /* each at its number's remainder */
        enum health_state told;
};

void pulse_done(struct pulse *p) {
        struct course *c;
        size_t at = 0;

        while ((c = map_next(&p->by_challenge, &at)))
                free(c);
        map_done(&p->by_challenge);
}

static struct course *course_of(struct pulse *p, int64_t tenant, int64_t challenge) {
        struct course *c = map_get_id(&p->by_challenge, challenge);

        if (c)
                return c;
        c = calloc(1, sizeof(*c));
        if (!c)
                abort();
        c->tenant = tenant;
        c->told = HEALTH_HEALTHY;
        map_put_id(&p->by_challenge, challenge, c);
        return c;
}

static void count(struct pulse *p, const struct event *e, enum count what) {
        int64_t number = e->at_ms / STEP_MS;
        struct step *s = &course_of(p, e->tenant, e->challenge)->steps[number % STEPS];

        if (s->number > number) /* it is about what is over */
                return;
        if (s->number < number)
                *s = (struct step){ .number = number };
        s->counts[what]++;
}

static void note_failure(struct pulse *p, const struct event *e) {
        static const char probe[] = "\"probe\"";
        const char *step;
        size_t n = 0;

        if (!*e->lease) /* it was refused, which says nothing of the challenge */
                return;
        step = event_member(e, "step", &n);
        count(p, e, STARTS);
        count(p, e,
              step && n == sizeof(probe) - 1 && memcmp(step, probe, n) == 0 ? FAILED_PROBES :
                                                                              FAILED_STARTS);
}

static void forget_attempts(struct pulse *p, int64_t tenant) {
        struct course *c;
        size_t at = 0;

        while ((c = map_next(&p->by_challenge, &at)))
                for (size_t i = 0; i < STEPS && c->tenant == tenant; i++)
                        c->steps[i].counts[ATTEMPTS] = c->steps[i].counts[SOLVES] = 0;
}

static void note_told(struct pulse *p, const struct event *e) {
        int64_t score = event_number(e, "score", -1);

        if (score >= 0) /* else it was a flag of it that was checked */
                pulse_tell(p, e->tenant, e->challenge, health_state(score));
}

void pulse_note(struct pulse *p, const struct event *e, bool counts) {
        if (e->action == ACTION_GAME_RESET)
                forget_attempts(p, e->tenant);
        if (e->challenge == 0)
                return;
        switch ((int)e->action) {
        case ACTION_SOLVED:
                if (!counts)
                        break;
                count(p, e, SOLVES);
                count(p, e, ATTEMPTS);
                break;
        case ACTION_SUBMITTED:
                if (counts)
                        count(p, e, ATTEMPTS);
                break;
        case ACTION_RUNNING:
                count(p, e, STARTS);
                break;
        case ACTION_FAILED_CREATE:
                note_failure(p, e);
                break;
        case ACTION_LOST:
                count(p, e, LOST);
                break;
        case ACTION_CHALLENGE_CHECKED:
                note_told(p, e);
                break;
        default:
                break;
        }
}

void pulse_read(const struct pulse *p, int64_t challenge, int64_t now_ms, struct health *ret) {
        const struct course *c = map_get_id(&p->by_challenge, challenge);
        int64_t now = now_ms / STEP_MS, sums[_COUNT_N] = { 0 };

        for (size_t i = 0; c && i < STEPS; i++)
                for (size_t k = 0; k < _COUNT_N && c->steps[i].number > now - STEPS; k++)
                        sums[k] += c->steps[i].counts[k];
        ret->recent_attempts = sums[ATTEMPTS];
        ret->recent_solves = sums[SOLVES];
        ret->starts = sums[STARTS];
        ret->failed_starts = sums[FAILED_STARTS];
        ret->failed_probes = sums[FAILED_PROBES];
        ret->lost = sums[LOST];
}

enum health_state pulse_told(const struct pulse *p, int64_t challenge) {
        const struct course *c = map_get_id(&p->by_challenge, challenge);

        return c ? c->told : HEALTH_HEALTHY;
}

void pulse_tell(struct pulse *p, int64_t tenant, int64_t challenge, enum health_state state) {
        course_of(p, tenant, challenge)->told = state;
}
