/* berth challenge ... */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/remote.h"
#include "model/challenge_file.h"

int command_challenge_list(struct call *call) {
        static const char *const headings[] = { "ID", "SLUG", "TITLE", "CATEGORY", "VALUE", NULL };
        static const char *const columns[] = { "id", "slug", "title", "category", "value", NULL };

        return remote_print(call, "/api/v2/challenges", headings, columns);
}

int command_challenge_show(struct call *call) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        if (remote_call(call, "GET",
                        arena_printf(&call->arena, "/api/v2/challenges/%s",
                                     remote_escape(call->args[0], &call->arena)),
                        NULL, &o, &err) < 0)
                return output_fail(call, &err);
        output_json(o);
        return LEAVE_OK;
}

/* What DIR holds, and what was said about it. */
struct folder {
        struct challenge **good;
        struct complaint *bad;
        size_t n_good, n_bad;
};

static void folder_done(struct folder *f) {
        for (size_t i = 0; i < f->n_good; i++)
                challenge_unref(f->good[i]);
}

static int load(struct call *call, struct folder *ret, struct err *err) {
        return challenge_dir_load(call->args[0], 0, &call->arena, &ret->good, &ret->n_good,
                                  &ret->bad, &ret->n_bad, err);
}

/* FILE:LINE: REASON, as compilers write it, so that editors find the place. */
static void complain(const struct folder *f) {
        for (size_t i = 0; i < f->n_bad; i++) {
                if (f->bad[i].line)
                        fprintf(stderr, "%s:%d: %s\n", f->bad[i].file, f->bad[i].line,
                                f->bad[i].reason);
                else
                        fprintf(stderr, "%s: %s\n", f->bad[i].file, f->bad[i].reason);
        }
}

static json_t *lint_json(const struct folder *f) {
        json_t *good = json_array(), *bad = json_array();

        for (size_t i = 0; i < f->n_good; i++)
                json_array_append_new(good, json_string(f->good[i]->slug));
        for (size_t i = 0; i < f->n_bad; i++)
                json_array_append_new(bad,
                                      json_pack("{s:s, s:i, s:s}", "file", f->bad[i].file, "line",
                                                f->bad[i].line, "reason", f->bad[i].reason));
        return json_pack("{s:o, s:o}", "good", good, "bad", bad);
}

int command_challenge_lint(struct call *call) {
        _cleanup_(folder_done) struct folder f = { 0 };
        struct err err;

        if (load(call, &f, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON]) {
                _cleanup_json_ json_t *report = lint_json(&f);

                output_json(report);
        } else {
                complain(&f);
                printf("%zu good, %zu bad\n", f.n_good, f.n_bad);
        }
        return f.n_bad || !f.n_good ? LEAVE_FAILED : LEAVE_OK;
}

int command_challenge_push(struct call *call) {
        _cleanup_(folder_done) struct folder f = { 0 };
        _cleanup_json_ json_t *body = json_array(), *answer = NULL;
        struct err err;

        if (load(call, &f, &err) < 0)
                return output_fail(call, &err);
        if (f.n_bad) {
                complain(&f);
                err_set(&err, ERR_INVALID, "nothing was pushed: mend the files above first");
                return output_fail(call, &err);
        }
        for (size_t i = 0; i < f.n_good; i++)
                json_array_append_new(body, json_loads(f.good[i]->text, 0, NULL));
        if (remote_call(call, "PUT", "/api/v2/challenges", body, &answer, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON])
                output_json(answer);
        else
                printf("%s added, %s changed, %s hidden\n",
                       output_text(json_object_get(answer, "added"), &call->arena),
                       output_text(json_object_get(answer, "changed"), &call->arena),
                       output_text(json_object_get(answer, "hidden"), &call->arena));
        return LEAVE_OK;
}
