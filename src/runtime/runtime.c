#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/metric.h"
#include "base/random.h"
#include "base/str.h"
#include "runtime/driver.h"

#define TRIES 3
/* A call that failed this late is not tried again: its caller has waited long enough. */
#define RETRY_WINDOW_MS 10000
#define MEMORY_MIN_MB   6 /* the least that Docker accepts */
#define IMAGE_MAX       255
#define FLAG_MAX        4096
#define FLAG_PATH_MAX   100 /* "/" and what fits the header of a tar archive */

static const struct runtime_driver *const drivers[] = {
        &runtime_docker,
        &runtime_fake,
};

/* One call of the facade: its tries. */
struct attempt {
        int tries;
        int64_t began_ms;
        enum breaker_pass pass;
};

static void publish_breaker(struct runtime *rt) {
        metric_set(METRIC_BREAKER, breaker_state(&rt->breaker), rt->driver->scheme);
}

static int attempt_begin(struct runtime *rt, struct attempt *a, struct err *err) {
        int64_t now = clock_mono_ms();

        if (a->tries++ == 0)
                a->began_ms = now;
        a->pass = breaker_enter(&rt->breaker, now);
        if (a->pass == BREAKER_REFUSED)
                return err_set(err, ERR_UNAVAILABLE,
                               "the engine failed repeatedly and is left alone for a while");
        return 0;
}

static void sleep_ms(int64_t ms) {
        struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        while (nanosleep(&t, &t) < 0)
                ;
}

static enum breaker_result verdict(int r, const struct err *err) {
        return r == 0 || !err_may_pass(err->kind) ? BREAKER_OK : BREAKER_FAILED;
}

static void attempt_end(struct runtime *rt, struct attempt *a, enum breaker_result result) {
        breaker_leave(&rt->breaker, a->pass, result, clock_mono_ms());
        publish_breaker(rt);
}

/* Ends a try; true when the call should be made once more, after the pause. */
static bool attempt_again(struct runtime *rt, struct attempt *a, int r, const struct err *err) {
        if (a->pass == BREAKER_REFUSED)
                return false;
        attempt_end(rt, a, verdict(r, err));
        if (r == 0 || !err_may_pass(err->kind) || a->tries >= TRIES)
                return false;
        if (clock_mono_ms() - a->began_ms > RETRY_WINDOW_MS)
                return false;
        sleep_ms(random_jitter(100 << (a->tries - 1)));
        return true;
}

static bool word_ok(const char *s, size_t max) {
        if (!s || !isalnum((unsigned char)s[0]) || strlen(s) > max)
                return false;
        for (; *s; s++)
                if (!isalnum((unsigned char)*s) && !strchr("_.-", *s))
                        return false;
        return true;
}

const char *const *runtime_copy_texts(struct arena *arena, const char *const *texts) {
        const char **copy;
        size_t n = 0;

        while (texts && texts[n])
                n++;
        copy = arena_alloc(arena, (n + 1) * sizeof(*copy));
        for (size_t i = 0; i < n; i++)
                copy[i] = arena_printf(arena, "%s", texts[i]);
        return copy;
}

bool runtime_image_allowed(const char *const *globs, const char *image) {
        for (; globs && *globs; globs++)
                if (str_glob(*globs, image))
                        return true;
        return false;
}

int runtime_open(const char *url, const struct runtime_config *config, struct runtime **ret,
                 struct err *err) {
        if (!word_ok(config->install, 63))
                return err_set(err, ERR_INVALID, "the install's name is not a word");
        if (config->network && !word_ok(config->network, 48))
                return err_set(err, ERR_INVALID,
                               "network \"%s\" is not a word of at most 48 letters",
                               config->network);
        for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
                size_t n = strlen(drivers[i]->scheme);

                if (strncmp(url, drivers[i]->scheme, n) != 0 || url[n] != ':')
                        continue;
                if (drivers[i]->open(url + n + 1, config, ret, err) < 0)
                        return err_wrap(err, "runtime \"%s\"", url);
                (*ret)->driver = drivers[i];
                breaker_init(&(*ret)->breaker);
                publish_breaker(*ret);
                return 0;
        }
        return err_set(err, ERR_INVALID, "no runtime for \"%s\"", url);
}

struct runtime *runtime_free(struct runtime *rt) {
        if (rt) {
                breaker_done(&rt->breaker);
                rt->driver->free(rt);
        }
        return NULL;
}

const char *runtime_name(const struct runtime *rt) { return rt->driver->scheme; }
bool runtime_remote(const struct runtime *rt) { return rt->driver->remote(rt); }
int runtime_breaker(const struct runtime *rt) { return (int)breaker_state(&rt->breaker); }

/* A name that no engine would take is in none. */
static int check_name(const char *name, struct err *err) {
        if (!word_ok(name, sizeof(((struct instance *)0)->name) - 1))
                return err_set(err, ERR_NOT_FOUND, "there is no instance of such a name");
        return 0;
}

static int check_image(const char *image, struct err *err) {
        if (!image || !isalnum((unsigned char)image[0]) || strlen(image) > IMAGE_MAX)
                return err_set(err, ERR_INVALID, "the image has no valid name");
        for (; *image; image++)
                if (!isalnum((unsigned char)*image) && !strchr("._-/:@", *image))
                        return err_set(err, ERR_INVALID, "the image has no valid name");
        return 0;
}

static int check_flag(const struct spec *spec, struct err *err) {
        const char *path = spec->flag_path;
        size_t n;

        if (spec->flag && strlen(spec->flag) > FLAG_MAX)
                return err_set(err, ERR_INVALID, "the flag is longer than %d bytes", FLAG_MAX);
        if (!path)
                return 0;
        n = strlen(path);
        if (path[0] != '/' || n < 2 || n > FLAG_PATH_MAX || path[n - 1] == '/' ||
            strstr(path, "//") || strstr(path, "/../") || strstr(path, "/./") ||
            strcmp(path + n - 2, "/.") == 0 || (n > 2 && strcmp(path + n - 3, "/..") == 0))
                return err_set(err, ERR_INVALID, "\"%s\" is no path for a flag's file", path);
        if (!spec->flag)
                return err_set(err, ERR_INVALID, "a path for the flag's file, but no flag");
        return 0;
}

/* What every engine would refuse, said before one is asked. */
static int check_spec(const struct spec *spec, struct err *err) {
        if (!word_ok(spec->name, sizeof(((struct instance *)0)->name) - 1))
                return err_set(err, ERR_INVALID, "the instance's name is not a word");
        if (!word_ok(spec->lease, sizeof(((struct instance *)0)->lease) - 1))
                return err_set(err, ERR_INVALID, "the lease's id is not a word");
        if (check_image(spec->image, err) < 0)
                return -1;
        if (spec->n_ports > RUNTIME_PORTS_MAX)
                return err_set(err, ERR_INVALID, "more than %d ports", RUNTIME_PORTS_MAX);
        for (size_t i = 0; i < spec->n_ports; i++)
                if (spec->ports[i] == 0)
                        return err_set(err, ERR_INVALID, "port 0");
        if (spec->memory_mb && spec->memory_mb < MEMORY_MIN_MB)
                return err_set(err, ERR_INVALID, "memory of %u MB is below %d MB", spec->memory_mb,
                               MEMORY_MIN_MB);
        return check_flag(spec, err);
}

int runtime_pull(struct runtime *rt, const char *image, runtime_progress *progress, void *arg,
                 struct err *err) {
        struct attempt a = { 0 };
        int r;

        if (check_image(image, err) < 0)
                return -1;
        do
                r = attempt_begin(rt, &a, err) < 0 ?
                            -1 :
                            rt->driver->pull(rt, image, progress, arg, err);
        while (attempt_again(rt, &a, r, err));
        return r < 0 ? err_wrap(err, "pulling %s", image) : 0;
}

int runtime_has_image(struct runtime *rt, const char *image, bool *ret, struct err *err) {
        struct attempt a = { 0 };
        int r;

        if (check_image(image, err) < 0)
                return -1;
        do
                r = attempt_begin(rt, &a, err) < 0 ? -1 :
                                                     rt->driver->has_image(rt, image, ret, err);
        while (attempt_again(rt, &a, r, err));
        return r < 0 ? err_wrap(err, "looking for %s", image) : 0;
}

int runtime_start(struct runtime *rt, const struct spec *spec, struct instance *ret,
                  struct err *err) {
        struct attempt a = { 0 };
        int r;

        if (check_spec(spec, err) < 0)
                return -1;
        do
                r = attempt_begin(rt, &a, err) < 0 ? -1 : rt->driver->start(rt, spec, ret, err);
        while (attempt_again(rt, &a, r, err));
        return r < 0 ? err_wrap(err, "starting %s", spec->name) : 0;
}

int runtime_stop(struct runtime *rt, const char *name, struct err *err) {
        struct attempt a = { 0 };
        int r;

        if (check_name(name, err) < 0)
                return 0;
        do
                r = attempt_begin(rt, &a, err) < 0 ? -1 : rt->driver->stop(rt, name, err);
        while (attempt_again(rt, &a, r, err));
        return r < 0 ? err_wrap(err, "stopping %s", name) : 0;
}

int runtime_inspect(struct runtime *rt, const char *name, struct instance *ret, struct err *err) {
        struct attempt a = { 0 };
        int r;

        if (check_name(name, err) < 0)
                return -1;
        do
                r = attempt_begin(rt, &a, err) < 0 ? -1 : rt->driver->inspect(rt, name, ret, err);
        while (attempt_again(rt, &a, r, err));
        return r < 0 ? err_wrap(err, "inspecting %s", name) : 0;
}

int runtime_list(struct runtime *rt, struct arena *arena, struct instance **ret, size_t *n,
                 struct err *err) {
        struct attempt a = { 0 };
        int r;

        do
                r = attempt_begin(rt, &a, err) < 0 ? -1 : rt->driver->list(rt, arena, ret, n, err);
        while (attempt_again(rt, &a, r, err));
        return r < 0 ? err_wrap(err, "listing instances") : 0;
}

int runtime_stats(struct runtime *rt, const char *name, struct usage *ret, struct err *err) {
        struct attempt a = { 0 };
        int r;

        if (check_name(name, err) < 0)
                return -1;
        do
                r = attempt_begin(rt, &a, err) < 0 ? -1 : rt->driver->stats(rt, name, ret, err);
        while (attempt_again(rt, &a, r, err));
        return r < 0 ? err_wrap(err, "measuring %s", name) : 0;
}

/* Once only: a command may not be repeated behind the caller's back.  That it takes too long
 * says nothing about the engine. */
int runtime_exec(struct runtime *rt, const char *name, const char *const *command, int timeout_ms,
                 int *status, struct err *err) {
        struct attempt a = { 0 };
        int r;

        if (check_name(name, err) < 0)
                return -1;
        if (attempt_begin(rt, &a, err) < 0)
                return err_wrap(err, "a command in %s", name);
        r = rt->driver->exec(rt, name, command, timeout_ms, status, err);
        attempt_end(rt, &a, r < 0 && err->kind == ERR_TIMEOUT ? BREAKER_UNKNOWN : verdict(r, err));
        return r < 0 ? err_wrap(err, "a command in %s", name) : 0;
}

/* Streams are not counted: how a long one ends says little, and what was
 * handed on cannot be taken back for another try. */
int runtime_logs(struct runtime *rt, const char *name, bool follow, int tail_lines,
                 const bool *cancel, runtime_sink *sink, void *arg, struct err *err) {
        if (check_name(name, err) < 0)
                return -1;
        if (breaker_state(&rt->breaker) == BREAKER_OPEN)
                return err_set(err, ERR_UNAVAILABLE, "output of %s: the engine is left alone",
                               name);
        if (rt->driver->logs(rt, name, follow, tail_lines, cancel, sink, arg, err) < 0)
                return err_wrap(err, "output of %s", name);
        return 0;
}

int runtime_events(struct runtime *rt, const bool *cancel, runtime_on_event *fn, void *arg,
                   struct err *err) {
        if (rt->driver->events(rt, cancel, fn, arg, err) < 0)
                return err_wrap(err, "following events");
        return 0;
}

void runtime_health(struct runtime *rt, struct runtime_health *ret) {
        *ret = (struct runtime_health){ 0 };
        rt->driver->health(rt, ret);
        ret->breaker = runtime_breaker(rt);
}
