/* challenge_parse(): from JSON to a challenge.  Every message begins with the member's path, which
 * challenge_file.c turns into a line. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "model/challenge.h"
#include "model/flag.h"
#include "model/rules.h"

#define TITLE_MAX       200
#define CATEGORY_MAX    80
#define DESCRIPTION_MAX 65536
#define ARGUMENTS_MAX   64
#define ARGUMENT_MAX    4096
#define ENV_MAX         64
#define ENV_VALUE_MAX   4096
#define PORT_NAME_MAX   31
#define RUNTIME_MAX     31

enum range {
#define RANGE(id, from, to, standard) RANGE_##id,
#include "model/ranges.def"
        _RANGE_N
};

static const struct {
        int64_t from, to, standard;
} ranges[] = {
#define RANGE(id, from, to, standard) { from, to, standard },
#include "model/ranges.def"
};

/* Where we are: an object, and the path of it with a final dot ("instance.limits."). */
struct place {
        struct arena *arena;
        const json_t *object; /* may be NULL: nothing there */
        const char *path;
};

static void refuse(const struct place *at, const char *key, struct err *err, const char *fmt, ...)
        _printf_(4, 5);
static void refuse(const struct place *at, const char *key, struct err *err, const char *fmt, ...) {
        char reason[sizeof(err->msg)];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(reason, sizeof(reason), fmt, ap);
        va_end(ap);
        err_set(err, ERR_INVALID, "%s%.*s: %s", at->path, CHALLENGE_KEY_SHOWN, key, reason);
}

/* Is -1 where the analyzer sees it. */
#define wrong(...) (refuse(__VA_ARGS__), -1)

/* NULL when the member is missing or null. */
static json_t *member(const struct place *at, const char *key) {
        json_t *v = at->object ? json_object_get(at->object, key) : NULL;

        return json_is_null(v) ? NULL : v;
}

static const char *copy(struct arena *a, const char *s) {
        return arena_grow(a, s, strlen(s) + 1, strlen(s) + 1);
}

static int get_text(const struct place *at, const char *key, const char *standard, size_t max,
                    const char **ret, struct err *err) {
        json_t *v = member(at, key);

        if (!v) {
                *ret = standard;
                return 0;
        }
        if (!json_is_string(v))
                return wrong(at, key, err, "must be text; put it in quotes");
        if (json_string_length(v) > max)
                return wrong(at, key, err, "must be at most %zu bytes long", max);
        *ret = copy(at->arena, json_string_value(v));
        return 0;
}

static int get_line(const struct place *at, const char *key, const char *standard, size_t max,
                    const char **ret, struct err *err) {
        const char *text;

        if (get_text(at, key, standard, max, &text, err) < 0)
                return -1;
        if (text && !rules_line(text))
                return wrong(at, key, err, "must be one line, without control characters");
        *ret = text;
        return 0;
}

static int get_int(const struct place *at, const char *key, enum range range, int64_t *ret,
                   struct err *err) {
        int64_t from = ranges[range].from, to = ranges[range].to;
        json_t *v = member(at, key);

        if (!v) {
                *ret = ranges[range].standard;
                return 0;
        }
        if (!json_is_integer(v) || json_integer_value(v) < from || json_integer_value(v) > to)
                return wrong(at, key, err, "must be a whole number from %" PRId64 " to %" PRId64,
                             from, to);
        *ret = json_integer_value(v);
        return 0;
}

static int get_bool(const struct place *at, const char *key, bool standard, bool *ret,
                    struct err *err) {
        json_t *v = member(at, key);

        if (v && !json_is_boolean(v))
                return wrong(at, key, err, "must be true or false");
        *ret = v ? json_is_true(v) : standard;
        return 0;
}

/* Only KEYS may be there: a limit with a typing error in its name would silently be none. */
static int only(const struct place *at, const char *const *keys, struct err *err) {
        char names[160] = "";
        const char *key;
        json_t *v;

        for (const char *const *k = keys; *k; k++) {
                size_t len = strlen(names);

                snprintf(names + len, sizeof(names) - len, "%s%s", len ? ", " : "", *k);
        }
        json_object_foreach((json_t *)(uintptr_t)at->object, key, v) {
                const char *const *k = keys;

                while (*k && strcmp(*k, key) != 0)
                        k++;
                if (!*k)
                        return wrong(at, key, err, "is unknown; there are %s", names);
        }
        return 0;
}

/* The object under KEY, with only KEYS in it; its object is NULL when there is none. */
static int enter(const struct place *at, const char *key, const char *const *keys,
                 struct place *ret, struct err *err) {
        json_t *v = member(at, key);

        *ret = (struct place){ at->arena, v, arena_printf(at->arena, "%s%s.", at->path, key) };
        if (v && !json_is_object(v))
                return wrong(at, key, err, "must be a mapping of names to values");
        return v ? only(ret, keys, err) : 0;
}

#define KEYS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The name of a port or a runtime. */
static int get_name(const struct place *at, const char *key, const char *standard, size_t max,
                    const char **ret, struct err *err) {
        const char *name;

        if (get_text(at, key, standard, max, &name, err) < 0)
                return -1;
        if (name && !rules_name(name, max))
                return wrong(at, key, err,
                             "must be of a-z, 0-9 and hyphens, with no hyphen at either end");
        *ret = name;
        return 0;
}

static int parse_image(const struct place *at, const char **ret, struct err *err) {
        const char *image;

        if (get_text(at, "image", NULL, IMAGE_MAX, &image, err) < 0)
                return -1;
        if (!image || !*image)
                return wrong(at, "image", err, "is missing; an instance is made from an image");
        if (!rules_image(image))
                return wrong(at, "image", err,
                             "is no image reference such as \"berth/web:latest\" (names are in "
                             "lower case)");
        *ret = image;
        return 0;
}

static int parse_port(const struct place *at, const struct instance_spec *s, struct endpoint *ret,
                      struct err *err) {
        const char *protocol, *name;
        int64_t port;
        int p;

        if (only(at, KEYS("name", "port", "protocol"), err) < 0 ||
            get_text(at, "protocol", "tcp", PORT_NAME_MAX, &protocol, err) < 0)
                return -1;
        p = protocol_parse(protocol);
        if (p < 0)
                return wrong(at, "protocol", err, "must be tcp, http, https or ssh");
        if (!member(at, "port"))
                return wrong(at, "port", err, "is missing; it is the port inside the instance");
        if (get_int(at, "port", RANGE_PORT, &port, err) < 0 ||
            get_name(at, "name", protocol, PORT_NAME_MAX, &name, err) < 0)
                return -1;
        for (size_t i = 0; i < s->n_endpoints; i++) {
                if (strcmp(s->endpoints[i].name, name) == 0)
                        return wrong(at, "name", err, "\"%s\" is the name of an earlier port",
                                     name);
                if (s->endpoints[i].inner == port)
                        return wrong(at, "port", err, "%" PRId64 " is listed twice", port);
        }
        *ret = (struct endpoint){ .protocol = (enum protocol)p, .inner = (uint16_t)port };
        str_copy(ret->name, sizeof(ret->name), name);
        return 0;
}

static int parse_ports(const struct place *at, struct instance_spec *s, struct err *err) {
        json_t *list = member(at, "ports"), *v;
        size_t i;

        if (list && !json_is_array(list))
                return wrong(at, "ports", err, "must be a list");
        if (json_array_size(list) > LEASE_PORTS_MAX)
                return wrong(at, "ports", err, "has more than %d ports", LEASE_PORTS_MAX);
        json_array_foreach(list, i, v) {
                char key[32];
                struct place port = { at->arena, v,
                                      arena_printf(at->arena, "%sports[%zu].", at->path, i) };

                snprintf(key, sizeof(key), "ports[%zu]", i);
                if (!json_is_object(v))
                        return wrong(at, key, err, "must be like {name: web, port: 8080}");
                if (parse_port(&port, s, &s->endpoints[i], err) < 0)
                        return -1;
                s->n_endpoints = i + 1;
        }
        return 0;
}

static int parse_arguments(const struct place *at, const json_t *list, const char *const **ret,
                           struct err *err) {
        size_t n = json_array_size(list), i;
        const char **arguments = arena_alloc(at->arena, (n + 1) * sizeof(*arguments));
        json_t *v;

        json_array_foreach((json_t *)(uintptr_t)list, i, v) {
                char key[32];

                snprintf(key, sizeof(key), "command[%zu]", i);
                if (!json_is_string(v))
                        return wrong(at, key, err, "must be text; put it in quotes");
                if (json_string_length(v) > ARGUMENT_MAX)
                        return wrong(at, key, err, "must be at most %d bytes long", ARGUMENT_MAX);
                arguments[i] = copy(at->arena, json_string_value(v));
        }
        *ret = arguments;
        return 0;
}

/* A list of arguments, or one text for the shell. */
static int parse_command(const struct place *at, const char *const **ret, struct err *err) {
        json_t *v = member(at, "command");
        size_t n = json_array_size(v);
        const char **shell;

        if (!v)
                return 0;
        if (json_is_array(v)) {
                if (n == 0 || n > ARGUMENTS_MAX)
                        return wrong(at, "command", err, "must have 1 to %d arguments",
                                     ARGUMENTS_MAX);
                return parse_arguments(at, v, ret, err);
        }
        if (!json_is_string(v) || json_string_length(v) == 0)
                return wrong(at, "command", err, "must be a list of texts, or one text");
        if (json_string_length(v) > ARGUMENT_MAX)
                return wrong(at, "command", err, "must be at most %d bytes long", ARGUMENT_MAX);
        shell = arena_alloc(at->arena, 4 * sizeof(*shell));
        shell[0] = "/bin/sh";
        shell[1] = "-c";
        shell[2] = copy(at->arena, json_string_value(v));
        *ret = shell;
        return 0;
}

/* "K=V".  Numbers and booleans stand for their text: PORT: 8080 is what authors write. */
static int parse_variable(const struct place *at, const char *key, const json_t *v,
                          const char **ret, struct err *err) {
        if (!rules_env_key(key))
                return wrong(at, key, err,
                             "must have a name of letters, digits and underscores that begins with "
                             "no digit");
        if (json_is_integer(v))
                *ret = arena_printf(at->arena, "%s=%" PRId64, key, (int64_t)json_integer_value(v));
        else if (json_is_boolean(v))
                *ret = arena_printf(at->arena, "%s=%s", key, json_is_true(v) ? "true" : "false");
        else if (!json_is_string(v))
                return wrong(at, key, err, "must be text; put it in quotes");
        else if (json_string_length(v) > ENV_VALUE_MAX)
                return wrong(at, key, err, "must be at most %d bytes long", ENV_VALUE_MAX);
        else
                *ret = arena_printf(at->arena, "%s=%s", key, json_string_value(v));
        return 0;
}

static int parse_environment(const struct place *at, struct instance_spec *s, struct err *err) {
        json_t *o = member(at, "environment"), *v;
        struct place in = { at->arena, o, arena_printf(at->arena, "%senvironment.", at->path) };
        size_t n = json_object_size(o), i = 0;
        const char *key, **env;

        if (o && !json_is_object(o))
                return wrong(at, "environment", err, "must be a mapping of names to values");
        if (n > ENV_MAX)
                return wrong(at, "environment", err, "has more than %d variables", ENV_MAX);
        env = arena_alloc(at->arena, (n + 1) * sizeof(*env));
        json_object_foreach(o, key, v) {
                if (s->flag_template && s->flag_env && strcmp(key, "FLAG") == 0)
                        return wrong(&in, key, err, "is already set, by flag.env");
                if (parse_variable(&in, key, v, &env[i++], err) < 0)
                        return -1;
        }
        s->env = n ? env : NULL;
        return 0;
}

static int parse_limits(const struct place *at, struct instance_spec *s, struct err *err) {
        struct place in;

        if (enter(at, "limits", KEYS("memory_mb", "cpu_milli", "pids", "connections"), &in, err) <
                    0 ||
            get_int(&in, "memory_mb", RANGE_MEMORY_MB, &s->memory_mb, err) < 0 ||
            get_int(&in, "cpu_milli", RANGE_CPU_MILLI, &s->cpu_milli, err) < 0 ||
            get_int(&in, "pids", RANGE_PIDS, &s->pids, err) < 0 ||
            get_int(&in, "connections", RANGE_CONNECTIONS, &s->max_connections, err) < 0)
                return -1;
        return 0;
}

/* Members that only one kind of probe has would do nothing in another. */
static int check_probe(const struct place *at, const struct probe *p, struct err *err) {
        static const struct {
                const char *key;
                unsigned kinds;
                const char *reason;
        } members[] = {
                { "port", 1u << PROBE_TCP | 1u << PROBE_HTTP, "is for probes of type tcp or http" },
                { "path", 1u << PROBE_HTTP, "is for probes of type http" },
                { "status", 1u << PROBE_HTTP, "is for probes of type http" },
                { "command", 1u << PROBE_EXEC, "is for probes of type exec" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                if (member(at, members[i].key) && !(members[i].kinds >> p->kind & 1))
                        return wrong(at, members[i].key, err, "%s", members[i].reason);
        if (p->kind == PROBE_EXEC && !member(at, "command"))
                return wrong(at, "command", err, "is missing; a probe of type exec runs one");
        return 0;
}

/* The port that is probed: the one of that NAME; without one the first, or the first that speaks
 * HTTP. */
static bool is_probed(const struct endpoint *e, const char *name, enum probe_kind kind) {
        if (name)
                return strcmp(e->name, name) == 0;
        return kind == PROBE_TCP || e->protocol == PROTOCOL_HTTP;
}

static int parse_probe_port(const struct place *at, const struct instance_spec *s, struct probe *p,
                            struct err *err) {
        const char *name;
        size_t i = 0;

        if (p->kind != PROBE_TCP && p->kind != PROBE_HTTP)
                return 0;
        if (s->n_endpoints == 0)
                return wrong(at, "type", err, "must be exec or none: the instance has no ports");
        if (get_text(at, "port", NULL, PORT_NAME_MAX, &name, err) < 0)
                return -1;
        while (i < s->n_endpoints && !is_probed(&s->endpoints[i], name, p->kind))
                i++;
        if (i == s->n_endpoints && name)
                return wrong(at, "port", err, "names no port of this instance");
        p->endpoint = i < s->n_endpoints ? i : 0;
        return 0;
}

static int parse_probe(const struct place *at, struct instance_spec *s, struct err *err) {
        struct probe p = { 0 };
        int64_t seconds, kind;
        const char *type;
        struct place in;

        if (enter(at, "probe", KEYS("type", "port", "path", "status", "command", "timeout_seconds"),
                  &in, err) < 0 ||
            get_text(&in, "type", s->n_endpoints ? "tcp" : "none", PORT_NAME_MAX, &type, err) < 0)
                return -1;
        kind = probe_kind_parse(type);
        if (kind < 0)
                return wrong(&in, "type", err, "must be tcp, http, exec or none");
        p.kind = (enum probe_kind)kind;
        if (check_probe(&in, &p, err) < 0 || parse_probe_port(&in, s, &p, err) < 0 ||
            get_text(&in, "path", p.kind == PROBE_HTTP ? "/" : NULL, PATH_TEXT_MAX, &p.path, err) <
                    0)
                return -1;
        if (p.path && !rules_url_path(p.path))
                return wrong(&in, "path", err, "must begin with a slash and have no blanks");
        if (get_int(&in, "status", RANGE_PROBE_STATUS, &p.status, err) < 0 ||
            get_int(&in, "timeout_seconds", RANGE_PROBE_SECONDS, &seconds, err) < 0 ||
            parse_command(&in, &p.command, err) < 0)
                return -1;
        p.timeout_ms = seconds * 1000;
        s->probe = p;
        return 0;
}

static int parse_flag(const struct place *at, struct instance_spec *s, struct err *err) {
        struct err why;
        struct place in;

        if (enter(at, "flag", KEYS("template", "env", "file"), &in, err) < 0)
                return -1;
        if (!in.object)
                return 0;
        if (get_text(&in, "template", NULL, FLAG_MAX - 1, &s->flag_template, err) < 0 ||
            get_bool(&in, "env", true, &s->flag_env, err) < 0 ||
            get_text(&in, "file", NULL, PATH_TEXT_MAX, &s->flag_path, err) < 0)
                return -1;
        if (!s->flag_template)
                return wrong(&in, "template", err, "is missing");
        if (flag_template_check(s->flag_template, &why) < 0)
                return wrong(&in, "template", err, "%s", why.msg);
        if (s->flag_path && !rules_file_path(s->flag_path))
                return wrong(&in, "file", err,
                             "must be an absolute path of a file, without \"..\" and blanks");
        if (!s->flag_env && !s->flag_path)
                return wrong(&in, "env", err,
                             "is false and there is no file: the instance would "
                             "never see its flag");
        return 0;
}

static int parse_policy(const struct place *at, struct instance_spec *s, struct err *err) {
        int64_t base, increment, lifetime;
        struct place in;

        if (enter(at, "policy",
                  KEYS("base_seconds", "increment_seconds", "max_extensions",
                       "max_lifetime_seconds"),
                  &in, err) < 0 ||
            get_int(&in, "base_seconds", RANGE_BASE_SECONDS, &base, err) < 0 ||
            get_int(&in, "increment_seconds", RANGE_INCREMENT_SECONDS, &increment, err) < 0 ||
            get_int(&in, "max_extensions", RANGE_EXTENSIONS, &s->policy.max_extensions, err) < 0 ||
            get_int(&in, "max_lifetime_seconds", RANGE_LIFETIME_SECONDS, &lifetime, err) < 0)
                return -1;
        if (base > lifetime)
                return wrong(&in, "base_seconds", err,
                             "is %" PRId64 ", more than max_lifetime_seconds (%" PRId64 ")", base,
                             lifetime);
        s->has_policy = in.object != NULL;
        s->policy.base_ms = base * 1000;
        s->policy.increment_ms = increment * 1000;
        s->policy.max_lifetime_ms = lifetime * 1000;
        return 0;
}

static int parse_instance(const struct place *at, struct instance_spec *s, struct err *err) {
        struct place isolation;

        if (parse_image(at, &s->image, err) < 0 || parse_ports(at, s, err) < 0 ||
            parse_command(at, &s->command, err) < 0 || parse_flag(at, s, err) < 0 ||
            parse_environment(at, s, err) < 0 || parse_limits(at, s, err) < 0 ||
            enter(at, "isolation", KEYS("writable_root"), &isolation, err) < 0 ||
            get_bool(&isolation, "writable_root", false, &s->writable_root, err) < 0 ||
            get_bool(at, "egress", false, &s->egress, err) < 0 || parse_probe(at, s, err) < 0 ||
            parse_policy(at, s, err) < 0 ||
            get_name(at, "runtime", NULL, RUNTIME_MAX, &s->runtime, err) < 0)
                return -1;
        return 0;
}

/* "Web 101!" gives "web-101". */
static const char *make_slug(struct arena *a, const char *title) {
        char *slug = arena_alloc(a, SLUG_MAX + 1);
        size_t n = 0;

        for (; *title && n < SLUG_MAX; title++) {
                char c = *title;

                if (c >= 'A' && c <= 'Z')
                        c = (char)(c - 'A' + 'a');
                if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
                        slug[n++] = c;
                else if (n > 0 && slug[n - 1] != '-')
                        slug[n++] = '-';
        }
        while (n > 0 && slug[n - 1] == '-')
                n--;
        slug[n] = '\0';
        return slug;
}

static int parse_names(const struct place *at, struct challenge *c, struct err *err) {
        if (get_line(at, "name", NULL, TITLE_MAX, &c->title, err) < 0)
                return -1;
        if (!c->title || !*c->title)
                return wrong(at, "name", err, "is missing");
        if (get_name(at, "slug", NULL, SLUG_MAX, &c->slug, err) < 0)
                return -1;
        if (!c->slug)
                c->slug = make_slug(at->arena, c->title);
        if (!*c->slug)
                return wrong(at, "slug", err, "is missing, and none can be made from the name");
        return 0;
}

/* A dynamic challenge has its value in `extra`, by ctfcli's format. */
static int parse_value(const struct place *at, int64_t *ret, struct err *err) {
        json_t *extra = member(at, "extra");
        struct place in = { at->arena, json_is_object(extra) ? extra : NULL, "extra." };

        if (!member(at, "value") && member(&in, "initial"))
                return get_int(&in, "initial", RANGE_VALUE, ret, err);
        return get_int(at, "value", RANGE_VALUE, ret, err);
}

static int parse_top(const struct place *at, struct challenge *c, struct err *err) {
        struct place instance;
        const char *state;
        int s;

        if (parse_names(at, c, err) < 0 ||
            get_line(at, "category", "", CATEGORY_MAX, &c->category, err) < 0 ||
            get_text(at, "description", "", DESCRIPTION_MAX, &c->description, err) < 0 ||
            parse_value(at, &c->value, err) < 0 ||
            get_text(at, "state", "visible", PORT_NAME_MAX, &state, err) < 0)
                return -1;
        s = challenge_state_parse(state);
        if (s < 0)
                return wrong(at, "state", err, "must be visible, hidden or locked");
        c->state = (enum challenge_state)s;
        if (enter(at, "instance",
                  KEYS("image", "ports", "command", "environment", "limits", "isolation", "egress",
                       "probe", "flag", "policy", "runtime"),
                  &instance, err) < 0)
                return -1;
        c->has_instance = instance.object != NULL;
        return c->has_instance ? parse_instance(&instance, &c->spec, err) : 0;
}

int challenge_parse(const json_t *o, int64_t id, int64_t tenant, struct challenge **ret,
                    struct err *err) {
        _cleanup_(challenge_unrefp) struct challenge *c = challenge_new(id, tenant);
        _cleanup_buf_ struct buf text = { 0 };
        struct place top = { &c->arena, o, "" };

        if (!json_is_object(o))
                return err_set(err, ERR_INVALID,
                               "a challenge must be a mapping of names to values");
        if (parse_top(&top, c, err) < 0)
                return -1;
        challenge_write(c, &text);
        c->text = arena_grow(&c->arena, text.data, text.len + 1, text.len + 1);
        *ret = TAKE(c);
        return 0;
}
