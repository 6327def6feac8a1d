/*
 * Settings: what an operator sets, from the table settings.def.
 *
 * A flag wins over the variable, the variable over the default.  An empty
 * variable counts as unset.  Text is borrowed from argv and the environment,
 * or lives in the arena given to settings_finish().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/flag.h"

struct settings {
#define TEXT(name, def, help) const char *name;
#define NUMBER(name, def, least, most, help)
#define SWITCH(name, def, help)
#include "cli/settings.def"
#define TEXT(name, def, help)
#define NUMBER(name, def, least, most, help) int64_t name;
#define SWITCH(name, def, help)
#include "cli/settings.def"
#define TEXT(name, def, help)
#define NUMBER(name, def, least, most, help)
#define SWITCH(name, def, help) bool name;
#include "cli/settings.def"
        /* Made of the above by settings_finish(): */
        uint16_t port_from, port_to;
        const char *const *runtimes,
                *const *images, *const *proxies, *const *player_cluster_list,
                                                         *const *sites; /* NULL-terminated */
        int64_t max_file_bytes;
};

/* The defaults. */
void settings_init(struct settings *s);
/* What the environment says.  Fails: INVALID, naming the variable. */
_must_check_ int settings_from_env(struct settings *s, struct err *err);

/* Is FLAG ("--gate-listen" without its dashes; N bytes) a setting? */
bool settings_has(const char *flag, size_t n);
/* Sets it.  Fails: INVALID, naming the flag. */
_must_check_ int settings_set(struct settings *s, const char *flag, size_t n, const char *value,
                              struct err *err);

/* Splits the lists, fills in what follows from others, checks what must fit together.
 * Fails: INVALID. */
_must_check_ int settings_finish(struct settings *s, struct arena *arena, struct err *err);

/* A row for people: its flag, its variable, its default, what values it takes, its help. */
struct setting_text {
        char flag[FLAG_TEXT], variable[48], def[160];
        const char *help;
        char range[48]; /* TEXT, 1-256, on|off */
};
size_t settings_count(void);
void settings_text(size_t i, struct setting_text *ret);
