/* berth game ... */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/output.h"
#include "cli/remote.h"

#define GAME "/api/v2/game"

/* What a rule's value is, and so how its text is read. */
enum type { TYPE_TEXT, TYPE_TIME, TYPE_SWITCH, TYPE_NUMBER, TYPE_NUMBERS, TYPE_NAMES };

static const struct {
        const char *key;
        enum type type;
} rules[] = {
        { "mode", TYPE_TEXT },
        { "starts_at", TYPE_TIME },
        { "ends_at", TYPE_TIME },
        { "freeze_at", TYPE_TIME },
        { "paused", TYPE_SWITCH },
        { "sign_up", TYPE_SWITCH },
        { "public_board", TYPE_SWITCH },
        { "team_size", TYPE_NUMBER },
        { "suspicion_threshold", TYPE_NUMBER },
        { "blood_bonus_percent", TYPE_NUMBERS },
        { "brackets", TYPE_NAMES },
};

static int read_time(const char *text, json_t **ret, struct err *err) {
        char now[CLOCK_TEXT];
        int64_t ms;

        if (strcmp(text, "none") == 0) {
                *ret = json_null();
                return 0;
        }
        if (strcmp(text, "now") == 0)
                clock_text(clock_now_ms(), now);
        else if (!clock_parse(text, &ms))
                return err_set(err, ERR_INVALID,
                               "must be a moment such as 2026-11-20T19:00:00Z, or now, or none");
        *ret = json_string(strcmp(text, "now") == 0 ? now : text);
        return 0;
}

static int read_switch(const char *text, json_t **ret, struct err *err) {
        bool on = strcasecmp(text, "on") == 0 || strcasecmp(text, "yes") == 0 ||
                  strcasecmp(text, "true") == 0;

        if (!on && strcasecmp(text, "off") != 0 && strcasecmp(text, "no") != 0 &&
            strcasecmp(text, "false") != 0)
                return err_set(err, ERR_INVALID, "must be on or off");
        *ret = json_boolean(on);
        return 0;
}

static int read_number(const char *text, json_t **ret, struct err *err) {
        int64_t n;

        if (str_to_int(text, 0, INT32_MAX, &n, err) < 0)
                return -1;
        *ret = json_integer(n);
        return 0;
}

/* Separated by commas; "" is an empty list. */
static int read_list(const char *text, bool numbers, json_t **ret, struct err *err) {
        _cleanup_json_ json_t *list = json_array();

        for (size_t n; *text; text += n + (text[n] == ',')) {
                _cleanup_buf_ struct buf one = { 0 };
                json_t *v;

                n = strcspn(text, ",");
                buf_add(&one, text, n);
                if (!numbers)
                        v = json_string(one.data);
                else if (read_number(one.data, &v, err) < 0)
                        return -1;
                json_array_append_new(list, v);
        }
        *ret = TAKE(list);
        return 0;
}

static int read_value(enum type type, const char *text, json_t **ret, struct err *err) {
        switch (type) {
        case TYPE_TIME:
                return read_time(text, ret, err);
        case TYPE_SWITCH:
                return read_switch(text, ret, err);
        case TYPE_NUMBER:
                return read_number(text, ret, err);
        case TYPE_NUMBERS:
        case TYPE_NAMES:
                return read_list(text, type == TYPE_NUMBERS, ret, err);
        case TYPE_TEXT:
                break;
        }
        *ret = json_string(text);
        return 0;
}

static int unknown_rule(const char *text, size_t n, struct err *err) {
        char names[256] = "";

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                size_t len = strlen(names);

                snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "", rules[i].key);
        }
        return err_set(err, ERR_INVALID, "there is no rule \"%.*s\"; there are %s", (int)n, text,
                       names);
}

/* "KEY=VALUE"; a key may be written with hyphens. */
static int read_rule(const char *text, json_t *body, struct err *err) {
        const char *equals = strchr(text, '=');
        json_t *v;

        if (!equals)
                return err_set(err, ERR_INVALID, "\"%s\" is not KEY=VALUE", text);
        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                if (!flag_is(rules[i].key, text, (size_t)(equals - text)) &&
                    (strncmp(rules[i].key, text, (size_t)(equals - text)) != 0 ||
                     rules[i].key[equals - text]))
                        continue;
                if (read_value(rules[i].type, equals + 1, &v, err) < 0)
                        return err_wrap(err, "%s", rules[i].key);
                json_object_set_new(body, rules[i].key, v);
                return 0;
        }
        return unknown_rule(text, (size_t)(equals - text), err);
}

static int show(const struct call *call, const json_t *game) {
        static const char *const headings[] = { "RULE", "VALUE", NULL };
        _cleanup_table_ struct table t;
        const char *key;
        json_t *v, *o = json_deep_copy(game);

        if (call->options[OPTION_JSON]) {
                output_json(o);
                json_decref(o);
                return LEAVE_OK;
        }
        table_init(&t, headings);
        json_object_foreach(o, key, v) {
                table_add(&t, key);
                table_add(&t, output_text(v, &t.arena));
        }
        table_print(&t);
        json_decref(o);
        return LEAVE_OK;
}

int command_game_show(struct call *call) {
        _cleanup_json_ json_t *game = NULL;
        struct err err;

        if (remote_call(call, "GET", GAME, NULL, &game, &err) < 0)
                return output_fail(call, &err);
        return show(call, game);
}

static int change(struct call *call, const json_t *body) {
        _cleanup_json_ json_t *game = NULL;
        struct err err;

        if (remote_call(call, "PATCH", GAME, body, &game, &err) < 0)
                return output_fail(call, &err);
        return show(call, game);
}

int command_game_set(struct call *call) {
        _cleanup_json_ json_t *body = json_object();
        struct err err;

        for (size_t i = 0; i < call->n_args; i++)
                if (read_rule(call->args[i], body, &err) < 0) {
                        output_fail(call, &err);
                        return LEAVE_USAGE;
                }
        return change(call, body);
}

static int set_time(struct call *call, const char *key, const char *text) {
        _cleanup_json_ json_t *body = json_object();
        struct err err;
        json_t *v;

        if (read_time(text, &v, &err) < 0) {
                err_wrap(&err, "--at");
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        json_object_set_new(body, key, v);
        return change(call, body);
}

int command_game_freeze(struct call *call) {
        const char *at = call->options[OPTION_AT];

        return set_time(call, "freeze_at", at ? at : "now");
}

int command_game_unfreeze(struct call *call) { return set_time(call, "freeze_at", "none"); }

static int set_paused(struct call *call, bool paused) {
        _cleanup_json_ json_t *body = json_pack("{s:b}", "paused", paused);

        return change(call, body);
}

int command_game_pause(struct call *call) { return set_paused(call, true); }
int command_game_resume(struct call *call) { return set_paused(call, false); }

int command_game_reset(struct call *call) {
        _cleanup_json_ json_t *body = json_pack("{s:b}", "confirm", 1), *answer = NULL;
        struct err err;

        if (!call->options[OPTION_YES]) {
                err_set(&err, ERR_INVALID,
                        "this forgets every solve, hint, award and submission, and ends every "
                        "session: say --yes if it is meant");
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        if (remote_call(call, "POST", GAME "/reset", body, &answer, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON])
                output_json(answer);
        else
                printf("forgot all that was played; %s sessions ended\n",
                       output_text(json_object_get(answer, "sessions_ended"), &call->arena));
        return LEAVE_OK;
}
