/*
 * What a Docker Engine answers, read; what it is asked to create, written.
 *
 * Pure functions over text: every answer is bytes from outside.  All fail
 * GARBLED when the text is not what it should be.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "runtime/runtime.h"

/* Labels on what we make. */
#define LABEL_INSTALL    "berth.install"
#define LABEL_TENANT     "berth.tenant"
#define LABEL_LEASE      "berth.lease"
#define LABEL_DEADLINE   "berth.hard_deadline"
#define LABEL_GENERATION "berth.generation"
#define LABEL_CREATED    "berth.created" /* ms since the epoch */
#define LABEL_PORTS      "berth.ports"   /* "80,22": the spec's order */
#define LABEL_FLAG       "berth.flag"    /* on the holder of an instance's flag: its name */

struct docker_version {
        char version[64];
        char api[16]; /* what we speak: the oldest from 1.41 up that the engine knows */
        bool init;    /* it has docker-init */
};

/* A container as we made it. */
struct docker_container {
        struct instance instance;
        char install[64];
        char holder_of[64];          /* name of the instance whose flag it holds; "" an instance */
        char mount_source[PATH_MAX]; /* inspect only: of its first mount */
};

_must_check_ int docker_json_version(const char *text, size_t n, struct docker_version *ret,
                                     struct err *err);
/* What the engine cannot do that isolation needs, for people; "" when it can all. */
_must_check_ int docker_json_info(const char *text, size_t n, char *problem, size_t room,
                                  struct err *err);
/* The answer of an inspect.  PUBLISHED: ports are those of the engine's host, HOST its address. */
_must_check_ int docker_json_container(const char *text, size_t n, const char *published_host,
                                       struct docker_container *ret, struct err *err);
/* Containers of a list, holders of flags among them. */
_must_check_ int docker_json_list(const char *text, size_t length, const char *published_host,
                                  struct arena *arena, struct docker_container **ret, size_t *n,
                                  struct err *err);
/* "Id" of something created. */
_must_check_ int docker_json_id(const char *text, size_t n, char ret[72], struct err *err);
_must_check_ int docker_json_usage(const char *text, size_t n, struct usage *ret, struct err *err);
_must_check_ int docker_json_exec(const char *text, size_t n, bool *running, int *status,
                                  struct err *err);
/* Is the network a bridge of ours: INTERNAL as said, and without traffic between containers? */
_must_check_ int docker_json_network(const char *text, size_t n, bool internal, bool *fits,
                                     struct err *err);
/* One line of the events.  *RELEVANT: it is of an instance, and *ret is filled. */
_must_check_ int docker_json_event(const char *text, size_t n, bool *relevant,
                                   struct runtime_event *ret, struct err *err);
/* One line of a pull's progress.  Fails NO_IMAGE, NO_SPACE, UNAVAILABLE when it tells a failure. */
_must_check_ int docker_json_progress(const char *text, size_t n, char status[128], int *percent,
                                      struct err *err);

/* "message" of a refusal, as far as it can be made out. */
void docker_json_message(const char *text, size_t n, char ret[200]);
/* Fills *err for a refusal.  Always -1. */
int docker_refusal(int status, const char *message, struct err *err);

/* What is asked for beside the spec. */
struct docker_create {
        const struct spec *spec;
        const char *install, *network;
        int64_t now_ms;
        bool init, publish;
        const char *flag_source; /* file on the engine's host to mount at the spec's flag_path */
        const char *holder;      /* container whose volume that is */
};

void docker_json_create(struct buf *b, const struct docker_create *c);
/* The container that holds the flag of SPEC in its volume at DIR, and never runs. */
void docker_json_holder(struct buf *b, const struct docker_create *c, const char *dir);
