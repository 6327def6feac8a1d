/*
 * Runtimes: where instances run.
 *
 * A runtime is one connection to an engine.  Calls block, may come from
 * several threads at once, and return within their timeout.  All are
 * idempotent: starting what runs or stopping what is gone succeeds, since a
 * caller that lost the answer calls again.  The facade adds what every driver
 * needs: retry with backoff and jitter for what can pass (3 tries, 100 and
 * 200 ms), and a circuit breaker (5 failures open it; calls then fail
 * UNAVAILABLE in under 5 ms; one probe after 30 s; 2 successes close it).
 *
 * URLs: "docker:" (the local socket), "docker:///run/docker.sock",
 * "docker://host:2376?cert=DIR" (TLS: ca.pem, cert.pem, key.pem in DIR),
 * "fake:" (in memory), "fake:DIR?start_ms=..&stop_ms=..&fail=.." (shared, survives kill -9).
 *
 * Error kinds: NO_IMAGE, NO_SPACE, UNAVAILABLE engine down or breaker open,
 * TIMEOUT, GARBLED, INVALID the engine refused the spec, NOT_FOUND, CONFLICT a
 * command for an instance that does not run, INTERNAL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct runtime;

#define RUNTIME_PORTS_MAX 8

/* What the driver is told once, at open. */
struct runtime_config {
        const char *install;      /* value of the label berth.install: lists only see these */
        const char *network;      /* name of the internal bridge; NULL: "berth" */
        bool publish_ports;       /* gate = off: publish on the engine's host instead */
        const char *publish_host; /* the address players reach then; NULL: from the URL */
        const char *const *allowed_images; /* globs; only these are pulled; NULL-terminated */
        bool manage_firewall;              /* set the rule on the bridge where that is possible */
};

struct spec {
        const char *name;  /* "berth-<lease id>" */
        const char *lease; /* label berth.lease */
        const char *tenant;
        int64_t hard_deadline_ms; /* label: whatever happens, gone after this */
        int generation;           /* label: restarts */
        const char *image;
        const char *const *command; /* NULL: the image's own; NULL-terminated */
        const char *const *env;     /* "K=V", NULL-terminated; may be NULL */
        const char *flag;           /* NULL: none */
        bool flag_env;              /* pass it as FLAG */
        const char *flag_path;      /* absolute path of the file, at most 100 bytes, or NULL */
        unsigned memory_mb, cpu_milli, pids;
        bool writable_root; /* else read-only root, tmpfs on /tmp */
        bool egress;        /* outbound Internet */
        uint16_t ports[RUNTIME_PORTS_MAX];
        size_t n_ports;
};

enum instance_state { INSTANCE_CREATED, INSTANCE_RUNNING, INSTANCE_EXITED };

struct instance {
        char name[64];
        char lease[32];
        char engine_id[72];
        enum instance_state state;
        int exit_code;
        int generation;
        int64_t created_ms, hard_deadline_ms;
        char host[64];                     /* numeric address to reach it at; "" when none */
        uint16_t ports[RUNTIME_PORTS_MAX]; /* as reachable at host, in the spec's order (0: not) */
        size_t n_ports;
};

struct runtime_event {
        enum { RUNTIME_EVENT_EXITED, RUNTIME_EVENT_REMOVED } what;
        char lease[32];
        char name[64];
};

struct usage {
        int64_t cpu_ns, memory_bytes, pids;
};

struct runtime_health {
        bool up;
        int breaker;       /* 0 closed, 1 half open, 2 open */
        char problem[256]; /* for operators; "" when none */
        char version[64];
        bool isolated;           /* are the rules of runtime/firewall.h in force? */
        char isolation_fix[512]; /* the command that sets it, when not */
};

/* Opens the runtime that URL names.  Does not touch the engine: a daemon starts
 * while its engine is down.  CONFIG is copied.  Fails: INVALID. */
_must_check_ int runtime_open(const char *url, const struct runtime_config *config,
                              struct runtime **ret, struct err *err);
struct runtime *runtime_free(struct runtime *rt);
DEFINE_CLEANUP(struct runtime *, runtime_free)
const char *runtime_name(const struct runtime *rt); /* the scheme: "docker", "fake" */
bool runtime_remote(const struct runtime *rt);      /* the gate cannot reach its bridge */

/* Progress of long work: TEXT for people, PERCENT -1 when unknown. */
typedef void runtime_progress(void *arg, const char *text, int percent);

/* Pulls IMAGE where the allow-list has it and the engine does not; returns when it is there.
 * Fails: NO_IMAGE, NO_SPACE, ... */
_must_check_ int runtime_pull(struct runtime *rt, const char *image, runtime_progress *progress,
                              void *arg, struct err *err);
_must_check_ int runtime_has_image(struct runtime *rt, const char *image, bool *ret,
                                   struct err *err);

/* Creates, gives the flag, starts; a half-made one of an earlier try is adopted or made anew;
 * what this call made is removed again when it fails. */
_must_check_ int runtime_start(struct runtime *rt, const struct spec *spec, struct instance *ret,
                               struct err *err);
/* Stops and removes NAME with its anonymous volumes.  0 only when the engine confirmed it or
 * never had it. */
_must_check_ int runtime_stop(struct runtime *rt, const char *name, struct err *err);
/* Fails NOT_FOUND when the engine does not have it. */
_must_check_ int runtime_inspect(struct runtime *rt, const char *name, struct instance *ret,
                                 struct err *err);
/* Everything labelled as this install's. */
_must_check_ int runtime_list(struct runtime *rt, struct arena *arena, struct instance **ret,
                              size_t *n, struct err *err);
_must_check_ int runtime_stats(struct runtime *rt, const char *name, struct usage *ret,
                               struct err *err);
/* Runs COMMAND inside NAME; *status is its exit code. */
_must_check_ int runtime_exec(struct runtime *rt, const char *name, const char *const *command,
                              int timeout_ms, int *status, struct err *err);

/* Output of the instance, stdout and stderr in the order the engine has them, as valid UTF-8.
 * SINK returns false to stop.  With FOLLOW it returns when the instance ends, SINK says stop, or
 * *CANCEL becomes true (seen within 1 s). */
typedef bool runtime_sink(void *arg, bool is_stderr, const char *text, size_t n);
_must_check_ int runtime_logs(struct runtime *rt, const char *name, bool follow, int tail_lines,
                              const bool *cancel, runtime_sink *sink, void *arg, struct err *err);

/* Follows the engine's events until *CANCEL (seen within 1 s) or the stream breaks (-1: the
 * caller reconciles and calls again). */
typedef void runtime_on_event(void *arg, const struct runtime_event *event);
_must_check_ int runtime_events(struct runtime *rt, const bool *cancel, runtime_on_event *fn,
                                void *arg, struct err *err);

/* Asks the engine (bounded: 5 s); never fails, says it in *ret. */
void runtime_health(struct runtime *rt, struct runtime_health *ret);
/* Breaker state only, no call: 0 closed, 1 half open, 2 open. */
int runtime_breaker(const struct runtime *rt);
