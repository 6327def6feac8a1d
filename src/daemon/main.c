/* berth: one program, a command a function. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/remote.h"

typedef int run_fn(struct call *call);

static run_fn *const runs[_COMMAND_N] = {
#define COMMAND(function, ...) command_##function,
#include "cli/commands.def"
};

static void print(const struct buf *b) { fwrite(b->data, 1, b->len, stdout); }

int command_version(struct call *call) {
        _cleanup_json_ json_t *o = json_pack("{s:s}", "version", BERTH_VERSION), *theirs = NULL;
        struct err err;

        if (call->options[OPTION_URL]) {
                if (remote_call(call, "GET", "/version", NULL, &theirs, &err) < 0)
                        return output_fail(call, &err);
                json_object_set(o, "server", json_object_get(theirs, "version"));
        }
        if (call->options[OPTION_JSON]) {
                output_json(o);
                return LEAVE_OK;
        }
        printf("berth %s\n", BERTH_VERSION);
        if (theirs)
                printf("server %s\n", output_text(json_object_get(o, "server"), &call->arena));
        return LEAVE_OK;
}

int command_completion(struct call *call) {
        _cleanup_buf_ struct buf b = { 0 };
        struct err err;

        if (strcmp(call->args[0], "bash") != 0) {
                err_set(&err, ERR_INVALID, "there is a script for bash only");
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        help_completion(&b);
        print(&b);
        return LEAVE_OK;
}

static int help(const struct call *call, const char *group) {
        _cleanup_buf_ struct buf b = { 0 };

        if (call->command)
                help_command(&b, call->command);
        else
                help_overview(&b, group);
        print(&b);
        return LEAVE_OK;
}

int main(int argc, char **argv) {
        struct call call;
        const char *group;
        struct err err;
        enum ask ask;
        int r;

        crypto_init();
        if (command_parse(argc, argv, &call, &ask, &group, &err) < 0) {
                output_fail(&call, &err);
                r = LEAVE_USAGE;
        } else if (ask == ASK_HELP) {
                r = help(&call, group);
        } else if (ask == ASK_VERSION) {
                r = command_version(&call);
        } else {
                r = runs[call.command - commands](&call);
        }
        /* What could not be printed was not done: a full disk behind a redirection. */
        if (fflush(stdout) != 0 && r == LEAVE_OK)
                r = LEAVE_FAILED;
        arena_done(&call.arena);
        return r;
}
