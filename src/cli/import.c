/* berth user import: the users of a CSV file of names and passwords, made by the interface. */
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/remote.h"
#include "model/credentials.h"
#include "os/file.h"

struct import {
        struct call *call;
        struct progress *progress;
        size_t made, there;
};

/* Who is there already stays as they are. */
static int make(struct import *i, const struct credential *row, struct err *err) {
        _cleanup_json_ json_t *body =
                json_pack("{s:s, s:s}", "name", row->name, "password", row->password);
        const char *role = i->call->options[OPTION_ROLE];
        _cleanup_json_ json_t *o = NULL;

        if (!body)
                return err_set(err, ERR_INVALID, "line %d: the password is not valid text",
                               row->line);
        if (role)
                json_object_set_new(body, "role", json_string(role));
        if (remote_insist(i->call, "POST", "/api/v2/users", body, &o, err) == 0) {
                i->made++;
                return 0;
        }
        if (err->kind != ERR_CONFLICT)
                return err_wrap(err, "line %d", row->line);
        i->there++;
        return 0;
}

static int make_all(struct import *i, const struct credentials *c, struct err *err) {
        _cleanup_(progress_endp) struct progress *p = progress_begin("Users");

        for (size_t k = 0; k < c->n; k++) {
                progress_say(p, "Users: %zu of %zu", k, c->n);
                if (make(i, &c->rows[k], err) < 0)
                        return -1;
        }
        return 0;
}

static int import(struct import *i, struct arena *arena, char *text, size_t n, struct err *err) {
        struct credentials c;

        credentials_parse(i->call->args[0], text, n, arena, &c);
        for (size_t k = 0; k < c.n_bad; k++)
                fprintf(stderr, "%s\n", complaint_text(&c.bad[k], arena));
        if (c.n_bad)
                return err_set(err, ERR_INVALID, "nobody was made: mend the rows above first");
        return make_all(i, &c, err);
}

int command_user_import(struct call *call) {
        struct import i = { .call = call };
        char *text;
        struct err err;
        size_t n;
        int r;

        if (file_read(call->args[0], CREDENTIALS_FILE_MAX, &call->arena, &text, &n, &err) < 0)
                return output_fail(call, &err);
        r = import(&i, &call->arena, text, n, &err);
        explicit_bzero(text, n);
        if (r < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON]) {
                _cleanup_json_ json_t *o = json_pack("{s:I, s:I}", "made", (json_int_t)i.made,
                                                     "already_there", (json_int_t)i.there);

                output_json(o);
        } else {
                printf("%zu made, %zu there already\n", i.made, i.there);
        }
        return LEAVE_OK;
}
