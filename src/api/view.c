#include "api/view.h"

#include <string.h>

#include "api/policies.h"
#include "base/clock.h"

bool view_open(struct call *c, struct view *ret) {
        const struct read_model *m = c->api->model;
        const struct tenant_game *game = read_model_game(m, c->origin.tenant);
        int64_t now_ms = clock_now_ms();
        bool staff = call_is_staff(c);

        if (!game)
                return false;
        *ret = (struct view){
                .call = c,
                .access = { .model = m,
                            .game = game,
                            .tenant = c->origin.tenant,
                            .who = c->origin.account,
                            .staff = staff,
                            .now_ms = now_ms },
                .board = games_board(game, staff, now_ms),
                .frozen = !staff && game_frozen(&game->rules, now_ms),
                .user = c->origin.user ? read_model_user(m, c->origin.user) : NULL,
        };
        return ret->board != NULL;
}

int64_t view_total(const struct view *v) {
        return games_total(v->access.game, v->access.staff, v->access.now_ms, v->access.who);
}

struct worth view_worth(const struct view *v, int64_t challenge) {
        const struct worth *w = board_worth(v->board, challenge);

        return w ? *w : (struct worth){ 0 };
}

static void look_at_set(const struct view *v, struct view_set *set) {
        const struct challenge *ch;
        int64_t at = 0;

        *set = (struct view_set){ .tenant = v->access.tenant,
                                  .version = read_model_challenges_version(v->access.model),
                                  .until_ms = INT64_MAX };
        while ((ch = read_model_next_challenge(v->access.model, v->access.tenant, &at))) {
                bool due = v->access.now_ms >= ch->scheduled_ms;

                set->due += due;
                set->personal |= ch->personal;
                if (!due && ch->scheduled_ms < set->until_ms)
                        set->until_ms = ch->scheduled_ms;
        }
}

const struct view_set *view_set(const struct view *v) {
        struct view_set *set = &v->call->lane->set;

        if (set->tenant != v->access.tenant || v->access.now_ms >= set->until_ms ||
            set->version != read_model_challenges_version(v->access.model))
                look_at_set(v, set);
        return set;
}

void view_account(const struct view *v, struct buf *b, struct account who) {
        char name[DISPLAY_NAME_SIZE];

        read_model_account_name(v->access.model, who, name);
        json_key(b, "account_id");
        json_int(b, who.id);
        json_key(b, "kind");
        json_text(b, account_kind_name(who.kind));
        json_key(b, "name");
        json_text(b, name);
}

/* --- challenges --- */

const char *view_expand(const struct view *v, const char *text, enum placeholder_form form) {
        if (!v->user)
                return text;
        return placeholder_expand(text, &v->call->api->config.placeholders, v->user, form,
                                  http_arena(v->call->req));
}

void view_hint_text(const struct view *v, struct buf *b, const struct challenge *c, size_t i) {
        json_key(b, "text");
        json_text(b, view_expand(v, c->hints[i].text, PLACEHOLDER_TEXT));
        json_key(b, "html");
        json_text(b, view_expand(v, c->hints[i].html, PLACEHOLDER_HTML));
}

static void write_hints(const struct view *v, struct buf *b, const struct challenge *c,
                        const struct progress *p, bool whole) {
        json_key(b, "hints");
        json_open(b, '[');
        for (size_t i = 0; i < c->n_hints; i++) {
                bool unlocked = p && p->hints & UINT32_C(1) << i;

                json_open(b, '{');
                json_key(b, "id");
                json_int(b, (int64_t)i + 1);
                json_key(b, "title");
                json_text(b, *c->hints[i].title ? c->hints[i].title : NULL);
                json_key(b, "cost");
                json_int(b, c->hints[i].cost);
                json_key(b, "unlocked");
                json_bool(b, unlocked);
                if (whole && (unlocked || v->access.staff))
                        view_hint_text(v, b, c, i);
                json_close(b, '}');
        }
        json_close(b, ']');
}

void view_bloods(const struct view *v, struct buf *b, const struct worth *w) {
        json_key(b, "bloods");
        json_open(b, '[');
        for (size_t i = 0; i < BLOODS && w->bloods[i].id; i++) {
                json_open(b, '{');
                view_account(v, b, w->bloods[i]);
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void write_files(struct buf *b, const struct challenge *c) {
        json_key(b, "files");
        json_open(b, '[');
        for (size_t i = 0; i < c->n_files; i++) {
                json_open(b, '{');
                json_key(b, "id");
                json_text(b, c->files[i].digest);
                json_key(b, "name");
                json_text(b, c->files[i].name);
                json_key(b, "bytes");
                json_int(b, c->files[i].bytes);
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void write_list(struct buf *b, const char *key, const char *const *list) {
        json_key(b, key);
        json_open(b, '[');
        for (; list && *list; list++)
                json_text(b, *list);
        json_close(b, ']');
}

/* What only who opens it needs. */
static void write_rest(const struct view *v, struct buf *b, const struct challenge *c,
                       const struct worth *w, const struct progress *p) {
        json_key(b, "html");
        json_text(b, view_expand(v, c->html, PLACEHOLDER_HTML));
        json_key(b, "connection_info");
        json_text(b, c->connection_info);
        json_key(b, "content");
        if (c->content)
                json_raw(b, view_expand(v, c->content, PLACEHOLDER_JSON));
        else
                json_none(b);
        json_key(b, "attempts");
        json_int(b, p ? p->attempts : 0);
        json_key(b, "max_attempts");
        json_int(b, c->max_attempts);
        write_files(b, c);
        write_list(b, "requirements", c->requirements);
        view_bloods(v, b, w);
        if (!v->access.staff)
                return;
        json_key(b, "scoring");
        json_text(b, scoring_kind_name(c->scoring.kind));
        json_key(b, "scheduled_at");
        json_time(b, c->scheduled_ms);
        json_key(b, "solve");
        json_text(b, c->solve);
}

static void write_instance(const struct view *v, struct buf *b, const struct challenge *c) {
        struct policy policy;

        if (!c->has_instance) {
                json_none(b);
                return;
        }
        policy = read_model_policy(v->access.model, c);
        json_open(b, '{');
        json_key(b, "endpoints");
        json_open(b, '[');
        for (size_t i = 0; i < c->spec.n_endpoints; i++) {
                json_open(b, '{');
                json_key(b, "name");
                json_text(b, c->spec.endpoints[i].name);
                json_key(b, "protocol");
                json_text(b, protocol_name(c->spec.endpoints[i].protocol));
                json_close(b, '}');
        }
        json_close(b, ']');
        json_key(b, "policy");
        policy_write(b, &policy);
        json_close(b, '}');
}

/* A locked one shows that it is there, and what it would be worth. */
static bool is_shut(const struct view *v, const struct challenge *c) {
        return c->state == CHALLENGE_LOCKED && !v->access.staff;
}

static void write_shut(struct buf *b, const struct challenge *c, const struct worth *w) {
        json_key(b, "id");
        json_int(b, c->id);
        json_key(b, "slug");
        json_text(b, c->slug);
        json_key(b, "title");
        json_text(b, c->title);
        json_key(b, "category");
        json_text(b, c->category);
        json_key(b, "description");
        json_text(b, "");
        json_key(b, "value");
        json_int(b, w->value);
        json_key(b, "state");
        json_text(b, challenge_state_name(c->state));
        json_key(b, "instance");
        json_none(b);
}

void view_challenge(const struct view *v, struct buf *b, const struct challenge *c, bool whole) {
        const struct progress *p = game_progress(v->access.game->game, v->access.who, c->id);
        struct worth w = view_worth(v, c->id);

        json_open(b, '{');
        if (is_shut(v, c)) {
                write_shut(b, c, &w);
                json_close(b, '}');
                return;
        }
        buf_add(b, c->shown, c->n_shown);
        if (c->personal) {
                json_key(b, "description");
                json_text(b, view_expand(v, c->description, PLACEHOLDER_TEXT));
        }
        json_key(b, "value");
        json_int(b, w.value);
        json_key(b, "solves");
        json_int(b, w.solves);
        json_key(b, "solved");
        json_bool(b, p && p->solved_ms);
        json_key(b, "state");
        json_text(b, challenge_state_name(c->state));
        write_hints(v, b, c, p, whole);
        json_key(b, "instance");
        write_instance(v, b, c);
        if (whole)
                write_rest(v, b, c, &w, p);
        json_close(b, '}');
}

void view_row(struct buf *b, const struct board_row *row) {
        json_key(b, "score");
        json_int(b, row->score);
        json_key(b, "solves");
        json_int(b, row->solves);
        json_key(b, "last_score_at");
        json_time(b, row->last_ms);
        json_key(b, "bracket");
        json_text(b, *row->bracket ? row->bracket : NULL);
}
