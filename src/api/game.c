/* /api/v2/game: the rules, and the game's beginning anew. */
#include <string.h>

#include "api/body.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/view.h"
#include "base/clock.h"
#include "base/str.h"
#include "core/game_verbs.h"

static const char *const phases[] = { [GAME_NOT_STARTED] = "not_started",
                                      [GAME_OPEN] = "open",
                                      [GAME_PAUSED] = "paused",
                                      [GAME_ENDED] = "ended" };

static void write_bonus(struct buf *b, const struct game_rules *r) {
        json_key(b, "blood_bonus_percent");
        json_open(b, '[');
        for (int i = 0; i < BLOODS; i++)
                json_int(b, r->bonus_percent[i]);
        json_close(b, ']');
}

static void write_brackets(struct buf *b, const struct game_rules *r) {
        json_key(b, "brackets");
        json_open(b, '[');
        for (int i = 0; i < BRACKETS_MAX && *r->brackets[i]; i++)
                json_text(b, r->brackets[i]);
        json_close(b, ']');
}

/* With the read model locked. */
static void write_rules(const struct call *c, struct buf *b, const struct game_rules *r) {
        const struct tenant *tenant = read_model_tenant(c->api->model, c->origin.tenant);
        int64_t now_ms = clock_now_ms();

        json_open(b, '{');
        json_key(b, "name");
        json_text(b, tenant ? tenant->name : NULL);
        json_key(b, "mode");
        json_text(b, account_kind_name(tenant && tenant->team_mode ? ACCOUNT_TEAM : ACCOUNT_USER));
        json_key(b, "phase");
        json_text(b, phases[game_phase(r, now_ms)]);
        json_key(b, "frozen");
        json_bool(b, game_frozen(r, now_ms));
        json_key(b, "now");
        json_time(b, now_ms);
        json_key(b, "starts_at");
        json_time(b, r->starts_ms);
        json_key(b, "ends_at");
        json_time(b, r->ends_ms);
        json_key(b, "freeze_at");
        json_time(b, r->freeze_ms);
        json_key(b, "paused");
        json_bool(b, r->paused);
        json_key(b, "sign_up");
        json_bool(b, r->sign_up);
        json_key(b, "public_board");
        json_bool(b, r->public_board);
        json_key(b, "team_size");
        json_int(b, r->team_size);
        write_bonus(b, r);
        write_brackets(b, r);
        if (call_is_staff(c)) {
                json_key(b, "suspicion_threshold");
                json_int(b, r->threshold);
        }
        json_close(b, '}');
}

void game_get(struct call *c) {
        const struct tenant_game *game;
        struct buf *b = call_buf(c);

        if (!c->origin.tenant) /* everybody may know when it begins */
                c->origin.tenant = guard_tenant(c);
        read_model_lock(c->api->model);
        game = read_model_game(c->api->model, c->origin.tenant);
        if (game)
                write_rules(c, b, &game->rules);
        read_model_unlock(c->api->model);
        if (game)
                call_reply_json(c, 200);
        else
                problem_replyf(c, ERR_NOT_FOUND, "There is no such event");
}

/* --- changes --- */

static const json_t *member(const struct call *c, const char *key) {
        return json_object_get(c->body, key);
}

/* A moment, or null for none. */
static int take_time(struct call *c, const char *key, unsigned field, struct game_set *g,
                     int64_t *ret, struct err *err) {
        const json_t *v = member(c, key);

        if (!v)
                return 0;
        g->fields |= field;
        if (json_is_null(v))
                return 0;
        if (!json_is_string(v))
                return err_set(err, ERR_INVALID, "%s: must be a time (RFC 3339) or null", key);
        return query_time(key, json_string_value(v), ret, err);
}

static int take_bool(struct call *c, const char *key, unsigned field, struct game_set *g, bool *ret,
                     struct err *err) {
        const json_t *v = member(c, key);

        if (!v)
                return 0;
        if (!json_is_boolean(v))
                return err_set(err, ERR_INVALID, "%s: must be true or false", key);
        g->fields |= field;
        *ret = json_is_true(v);
        return 0;
}

static int take_int(struct call *c, const char *key, unsigned field, struct game_set *g,
                    int64_t most, int64_t *ret, struct err *err) {
        if (!member(c, key))
                return 0;
        g->fields |= field;
        return body_int(c->body, key, 0, most, ret, err);
}

static int take_bonus(struct call *c, struct game_set *g, struct err *err) {
        const json_t *v = member(c, "blood_bonus_percent"), *x;
        size_t i;

        if (!v)
                return 0;
        if (!json_is_array(v) || json_array_size(v) > BLOODS)
                return err_set(err, ERR_INVALID,
                               "blood_bonus_percent: must be a list of at most %d numbers", BLOODS);
        g->fields |= GAME_BONUS;
        json_array_foreach(v, i, x) {
                if (!json_is_integer(x))
                        return err_set(err, ERR_INVALID, "blood_bonus_percent[%zu]: not a number",
                                       i);
                g->rules.bonus_percent[i] = json_integer_value(x);
        }
        return 0;
}

static int take_brackets(struct call *c, struct game_set *g, struct err *err) {
        const json_t *v = member(c, "brackets"), *x;
        size_t i;

        if (!v)
                return 0;
        if (!json_is_array(v) || json_array_size(v) > BRACKETS_MAX)
                return err_set(err, ERR_INVALID, "brackets: must be a list of at most %d names",
                               BRACKETS_MAX);
        g->fields |= GAME_BRACKETS;
        json_array_foreach(v, i, x) {
                const char *name = json_string_value(x);

                if (!name || !str_is_name(name) || strlen(name) >= BRACKET_SIZE)
                        return err_set(err, ERR_INVALID,
                                       "brackets[%zu]: must be a name of at most %d bytes", i,
                                       BRACKET_SIZE - 1);
                if (game_has_bracket(&g->rules, name))
                        return err_set(err, ERR_INVALID, "brackets[%zu]: is there twice", i);
                str_copy(g->rules.brackets[i], BRACKET_SIZE, name);
        }
        return 0;
}

static int take_mode(struct call *c, struct game_set *g, struct err *err) {
        const char *mode;

        if (body_text_or(c->body, "mode", NAME_MAX_BYTES, &mode, err) < 0)
                return -1;
        if (!*mode)
                return 0;
        g->fields |= GAME_MODE;
        g->team_mode = strcmp(mode, "team") == 0;
        if (!g->team_mode && strcmp(mode, "user") != 0)
                return err_set(err, ERR_INVALID, "mode: must be user or team");
        return 0;
}

static int read_change(struct call *c, struct game_set *g, struct err *err) {
        struct game_rules *r = &g->rules;

        if (take_time(c, "starts_at", GAME_STARTS, g, &r->starts_ms, err) < 0 ||
            take_time(c, "ends_at", GAME_ENDS, g, &r->ends_ms, err) < 0 ||
            take_time(c, "freeze_at", GAME_FREEZE, g, &r->freeze_ms, err) < 0 ||
            take_bool(c, "paused", GAME_PAUSE, g, &r->paused, err) < 0 ||
            take_bool(c, "sign_up", GAME_SIGN_UP, g, &r->sign_up, err) < 0 ||
            take_bool(c, "public_board", GAME_PUBLIC_BOARD, g, &r->public_board, err) < 0)
                return -1;
        if (take_int(c, "team_size", GAME_TEAM_SIZE, g, 1000, &r->team_size, err) < 0 ||
            take_int(c, "suspicion_threshold", GAME_SUSPICION, g, 100, &r->threshold, err) < 0)
                return -1;
        if (take_bonus(c, g, err) < 0 || take_brackets(c, g, err) < 0)
                return -1;
        return take_mode(c, g, err);
}

static void on_changed(struct call *c, struct command *cmd) {
        if (cmd->result < 0)
                problem_reply(c, &cmd->err);
        else
                game_get(c);
}

void game_change(struct call *c) {
        struct game_set *g = arena_new(http_arena(c->req), struct game_set);
        struct err err;

        *g = (struct game_set){ 0 };
        if (read_change(c, g, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        game_set_command(g);
        call_submit(c, &g->command, on_changed);
}

/* --- reset --- */

static void on_reset(struct call *c, struct command *cmd) {
        const struct game_reset *r = container_of(cmd, struct game_reset, command);
        struct buf *b = call_buf(c);

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        json_open(b, '{');
        json_key(b, "sessions_ended");
        json_int(b, r->sessions);
        json_close(b, '}');
        call_reply_json(c, 200);
}

void game_restart(struct call *c) {
        struct game_reset *r;

        if (!json_is_true(member(c, "confirm"))) {
                problem_replyf(c, ERR_INVALID,
                               "confirm: must be true: all that was played is forgotten");
                return;
        }
        r = arena_new(http_arena(c->req), struct game_reset);
        *r = (struct game_reset){ 0 };
        game_reset_command(r);
        call_submit(c, &r->command, on_reset);
}
