/* What the engine is asked to create, with every line of the isolation. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "runtime/docker_json.h"

#define MEMORY_DEFAULT_MB 128
#define CPU_DEFAULT_MILLI 500
#define PIDS_DEFAULT      128
#define TMP_OPTIONS       "rw,noexec,nosuid,nodev,size=64m,mode=1777"

static void put_text(struct buf *b, const char *key, const char *value) {
        json_key(b, key);
        json_text(b, value);
}

static void put_int(struct buf *b, const char *key, int64_t value) {
        json_key(b, key);
        json_int(b, value);
}

static void put_bool(struct buf *b, const char *key, bool value) {
        json_key(b, key);
        json_bool(b, value);
}

static void put_number_text(struct buf *b, const char *key, int64_t value) {
        char text[24];

        snprintf(text, sizeof(text), "%" PRId64, value);
        put_text(b, key, text);
}

static void put_labels(struct buf *b, const struct docker_create *c, const char *holder_of) {
        const struct spec *s = c->spec;
        char ports[8 * RUNTIME_PORTS_MAX] = "";
        size_t at = 0;

        for (size_t i = 0; i < s->n_ports; i++)
                at += (size_t)snprintf(ports + at, sizeof(ports) - at, "%s%u", i ? "," : "",
                                       s->ports[i]);
        json_key(b, "Labels");
        json_open(b, '{');
        put_text(b, LABEL_INSTALL, c->install);
        put_text(b, LABEL_TENANT, s->tenant ? s->tenant : "");
        put_text(b, LABEL_LEASE, s->lease);
        put_number_text(b, LABEL_DEADLINE, s->hard_deadline_ms);
        put_number_text(b, LABEL_GENERATION, s->generation);
        put_number_text(b, LABEL_CREATED, c->now_ms);
        put_text(b, LABEL_PORTS, ports);
        if (holder_of)
                put_text(b, LABEL_FLAG, holder_of);
        json_close(b, '}');
}

static void put_environment(struct buf *b, const struct spec *s) {
        char *flag = NULL;

        json_key(b, "Env");
        json_open(b, '[');
        for (size_t i = 0; s->env && s->env[i]; i++)
                json_text(b, s->env[i]);
        if (s->flag && s->flag_env) {
                if (asprintf(&flag, "FLAG=%s", s->flag) < 0)
                        abort();
                json_text(b, flag);
                free(flag);
        }
        json_close(b, ']');
}

static void put_command(struct buf *b, const struct spec *s) {
        if (!s->command)
                return;
        json_key(b, "Cmd");
        json_open(b, '[');
        for (size_t i = 0; s->command[i]; i++)
                json_text(b, s->command[i]);
        json_close(b, ']');
}

static void put_ports(struct buf *b, const struct spec *s, bool bindings) {
        char key[16];

        json_key(b, bindings ? "PortBindings" : "ExposedPorts");
        json_open(b, '{');
        for (size_t i = 0; i < s->n_ports; i++) {
                snprintf(key, sizeof(key), "%u/tcp", s->ports[i]);
                json_key(b, key);
                json_raw(b, bindings ? "[{\"HostIp\":\"\",\"HostPort\":\"\"}]" : "{}");
        }
        json_close(b, '}');
}

static void put_limits(struct buf *b, const struct spec *s) {
        int64_t memory = (int64_t)(s->memory_mb ? s->memory_mb : MEMORY_DEFAULT_MB) << 20;

        put_int(b, "Memory", memory);
        put_int(b, "MemorySwap", memory); /* together: no swap */
        put_int(b, "NanoCpus",
                (int64_t)(s->cpu_milli ? s->cpu_milli : CPU_DEFAULT_MILLI) * 1000000);
        put_int(b, "PidsLimit", s->pids ? s->pids : PIDS_DEFAULT);
        json_key(b, "Ulimits");
        json_raw(b, "[{\"Name\":\"core\",\"Soft\":0,\"Hard\":0}]");
}

static void put_files(struct buf *b, const struct docker_create *c) {
        char holder[96];

        put_bool(b, "ReadonlyRootfs", !c->spec->writable_root);
        if (!c->spec->writable_root) {
                json_key(b, "Tmpfs");
                json_open(b, '{');
                put_text(b, "/tmp", TMP_OPTIONS);
                json_close(b, '}');
        }
        if (!c->flag_source)
                return;
        /* The holder's volume comes along so that it is removed with the instance. */
        json_key(b, "VolumesFrom");
        json_open(b, '[');
        snprintf(holder, sizeof(holder), "%s:ro", c->holder);
        json_text(b, holder);
        json_close(b, ']');
        json_key(b, "Mounts");
        json_open(b, '[');
        json_open(b, '{');
        put_text(b, "Type", "bind");
        put_text(b, "Source", c->flag_source);
        put_text(b, "Target", c->spec->flag_path);
        put_bool(b, "ReadOnly", true);
        json_close(b, '}');
        json_close(b, ']');
}

static void put_host_config(struct buf *b, const struct docker_create *c) {
        json_key(b, "HostConfig");
        json_open(b, '{');
        put_text(b, "NetworkMode", c->network);
        put_bool(b, "Privileged", false);
        json_key(b, "CapDrop");
        json_raw(b, "[\"ALL\"]");
        json_key(b, "SecurityOpt");
        json_raw(b, "[\"no-new-privileges\"]"); /* and no word on seccomp: the default filter */
        put_text(b, "IpcMode", "private");
        put_limits(b, c->spec);
        put_files(b, c);
        json_key(b, "LogConfig");
        json_raw(b, "{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\",\"max-file\":\"2\"}}");
        json_key(b, "RestartPolicy");
        json_raw(b, "{\"Name\":\"no\"}");
        put_bool(b, "AutoRemove", false);
        if (c->init)
                put_bool(b, "Init", true);
        /* The engine's own resolver forwards names, and with them whatever is encoded in names,
         * from a network that has no way out: give it nobody to forward to.  With a way out it
         * may not be a resolver on a private address, which the firewall keeps away. */
        json_key(b, "Dns");
        json_raw(b, c->spec->egress ? "[\"1.1.1.1\",\"9.9.9.9\"]" : "[\"127.0.0.1\"]");
        if (c->publish)
                put_ports(b, c->spec, true);
        json_close(b, '}');
}

void docker_json_create(struct buf *b, const struct docker_create *c) {
        json_open(b, '{');
        put_text(b, "Image", c->spec->image);
        put_command(b, c->spec);
        put_environment(b, c->spec);
        put_labels(b, c, NULL);
        put_ports(b, c->spec, false);
        put_host_config(b, c);
        json_close(b, '}');
}

void docker_json_holder(struct buf *b, const struct docker_create *c, const char *dir) {
        json_open(b, '{');
        put_text(b, "Image", c->spec->image);
        json_key(b, "Cmd");
        json_raw(b, "[\"never\"]");
        put_labels(b, c, c->spec->name);
        json_key(b, "Volumes");
        json_open(b, '{');
        json_key(b, dir);
        json_raw(b, "{}");
        json_close(b, '}');
        json_key(b, "HostConfig");
        json_raw(b, "{\"NetworkMode\":\"none\"}");
        json_close(b, '}');
}
