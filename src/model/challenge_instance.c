/* challenge_parse_instance(): the `instance:` block. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "model/challenge_impl.h"
#include "model/flag.h"
#include "model/rules.h"

#define ARGUMENTS_MAX 64
#define ARGUMENT_MAX  4096
#define ENV_MAX       64
#define ENV_VALUE_MAX 4096
#define PORT_NAME_MAX 31
#define RUNTIME_MAX   31

static int parse_image(const struct place *at, const char **ret, struct err *err) {
        const char *image;

        if (place_text(at, "image", NULL, IMAGE_MAX, &image, err) < 0)
                return -1;
        if (!image || !*image)
                return place_wrong(at, "image", err,
                                   "is missing; an instance is made from an image");
        if (!rules_image(image))
                return place_wrong(
                        at, "image", err,
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

        if (place_only(at, KEYS("name", "port", "protocol"), err) < 0 ||
            place_text(at, "protocol", "tcp", PORT_NAME_MAX, &protocol, err) < 0)
                return -1;
        p = protocol_parse(protocol);
        if (p < 0)
                return place_wrong(at, "protocol", err, "must be tcp, http, https or ssh");
        if (!place_member(at, "port"))
                return place_wrong(at, "port", err,
                                   "is missing; it is the port inside the instance");
        if (place_int(at, "port", RANGE_PORT, &port, err) < 0 ||
            place_name(at, "name", protocol, PORT_NAME_MAX, &name, err) < 0)
                return -1;
        for (size_t i = 0; i < s->n_endpoints; i++) {
                if (strcmp(s->endpoints[i].name, name) == 0)
                        return place_wrong(at, "name", err, "\"%s\" is the name of an earlier port",
                                           name);
                if (s->endpoints[i].inner == port)
                        return place_wrong(at, "port", err, "%" PRId64 " is listed twice", port);
        }
        *ret = (struct endpoint){ .protocol = (enum protocol)p, .inner = (uint16_t)port };
        str_copy(ret->name, sizeof(ret->name), name);
        return 0;
}

static int parse_ports(const struct place *at, struct instance_spec *s, struct err *err) {
        json_t *list = place_member(at, "ports"), *v;
        size_t i;

        if (list && !json_is_array(list))
                return place_wrong(at, "ports", err, "must be a list");
        if (json_array_size(list) > LEASE_PORTS_MAX)
                return place_wrong(at, "ports", err, "has more than %d ports", LEASE_PORTS_MAX);
        json_array_foreach(list, i, v) {
                char key[32];
                struct place port = { at->arena, v,
                                      arena_printf(at->arena, "%sports[%zu].", at->path, i) };

                snprintf(key, sizeof(key), "ports[%zu]", i);
                if (!json_is_object(v))
                        return place_wrong(at, key, err, "must be like {name: web, port: 8080}");
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
                        return place_wrong(at, key, err, "must be text; put it in quotes");
                if (json_string_length(v) > ARGUMENT_MAX)
                        return place_wrong(at, key, err, "must be at most %d bytes long",
                                           ARGUMENT_MAX);
                arguments[i] = place_copy(at, json_string_value(v));
        }
        *ret = arguments;
        return 0;
}

/* A list of arguments, or one text for the shell. */
static int parse_command(const struct place *at, const char *const **ret, struct err *err) {
        json_t *v = place_member(at, "command");
        size_t n = json_array_size(v);
        const char **shell;

        if (!v)
                return 0;
        if (json_is_array(v)) {
                if (n == 0 || n > ARGUMENTS_MAX)
                        return place_wrong(at, "command", err, "must have 1 to %d arguments",
                                           ARGUMENTS_MAX);
                return parse_arguments(at, v, ret, err);
        }
        if (!json_is_string(v) || json_string_length(v) == 0)
                return place_wrong(at, "command", err, "must be a list of texts, or one text");
        if (json_string_length(v) > ARGUMENT_MAX)
                return place_wrong(at, "command", err, "must be at most %d bytes long",
                                   ARGUMENT_MAX);
        shell = arena_alloc(at->arena, 4 * sizeof(*shell));
        shell[0] = "/bin/sh";
        shell[1] = "-c";
        shell[2] = place_copy(at, json_string_value(v));
        *ret = shell;
        return 0;
}

/* "K=V".  Numbers and booleans stand for their text: PORT: 8080 is what authors write. */
static int parse_variable(const struct place *at, const char *key, const json_t *v,
                          const char **ret, struct err *err) {
        if (!rules_env_key(key))
                return place_wrong(
                        at, key, err,
                        "must have a name of letters, digits and underscores that begins with "
                        "no digit");
        if (json_is_integer(v))
                *ret = arena_printf(at->arena, "%s=%" PRId64, key, (int64_t)json_integer_value(v));
        else if (json_is_boolean(v))
                *ret = arena_printf(at->arena, "%s=%s", key, json_is_true(v) ? "true" : "false");
        else if (!json_is_string(v))
                return place_wrong(at, key, err, "must be text; put it in quotes");
        else if (json_string_length(v) > ENV_VALUE_MAX)
                return place_wrong(at, key, err, "must be at most %d bytes long", ENV_VALUE_MAX);
        else
                *ret = arena_printf(at->arena, "%s=%s", key, json_string_value(v));
        return 0;
}

static int parse_environment(const struct place *at, struct instance_spec *s, struct err *err) {
        json_t *o = place_member(at, "environment"), *v;
        struct place in = { at->arena, o, arena_printf(at->arena, "%senvironment.", at->path) };
        size_t n = json_object_size(o), i = 0;
        const char *key, **env;

        if (o && !json_is_object(o))
                return place_wrong(at, "environment", err, "must be a mapping of names to values");
        if (n > ENV_MAX)
                return place_wrong(at, "environment", err, "has more than %d variables", ENV_MAX);
        env = arena_alloc(at->arena, (n + 1) * sizeof(*env));
        json_object_foreach(o, key, v) {
                if (s->flag_template && s->flag_env && strcmp(key, "FLAG") == 0)
                        return place_wrong(&in, key, err, "is already set, by flag.env");
                if (parse_variable(&in, key, v, &env[i++], err) < 0)
                        return -1;
        }
        s->env = n ? env : NULL;
        return 0;
}

static int parse_limits(const struct place *at, struct instance_spec *s, struct err *err) {
        struct place in;

        if (place_enter(at, "limits", KEYS("memory_mb", "cpu_milli", "pids", "connections"), &in,
                        err) < 0 ||
            place_int(&in, "memory_mb", RANGE_MEMORY_MB, &s->memory_mb, err) < 0 ||
            place_int(&in, "cpu_milli", RANGE_CPU_MILLI, &s->cpu_milli, err) < 0 ||
            place_int(&in, "pids", RANGE_PIDS, &s->pids, err) < 0 ||
            place_int(&in, "connections", RANGE_CONNECTIONS, &s->max_connections, err) < 0)
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
                if (place_member(at, members[i].key) && !(members[i].kinds >> p->kind & 1))
                        return place_wrong(at, members[i].key, err, "%s", members[i].reason);
        if (p->kind == PROBE_EXEC && !place_member(at, "command"))
                return place_wrong(at, "command", err, "is missing; a probe of type exec runs one");
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
                return place_wrong(at, "type", err,
                                   "must be exec or none: the instance has no ports");
        if (place_text(at, "port", NULL, PORT_NAME_MAX, &name, err) < 0)
                return -1;
        while (i < s->n_endpoints && !is_probed(&s->endpoints[i], name, p->kind))
                i++;
        if (i == s->n_endpoints && name)
                return place_wrong(at, "port", err, "names no port of this instance");
        p->endpoint = i < s->n_endpoints ? i : 0;
        return 0;
}

static int parse_probe(const struct place *at, struct instance_spec *s, struct err *err) {
        struct probe p = { 0 };
        int64_t seconds, kind;
        const char *type;
        struct place in;

        if (place_enter(at, "probe",
                        KEYS("type", "port", "path", "status", "command", "timeout_seconds"), &in,
                        err) < 0 ||
            place_text(&in, "type", s->n_endpoints ? "tcp" : "none", PORT_NAME_MAX, &type, err) < 0)
                return -1;
        kind = probe_kind_parse(type);
        if (kind < 0)
                return place_wrong(&in, "type", err, "must be tcp, http, exec or none");
        p.kind = (enum probe_kind)kind;
        if (check_probe(&in, &p, err) < 0 || parse_probe_port(&in, s, &p, err) < 0 ||
            place_text(&in, "path", p.kind == PROBE_HTTP ? "/" : NULL, PATH_TEXT_MAX, &p.path,
                       err) < 0)
                return -1;
        if (p.path && !rules_url_path(p.path))
                return place_wrong(&in, "path", err, "must begin with a slash and have no blanks");
        if (place_int(&in, "status", RANGE_PROBE_STATUS, &p.status, err) < 0 ||
            place_int(&in, "timeout_seconds", RANGE_PROBE_SECONDS, &seconds, err) < 0 ||
            parse_command(&in, &p.command, err) < 0)
                return -1;
        p.timeout_ms = seconds * 1000;
        s->probe = p;
        return 0;
}

static int parse_flag(const struct place *at, struct instance_spec *s, struct err *err) {
        struct err why;
        struct place in;

        if (place_enter(at, "flag", KEYS("template", "env", "file"), &in, err) < 0)
                return -1;
        if (!in.object)
                return 0;
        if (place_text(&in, "template", NULL, FLAG_MAX - 1, &s->flag_template, err) < 0 ||
            place_bool(&in, "env", true, &s->flag_env, err) < 0 ||
            place_text(&in, "file", NULL, PATH_TEXT_MAX, &s->flag_path, err) < 0)
                return -1;
        if (!s->flag_template)
                return place_wrong(&in, "template", err, "is missing");
        if (flag_template_check(s->flag_template, &why) < 0)
                return place_wrong(&in, "template", err, "%s", why.msg);
        if (s->flag_path && !rules_file_path(s->flag_path))
                return place_wrong(&in, "file", err,
                                   "must be an absolute path of a file, without \"..\" and blanks");
        if (!s->flag_env && !s->flag_path)
                return place_wrong(&in, "env", err,
                                   "is false and there is no file: the instance would "
                                   "never see its flag");
        return 0;
}

static int parse_policy(const struct place *at, struct instance_spec *s, struct err *err) {
        int64_t base, increment, lifetime;
        struct place in;

        if (place_enter(at, "policy",
                        KEYS("base_seconds", "increment_seconds", "max_extensions",
                             "max_lifetime_seconds"),
                        &in, err) < 0 ||
            place_int(&in, "base_seconds", RANGE_BASE_SECONDS, &base, err) < 0 ||
            place_int(&in, "increment_seconds", RANGE_INCREMENT_SECONDS, &increment, err) < 0 ||
            place_int(&in, "max_extensions", RANGE_EXTENSIONS, &s->policy.max_extensions, err) <
                    0 ||
            place_int(&in, "max_lifetime_seconds", RANGE_LIFETIME_SECONDS, &lifetime, err) < 0)
                return -1;
        if (base > lifetime)
                return place_wrong(&in, "base_seconds", err,
                                   "is %" PRId64 ", more than max_lifetime_seconds (%" PRId64 ")",
                                   base, lifetime);
        s->has_policy = in.object != NULL;
        s->policy.base_ms = base * 1000;
        s->policy.increment_ms = increment * 1000;
        s->policy.max_lifetime_ms = lifetime * 1000;
        return 0;
}

const char *const challenge_instance_keys[] = { "image",  "ports",     "command", "environment",
                                                "limits", "isolation", "egress",  "probe",
                                                "flag",   "policy",    "runtime", NULL };

int challenge_parse_instance(const struct place *at, struct instance_spec *s, struct err *err) {
        struct place isolation;

        if (parse_image(at, &s->image, err) < 0 || parse_ports(at, s, err) < 0 ||
            parse_command(at, &s->command, err) < 0 || parse_flag(at, s, err) < 0 ||
            parse_environment(at, s, err) < 0 || parse_limits(at, s, err) < 0 ||
            place_enter(at, "isolation", KEYS("writable_root"), &isolation, err) < 0 ||
            place_bool(&isolation, "writable_root", false, &s->writable_root, err) < 0 ||
            place_bool(at, "egress", false, &s->egress, err) < 0 || parse_probe(at, s, err) < 0 ||
            parse_policy(at, s, err) < 0 ||
            place_name(at, "runtime", NULL, RUNTIME_MAX, &s->runtime, err) < 0)
                return -1;
        return 0;
}
