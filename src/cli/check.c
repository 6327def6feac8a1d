/* berth challenge check: each challenge solved by its author's own script, against a fresh
 * instance. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "cli/duration.h"
#include "cli/folder.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/remote.h"
#include "os/process.h"

#define SOLVE_S      60 /* unless --timeout says */
#define OUTPUT_BYTES ((size_t)1 << 20)
#define TRIES        4 /* an instance may need a moment after it answers */
#define WAIT         "60"
#define LOOKS        10 /* each waits that long */

enum result { RESULT_OK, RESULT_FAILED, RESULT_SKIPPED };
static const char *const result_names[] = { "ok", "failed", "skipped" };

struct check {
        struct call *call;
        struct progress *progress;
        int solve_ms;
        struct table table;
        json_t *report;
        size_t n[3]; /* by result */
};

/* One challenge. */
struct trial {
        struct check *check;
        const struct challenge *challenge;
        const char *folder;
        json_t *instance; /* NULL: none was wanted */
        bool ours;        /* it was started for this */
        struct arena *arena;
};

static void say(const struct trial *t, const char *what) {
        progress_say(t->check->progress, "%s: %s", t->challenge->slug, what);
}

/* The instance. */

static const char *text_of(const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        return text ? text : "";
}

static const char *instance_path(const struct trial *t, const char *more) {
        return arena_printf(t->arena, "/api/v2/instances/%s%s", text_of(t->instance, "id"), more);
}

static bool has_live_one(const struct trial *t, struct err *err) {
        _cleanup_json_ json_t *all = NULL;

        return remote_list(
                       t->check->call,
                       arena_printf(t->arena, "/api/v2/instances?challenge=%s", t->challenge->slug),
                       1, &all, err) == 0 &&
               json_array_size(all) > 0;
}

static int start(struct trial *t, struct err *err) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "challenge", t->challenge->slug);
        struct err ignored;

        say(t, "starting");
        t->ours = !has_live_one(t, &ignored);
        if (remote_insist(t->check->call, "POST", "/api/v2/instances?wait=" WAIT, body,
                          &t->instance, err) < 0)
                return err_wrap(err, "it does not start");
        return 0;
}

static int await_running(struct trial *t, struct err *err) {
        for (int i = 0; i < LOOKS; i++) {
                const char *state = text_of(t->instance, "state");
                json_t *fresh;

                if (strcmp(state, "running") == 0)
                        return 0;
                if (strcmp(state, "stopping") == 0 || strcmp(state, "ended") == 0)
                        return err_set(err, ERR_INTERNAL, "it does not start: %s",
                                       text_of(t->instance, *text_of(t->instance, "problem") ?
                                                                    "problem" :
                                                                    "error"));
                say(t, state);
                sleep(1);
                if (remote_insist(t->check->call, "GET", instance_path(t, ""), NULL, &fresh, err) <
                    0)
                        return -1;
                json_decref(t->instance);
                t->instance = fresh;
        }
        return err_set(err, ERR_TIMEOUT, "it is not running, but %s",
                       text_of(t->instance, "state"));
}

/* What cannot be stopped is stopped by its deadline; the result does not depend on it. */
static void stop(struct trial *t) {
        _cleanup_json_ json_t *o = NULL;
        struct err err;

        if (!t->instance || !t->ours)
                return;
        say(t, "stopping");
        if (remote_insist(t->check->call, "DELETE", instance_path(t, "?wait=" WAIT), NULL, &o,
                          &err) < 0)
                fprintf(stderr, "berth: %s: %s\n", t->challenge->slug, err.msg);
}

/* Its author's script. */

struct environment {
        const char **list;
        size_t n, cap;
        struct arena *arena;
};

static void set(struct environment *e, const char *name, const char *value) {
        if (e->n + 2 > e->cap) {
                e->list = arena_grow(e->arena, e->list, e->n * sizeof(*e->list),
                                     2 * (e->cap + 32) * sizeof(*e->list));
                e->cap = 2 * (e->cap + 32);
        }
        e->list[e->n++] = value ? arena_printf(e->arena, "%s=%s", name, value) : name;
        e->list[e->n] = NULL;
}

static char capital(char c) {
        if (c >= 'a' && c <= 'z')
                return (char)(c - 'a' + 'A');
        if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
                return c;
        return '_';
}

/* PREFIX and NAME in capitals: "PORT_WEB". */
static const char *variable(struct arena *arena, const char *prefix, const char *name) {
        char *text = arena_printf(arena, "%s_%s", prefix, name);

        for (char *c = text; *c; c++)
                *c = capital(*c);
        return text;
}

static void set_endpoints(struct environment *e, const json_t *instance) {
        const json_t *list = json_object_get(instance, "endpoints");
        json_t *o;
        size_t i;

        json_array_foreach(list, i, o) {
                const char *name = text_of(o, "name"), *host = text_of(o, "host");
                const char *url = text_of(o, "url");
                const char *port = output_text(json_object_get(o, "port"), e->arena);

                if (i == 0) {
                        set(e, "HOST", host);
                        set(e, "PORT", port);
                        set(e, "URL", url);
                }
                set(e, variable(e->arena, "HOST", name), host);
                set(e, variable(e->arena, "PORT", name), port);
                set(e, variable(e->arena, "URL", name), url);
        }
}

static const char *const *environment_of(const struct trial *t) {
        const struct call *call = t->check->call;
        struct environment e = { .arena = t->arena };
        char self[4096] = "berth";
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        for (char **v = environ; *v; v++)
                set(&e, *v, NULL);
        if (n > 0)
                self[n] = '\0';
        set(&e, "BERTH", self);
        if (call->options[OPTION_URL])
                set(&e, "BERTH_URL", call->options[OPTION_URL]);
        if (call->options[OPTION_TOKEN])
                set(&e, "BERTH_TOKEN", call->options[OPTION_TOKEN]);
        set(&e, "CHALLENGE", t->challenge->slug);
        if (t->instance) {
                set(&e, "INSTANCE", text_of(t->instance, "id"));
                set_endpoints(&e, t->instance);
        }
        return e.list;
}

/* The last line that says something. */
static const char *last_line(const struct buf *b, struct arena *arena) {
        size_t n = b->len, from;

        while (n > 0 && strchr("\r\n\t ", b->data[n - 1]))
                n--;
        from = n;
        while (from > 0 && b->data[from - 1] != '\n')
                from--;
        return arena_printf(arena, "%.*s", (int)(n - from), b->data + from);
}

static int run_solve(const struct trial *t, const char **flag, struct err *err) {
        const char *const argv[] = { "/bin/sh", "-c", t->challenge->solve, NULL };
        const struct process_request request = { argv, environment_of(t), t->folder,
                                                 t->check->solve_ms, OUTPUT_BYTES };
        _cleanup_(process_done) struct process_result r = { 0 };
        const char *why;

        if (process_run(&request, &r, err) < 0)
                return -1;
        why = last_line(&r.errors, t->arena);
        *flag = last_line(&r.out, t->arena);
        if (r.timed_out)
                return err_set(err, ERR_TIMEOUT, "solve: was not done after %d s",
                               t->check->solve_ms / 1000);
        if (r.code != 0)
                return err_set(err, ERR_INTERNAL, "solve: ended with code %d%s%.120s", r.code,
                               *why ? ": " : "", why);
        if (!**flag)
                return err_set(err, ERR_INTERNAL, "solve: printed no flag");
        return 0;
}

static int ask(const struct trial *t, const char *flag, struct err *err) {
        _cleanup_json_ json_t *body = json_pack("{s:s}", "flag", flag), *answer = NULL;

        if (!body)
                return err_set(err, ERR_INTERNAL, "solve: what it printed is no text");
        if (remote_insist(t->check->call, "POST",
                          arena_printf(t->arena, "/api/v2/challenges/%s/check", t->challenge->slug),
                          body, &answer, err) < 0)
                return -1;
        if (!json_is_true(json_object_get(answer, "accepted")))
                return err_set(err, ERR_INTERNAL, "solve: printed a flag that is not right");
        return 0;
}

/* Does it fail in the same way however often it is tried? */
static bool is_final(const struct err *err) {
        return err->kind == ERR_NOT_FOUND || err->kind == ERR_FORBIDDEN ||
               err->kind == ERR_UNAUTHENTIC || err->kind == ERR_TIMEOUT ||
               err->kind == ERR_UNAVAILABLE;
}

static int solve(const struct trial *t, struct err *err) {
        const char *flag;

        for (int i = 0;; i++) {
                say(t, i ? "solving, once more" : "solving");
                if (run_solve(t, &flag, err) == 0 && ask(t, flag, err) == 0)
                        return 0;
                if (is_final(err) || i + 1 == TRIES || !t->instance)
                        return -1;
                sleep(1U << i);
        }
}

/* All of them. */

static void note(struct check *k, const struct challenge *c, enum result result,
                 const char *reason) {
        k->n[result]++;
        table_add(&k->table, c->slug);
        table_add(&k->table, result_names[result]);
        table_add(&k->table, reason);
        json_array_append_new(k->report, json_pack("{s:s, s:s, s:s?}", "slug", c->slug, "result",
                                                   result_names[result], "reason", reason));
}

static int try_it(struct trial *t, struct err *err) {
        if (t->challenge->has_instance && (start(t, err) < 0 || await_running(t, err) < 0))
                return -1;
        return solve(t, err);
}

static void check_one(struct check *k, const struct challenge *c, const char *file) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *slash = strrchr(file, '/');
        struct trial t = { .check = k, .challenge = c, .arena = &arena };
        struct err err;

        t.folder = slash ? arena_printf(&arena, "%.*s", (int)(slash - file), file) : ".";
        if (!c->solve) {
                note(k, c, RESULT_SKIPPED, "it has no solve");
                return;
        }
        if (try_it(&t, &err) == 0)
                note(k, c, RESULT_OK, NULL);
        else
                note(k, c, RESULT_FAILED, err.msg);
        stop(&t);
        json_decref(t.instance);
}

static bool is_folder(const char *path) {
        struct stat st;

        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The folder, and which one of it; NULL for all. */
static const char *split_args(const struct call *call, const char **slug) {
        const char *folder = getenv("BERTH_CHALLENGES");

        *slug = call->n_args > 1 ? call->args[1] : NULL;
        if (call->n_args > 1 || is_folder(call->args[0]))
                return call->args[0];
        *slug = call->args[0];
        return folder && *folder ? folder : ".";
}

static int check_all(struct check *k, struct err *err) {
        _cleanup_source_ struct challenge_source s = { 0 };
        const char *slug, *folder = split_args(k->call, &slug);

        if (folder_load(folder, &s, err) < 0)
                return -1;
        folder_complain(&s);
        k->n[RESULT_FAILED] += s.n_bad;
        for (size_t i = 0; i < s.n; i++)
                if (!slug || strcmp(s.set[i]->slug, slug) == 0)
                        check_one(k, s.set[i], s.files[i]);
        if (json_array_size(k->report) == 0)
                return err_set(err, ERR_NOT_FOUND, "there is no challenge%s%s in %s",
                               slug ? " " : "", slug ? slug : "", folder);
        return 0;
}

static void check_done(struct check *k) {
        progress_end(k->progress);
        table_done(&k->table);
        json_decref(k->report);
}

static int set_timeout(struct check *k, struct err *err) {
        const char *text = k->call->options[OPTION_TIMEOUT];
        int64_t seconds = SOLVE_S;

        if (text && duration_parse(text, &seconds, err) < 0)
                return -1;
        if (seconds > 3600)
                return err_set(err, ERR_INVALID, "--timeout: at most an hour");
        k->solve_ms = (int)seconds * 1000;
        return 0;
}

int command_challenge_check(struct call *call) {
        static const char *const headings[] = { "CHALLENGE", "RESULT", "REASON", NULL };
        _cleanup_(check_done) struct check k = { .call = call, .report = json_array() };
        struct err err;
        int r;

        table_init(&k.table, headings);
        if (set_timeout(&k, &err) < 0) {
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        k.progress = progress_begin("checking");
        r = check_all(&k, &err);
        k.progress = progress_end(k.progress);
        if (r < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON]) {
                output_json(k.report);
        } else {
                table_print(&k.table);
                printf("%zu ok, %zu failed, %zu skipped\n", k.n[RESULT_OK], k.n[RESULT_FAILED],
                       k.n[RESULT_SKIPPED]);
        }
        return k.n[RESULT_FAILED] ? LEAVE_FAILED : LEAVE_OK;
}
