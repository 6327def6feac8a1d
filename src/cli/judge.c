/* berth award, submission, suspicion, challenge health, announce and scoreboard: what organisers do
 * and see in the game. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "cli/resolve.h"

/* What was said, or with --json what was answered; an answer without a body is an empty object. */
static int done(struct call *call, const char *method, const char *path, const json_t *body,
                const char *what) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        if (remote_call(call, method, path, body, &o, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON])
                output_json(o);
        else
                puts(what);
        return LEAVE_OK;
}

static const char *path_of(struct call *call, const char *list, const char *id) {
        return arena_printf(&call->arena, "/api/v2/%s/%s", list, remote_escape(id, &call->arena));
}

/* Awards. */

int command_award_list(struct call *call) {
        static const char *const headings[] = { "ID", "ACCOUNT", "VALUE", "REASON", "AT", NULL };
        static const char *const columns[] = { "id", "name", "value", "reason", "at", NULL };

        return remote_print(call, "/api/v2/awards", headings, columns);
}

int command_award_give(struct call *call) {
        _cleanup_json_ json_t *body = json_object();
        struct err err;
        int64_t value;

        if (str_to_int(call->args[1], INT32_MIN, INT32_MAX, &value, &err) < 0) {
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        resolve_account(call->args[0], body);
        json_object_set_new(body, "value", json_integer(value));
        json_object_set_new(body, "reason", json_string(call->args[2]));
        return resolve_change(call, "POST", "/api/v2/awards", body, "gave award");
}

int command_award_remove(struct call *call) {
        return done(call, "DELETE", path_of(call, "awards", call->args[0]), NULL, "taken back");
}

/* Submissions. */

static int print_limited(struct call *call, const char *path, const char *const *headings,
                         const char *const *columns) {
        const char *max = call->options[OPTION_MAX];
        _cleanup_json_ json_t *all = NULL;
        int64_t most = 50;
        struct err err;

        if (max && str_to_int(max, 1, INT32_MAX, &most, &err) < 0) {
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        if (remote_list(call, path, (size_t)most, &all, &err) < 0)
                return output_fail(call, &err);
        return output_items(call, all, all, headings, columns);
}

int command_submission_list(struct call *call) {
        static const char *const headings[] = { "ID",     "AT",   "ACCOUNT", "CHALLENGE",
                                                "RESULT", "TEXT", NULL };
        static const char *const columns[] = { "id",     "at",   "name", "challenge",
                                               "result", "text", NULL };
        _cleanup_buf_ struct buf path = { 0 };

        buf_str(&path, "/api/v2/submissions");
        remote_query(&path, "challenge", call->options[OPTION_CHALLENGE]);
        remote_query(&path, "account", call->options[OPTION_ACCOUNT]);
        remote_query(&path, "result", call->options[OPTION_RESULT]);
        return print_limited(call, path.data, headings, columns);
}

int command_submission_judge(struct call *call) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "result", call->args[1]);

        return done(call, "PATCH", path_of(call, "submissions", call->args[0]), body, "judged");
}

int command_submission_delete(struct call *call) {
        return done(call, "DELETE", path_of(call, "submissions", call->args[0]), NULL, "deleted");
}

/* Suspicions. */

int command_suspicion_list(struct call *call) {
        static const char *const headings[] = { "ID",        "CHALLENGE", "ONE",     "OTHER",
                                                "CERTAINTY", "SIGNALS",   "VERDICT", NULL };
        static const char *const columns[] = { "id",        "challenge", "one",     "other",
                                               "certainty", "signals",   "verdict", NULL };
        _cleanup_buf_ struct buf path = { 0 };

        buf_str(&path, "/api/v2/suspicions");
        remote_query(&path, "challenge", call->options[OPTION_CHALLENGE]);
        remote_query(&path, "account", call->options[OPTION_ACCOUNT]);
        remote_query(&path, "verdict", call->options[OPTION_VERDICT]);
        return print_limited(call, path.data, headings, columns);
}

int command_suspicion_show(struct call *call) {
        static const char *const headings[] = { "AT", "SIGNAL", "ONE'S SUBMISSION",
                                                "OTHER'S SUBMISSION", NULL };
        static const char *const columns[] = { "at", "signal", "one_submission", "other_submission",
                                               NULL };
        _cleanup_json_ json_t *o = NULL;
        const char *path = path_of(call, "suspicions", call->args[0]);
        struct err err;

        if (remote_call(call, "GET", path, NULL, &o, &err) < 0)
                return output_fail(call, &err);
        return output_items(call, json_object_get(o, "evidence"), o, headings, columns);
}

int command_suspicion_review(struct call *call) {
        const char *path =
                arena_printf(&call->arena, "%s/review", path_of(call, "suspicions", call->args[0]));
        _cleanup_json_ json_t *body = json_pack("{s:s}", "verdict", call->args[1]);

        if (call->n_args > 2)
                json_object_set_new(body, "notes", json_string(call->args[2]));
        return done(call, "PUT", path, body, "reviewed");
}

int command_challenge_health(struct call *call) {
        static const char *const headings[] = { "CHALLENGE", "STATE",      "SCORE", "ATTEMPTS",
                                                "SOLVES",    "SOLVE RATE", "AT",    NULL };
        static const char *const columns[] = { "challenge", "state",      "score", "attempts",
                                               "solves",    "solve_rate", "at",    NULL };

        return remote_print(call, "/api/v2/health/challenges", headings, columns);
}

/* For everybody. */

int command_announce(struct call *call) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "title", call->args[0]);

        if (call->n_args > 1)
                json_object_set_new(body, "text", json_string(call->args[1]));
        return resolve_change(call, "POST", "/api/v2/announcements", body, "announced");
}

int command_scoreboard(struct call *call) {
        static const char *const headings[] = { "RANK",    "NAME",    "SCORE", "SOLVES",
                                                "LAST AT", "BRACKET", NULL };
        static const char *const columns[] = { "rank",          "name",    "score", "solves",
                                               "last_score_at", "bracket", NULL };
        _cleanup_buf_ struct buf path = { 0 };

        buf_str(&path, "/api/v2/scoreboard");
        remote_query(&path, "bracket", call->options[OPTION_BRACKET]);
        return print_limited(call, path.data, headings, columns);
}
