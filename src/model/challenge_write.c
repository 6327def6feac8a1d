/* challenge_write(): a challenge as canonical text, plain or sealed. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "model/challenge_impl.h"
#include "model/placeholder.h"
#include "model/seal.h"

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
        write_text(b, "type", probe_kind_name(p->kind));
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

static void write_scoring(struct buf *b, const struct scoring *s) {
        char decay[40];

        if (s->kind == SCORING_STATIC) {
                write_int(b, "value", s->initial);
                return;
        }
        write_text(b, "type", "dynamic");
        json_key(b, "extra");
        json_open(b, '{');
        write_text(b, "function", scoring_kind_name(s->kind));
        write_int(b, "initial", s->initial);
        write_int(b, "minimum", s->minimum);
        snprintf(decay, sizeof(decay), "%.17g", s->decay);
        json_key(b, "decay");
        json_raw(b, decay);
        json_close(b, '}');
}

/* How a flag is written: as it is, or in a box. */
struct sealing {
        const uint8_t *key; /* NULL: plain */
        const char *slug;
        struct arena arena;
};

static void write_flag_rule(struct buf *b, const struct flag_rule *f, size_t i,
                            struct sealing *sealing) {
        char place[160];

        json_open(b, '{');
        write_text(b, "type", f->kind == FLAG_REGEX ? "regex" : "static");
        snprintf(place, sizeof(place), "flag/%s/%zu", sealing->slug, i);
        if (sealing->key)
                write_text(b, "sealed", seal(sealing->key, place, f->text, &sealing->arena));
        else
                write_text(b, "content", f->text);
        if (f->case_insensitive)
                write_text(b, "data", "case_insensitive");
        if (f->once)
                write_text(b, "match", "once");
        json_close(b, '}');
}

static void write_flags(struct buf *b, const struct challenge *c, const uint8_t *key) {
        struct sealing sealing = { .key = key, .slug = c->slug };

        if (c->n_flags == 0)
                return;
        json_key(b, "flags");
        json_open(b, '[');
        for (size_t i = 0; i < c->n_flags; i++)
                write_flag_rule(b, &c->flags[i], i, &sealing);
        json_close(b, ']');
        arena_done(&sealing.arena);
}

static void write_hints(struct buf *b, const struct challenge *c) {
        if (c->n_hints == 0)
                return;
        json_key(b, "hints");
        json_open(b, '[');
        for (size_t i = 0; i < c->n_hints; i++) {
                json_open(b, '{');
                write_text(b, "title", c->hints[i].title);
                write_text(b, "content", c->hints[i].text);
                write_int(b, "cost", c->hints[i].cost);
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void write_files(struct buf *b, const struct challenge *c) {
        if (c->n_files == 0)
                return;
        json_key(b, "files");
        json_open(b, '[');
        for (size_t i = 0; i < c->n_files; i++) {
                json_open(b, '{');
                write_text(b, "name", c->files[i].name);
                write_text(b, "sha256", c->files[i].digest);
                write_int(b, "bytes", c->files[i].bytes);
                json_close(b, '}');
        }
        json_close(b, ']');
}

static void write_game(struct buf *b, const struct challenge *c, const uint8_t *key) {
        write_text(b, "difficulty", c->difficulty);
        write_text(b, "attribution", c->attribution);
        write_text(b, "connection_info", c->connection_info);
        if (c->number)
                write_int(b, "number", c->number);
        write_scoring(b, &c->scoring);
        if (c->max_attempts)
                write_int(b, "attempts", c->max_attempts);
        if (c->scheduled_ms) {
                json_key(b, "scheduled_at");
                json_time(b, c->scheduled_ms);
        }
        write_flags(b, c, key);
        write_hints(b, c);
        write_files(b, c);
        write_list(b, "tags", c->tags);
        write_list(b, "requirements", c->requirements);
        if (c->content) {
                json_key(b, "content");
                json_raw(b, c->content);
        }
        write_text(b, "solve", c->solve);
}

static void write_challenge(const struct challenge *c, const uint8_t *key, struct buf *ret) {
        json_open(ret, '{');
        write_text(ret, "name", c->title);
        write_text(ret, "slug", c->slug);
        write_text(ret, "category", c->category);
        write_text(ret, "description", c->description);
        write_game(ret, c, key);
        write_text(ret, "state", challenge_state_name(c->state));
        if (c->has_instance)
                write_instance(ret, &c->spec);
        json_close(ret, '}');
}

void challenge_write(const struct challenge *c, struct buf *ret) { write_challenge(c, NULL, ret); }

static void write_shown(struct buf *b, const struct challenge *c) {
        json_key(b, "id");
        json_int(b, c->id);
        json_key(b, "slug");
        json_text(b, c->slug);
        json_key(b, "title");
        json_text(b, c->title);
        json_key(b, "category");
        json_text(b, c->category);
        json_key(b, "difficulty");
        json_text(b, c->difficulty);
        json_key(b, "attribution");
        json_text(b, c->attribution);
        json_key(b, "tags");
        json_open(b, '[');
        for (const char *const *tag = c->tags; tag && *tag; tag++)
                json_text(b, *tag);
        json_close(b, ']');
        if (!c->personal) {
                json_key(b, "description");
                json_text(b, c->description);
        }
}

void challenge_rewrite(struct challenge *c) {
        _cleanup_buf_ struct buf text = { 0 }, shown = { 0 };

        challenge_write(c, &text);
        c->text = arena_grow(&c->arena, text.data, text.len + 1, text.len + 1);
        c->personal = placeholder_in(c->description);
        json_open(&shown, '{');
        write_shown(&shown, c);
        c->shown = arena_grow(&c->arena, shown.data + 1, shown.len, shown.len);
        c->n_shown = shown.len - 1;
}

void challenge_seal(const struct challenge *c, const uint8_t key[KEY_SIZE], struct buf *ret) {
        write_challenge(c, key, ret);
}

int challenge_unseal(json_t *o, const uint8_t key[KEY_SIZE], struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        json_t *flag;
        size_t i;

        json_array_foreach(json_object_get(o, "flags"), i, flag) {
                const char *box = json_string_value(json_object_get(flag, "sealed")), *text;

                if (!box)
                        continue;
                if (unseal(key, box, &arena, &text, err) < 0)
                        return err_wrap(err, "flags[%zu]", i);
                json_object_set_new(flag, "content", json_string(text));
                json_object_del(flag, "sealed");
        }
        return 0;
}
