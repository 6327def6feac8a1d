/* The health of challenges, as the daemon looks at it by itself. */
#include <stdlib.h>

#include "core/watch_impl.h"
#include "store/health.h"
#include "store/suspicions.h"

/* Challenges that nobody can play fare no way at all. */
static const struct challenge *next_open(const struct read_model *m, int64_t *at) {
        const struct challenge *c;

        while ((c = read_model_next_challenge(m, 0, at)))
                if (c->state != CHALLENGE_HIDDEN)
                        return c;
        return NULL;
}

bool health_changed(const struct read_model *m, int64_t now_ms, int64_t how_many[_HEALTH_N]) {
        const struct challenge *c;
        bool changed = false;
        int64_t at = 0;

        for (int s = 0; s < _HEALTH_N; s++)
                how_many[s] = 0;
        while ((c = next_open(m, &at))) {
                struct health h = read_model_health(m, c, now_ms);
                enum health_state now = health_state(h.score);

                how_many[now]++;
                changed |= now != read_model_told(m, c->id);
        }
        return changed;
}

struct check {
        struct command command;
        struct engine *engine;
        int64_t snapshot_ms;
        void (*done)(struct engine *e, int64_t snapshot_ms, bool good);
};

static int tell(struct work *w, const struct health *h, struct err *err) {
        struct origin system = work_system(h->tenant);
        struct event e = work_event(w, &system, ACTION_CHALLENGE_CHECKED);

        e.challenge = h->challenge;
        event_text(&e, "state", health_state_name(health_state(h->score)));
        event_text(&e, "before", health_state_name(read_model_told(w->model, h->challenge)));
        event_int(&e, "score", h->score);
        event_int(&e, "attempts", h->attempts);
        event_int(&e, "solves", h->solves);
        event_int(&e, "starts", h->starts);
        event_int(&e, "failed_starts", h->failed_starts);
        event_int(&e, "failed_probes", h->failed_probes);
        event_int(&e, "lost", h->lost);
        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0)
                return -1;
        return healths_insert(w->tx, h, err);
}

static int purge(struct work *w, struct err *err) {
        int64_t before_ms = w->now_ms - w->engine->config.retention_ms;

        if (w->engine->config.retention_ms == 0)
                return 0;
        return healths_purge(w->tx, before_ms, err) < 0 ? -1 :
                                                          suspicions_purge(w->tx, before_ms, err);
}

static int check_run(struct command *cmd, struct work *w, struct err *err) {
        struct check *k = container_of(cmd, struct check, command);
        const struct challenge *c;
        int64_t at = 0;

        while ((c = next_open(w->model, &at))) {
                struct health h = read_model_health(w->model, c, w->now_ms);

                if (health_state(h.score) != read_model_told(w->model, c->id) &&
                    tell(w, &h, err) < 0)
                        return -1;
                h.at_ms = k->snapshot_ms;
                if (k->snapshot_ms && healths_insert(w->tx, &h, err) < 0)
                        return -1;
        }
        return k->snapshot_ms ? purge(w, err) : 0;
}

static void check_done(struct command *cmd) {
        struct check *k = container_of(cmd, struct check, command);

        k->done(k->engine, k->snapshot_ms, cmd->result == 0);
        free(k);
}

void health_submit(struct engine *e, int64_t snapshot_ms,
                   void (*done)(struct engine *e, int64_t snapshot_ms, bool good)) {
        struct check *k = calloc(1, sizeof(*k));

        if (!k)
                abort();
        k->engine = e;
        k->snapshot_ms = snapshot_ms;
        k->done = done;
        k->command.origin = work_system(0);
        k->command.run = check_run;
        k->command.done = check_done;
        engine_submit(e, &k->command);
}
