#include "model/challenge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[] = { [CHALLENGE_VISIBLE] = "visible",
                                      [CHALLENGE_HIDDEN] = "hidden",
                                      [CHALLENGE_LOCKED] = "locked" };

static const char *const probes[] = {
        [PROBE_TCP] = "tcp", [PROBE_HTTP] = "http", [PROBE_EXEC] = "exec", [PROBE_NONE] = "none"
};

const char *challenge_state_name(enum challenge_state s) { return states[s]; }

int challenge_state_parse(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                if (strcmp(states[i], name) == 0)
                        return (int)i;
        return -1;
}

int probe_kind_parse(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
                if (strcmp(probes[i], name) == 0)
                        return (int)i;
        return -1;
}

struct challenge *challenge_new(int64_t id, int64_t tenant) {
        struct challenge *c = calloc(1, sizeof(*c));

        if (!c)
                abort();
        c->refs = 1;
        c->id = id;
        c->tenant = tenant;
        return c;
}

struct challenge *challenge_ref(struct challenge *c) {
        int before = __atomic_fetch_add(&c->refs, 1, __ATOMIC_RELAXED);

        assert(before > 0);
        return c;
}

struct challenge *challenge_unref(struct challenge *c) {
        int before;

        if (!c)
                return NULL;
        before = __atomic_fetch_sub(&c->refs, 1, __ATOMIC_ACQ_REL);
        assert(before > 0);
        if (before == 1) {
                arena_done(&c->arena);
                free(c);
        }
        return NULL;
}

static void write_text(struct buf *b, const char *key, const char *value) {
        if (!value)
                return;
        json_key(b, key);
        json_text(b, value);
}

static void write_int(struct buf *b, const char *key, int64_t value) {
        json_key(b, key);
        json_int(b, value);
}

static void write_bool(struct buf *b, const char *key, bool value) {
        json_key(b, key);
        json_bool(b, value);
}

static void write_list(struct buf *b, const char *key, const char *const *list) {
        if (!list)
                return;
        json_key(b, key);
        json_open(b, '[');
        for (; *list; list++)
                json_text(b, *list);
        json_close(b, ']');
}

static void write_ports(struct buf *b, const struct instance_spec *s) {
        json_key(b, "ports");
        json_open(b, '[');
        for (size_t i = 0; i < s->n_endpoints; i++) {
                json_open(b, '{');
                write_text(b, "name", s->endpoints[i].name);
                write_int(b, "port", s->endpoints[i].inner);
                write_text(b, "protocol", protocol_name(s->endpoints[i].protocol));
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void write_environment(struct buf *b, const char *const *env) {
        char key[256];

        if (!env)
                return;
        json_key(b, "environment");
        json_open(b, '{');
        for (; *env; env++) {
                const char *value = strchr(*env, '=');

                assert(value && (size_t)(value - *env) < sizeof(key));
                memcpy(key, *env, (size_t)(value - *env));
                key[value - *env] = '\0';
                write_text(b, key, value + 1);
        }
        json_close(b, '}');
}

static void write_probe(struct buf *b, const struct instance_spec *s) {
        const struct probe *p = &s->probe;

        json_key(b, "probe");
        json_open(b, '{');
        write_text(b, "type", probes[p->kind]);
        if (p->kind == PROBE_TCP || p->kind == PROBE_HTTP)
                write_text(b, "port", s->endpoints[p->endpoint].name);
        write_text(b, "path", p->path);
        if (p->status)
                write_int(b, "status", p->status);
        write_list(b, "command", p->command);
        write_int(b, "timeout_seconds", p->timeout_ms / 1000);
        json_close(b, '}');
}

static void write_flag(struct buf *b, const struct instance_spec *s) {
        if (!s->flag_template)
                return;
        json_key(b, "flag");
        json_open(b, '{');
        write_text(b, "template", s->flag_template);
        write_bool(b, "env", s->flag_env);
        write_text(b, "file", s->flag_path);
        json_close(b, '}');
}

static void write_policy(struct buf *b, const struct policy *p) {
        json_key(b, "policy");
        json_open(b, '{');
        write_int(b, "base_seconds", p->base_ms / 1000);
        write_int(b, "increment_seconds", p->increment_ms / 1000);
        write_int(b, "max_extensions", p->max_extensions);
        write_int(b, "max_lifetime_seconds", p->max_lifetime_ms / 1000);
        json_close(b, '}');
}

static void write_instance(struct buf *b, const struct instance_spec *s) {
        json_key(b, "instance");
        json_open(b, '{');
        write_text(b, "image", s->image);
        write_ports(b, s);
        write_list(b, "command", s->command);
        write_environment(b, s->env);
        json_key(b, "limits");
        json_open(b, '{');
        write_int(b, "memory_mb", s->memory_mb);
        write_int(b, "cpu_milli", s->cpu_milli);
        write_int(b, "pids", s->pids);
        write_int(b, "connections", s->max_connections);
        json_close(b, '}');
        json_key(b, "isolation");
        json_open(b, '{');
        write_bool(b, "writable_root", s->writable_root);
        json_close(b, '}');
        write_bool(b, "egress", s->egress);
        write_probe(b, s);
        write_flag(b, s);
        if (s->has_policy)
                write_policy(b, &s->policy);
        write_text(b, "runtime", s->runtime);
        json_close(b, '}');
}

void challenge_write(const struct challenge *c, struct buf *ret) {
        json_open(ret, '{');
        write_text(ret, "name", c->title);
        write_text(ret, "slug", c->slug);
        write_text(ret, "category", c->category);
        write_text(ret, "description", c->description);
        write_int(ret, "value", c->value);
        write_text(ret, "state", challenge_state_name(c->state));
        if (c->has_instance)
                write_instance(ret, &c->spec);
        json_close(ret, '}');
}
