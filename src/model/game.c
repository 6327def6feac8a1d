#include "model/game.h"

#include <string.h>

#include "base/attr.h"

static const char *const results[] = {
        [SUBMISSION_CORRECT] = "correct", [SUBMISSION_INCORRECT] = "incorrect"
};

enum game_phase game_phase(const struct game_rules *r, int64_t now_ms) {
        if (r->starts_ms && now_ms < r->starts_ms)
                return GAME_NOT_STARTED;
        if (r->ends_ms && now_ms >= r->ends_ms)
                return GAME_ENDED;
        return r->paused ? GAME_PAUSED : GAME_OPEN;
}

bool game_frozen(const struct game_rules *r, int64_t now_ms) {
        return r->freeze_ms && now_ms >= r->freeze_ms;
}

bool game_has_bracket(const struct game_rules *r, const char *name) {
        if (!*name)
                return true;
        for (size_t i = 0; i < BRACKETS_MAX && *r->brackets[i]; i++)
                if (strcmp(r->brackets[i], name) == 0)
                        return true;
        return false;
}

const char *submission_result_name(enum submission_result r) { return results[r]; }

int submission_result_parse(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(results); i++)
                if (strcmp(results[i], name) == 0)
                        return (int)i;
        return -1;
}
