#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/settings.h"

enum kind { KIND_TEXT, KIND_NUMBER, KIND_SWITCH };

struct row {
        const char *name;
        enum kind kind;
        size_t offset;
        const char *text;
        int64_t number, least, most;
        const char *help;
};

static const struct row rows[] = {
#define TEXT(name, def, help) \
        { #name, KIND_TEXT, offsetof(struct settings, name), def, 0, 0, 0, help },
#define NUMBER(name, def, least, most, help) \
        { #name, KIND_NUMBER, offsetof(struct settings, name), NULL, def, least, most, help },
#define SWITCH(name, def, help) \
        { #name, KIND_SWITCH, offsetof(struct settings, name), NULL, def, 0, 1, help },
#include "cli/settings.def"
};

static void *member(struct settings *s, const struct row *r) { return (char *)s + r->offset; }

void settings_init(struct settings *s) {
        *s = (struct settings){ 0 };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                if (rows[i].kind == KIND_TEXT)
                        *(const char **)member(s, &rows[i]) = rows[i].text;
                else if (rows[i].kind == KIND_NUMBER)
                        *(int64_t *)member(s, &rows[i]) = rows[i].number;
                else
                        *(bool *)member(s, &rows[i]) = rows[i].number;
        }
}

static int parse_switch(const char *value, bool *ret, struct err *err) {
        static const char *const on[] = { "on", "yes", "true", "1" };
        static const char *const off[] = { "off", "no", "false", "0" };

        for (size_t i = 0; i < ARRAY_SIZE(on); i++) {
                if (strcasecmp(value, on[i]) == 0 || strcasecmp(value, off[i]) == 0) {
                        *ret = strcasecmp(value, on[i]) == 0;
                        return 0;
                }
        }
        return err_set(err, ERR_INVALID, "\"%s\" is neither on nor off", value);
}

static int put(struct settings *s, const struct row *r, const char *value, struct err *err) {
        switch (r->kind) {
        case KIND_TEXT:
                *(const char **)member(s, r) = value;
                return 0;
        case KIND_NUMBER:
                return str_to_int(value, r->least, r->most, member(s, r), err);
        case KIND_SWITCH:
                return parse_switch(value, member(s, r), err);
        }
        return 0;
}

static void variable_of(const struct row *r, char *ret, size_t room) {
        snprintf(ret, room, "BERTH_%s", r->name);
        for (char *c = ret; *c; c++) {
                if (*c >= 'a' && *c <= 'z')
                        *c = (char)(*c - 'a' + 'A');
        }
}

int settings_from_env(struct settings *s, struct err *err) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char variable[48];
                const char *value;

                variable_of(&rows[i], variable, sizeof(variable));
                value = getenv(variable);
                if (value && *value && put(s, &rows[i], value, err) < 0)
                        return err_wrap(err, "%s", variable);
        }
        return 0;
}

static const struct row *find(const char *flag, size_t n) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                if (flag_is(rows[i].name, flag, n))
                        return &rows[i];
        }
        return NULL;
}

bool settings_has(const char *flag, size_t n) { return find(flag, n) != NULL; }

int settings_set(struct settings *s, const char *flag, size_t n, const char *value,
                 struct err *err) {
        const struct row *r = find(flag, n);

        if (!r)
                return err_set(err, ERR_INVALID, "--%.*s is no setting", (int)n, flag);
        if (put(s, r, value, err) < 0)
                return err_wrap(err, "--%.*s", (int)n, flag);
        return 0;
}

/* "a, b" as a NULL-terminated list. */
static const char *const *split(const char *text, struct arena *arena) {
        size_t most = 2, n = 0;
        const char **list;

        for (const char *c = text; *c; c++)
                most += *c == ',';
        list = arena_alloc(arena, most * sizeof(*list));
        while (*text) {
                size_t len;

                text += strspn(text, ", ");
                len = strcspn(text, ", ");
                if (len)
                        list[n++] = arena_printf(arena, "%.*s", (int)len, text);
                text += len;
        }
        list[n] = NULL;
        return list;
}

static int parse_ports(struct settings *s, struct arena *arena, struct err *err) {
        const char *dash = strchr(s->ports, '-');
        int64_t from, to;

        if (!dash)
                return err_set(err, ERR_INVALID, "ports: \"%s\" is no range such as 30000-59999",
                               s->ports);
        if (str_to_int(arena_printf(arena, "%.*s", (int)(dash - s->ports), s->ports), 1, 65535,
                       &from, err) < 0 ||
            str_to_int(dash + 1, 1, 65535, &to, err) < 0)
                return err_wrap(err, "ports");
        if (from > to)
                return err_set(err, ERR_INVALID, "ports: the range %s ends before it begins",
                               s->ports);
        s->port_from = (uint16_t)from;
        s->port_to = (uint16_t)to;
        return 0;
}

/* The host of "127.0.0.1:8080" or "[::1]:8080". */
static const char *host_of(const char *listen, struct arena *arena) {
        const char *colon = strrchr(listen, ':');
        size_t n = colon ? (size_t)(colon - listen) : strlen(listen);

        if (n >= 2 && listen[0] == '[' && listen[n - 1] == ']')
                return arena_printf(arena, "%.*s", (int)n - 2, listen + 1);
        return arena_printf(arena, "%.*s", (int)n, listen);
}

static const char *hostname(struct arena *arena) {
        char name[HOST_NAME_MAX + 1] = "";

        if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
                return "berth";
        return arena_printf(arena, "%.31s", name);
}

/* Fills in what follows from other settings. */
static void derive(struct settings *s, struct arena *arena) {
        if (!*s->store)
                s->store = arena_printf(arena, "sqlite:%s/berth.db", s->var);
        if (!*s->gate_listen)
                s->gate_listen = host_of(s->listen, arena);
        if (!*s->public_host) {
                bool any =
                        strcmp(s->gate_listen, "0.0.0.0") == 0 || strcmp(s->gate_listen, "::") == 0;

                s->public_host = any ? hostname(arena) : s->gate_listen;
        }
        if (!*s->worker)
                s->worker = hostname(arena);
        if (s->threads == 0)
                s->threads = s->starts + s->stops + 4;
        s->runtimes = split(s->runtime, arena);
        s->images = split(s->allowed_images, arena);
        s->proxies = split(s->trusted_proxies, arena);
        s->sites = split(s->origins, arena);
        s->player_cluster_list = split(s->player_clusters, arena);
        s->max_file_bytes = s->max_file_mb << 20;
        if (!*s->files)
                s->files = arena_printf(arena, "%s/files", s->var);
}

int settings_finish(struct settings *s, struct arena *arena, struct err *err) {
        if (parse_ports(s, arena, err) < 0)
                return -1;
        if (!*s->tls_cert != !*s->tls_key)
                return err_set(err, ERR_INVALID, "tls-cert and tls-key need each other");
        if (*s->clusters && (*s->control_cluster || *s->player_clusters))
                return err_set(err, ERR_INVALID,
                               "clusters: stands instead of control-cluster and player-clusters");
        derive(s, arena);
        if (!s->runtimes[0])
                return err_set(err, ERR_INVALID, "runtime: name at least one");
        return 0;
}

size_t settings_count(void) { return ARRAY_SIZE(rows); }

static const char *default_text(const struct row *r, char *ret, size_t room) {
        if (r->kind == KIND_TEXT)
                snprintf(ret, room, "%s", r->text);
        else if (r->kind == KIND_NUMBER)
                snprintf(ret, room, "%" PRId64, r->number);
        else
                snprintf(ret, room, "%s", r->number ? "on" : "off");
        return ret;
}

void settings_text(size_t i, struct setting_text *ret) {
        const struct row *r = &rows[i];

        *ret = (struct setting_text){ .help = r->help };
        flag_text(r->name, ret->flag);
        variable_of(r, ret->variable, sizeof(ret->variable));
        default_text(r, ret->def, sizeof(ret->def));
        if (r->kind == KIND_NUMBER)
                snprintf(ret->range, sizeof(ret->range), "%" PRId64 "-%" PRId64, r->least, r->most);
        else
                snprintf(ret->range, sizeof(ret->range), "%s",
                         r->kind == KIND_TEXT ? "TEXT" : "on|off");
}
