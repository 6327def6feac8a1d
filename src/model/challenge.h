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
#include "model/pattern.h"
#include "model/scoring.h"

enum challenge_state { CHALLENGE_VISIBLE, CHALLENGE_HIDDEN, CHALLENGE_LOCKED };
const char *challenge_state_name(enum challenge_state s);
int challenge_state_parse(const char *name); /* -1 when none */

enum probe_kind { PROBE_TCP, PROBE_HTTP, PROBE_EXEC, PROBE_NONE };
const char *probe_kind_name(enum probe_kind k);
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

/* What is accepted, beside the flag of an instance's template. */
enum flag_kind { FLAG_STATIC, FLAG_REGEX };
struct flag_rule {
        enum flag_kind kind;
        bool case_insensitive;
        bool once; /* a regular expression: PATTERN_ONCE */
        const char *text;
        struct pattern *pattern; /* of a regular expression */
};

/* Hints are numbered from 1, in the order in which they are unlocked. */
struct hint {
        const char *title, *text, *html; /* title "" for none; text in Markdown */
        int64_t cost;
};

/* A file to download. */
struct attachment {
        const char *name;
        const char *path;   /* of the author's file; NULL where only the contents count */
        const char *digest; /* SHA-256 in hexadecimal; "" until the file was read */
        int64_t bytes;
};

#define CHALLENGE_LIST_MAX 32 /* flags, hints, files, tags */

struct challenge {
        int refs;
        struct arena arena;
        int64_t id, tenant;
        const char *slug, *title, *category, *description;
        const char *html; /* the description */
        const char *difficulty, *attribution, *connection_info;
        int64_t number; /* what programs of CTFG's know it by; 0: by its id */
        struct scoring scoring;
        enum challenge_state state;
        int64_t scheduled_ms; /* hidden before; 0: never was */
        int64_t max_attempts; /* wrong ones; 0: no limit */
        const struct flag_rule *flags;
        const struct hint *hints;
        struct attachment *files;
        size_t n_flags, n_hints, n_files;
        const char *const *tags;         /* as all lists of texts here: NULL-terminated, or NULL */
        const char *const *requirements; /* slugs, once the set it is in was resolved */
        const char *content;             /* JSON for the page; NULL: none */
        const char *solve; /* how its author solves it, for organisers; NULL: unknown */
        bool has_instance;
        struct instance_spec spec;
        const char *text; /* canonical JSON of all the above but id and tenant */
        /* Members of the JSON that everybody sees, without braces; with the description, unless
         * that is personal: has placeholders (placeholder.h). */
        const char *shown;
        size_t n_shown;
        bool personal;
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
/* Makes c->text and c->shown anew, after its requirements or files were filled in. */
void challenge_rewrite(struct challenge *c);

/* The text as the store keeps it: flags are boxes of KEY (seal.h).  The same challenge gives the
 * same text. */
void challenge_seal(const struct challenge *c, const uint8_t key[KEY_SIZE], struct buf *ret);
/* Opens the boxes in O, what challenge_seal() wrote.  Fails: INVALID. */
_must_check_ int challenge_unseal(json_t *o, const uint8_t key[KEY_SIZE], struct err *err);

/* What programs of CTFG's know it by. */
static inline int64_t challenge_number(const struct challenge *c) {
        return c->number ? c->number : c->id;
}

/* Does TEXT (as submitted: blanks at its ends do not count) solve C by one of its own flags?  Takes
 * as long whatever is wrong with it. */
bool challenge_accepts(const struct challenge *c, const char *text);
struct challenge *challenge_ref(struct challenge *c); /* thread-safe */
struct challenge *challenge_unref(struct challenge *c);
DEFINE_CLEANUP(struct challenge *, challenge_unref)
