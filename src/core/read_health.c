/* How challenges fare, in the read model. */
#include "core/read_model_impl.h"

void read_model_note(struct read_model *m, const struct event *e) {
        bool attempt = e->action == ACTION_SOLVED || e->action == ACTION_SUBMITTED;
        const struct tenant_game *t = attempt ? games_find(&m->games, e->tenant) : NULL;

        pulse_note(&m->pulse, e, t && game_counts(t->game, e->account));
}

struct health read_model_health(const struct read_model *m, const struct challenge *c,
                                int64_t now_ms) {
        const struct tenant_game *t = games_find(&m->games, c->tenant);
        struct health h = { .challenge = c->id, .tenant = c->tenant, .at_ms = now_ms };

        if (t) {
                h.solves = game_worth(t->game, c->id).solves;
                h.attempts = h.solves + game_wrong(t->game, c->id);
        }
        pulse_read(&m->pulse, c->id, now_ms, &h);
        h.score = health_score(&h);
        return h;
}

enum health_state read_model_told(const struct read_model *m, int64_t challenge) {
        return pulse_told(&m->pulse, challenge);
}

void read_model_tell(struct read_model *m, const struct health *h) {
        pulse_tell(&m->pulse, h->tenant, h->challenge, health_state(h->score));
}
