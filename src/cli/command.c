#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "cli/command.h"

#define O(name) (UINT64_C(1) << OPTION_##name)
#define CLIENT  (O(JSON) | O(URL) | O(TOKEN))
const struct subcommand commands[_COMMAND_N] = {
#define COMMAND(function, name, arguments, least, most, options, settings, help) \
        { name, arguments, least, most, options, settings, help },
#include "cli/commands.def"
};

const struct option_row options[_OPTION_N] = {
#define OPTION(name, value, help) { #name, value, help },
#include "cli/options.def"
};

/* The option FLAG that COMMAND takes; -1 when none. */
static int find_option(const struct subcommand *command, const char *flag, size_t n) {
        for (int i = 0; i < _OPTION_N; i++) {
                if (command->options & UINT64_C(1) << i && flag_is(options[i].name, flag, n))
                        return i;
        }
        return -1;
}

/* Does NAME begin with the N words at WORDS, as whole words? */
static bool begins(const char *name, char **words, size_t n) {
        for (size_t i = 0; i < n; i++) {
                size_t len = strlen(words[i]);

                if (strncmp(name, words[i], len) != 0 || (name[len] != ' ' && name[len] != '\0'))
                        return false;
                name += len + (name[len] == ' ');
        }
        return true;
}

/* The command that the first words name, and how many of them do. */
static const struct subcommand *find_command(char **words, size_t n, size_t *used) {
        for (size_t i = 0; i < _COMMAND_N; i++) {
                size_t want = strchr(commands[i].name, ' ') ? 2 : 1;

                if (n >= want && begins(commands[i].name, words, want)) {
                        *used = want;
                        return &commands[i];
                }
        }
        return NULL;
}

static bool is_group(char *word) {
        for (size_t i = 0; i < _COMMAND_N; i++) {
                if (strchr(commands[i].name, ' ') && begins(commands[i].name, &word, 1))
                        return true;
        }
        return false;
}

static bool asks_help(const char *word) {
        return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "--flag", "--flag=value" or "--flag value": one or two words. */
static int parse_flag(char **words, size_t left, struct call *call, size_t *used, struct err *err) {
        const char *flag = words[0] + 2, *value = strchr(flag, '=');
        size_t n = value ? (size_t)(value - flag) : strlen(flag);
        int option = find_option(call->command, flag, n);
        bool setting = option < 0 && call->command->settings && settings_has(flag, n);

        if (option < 0 && !setting)
                return err_set(err, ERR_INVALID, "`berth %s` takes no --%.*s", call->command->name,
                               (int)n, flag);
        if (option >= 0 && !options[option].value) {
                if (value)
                        return err_set(err, ERR_INVALID, "--%.*s takes no value", (int)n, flag);
                call->options[option] = "";
                *used = 1;
                return 0;
        }
        *used = value ? 1 : 2;
        if (*used > left)
                return err_set(err, ERR_INVALID, "--%.*s wants a value", (int)n, flag);
        value = value ? value + 1 : words[1];
        if (setting)
                return settings_set(&call->settings, flag, n, value, err);
        call->options[option] = value;
        return 0;
}

static int parse_rest(char **words, size_t n, struct call *call, enum ask *ask, struct err *err) {
        bool flags = true;

        for (size_t i = 0, used; i < n; i += used) {
                used = 1;
                if (flags && strcmp(words[i], "--") == 0) {
                        flags = false;
                } else if (flags && asks_help(words[i])) {
                        *ask = ASK_HELP;
                        return 0;
                } else if (flags && strncmp(words[i], "--", 2) == 0) {
                        if (parse_flag(words + i, n - i, call, &used, err) < 0)
                                return -1;
                } else if (flags && words[i][0] == '-' && words[i][1] &&
                           !isdigit((unsigned char)words[i][1])) {
                        return err_set(err, ERR_INVALID,
                                       "there is no %s; options are words, as in --json", words[i]);
                } else if (call->n_args == call->command->most) {
                        return err_set(err, ERR_INVALID, "`berth %s` takes no \"%s\"",
                                       call->command->name, words[i]);
                } else {
                        call->args[call->n_args++] = words[i];
                }
        }
        if (call->n_args < call->command->least)
                return err_set(err, ERR_INVALID, "`berth %s` wants %s", call->command->name,
                               call->command->arguments);
        return 0;
}

/* Words that name no command: help, the version, a group, or a mistake. */
static int parse_other(char **words, size_t n, enum ask *ask, const char **group, struct err *err) {
        if (n > 0 && (strcmp(words[0], "--version") == 0 || strcmp(words[0], "-V") == 0)) {
                *ask = ASK_VERSION;
                return 0;
        }
        *ask = ASK_HELP;
        if (n > 0 && asks_help(words[0]))
                return 0;
        if (n > 0 && is_group(words[0])) {
                if (n > 1 && asks_help(words[1])) {
                        *group = words[0];
                        return 0;
                }
                return err_set(err, ERR_INVALID, "`berth %s` %s%s%s; `berth %s --help` lists them",
                               words[0], n > 1 ? "has no \"" : "wants one of its commands",
                               n > 1 ? words[1] : "", n > 1 ? "\"" : "", words[0]);
        }
        if (n == 0)
                return err_set(err, ERR_INVALID, "name a command; `berth --help` lists them");
        return err_set(err, ERR_INVALID, "there is no \"%s\"; `berth --help` lists the commands",
                       words[0]);
}

int command_parse(int argc, char **argv, struct call *ret, enum ask *ask, const char **group,
                  struct err *err) {
        char **words = argv + 1;
        size_t n = (size_t)argc - 1, used = 0;

        assert(argc > 0);
        *ret = (struct call){ 0 };
        *group = NULL;
        *ask = ASK_RUN;
        if (n > 0 && strcmp(words[0], "help") == 0) {
                *ask = ASK_HELP;
                if (n == 1)
                        return 0;
                ret->command = find_command(words + 1, n - 1, &used);
                if (ret->command)
                        return 0;
                if (!is_group(words[1]))
                        return parse_other(words + 1, n - 1, ask, group, err);
                *group = words[1];
                return 0;
        }
        ret->command = find_command(words, n, &used);
        if (!ret->command)
                return parse_other(words, n, ask, group, err);
        settings_init(&ret->settings);
        if (ret->command->settings && settings_from_env(&ret->settings, err) < 0)
                return -1;
        if (parse_rest(words + used, n - used, ret, ask, err) < 0)
                return -1;
        if (*ask == ASK_RUN && ret->command->settings)
                return settings_finish(&ret->settings, &ret->arena, err);
        return 0;
}

enum leave command_leave(const struct err *err) {
        switch (err->kind) {
        case ERR_NOT_FOUND:
                return LEAVE_NOT_FOUND;
        case ERR_LIMIT:
        case ERR_CONFLICT:
        case ERR_GONE:
        case ERR_QUOTA:
        case ERR_RATE:
        case ERR_ALREADY:
        case ERR_POINTS:
        case ERR_LOCKED:
        case ERR_NOT_STARTED:
        case ERR_PAUSED:
        case ERR_ENDED:
                return LEAVE_REFUSED;
        case ERR_UNAVAILABLE:
        case ERR_TIMEOUT:
                return LEAVE_UNREACHABLE;
        case ERR_UNAUTHENTIC:
        case ERR_FORBIDDEN:
                return LEAVE_DENIED;
        case ERR_INVALID:
        case ERR_METHOD:
        case ERR_UPGRADE:
        case ERR_TOO_LARGE:
        case ERR_MEDIA_TYPE:
        case ERR_INTERNAL:
        case ERR_NO_IMAGE:
        case ERR_GARBLED:
        case ERR_NO_SPACE:
        case _ERR_N:
                break;
        }
        return LEAVE_FAILED;
}
