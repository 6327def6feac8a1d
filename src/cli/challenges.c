/* berth challenge ... */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/folder.h"
#include "cli/output.h"
#include "cli/remote.h"

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

static json_t *lint_json(const struct challenge_source *f) {
        json_t *good = json_array(), *bad = json_array();

        for (size_t i = 0; i < f->n; i++)
                json_array_append_new(good, json_string(f->set[i]->slug));
        for (size_t i = 0; i < f->n_bad; i++)
                json_array_append_new(bad, json_pack("{s:s, s:i, s:i, s:s}", "file", f->bad[i].file,
                                                     "line", f->bad[i].line, "column",
                                                     f->bad[i].column, "reason", f->bad[i].reason));
        return json_pack("{s:o, s:o}", "good", good, "bad", bad);
}

int command_challenge_lint(struct call *call) {
        _cleanup_source_ struct challenge_source s = { 0 };
        struct err err;

        if (folder_load(call->args[0], &s, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON]) {
                _cleanup_json_ json_t *report = lint_json(&s);

                output_json(report);
        } else {
                folder_complain(&s);
                printf("%zu good, %zu bad\n", s.n, s.n_bad);
        }
        return s.n_bad || !s.n ? LEAVE_FAILED : LEAVE_OK;
}
