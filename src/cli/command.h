/*
 * The command line: which commands there are, and what a call of one says.
 *
 * The tables commands.def, options.def, settings.def and exits.def hold every
 * word of it; parsing, --help, completion and the man page are made from
 * them.  A command is a function that does its work, prints, and gives the
 * exit code.
 */
#pragma once

#include "cli/settings.h"

enum option {
#define OPTION(name, value, help) OPTION_##name,
#include "cli/options.def"
        _OPTION_N,
};

enum leave {
#define LEAVE(name, code, when) LEAVE_##name = code,
#include "cli/exits.def"
};

enum command_id {
#define COMMAND(function, ...) COMMAND_##function,
#include "cli/commands.def"
        _COMMAND_N,
};

struct subcommand {
        const char *name;      /* "instance start" */
        const char *arguments; /* for people */
        size_t least, most;
        uint64_t options; /* bits of enum option */
        bool settings;    /* takes every setting as a flag too */
        const char *help;
};
extern const struct subcommand commands[_COMMAND_N];

struct option_row {
        const char *name, *value, *help; /* its flag is made of the name; value NULL: takes none */
};
extern const struct option_row options[_OPTION_N];

#define COMMAND_ARGS_MAX 16

/* One call of a command. */
struct call {
        const struct subcommand *command;
        const char *options[_OPTION_N]; /* NULL: not given; "" for one without a value */
        const char *args[COMMAND_ARGS_MAX];
        size_t n_args;
        struct settings settings; /* finished, where the command takes them */
        struct arena arena;       /* of the whole call */
};

/* What the words ask for besides running a command. */
enum ask { ASK_RUN, ASK_HELP, ASK_VERSION };

/* Reads argv.  On ASK_HELP ret->command is the command, or NULL, and *group is the group of
 * commands that was named, or NULL.  The environment's settings are read too.
 * Fails: INVALID, saying what to type instead. */
_must_check_ int command_parse(int argc, char **argv, struct call *ret, enum ask *ask,
                               const char **group, struct err *err);

/* The exit code that tells ERR. */
enum leave command_leave(const struct err *err);

/* Every command is `int command_NAME(struct call *call)`; main.c binds them. */
#define COMMAND(function, ...) int command_##function(struct call *call);
#include "cli/commands.def"
