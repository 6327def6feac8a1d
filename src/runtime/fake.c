/*
 * The fake runtime: an engine for tests and dry runs.  URL "fake:[DIR][?OPTION=VALUE&...]":
 *
 *   start_ms, stop_ms, call_ms     how long starts, removals and all other calls take
 *   fail_start, fail_stop, fail    percent of calls that fail UNAVAILABLE, nothing done
 *   lose                           percent that do their work, but whose answer is lost (TIMEOUT)
 *   garble                         percent that do their work, but answer nonsense (GARBLED)
 *   refuse                         percent of starts refused as INVALID
 *   seed                           makes chance repeatable
 *   down                           a file: while it is there the engine is down ("DIR/down")
 *
 * Images that begin with "missing" are not there, those with "remote" must be
 * pulled first, those with "exits" end with code 3 as soon as they have started.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/random.h"
#include "base/str.h"
#include "runtime/driver.h"
#include "runtime/fake_responder.h"
#include "runtime/fake_store.h"

#define WATCH_MS 100 /* how often the events look */

struct options {
        int64_t start_ms, stop_ms, call_ms, fail_start, fail_stop, fail, lose, garble, refuse, seed;
};

static const struct {
        const char *name;
        size_t offset;
} option_table[] = {
#define OPTION(name) \
        { #name, offsetof(struct options, name) }
        OPTION(start_ms), OPTION(stop_ms), OPTION(call_ms), OPTION(fail_start), OPTION(fail_stop),
        OPTION(fail),     OPTION(lose),    OPTION(garble),  OPTION(refuse),     OPTION(seed),
#undef OPTION
};

struct fake {
        struct runtime base;
        struct fake_store *store;
        struct fake_responder *responder;
        struct arena arena; /* what is copied at open */
        char *install, *down;
        const char *const *allowed;
        struct options options;
        uint64_t draws;
        bool pulled; /* were the "remote" images pulled? */
};

static struct fake *fake(struct runtime *rt) { return container_of(rt, struct fake, base); }

/* Opening. */

static int set_option(struct fake *f, char *text, struct err *err) {
        char *value = strchr(text, '=');
        int64_t number;

        if (!value)
                return err_set(err, ERR_INVALID, "option \"%s\" has no value", text);
        *value++ = '\0';
        if (strcmp(text, "down") == 0) {
                f->down = arena_printf(&f->arena, "%s", value);
                return 0;
        }
        if (str_to_int(value, 0, INT64_MAX, &number, err) < 0)
                return err_wrap(err, "option %s", text);
        for (size_t i = 0; i < ARRAY_SIZE(option_table); i++) {
                if (strcmp(text, option_table[i].name) != 0)
                        continue;
                *(int64_t *)(void *)((char *)&f->options + option_table[i].offset) = number;
                return 0;
        }
        return err_set(err, ERR_INVALID, "unknown option \"%s\"", text);
}

static int parse(struct fake *f, const char *rest, struct err *err) {
        char *dir = arena_printf(&f->arena, "%s", rest), *options = strchr(dir, '?'), *save = NULL;

        if (options)
                *options++ = '\0';
        f->down = dir[0] ? arena_printf(&f->arena, "%s/down", dir) : NULL;
        for (char *o = options ? strtok_r(options, "&", &save) : NULL; o;
             o = strtok_r(NULL, "&", &save))
                if (set_option(f, o, err) < 0)
                        return -1;
        f->store = fake_store_new(dir);
        return 0;
}

static void fake_free(struct runtime *rt) {
        struct fake *f = fake(rt);

        fake_responder_free(f->responder);
        fake_store_free(f->store);
        arena_done(&f->arena);
        free(f);
}

static int fake_open(const char *rest, const struct runtime_config *config, struct runtime **ret,
                     struct err *err) {
        struct fake *f = calloc(1, sizeof(*f));

        if (!f)
                abort();
        f->install = arena_printf(&f->arena, "%s", config->install);
        f->allowed = runtime_copy_texts(&f->arena, config->allowed_images);
        random_bytes(&f->options.seed, sizeof(f->options.seed));
        if (parse(f, rest, err) < 0 || fake_responder_open(f->store, &f->responder, err) < 0) {
                fake_free(&f->base);
                return -1;
        }
        *ret = &f->base;
        return 0;
}

static bool fake_remote(_unused_ const struct runtime *rt) { return false; }

/* Latency and faults. */

static void sleep_ms(int64_t ms) {
        struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

        while (ms > 0 && nanosleep(&t, &t) < 0)
                ;
}

/* True for PERCENT of the calls.  (splitmix64 over seed and count) */
static bool chance(struct fake *f, int64_t percent) {
        uint64_t x;

        if (percent <= 0)
                return false;
        x = (uint64_t)f->options.seed +
            __atomic_add_fetch(&f->draws, 1, __ATOMIC_RELAXED) * UINT64_C(0x9e3779b97f4a7c15);
        x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
        return (int64_t)((x ^ x >> 31) % 100) < percent;
}

static int is_down(const struct fake *f, struct err *err) {
        if (f->down && access(f->down, F_OK) == 0)
                return err_set(err, ERR_UNAVAILABLE, "%s is there: the engine is down", f->down);
        return 0;
}

static int begin(struct fake *f, const char *site, int64_t percent, int64_t ms, struct err *err) {
        if (fault_here(site, err))
                return -1;
        if (is_down(f, err) < 0)
                return -1;
        if (chance(f, percent) || chance(f, f->options.fail))
                return err_set(err, ERR_UNAVAILABLE, "scripted failure at %s", site);
        sleep_ms(ms);
        return 0;
}

/* The work is done; does its answer arrive? */
static int answer(struct fake *f, const char *site, struct err *err) {
        if (fault_here(site, err))
                return -1;
        if (chance(f, f->options.lose))
                return err_set(err, ERR_TIMEOUT, "scripted loss of the answer at %s", site);
        if (chance(f, f->options.garble))
                return err_set(err, ERR_GARBLED, "scripted nonsense at %s", site);
        return 0;
}

/* Images. */

static bool begins(const char *s, const char *prefix) {
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_here(struct fake *f, const char *image) {
        return !begins(image, "missing") &&
               (!begins(image, "remote") || __atomic_load_n(&f->pulled, __ATOMIC_RELAXED));
}

static int fake_pull(struct runtime *rt, const char *image, runtime_progress *progress, void *arg,
                     struct err *err) {
        struct fake *f = fake(rt);

        if (begin(f, "fake.pull", 0, f->options.call_ms, err) < 0)
                return -1;
        if (is_here(f, image))
                return 0;
        if (!runtime_image_allowed(f->allowed, image))
                return err_set(err, ERR_NO_IMAGE, "%s may not be pulled", image);
        if (begins(image, "missing"))
                return err_set(err, ERR_NO_IMAGE, "no registry has %s", image);
        for (int percent = 0; progress && percent <= 100; percent += 50)
                progress(arg, "pulling", percent);
        __atomic_store_n(&f->pulled, true, __ATOMIC_RELAXED);
        return answer(f, "fake.pull.answer", err);
}

static int fake_has_image(struct runtime *rt, const char *image, bool *ret, struct err *err) {
        struct fake *f = fake(rt);

        if (begin(f, "fake.has_image", 0, f->options.call_ms, err) < 0 ||
            answer(f, "fake.has_image.answer", err) < 0)
                return -1;
        *ret = is_here(f, image);
        return 0;
}

/* Instances. */

static void show(const struct fake *f, const struct fake_record *r, struct instance *ret) {
        struct in_addr addr = { .s_addr = htonl(r->addr) };

        *ret = (struct instance){
                .state = r->exited ? INSTANCE_EXITED : INSTANCE_RUNNING,
                .exit_code = r->exit_code,
                .generation = r->generation,
                .created_ms = r->created_ms,
                .hard_deadline_ms = r->hard_deadline_ms,
                .n_ports = r->n_ports,
        };
        snprintf(ret->name, sizeof(ret->name), "%s", r->name);
        snprintf(ret->lease, sizeof(ret->lease), "%s", r->lease);
        snprintf(ret->engine_id, sizeof(ret->engine_id), "fake-%s", r->name);
        if (!r->exited)
                inet_ntop(AF_INET, &addr, ret->host, sizeof(ret->host));
        for (size_t i = 0; i < r->n_ports; i++)
                ret->ports[i] = fake_responder_port(f->responder);
}

static void note(const struct fake *f, const struct spec *spec, struct fake_record *ret) {
        *ret = (struct fake_record){
                .generation = spec->generation,
                .created_ms = clock_now_ms(),
                .hard_deadline_ms = spec->hard_deadline_ms,
                .n_ports = spec->n_ports,
        };
        snprintf(ret->name, sizeof(ret->name), "%s", spec->name);
        snprintf(ret->lease, sizeof(ret->lease), "%s", spec->lease);
        snprintf(ret->install, sizeof(ret->install), "%s", f->install);
        memcpy(ret->ports, spec->ports, sizeof(ret->ports));
}

/* Adds the instance, or adopts what an earlier try of ours left. */
static int make(struct fake *f, const struct spec *spec, struct fake_record *ret, bool *made,
                struct err *err) {
        for (int i = 0; i < 3; i++) {
                note(f, spec, ret);
                *made = true;
                if (fake_store_add(f->store, ret, err) == 0)
                        return 0;
                *made = false;
                if (err->kind != ERR_CONFLICT)
                        return -1;
                if (!fake_store_get(f->store, spec->name, ret))
                        continue; /* gone meanwhile */
                if (strcmp(ret->install, f->install) != 0)
                        return err_set(err, ERR_INVALID, "the name belongs to another install");
                if (strcmp(ret->lease, spec->lease) == 0 && ret->generation == spec->generation)
                        return 0;
                fake_store_del(f->store, spec->name);
        }
        return err_set(err, ERR_UNAVAILABLE, "another one makes and removes %s", spec->name);
}

static int fake_start(struct runtime *rt, const struct spec *spec, struct instance *ret,
                      struct err *err) {
        struct fake *f = fake(rt);
        struct fake_record r;
        int64_t half = f->options.start_ms / 2;
        bool made;

        if (begin(f, "fake.start", f->options.fail_start, half, err) < 0)
                return -1;
        if (!is_here(f, spec->image))
                return err_set(err, ERR_NO_IMAGE, "no such image: %s", spec->image);
        if (chance(f, f->options.refuse))
                return err_set(err, ERR_INVALID, "scripted refusal");
        if (make(f, spec, &r, &made, err) < 0)
                return -1;
        sleep_ms(f->options.start_ms - half);
        if (answer(f, "fake.start.answer", err) < 0) {
                if (made)
                        fake_store_del(f->store, spec->name);
                return -1;
        }
        if (made && begins(spec->image, "exits")) {
                fake_store_exit(f->store, spec->name, 3);
                r.exited = true;
                r.exit_code = 3;
        }
        show(f, &r, ret);
        return 0;
}

static bool get_ours(struct fake *f, const char *name, struct fake_record *ret) {
        return fake_store_get(f->store, name, ret) && strcmp(ret->install, f->install) == 0;
}

static int fake_stop(struct runtime *rt, const char *name, struct err *err) {
        struct fake *f = fake(rt);
        int64_t half = f->options.stop_ms / 2;
        struct fake_record r;

        if (begin(f, "fake.stop", f->options.fail_stop, half, err) < 0)
                return -1;
        if (get_ours(f, name, &r))
                fake_store_del(f->store, name);
        sleep_ms(f->options.stop_ms - half);
        return answer(f, "fake.stop.answer", err);
}

static int fake_inspect(struct runtime *rt, const char *name, struct instance *ret,
                        struct err *err) {
        struct fake *f = fake(rt);
        struct fake_record r;

        if (begin(f, "fake.inspect", 0, f->options.call_ms, err) < 0 ||
            answer(f, "fake.inspect.answer", err) < 0)
                return -1;
        if (!get_ours(f, name, &r))
                return err_set(err, ERR_NOT_FOUND, "no such instance");
        show(f, &r, ret);
        return 0;
}

static int fake_list(struct runtime *rt, struct arena *arena, struct instance **ret, size_t *n,
                     struct err *err) {
        _cleanup_arena_ struct arena scratch = { 0 };
        struct fake *f = fake(rt);
        struct fake_record *records;
        size_t n_records, ours = 0;

        if (begin(f, "fake.list", 0, f->options.call_ms, err) < 0 ||
            answer(f, "fake.list.answer", err) < 0)
                return -1;
        n_records = fake_store_list(f->store, &scratch, &records);
        *ret = arena_alloc(arena, (n_records + 1) * sizeof(**ret));
        for (size_t i = 0; i < n_records; i++)
                if (strcmp(records[i].install, f->install) == 0)
                        show(f, &records[i], &(*ret)[ours++]);
        *n = ours;
        return 0;
}

static int fake_stats(struct runtime *rt, const char *name, struct usage *ret, struct err *err) {
        struct fake *f = fake(rt);
        struct fake_record r;

        if (begin(f, "fake.stats", 0, f->options.call_ms, err) < 0 ||
            answer(f, "fake.stats.answer", err) < 0)
                return -1;
        if (!get_ours(f, name, &r))
                return err_set(err, ERR_NOT_FOUND, "no such instance");
        *ret = (struct usage){ .cpu_ns = (clock_now_ms() - r.created_ms) * 10000,
                               .memory_bytes = 1 << 20,
                               .pids = 1 };
        return 0;
}

/* It has three programs: true, false, and sleep SECONDS. */
static int fake_exec(struct runtime *rt, const char *name, const char *const *command,
                     int timeout_ms, int *status, struct err *err) {
        struct fake *f = fake(rt);
        struct fake_record r;
        int64_t ms;

        if (begin(f, "fake.exec", 0, f->options.call_ms, err) < 0)
                return -1;
        if (!get_ours(f, name, &r))
                return err_set(err, ERR_NOT_FOUND, "no such instance");
        if (r.exited)
                return err_set(err, ERR_CONFLICT, "the instance does not run");
        if (strcmp(command[0], "sleep") == 0 && command[1]) {
                ms = strtoll(command[1], NULL, 10) * 1000;
                sleep_ms(ms < timeout_ms ? ms : timeout_ms);
                if (ms >= timeout_ms)
                        return err_set(err, ERR_TIMEOUT, "%s took too long", command[0]);
        }
        if (answer(f, "fake.exec.answer", err) < 0)
                return -1;
        *status = strcmp(command[0], "false") == 0                                    ? 1 :
                  strcmp(command[0], "true") == 0 || strcmp(command[0], "sleep") == 0 ? 0 :
                                                                                        127;
        return 0;
}

/* Every instance says "started NAME" on stdout, then "listening" on stderr. */
static int fake_logs(struct runtime *rt, const char *name, bool follow, int tail_lines,
                     const bool *cancel, runtime_sink *sink, void *arg, struct err *err) {
        struct fake *f = fake(rt);
        struct fake_record r;
        char line[80];
        int n = snprintf(line, sizeof(line), "started %s\n", name);
        bool more = true;

        if (begin(f, "fake.logs", 0, f->options.call_ms, err) < 0)
                return -1;
        if (!get_ours(f, name, &r))
                return err_set(err, ERR_NOT_FOUND, "no such instance");
        if (tail_lines < 0 || tail_lines > 1)
                more = sink(arg, false, line, (size_t)n);
        if (more && tail_lines != 0)
                more = sink(arg, true, "listening\n", strlen("listening\n"));
        while (follow && more && !runtime_cancelled(cancel) && fake_store_has(f->store, name))
                sleep_ms(WATCH_MS);
        return 0;
}

/* Events: what changed between two looks. */

struct look {
        struct arena arena;
        int64_t version;
        struct fake_record *records;
        size_t n;
};

static int by_name(const void *a, const void *b) {
        return strcmp(((const struct fake_record *)a)->name, ((const struct fake_record *)b)->name);
}

static void look_around(struct fake *f, struct look *look) {
        arena_done(&look->arena);
        look->n = fake_store_list(f->store, &look->arena, &look->records);
        if (look->n)
                qsort(look->records, look->n, sizeof(*look->records), by_name);
}

static void tell(const struct look *before, const struct look *after, const char *install,
                 runtime_on_event *fn, void *arg) {
        for (size_t i = 0; i < before->n; i++) {
                const struct fake_record *was = &before->records[i], *is = NULL;
                struct runtime_event event = { .what = RUNTIME_EVENT_REMOVED };

                if (strcmp(was->install, install) != 0)
                        continue;
                if (after->n)
                        is = bsearch(was, after->records, after->n, sizeof(*is), by_name);
                if (is && is->created_ms == was->created_ms && is->exited == was->exited)
                        continue;
                if (is && is->exited && !was->exited)
                        event.what = RUNTIME_EVENT_EXITED;
                snprintf(event.lease, sizeof(event.lease), "%s", was->lease);
                snprintf(event.name, sizeof(event.name), "%s", was->name);
                fn(arg, &event);
        }
}

static int fake_events(struct runtime *rt, const bool *cancel, runtime_on_event *fn, void *arg,
                       struct err *err) {
        struct fake *f = fake(rt);
        struct look looks[2] = { 0 };
        unsigned at = 0;
        int result = 0;

        if (begin(f, "fake.events", 0, 0, err) < 0)
                return -1;
        look_around(f, &looks[at]);
        while (result == 0 && !runtime_cancelled(cancel)) {
                sleep_ms(WATCH_MS);
                result = is_down(f, err);
                if (result < 0 || !fake_store_changed(f->store, &looks[at].version))
                        continue;
                looks[1 - at].version = looks[at].version;
                look_around(f, &looks[1 - at]);
                tell(&looks[at], &looks[1 - at], f->install, fn, arg);
                at = 1 - at;
        }
        arena_done(&looks[0].arena);
        arena_done(&looks[1].arena);
        return result;
}

static void fake_health(struct runtime *rt, struct runtime_health *ret) {
        struct fake *f = fake(rt);
        struct err err;

        ret->isolated = true; /* there is nothing that could reach anything */
        snprintf(ret->version, sizeof(ret->version), "fake");
        if (begin(f, "fake.health", 0, f->options.call_ms, &err) == 0)
                ret->up = true;
        else
                snprintf(ret->problem, sizeof(ret->problem), "%s", err.msg);
}

const struct runtime_driver runtime_fake = {
        .scheme = "fake",
        .open = fake_open,
        .free = fake_free,
        .remote = fake_remote,
        .pull = fake_pull,
        .has_image = fake_has_image,
        .start = fake_start,
        .stop = fake_stop,
        .inspect = fake_inspect,
        .list = fake_list,
        .stats = fake_stats,
        .exec = fake_exec,
        .logs = fake_logs,
        .events = fake_events,
        .health = fake_health,
};
