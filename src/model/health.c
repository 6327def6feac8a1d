#include "model/health.h"

#include <strings.h>

#include "base/attr.h"

#define ATTEMPTS_LEAST  10
#define ATTEMPTS_MANY   100
#define EASY_PERCENT    90
#define HARD_PERCENT    5
#define STARTS_LEAST    3
#define HEALTHY_FROM    70
#define PERFORMING_FROM 40

static const char *const names[] = { [HEALTH_BROKEN] = "BROKEN",
                                     [HEALTH_UNDERPERFORMING] = "UNDERPERFORMING",
                                     [HEALTH_HEALTHY] = "HEALTHY" };

static int64_t lost_by_attempts(const struct health *h) {
        int64_t lost = 0;

        if (h->attempts < ATTEMPTS_LEAST)
                return 0;
        if (100 * h->solves > EASY_PERCENT * h->attempts)
                lost += 20;
        if (100 * h->solves < HARD_PERCENT * h->attempts)
                lost += 40;
        if (h->attempts >= ATTEMPTS_MANY && h->solves == 0)
                lost += 50;
        return lost;
}

static int64_t lost_by_starts(const struct health *h) {
        if (h->starts < STARTS_LEAST)
                return 0;
        return 100 * (h->failed_starts + h->failed_probes + h->lost) / h->starts;
}

int64_t health_score(const struct health *h) {
        int64_t score = 100 - lost_by_attempts(h) - lost_by_starts(h);

        return score > 0 ? score : 0;
}

enum health_state health_state(int64_t score) {
        return score >= HEALTHY_FROM    ? HEALTH_HEALTHY :
               score >= PERFORMING_FROM ? HEALTH_UNDERPERFORMING :
                                          HEALTH_BROKEN;
}

const char *health_state_name(enum health_state s) { return names[s]; }

int health_state_parse(const char *name) {
        for (size_t s = 0; s < ARRAY_SIZE(names); s++)
                if (strcasecmp(names[s], name) == 0)
                        return (int)s;
        return -1;
}
