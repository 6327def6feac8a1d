#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "runtime/docker_json.h"

static int parse(const char *text, size_t n, json_type type, json_t **ret, struct err *err) {
        json_t *j;

        if (json_parse(text, n, &j, err) < 0) {
                err->kind = ERR_GARBLED;
                return err_wrap(err, "the engine's answer");
        }
        if (json_typeof(j) != type) {
                json_decref(j);
                return err_set(err, ERR_GARBLED, "the engine's answer is of another type");
        }
        *ret = j;
        return 0;
}

/* Members that are missing or of another type read as "", 0, false and empty: what must be there
 * is checked by who needs it. */
static const char *text_of(const json_t *o, const char *key) {
        const char *s = json_string_value(json_object_get(o, key));

        return s ? s : "";
}

static int64_t int_of(const json_t *o, const char *key) {
        return json_integer_value(json_object_get(o, key));
}

static bool true_of(const json_t *o, const char *key) {
        return json_is_true(json_object_get(o, key));
}

static int64_t number_of(const json_t *labels, const char *key) {
        struct err err;
        int64_t v = 0;

        return str_to_int(text_of(labels, key), INT64_MIN, INT64_MAX, &v, &err) < 0 ? 0 : v;
}

/* "1.41" as 1041; 0 when it is none. */
static int api_number(const char *s) {
        const char *dot = strchr(s, '.');
        int64_t major, minor;
        char first[8];
        struct err err;

        if (!dot || (size_t)(dot - s) >= sizeof(first))
                return 0;
        str_copy(first, (size_t)(dot - s) + 1, s);
        if (str_to_int(first, 1, 999, &major, &err) < 0 ||
            str_to_int(dot + 1, 0, 999, &minor, &err) < 0)
                return 0;
        return (int)(major * 1000 + minor);
}

static bool has_init(const json_t *version) {
        const json_t *component;
        size_t i;

        json_array_foreach(json_object_get(version, "Components"), i, component) {
                const char *v = text_of(component, "Version");

                if (strcmp(text_of(component, "Name"), "docker-init") == 0)
                        return v[0] && strcmp(v, "N/A") != 0;
        }
        return false;
}

int docker_json_version(const char *text, size_t n, struct docker_version *ret, struct err *err) {
        _cleanup_json_ json_t *j = NULL;
        int newest, oldest, ours = 1041;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0)
                return -1;
        newest = api_number(text_of(j, "ApiVersion"));
        oldest = api_number(text_of(j, "MinAPIVersion"));
        if (!newest)
                return err_set(err, ERR_GARBLED, "the engine does not say its API version");
        if (newest < ours)
                return err_set(err, ERR_INVALID,
                               "the engine speaks API %s, at least 1.41 is needed",
                               text_of(j, "ApiVersion"));
        if (oldest > ours)
                ours = oldest;
        str_copy(ret->version, sizeof(ret->version), text_of(j, "Version"));
        snprintf(ret->api, sizeof(ret->api), "%d.%d", ours / 1000, ours % 1000);
        ret->init = has_init(j);
        return 0;
}

int docker_json_info(const char *text, size_t n, char *problem, size_t room, struct err *err) {
        static const struct {
                const char *key, *what;
        } needs[] = {
                { "MemoryLimit", "memory" },
                { "SwapLimit", "swap" },
                { "CpuCfsQuota", "CPU time" },
                { "PidsLimit", "processes" },
        };
        _cleanup_json_ json_t *j = NULL;
        const json_t *option;
        bool seccomp = false;
        size_t i, at = 0;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0)
                return -1;
        problem[0] = '\0';
        for (i = 0; i < ARRAY_SIZE(needs); i++)
                if (!true_of(j, needs[i].key) && at < room)
                        at += (size_t)snprintf(problem + at, room - at,
                                               "the engine cannot limit %s; ", needs[i].what);
        json_array_foreach(json_object_get(j, "SecurityOptions"), i,
                           option) if (json_string_value(option) &&
                                       strncmp(json_string_value(option), "name=seccomp",
                                               strlen("name=seccomp")) == 0) seccomp = true;
        if (!seccomp && at < room)
                snprintf(problem + at, room - at, "the engine does not filter system calls");
        return 0;
}

/* Containers. */

static enum instance_state state_of(const char *s) {
        if (strcmp(s, "created") == 0)
                return INSTANCE_CREATED;
        if (strcmp(s, "exited") == 0 || strcmp(s, "dead") == 0 || strcmp(s, "removing") == 0)
                return INSTANCE_EXITED;
        return INSTANCE_RUNNING; /* also paused and restarting */
}

static void read_ports(const char *list, struct instance *ret) {
        while (ret->n_ports < RUNTIME_PORTS_MAX && *list >= '0' && *list <= '9') {
                char *end;
                unsigned long port = strtoul(list, &end, 10);

                if (port > UINT16_MAX)
                        break;
                ret->ports[ret->n_ports++] = (uint16_t)port;
                list = *end == ',' ? end + 1 : end;
        }
}

static void read_labels(const json_t *labels, struct docker_container *ret) {
        struct instance *i = &ret->instance;

        str_copy(ret->install, sizeof(ret->install), text_of(labels, LABEL_INSTALL));
        str_copy(ret->holder_of, sizeof(ret->holder_of), text_of(labels, LABEL_FLAG));
        str_copy(i->lease, sizeof(i->lease), text_of(labels, LABEL_LEASE));
        i->generation = (int)number_of(labels, LABEL_GENERATION);
        i->hard_deadline_ms = number_of(labels, LABEL_DEADLINE);
        i->created_ms = number_of(labels, LABEL_CREATED);
        read_ports(text_of(labels, LABEL_PORTS), i);
}

/* The address on the one network that it is on. */
static void read_address(json_t *networks, struct instance *ret) {
        const char *name;
        json_t *network;

        json_object_foreach(networks, name, network) if (ret->host[0] == '\0')
                str_copy(ret->host, sizeof(ret->host), text_of(network, "IPAddress"));
}

/* The port of the engine's host that an inspect says is forwarded to PORT; 0: none. */
static uint16_t published_by_map(const json_t *map, uint16_t port) {
        struct err err;
        char key[16];
        int64_t v;

        snprintf(key, sizeof(key), "%u/tcp", port);
        if (str_to_int(text_of(json_array_get(json_object_get(map, key), 0), "HostPort"), 1, 65535,
                       &v, &err) < 0)
                return 0;
        return (uint16_t)v;
}

/* The same of a list. */
static uint16_t published_by_list(const json_t *list, uint16_t port) {
        const json_t *p;
        size_t i;

        json_array_foreach(list, i, p) {
                int64_t v = int_of(p, "PublicPort");

                if (int_of(p, "PrivatePort") == port && v > 0 && v <= UINT16_MAX)
                        return (uint16_t)v;
        }
        return 0;
}

static void read_published(const json_t *ports, const char *host, struct instance *ret) {
        str_copy(ret->host, sizeof(ret->host), host);
        for (size_t i = 0; i < ret->n_ports; i++)
                ret->ports[i] = json_is_array(ports) ? published_by_list(ports, ret->ports[i]) :
                                                       published_by_map(ports, ret->ports[i]);
}

static int read_name(const char *name, struct docker_container *ret, struct err *err) {
        if (name[0] != '/' || strlen(name + 1) >= sizeof(ret->instance.name))
                return err_set(err, ERR_GARBLED, "the engine names a container \"%s\"", name);
        str_copy(ret->instance.name, sizeof(ret->instance.name), name + 1);
        return 0;
}

int docker_json_container(const char *text, size_t n, const char *published_host,
                          struct docker_container *ret, struct err *err) {
        struct docker_container c = { 0 };
        _cleanup_json_ json_t *j = NULL;
        const json_t *state, *net;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0 || read_name(text_of(j, "Name"), &c, err) < 0)
                return -1;
        state = json_object_get(j, "State");
        net = json_object_get(j, "NetworkSettings");
        if (!text_of(j, "Id")[0] || !text_of(state, "Status")[0])
                return err_set(err, ERR_GARBLED, "a container without id or state");
        str_copy(c.instance.engine_id, sizeof(c.instance.engine_id), text_of(j, "Id"));
        c.instance.state = state_of(text_of(state, "Status"));
        c.instance.exit_code = (int)int_of(state, "ExitCode");
        read_labels(json_object_get(json_object_get(j, "Config"), "Labels"), &c);
        if (c.instance.state == INSTANCE_RUNNING && published_host)
                read_published(json_object_get(net, "Ports"), published_host, &c.instance);
        else if (c.instance.state == INSTANCE_RUNNING)
                read_address(json_object_get(net, "Networks"), &c.instance);
        str_copy(c.mount_source, sizeof(c.mount_source),
                 text_of(json_array_get(json_object_get(j, "Mounts"), 0), "Source"));
        *ret = c;
        return 0;
}

/* "Exited (137) 2 minutes ago" */
static int exit_code_of(const char *status) {
        static const char exited[] = "Exited (";

        if (strncmp(status, exited, strlen(exited)) != 0)
                return 0;
        return (int)strtol(status + strlen(exited), NULL, 10);
}

static int read_item(const json_t *j, const char *published_host, struct docker_container *ret,
                     struct err *err) {
        struct instance *i = &ret->instance;
        const json_t *net = json_object_get(j, "NetworkSettings");
        const char *name = json_string_value(json_array_get(json_object_get(j, "Names"), 0));

        if (read_name(name ? name : "", ret, err) < 0)
                return -1;
        str_copy(i->engine_id, sizeof(i->engine_id), text_of(j, "Id"));
        i->state = state_of(text_of(j, "State"));
        if (i->state == INSTANCE_EXITED)
                i->exit_code = exit_code_of(text_of(j, "Status"));
        read_labels(json_object_get(j, "Labels"), ret);
        if (i->state == INSTANCE_RUNNING && published_host)
                read_published(json_object_get(j, "Ports"), published_host, i);
        else if (i->state == INSTANCE_RUNNING)
                read_address(json_object_get(net, "Networks"), i);
        return 0;
}

int docker_json_list(const char *text, size_t length, const char *published_host,
                     struct arena *arena, struct docker_container **ret, size_t *n,
                     struct err *err) {
        struct docker_container *all;
        _cleanup_json_ json_t *j = NULL;
        size_t count, i;

        if (parse(text, length, JSON_ARRAY, &j, err) < 0)
                return -1;
        count = json_array_size(j);
        all = arena_alloc(arena, (count + 1) * sizeof(*all));
        for (i = 0; i < count; i++)
                if (read_item(json_array_get(j, i), published_host, &all[i], err) < 0)
                        return -1;
        *ret = all;
        *n = count;
        return 0;
}

/* Small answers. */

int docker_json_id(const char *text, size_t n, char ret[72], struct err *err) {
        _cleanup_json_ json_t *j = NULL;
        const char *id;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0)
                return -1;
        id = text_of(j, "Id");
        if (!id[0] || strspn(id, "0123456789abcdef") != strlen(id) || strlen(id) >= 72)
                return err_set(err, ERR_GARBLED, "the engine names no id");
        str_copy(ret, 72, id);
        return 0;
}

int docker_json_usage(const char *text, size_t n, struct usage *ret, struct err *err) {
        _cleanup_json_ json_t *j = NULL;
        const json_t *memory, *detail;
        int64_t cache;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0)
                return -1;
        memory = json_object_get(j, "memory_stats");
        detail = json_object_get(memory, "stats");
        cache = int_of(detail, "total_inactive_file"); /* cgroup v1 */
        if (!cache)
                cache = int_of(detail, "inactive_file");
        ret->cpu_ns = int_of(json_object_get(json_object_get(j, "cpu_stats"), "cpu_usage"),
                             "total_usage");
        ret->memory_bytes = int_of(memory, "usage");
        if (cache < ret->memory_bytes)
                ret->memory_bytes -= cache;
        ret->pids = int_of(json_object_get(j, "pids_stats"), "current");
        return 0;
}

int docker_json_exec(const char *text, size_t n, bool *running, int *status, struct err *err) {
        _cleanup_json_ json_t *j = NULL;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0)
                return -1;
        *running = true_of(j, "Running");
        if (!*running && !json_is_integer(json_object_get(j, "ExitCode")))
                return err_set(err, ERR_GARBLED, "a command ended without an exit code");
        *status = (int)int_of(j, "ExitCode");
        return 0;
}

int docker_json_network(const char *text, size_t n, bool internal, bool *fits, struct err *err) {
        _cleanup_json_ json_t *j = NULL;
        const json_t *options;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0)
                return -1;
        options = json_object_get(j, "Options");
        *fits = strcmp(text_of(j, "Driver"), "bridge") == 0 && true_of(j, "Internal") == internal &&
                strcmp(text_of(options, "com.docker.network.bridge.enable_icc"), "false") == 0;
        return 0;
}

int docker_json_event(const char *text, size_t n, bool *relevant, struct runtime_event *ret,
                      struct err *err) {
        _cleanup_json_ json_t *j = NULL;
        const json_t *attributes;
        const char *action, *lease, *name;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0)
                return -1;
        attributes = json_object_get(json_object_get(j, "Actor"), "Attributes");
        action = text_of(j, "Action");
        lease = text_of(attributes, LABEL_LEASE);
        name = text_of(attributes, "name");
        *relevant = false;
        if (strlen(lease) >= sizeof(ret->lease) || strlen(name) >= sizeof(ret->name) || !lease[0] ||
            text_of(attributes, LABEL_FLAG)[0])
                return 0;
        if (strcmp(action, "die") == 0)
                ret->what = RUNTIME_EVENT_EXITED;
        else if (strcmp(action, "destroy") == 0)
                ret->what = RUNTIME_EVENT_REMOVED;
        else
                return 0;
        str_copy(ret->lease, sizeof(ret->lease), lease);
        str_copy(ret->name, sizeof(ret->name), name);
        *relevant = true;
        return 0;
}

int docker_json_progress(const char *text, size_t n, char status[128], int *percent,
                         struct err *err) {
        _cleanup_json_ json_t *j = NULL;
        const json_t *detail;
        int64_t current, total;

        if (parse(text, n, JSON_OBJECT, &j, err) < 0)
                return -1;
        if (json_object_get(j, "error"))
                return docker_refusal(500, text_of(j, "error"), err);
        detail = json_object_get(j, "progressDetail");
        current = int_of(detail, "current");
        total = int_of(detail, "total");
        snprintf(status, 128, "%.90s %.32s", text_of(j, "status"), text_of(j, "id"));
        *percent = total > 0 && current >= 0 && current <= total ?
                           (int)((double)current * 100 / (double)total) :
                           -1;
        return 0;
}

/* Refusals. */

void docker_json_message(const char *text, size_t n, char ret[200]) {
        _cleanup_json_ json_t *j = NULL;
        struct err err;

        if (parse(text, n, JSON_OBJECT, &j, &err) == 0 && text_of(j, "message")[0])
                str_copy(ret, 200, text_of(j, "message"));
        else
                snprintf(ret, 200, "%.*s", n > 199 ? 199 : (int)n, text ? text : "");
}

int docker_refusal(int status, const char *message, struct err *err) {
        /* The engine's statuses are few and its texts many: what a text says goes first. */
        static const struct {
                const char *text;
                enum err_kind kind;
        } texts[] = {
                { "no space left", ERR_NO_SPACE },
                { "disk quota exceeded", ERR_NO_SPACE },
                { "not a directory", ERR_INVALID }, /* on the way to a flag's file */
                { "No such image", ERR_NO_IMAGE },
                { "no such image", ERR_NO_IMAGE },
                { "manifest unknown", ERR_NO_IMAGE },
                { "pull access denied", ERR_NO_IMAGE },
                { "repository does not exist", ERR_NO_IMAGE },
                { "name unknown", ERR_NO_IMAGE },
                { "connection refused", ERR_UNAVAILABLE },
                { "connection reset", ERR_UNAVAILABLE },
                { "transport is closing", ERR_UNAVAILABLE },
                { "context canceled", ERR_UNAVAILABLE },
                { "i/o timeout", ERR_UNAVAILABLE },
                { "TLS handshake timeout", ERR_UNAVAILABLE },
                { "toomanyrequests", ERR_UNAVAILABLE },
                { "EOF", ERR_UNAVAILABLE },
        };
        enum err_kind kind = ERR_INTERNAL;

        if (status == 404)
                kind = ERR_NOT_FOUND;
        else if (status == 409)
                kind = ERR_CONFLICT;
        else if (status == 503 || status == 502)
                kind = ERR_UNAVAILABLE;
        else if (status == 504)
                kind = ERR_TIMEOUT;
        else if (status >= 400 && status < 500)
                kind = ERR_INVALID;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                if (status != 409 && strstr(message, texts[i].text)) {
                        kind = texts[i].kind;
                        break;
                }
        }
        return err_set(err, kind, "the engine answers %d: %s", status, message);
}
