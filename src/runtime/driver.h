/* What a runtime driver implements.  Only files in runtime/ include this. */
#pragma once

#include "runtime/breaker.h"
#include "runtime/runtime.h"

/* All functions are there; all may be called from several threads at once.  They make one
 * try: retry, breaker and the check of the spec are the facade's. */
struct runtime_driver {
        const char *scheme;
        /* REST is the URL after "scheme:".  *ret is allocated with base zeroed. */
        int (*open)(const char *rest, const struct runtime_config *config, struct runtime **ret,
                    struct err *err);
        void (*free)(struct runtime *rt);
        bool (*remote)(const struct runtime *rt);
        int (*pull)(struct runtime *rt, const char *image, runtime_progress *progress, void *arg,
                    struct err *err);
        int (*has_image)(struct runtime *rt, const char *image, bool *ret, struct err *err);
        int (*start)(struct runtime *rt, const struct spec *spec, struct instance *ret,
                     struct err *err);
        int (*stop)(struct runtime *rt, const char *name, struct err *err);
        int (*inspect)(struct runtime *rt, const char *name, struct instance *ret, struct err *err);
        int (*list)(struct runtime *rt, struct arena *arena, struct instance **ret, size_t *n,
                    struct err *err);
        int (*stats)(struct runtime *rt, const char *name, struct usage *ret, struct err *err);
        int (*exec)(struct runtime *rt, const char *name, const char *const *command,
                    int timeout_ms, int *status, struct err *err);
        int (*logs)(struct runtime *rt, const char *name, bool follow, int tail_lines,
                    const bool *cancel, runtime_sink *sink, void *arg, struct err *err);
        int (*events)(struct runtime *rt, const bool *cancel, runtime_on_event *fn, void *arg,
                      struct err *err);
        /* Fills everything but the breaker. */
        void (*health)(struct runtime *rt, struct runtime_health *ret);
};

/* First member of every driver's own struct.  The facade sets it up after open. */
struct runtime {
        const struct runtime_driver *driver;
        struct breaker breaker;
};

extern const struct runtime_driver runtime_fake;
extern const struct runtime_driver runtime_docker;

/* Is *CANCEL set?  Another thread sets it while we look. */
static inline bool runtime_cancelled(const bool *cancel) {
        return cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED);
}

/* May IMAGE be pulled?  GLOBS is NULL-terminated; NULL allows none. */
bool runtime_image_allowed(const char *const *globs, const char *image);

/* TEXTS (NULL-terminated; NULL is empty) and their list, in ARENA. */
const char *const *runtime_copy_texts(struct arena *arena, const char *const *texts);
