/*
 * Challenges, and the spec of their instances.
 *
 * A challenge is immutable once made and counts its references: the read
 * model holds one, a job that uses it takes another.  A change makes a new
 * one with the same id.  All that it points to is in its own arena.
 *
 * Its text form is one JSON object (challenge_write()): what the store keeps
 * and `challenge push` sends.  challenge_file.h reads ctfcli's YAML.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "model/lease.h"

enum challenge_state { CHALLENGE_VISIBLE, CHALLENGE_HIDDEN, CHALLENGE_LOCKED };
const char *challenge_state_name(enum challenge_state s);
int challenge_state_parse(const char *name); /* -1 when none */

enum probe_kind { PROBE_TCP, PROBE_HTTP, PROBE_EXEC, PROBE_NONE };
int probe_kind_parse(const char *name); /* -1 when none */

struct probe {
        enum probe_kind kind;
        int64_t timeout_ms;         /* for the whole of it, tries included; default 30 s */
        size_t endpoint;            /* index, for tcp and http */
        const char *path;           /* http: default "/" */
        int64_t status;             /* http: expected; 0: any below 500 */
        const char *const *command; /* exec */
};

struct instance_spec {
        const char *image;
        const char *const *command; /* NULL: the image's own; NULL-terminated, as all lists here */
        const char *const *env;
        struct endpoint endpoints[LEASE_PORTS_MAX]; /* `port` unused */
        size_t n_endpoints;
        int64_t memory_mb, cpu_milli, pids;
        bool writable_root, egress;
        struct probe probe;
        const char *flag_template; /* NULL: none; e.g. "CTF{web_<hex>_<user_id>}" */
        bool flag_env;
        const char *flag_path; /* NULL: no file */
        bool has_policy;       /* `policy` overrides the tenant's */
        struct policy policy;
        const char *runtime;     /* NULL: the default one */
        int64_t max_connections; /* of one door */
};

struct challenge {
        int refs;
        struct arena arena;
        int64_t id, tenant;
        const char *slug, *title, *category, *description;
        int64_t value;
        enum challenge_state state;
        bool has_instance;
        struct instance_spec spec;
        const char *text; /* canonical JSON of all the above but id and tenant */
};

/* An empty one with one reference, to be filled before anybody else sees it. */
struct challenge *challenge_new(int64_t id, int64_t tenant);

#define CHALLENGE_KEY_SHOWN 64 /* bytes of a member's name in a message */

/* From JSON.  Unknown members are ignored (ctfcli's files have many), but not those of `instance`;
 * wrong ones fail.  The caller owns *ret.  Fails: INVALID, naming the member
 * ("instance.ports[1].port: ..."). */
_must_check_ int challenge_parse(const json_t *o, int64_t id, int64_t tenant,
                                 struct challenge **ret, struct err *err);
/* The canonical text, with every default spelled out; parsing it gives the same text again. */
void challenge_write(const struct challenge *c, struct buf *ret);
struct challenge *challenge_ref(struct challenge *c); /* thread-safe */
struct challenge *challenge_unref(struct challenge *c);
DEFINE_CLEANUP(struct challenge *, challenge_unref)
