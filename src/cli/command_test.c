#include "cli/command.h"
#include "cli/help.h"
#include "test.h"

/* Parses the words of LINE, which is changed. */
static int parse(char *line, struct call *call, enum ask *ask, const char **group,
                 struct err *err) {
        static char *argv[16];
        char *save = NULL;
        int argc = 0;

        for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
                argv[argc++] = w;
        return command_parse(argc, argv, call, ask, group, err);
}

#define PARSE(text)                  \
        char line[] = "berth " text; \
        const char *group;           \
        struct call call;            \
        enum ask ask;                \
        struct err err;              \
        int r = parse(line, &call, &ask, &group, &err)

TEST(words_options_and_arguments) {
        PARSE("instance start web --json --url=http://h:1 --token T");

        CHECK_OK(r);
        CHECK(ask == ASK_RUN);
        CHECK(call.command == &commands[COMMAND_instance_start]);
        CHECK(call.n_args == 1);
        CHECK_STR(call.args[0], "web");
        CHECK(call.options[OPTION_JSON]);
        CHECK_STR(call.options[OPTION_URL], "http://h:1");
        CHECK_STR(call.options[OPTION_TOKEN], "T");
        CHECK(!call.options[OPTION_NO_WAIT]);
}

TEST(after_two_dashes_all_are_arguments) {
        PARSE("user add -- --json");

        CHECK_OK(r);
        CHECK_STR(call.args[0], "--json");
        CHECK(!call.options[OPTION_JSON]);
}

TEST(settings_are_flags_of_serve_only) {
        PARSE("serve --listen 127.0.0.1:0 --gate=off --demo");

        CHECK_OK(r);
        CHECK_STR(call.settings.listen, "127.0.0.1:0");
        CHECK(!call.settings.gate && call.options[OPTION_DEMO]);
        arena_done(&call.arena);
}

static void refuses(const char *text, const char *says) {
        char line[128];
        const char *group;
        struct call call;
        enum ask ask;
        struct err err;

        snprintf(line, sizeof(line), "berth %s", text);
        CHECK(parse(line, &call, &ask, &group, &err) < 0);
        CHECK(err.kind == ERR_INVALID);
        if (!strstr(err.msg, says))
                fprintf(stderr, "\"%s\" does not say \"%s\"\n", err.msg, says);
        CHECK(strstr(err.msg, says));
}

TEST(mistakes_say_what_to_type) {
        refuses("", "name a command");
        refuses("frobnicate", "there is no \"frobnicate\"");
        refuses("instance", "wants one of its commands");
        refuses("instance frobnicate", "has no \"frobnicate\"");
        refuses("instance start", "wants CHALLENGE");
        refuses("instance start a b", "takes no \"b\"");
        refuses("instance start a --frob", "takes no --frob");
        refuses("instance start a --url", "--url wants a value");
        refuses("instance start a --json=1", "--json takes no value");
        refuses("instance start a -j", "there is no -j");
        refuses("help frobnicate", "there is no \"frobnicate\"");
        refuses("instance list --listen 127.0.0.1:0", "--listen");
        refuses("serve --capacity none", "--capacity");
        refuses("serve --ports 5", "ports");
}

static enum ask asked(const char *text) {
        char line[128];
        const char *group;
        struct call call;
        enum ask ask;
        struct err err;

        snprintf(line, sizeof(line), "berth %s", text);
        CHECK_OK(parse(line, &call, &ask, &group, &err));
        return ask;
}

TEST(help_is_given_wherever_it_is_asked_for) {
        CHECK(asked("--help") == ASK_HELP && asked("-h") == ASK_HELP && asked("help") == ASK_HELP);
        CHECK(asked("help audit verify") == ASK_HELP && asked("help audit") == ASK_HELP);
        CHECK(asked("audit --help") == ASK_HELP);
        CHECK(asked("audit verify --help") == ASK_HELP);
        CHECK(asked("instance start --help") == ASK_HELP);
        CHECK(asked("--version") == ASK_VERSION);
}

TEST(help_names_every_command_and_option) {
        _cleanup_buf_ struct buf all = { 0 };

        help_overview(&all, NULL);
        for (size_t i = 0; i < _COMMAND_N; i++) {
                _cleanup_buf_ struct buf one = { 0 };

                CHECK(strstr(all.data, commands[i].name));
                help_command(&one, &commands[i]);
                CHECK(strstr(one.data, "Usage: berth "));
                CHECK(!(commands[i].options & UINT64_C(1) << OPTION_JSON) ||
                      strstr(one.data, "--json"));
                CHECK(!commands[i].settings || strstr(one.data, "BERTH_GATE_LISTEN"));
        }
}

TEST(every_kind_of_failure_has_an_exit_code) {
        struct err err = { .kind = ERR_NOT_FOUND };

        CHECK(command_leave(&err) == 3);
        err.kind = ERR_LIMIT;
        CHECK(command_leave(&err) == 4);
        err.kind = ERR_UNAVAILABLE;
        CHECK(command_leave(&err) == 5);
        err.kind = ERR_UNAUTHENTIC;
        CHECK(command_leave(&err) == 6);
        err.kind = ERR_INTERNAL;
        CHECK(command_leave(&err) == 1);
}
