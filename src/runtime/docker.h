/* The Docker driver's own parts, which see each other.  Only docker*.c include this. */
#pragma once

#include <pthread.h>

#include "base/buf.h"
#include "runtime/docker_http.h"
#include "runtime/docker_json.h"
#include "runtime/docker_net.h"
#include "runtime/driver.h"

#define CREATE_MS  60000
#define REMOVE_MS  30000
#define INSPECT_MS 10000
#define PULL_MS    600000
#define HEALTH_MS  2500 /* of each of its two calls */

struct docker {
        struct runtime base;
        struct docker_http *http;
        struct arena arena; /* what is copied at open */
        const char *install;
        const char *const *allowed;
        const char *published_host; /* NULL: ports are not published */
        bool publish;
        struct docker_net net;
        pthread_mutex_t lock;          /* of all below */
        pthread_cond_t idle;           /* a name is no longer being started */
        struct docker_version version; /* api "" until the engine has said */
        struct starting *starting;
};

struct docker *docker(struct runtime *rt);

/* One call.  PATH is what comes after the version; BODY may be NULL.  An answer of 400 and above
 * is a failure, as docker_refusal() has it. */
_must_check_ int docker_call(struct docker *d, const char *method, const char *path,
                             const struct buf *body, int timeout_ms, struct buf *answer,
                             struct err *err);
/* The same for an answer without end.  REQUEST's path is without the version. */
_must_check_ int docker_follow(struct docker *d, const struct docker_request *request,
                               const struct docker_taker *taker, struct err *err);
/* A tar archive for unpacking in the container at "/". */
_must_check_ int docker_upload(struct docker *d, const char *name, const char *dir,
                               const struct buf *tar, struct err *err);
/* What do we speak with the engine? */
_must_check_ int docker_negotiate(struct docker *d, struct docker_version *ret, struct err *err);
/* A container of any install; fails NOT_FOUND. */
_must_check_ int docker_get(struct docker *d, const char *name, struct docker_container *ret,
                            struct err *err);

/* The same of our install only. */
_must_check_ int docker_get_ours(struct docker *d, const char *name, struct docker_container *ret,
                                 struct err *err);
/* Name of the container that holds the flag for instance NAME. */
#define HOLDER_NAME_MAX 80
void docker_holder_name(const char *name, char ret[HOLDER_NAME_MAX]);

/* TEXT as it may stand in a URL. */
void docker_escape(struct buf *b, const char *text);

/* The calls of the driver that have files of their own. */
int docker_start(struct runtime *rt, const struct spec *spec, struct instance *ret,
                 struct err *err);
int docker_stop(struct runtime *rt, const char *name, struct err *err);
int docker_pull(struct runtime *rt, const char *image, runtime_progress *progress, void *arg,
                struct err *err);
int docker_has_image(struct runtime *rt, const char *image, bool *ret, struct err *err);
int docker_logs(struct runtime *rt, const char *name, bool follow, int tail_lines,
                const bool *cancel, runtime_sink *sink, void *arg, struct err *err);
int docker_events(struct runtime *rt, const bool *cancel, runtime_on_event *fn, void *arg,
                  struct err *err);
int docker_exec(struct runtime *rt, const char *name, const char *const *command, int timeout_ms,
                int *status, struct err *err);
