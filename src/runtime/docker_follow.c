/* The Docker runtime: answers that come in pieces. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "runtime/docker.h"
#include "runtime/docker_stream.h"

#define LOGS_MS 30000 /* of output that does not follow */

/* Output. */

struct output {
        struct docker_frames frames;
        bool failed;
        struct err err;
};

static bool take_output(void *arg, const char *data, size_t n) {
        struct output *o = arg;

        o->failed = docker_frames_feed(&o->frames, data, n, &o->err) < 0;
        return !o->failed && !o->frames.stopped;
}

int docker_logs(struct runtime *rt, const char *name, bool follow, int tail_lines,
                const bool *cancel, runtime_sink *sink, void *arg, struct err *err) {
        struct output o = { .frames = { .sink = sink, .arg = arg } };
        const struct docker_taker taker = { .take = take_output, .arg = &o, .cancel = cancel };
        struct docker_request request = { .method = "GET", .timeout_ms = follow ? 0 : LOGS_MS };
        struct docker *d = docker(rt);
        struct docker_container c;
        char path[160], tail[16];

        if (docker_get_ours(d, name, &c, err) < 0)
                return -1;
        snprintf(tail, sizeof(tail), "%d", tail_lines);
        snprintf(path, sizeof(path), "/containers/%s/logs?stdout=1&stderr=1&follow=%d&tail=%s",
                 name, follow, tail_lines < 0 ? "all" : tail);
        request.path = path;
        if (docker_follow(d, &request, &taker, err) < 0)
                return -1;
        if (o.failed) {
                *err = o.err;
                return -1;
        }
        docker_frames_end(&o.frames);
        return 0;
}

/* Events. */

struct events {
        struct docker_lines lines;
        runtime_on_event *fn;
        void *arg;
        bool failed;
        struct err err;
};

static int take_event(void *arg, const char *line, size_t n, struct err *err) {
        struct events *e = arg;
        struct runtime_event event;
        bool relevant;

        if (docker_json_event(line, n, &relevant, &event, err) < 0)
                return -1;
        if (relevant)
                e->fn(e->arg, &event);
        return 0;
}

static bool take_events(void *arg, const char *data, size_t n) {
        struct events *e = arg;

        e->failed = docker_lines_feed(&e->lines, data, n, &e->err) < 0;
        return !e->failed;
}

int docker_events(struct runtime *rt, const bool *cancel, runtime_on_event *fn, void *arg,
                  struct err *err) {
        struct events e = { .lines = { .line = take_event }, .fn = fn, .arg = arg };
        const struct docker_taker taker = { .take = take_events, .arg = &e, .cancel = cancel };
        struct docker_request request = { .method = "GET" };
        _cleanup_buf_ struct buf path = { 0 }, filter = { 0 };
        struct docker *d = docker(rt);
        int result;

        e.lines.arg = &e;
        buf_printf(&filter,
                   "{\"type\":[\"container\"],\"event\":[\"die\",\"destroy\"],"
                   "\"label\":[\"" LABEL_INSTALL "=%s\"]}",
                   d->install);
        buf_str(&path, "/events?filters=");
        docker_escape(&path, filter.data);
        request.path = path.data;
        result = docker_follow(d, &request, &taker, err);
        docker_lines_done(&e.lines);
        if (result == 0 && e.failed) {
                *err = e.err;
                return -1;
        }
        if (result == 0 && !runtime_cancelled(cancel))
                return err_set(err, ERR_UNAVAILABLE, "the engine has ended its events");
        return result;
}

/* Images. */

int docker_has_image(struct runtime *rt, const char *image, bool *ret, struct err *err) {
        _cleanup_buf_ struct buf path = { 0 }, answer = { 0 };
        bool here;

        buf_str(&path, "/images/");
        docker_escape(&path, image);
        buf_str(&path, "/json");
        here = docker_call(docker(rt), "GET", path.data, NULL, INSPECT_MS, &answer, err) == 0;
        if (!here && err->kind != ERR_NO_IMAGE && err->kind != ERR_NOT_FOUND)
                return -1;
        *ret = here;
        return 0;
}

struct pull {
        struct docker_lines lines;
        runtime_progress *progress;
        void *arg;
        bool failed;
        struct err err;
};

static int take_progress(void *arg, const char *line, size_t n, struct err *err) {
        struct pull *p = arg;
        char status[128];
        int percent;

        if (docker_json_progress(line, n, status, &percent, err) < 0)
                return -1;
        if (p->progress)
                p->progress(p->arg, status, percent);
        return 0;
}

static bool take_pull(void *arg, const char *data, size_t n) {
        struct pull *p = arg;

        p->failed = docker_lines_feed(&p->lines, data, n, &p->err) < 0;
        return !p->failed;
}

/* Without tag and digest the engine would fetch all tags there are. */
static bool names_version(const char *image) {
        const char *slash = strrchr(image, '/');

        return strchr(image, '@') || strchr(slash ? slash : image, ':');
}

static int fetch(struct docker *d, const char *image, struct pull *p, struct err *err) {
        const struct docker_taker taker = { .take = take_pull, .arg = p };
        struct docker_request request = { .method = "POST", .timeout_ms = PULL_MS };
        _cleanup_buf_ struct buf path = { 0 };

        buf_str(&path, "/images/create?fromImage=");
        docker_escape(&path, image);
        if (!names_version(image))
                buf_str(&path, "&tag=latest");
        request.path = path.data;
        if (docker_follow(d, &request, &taker, err) < 0) {
                if (err->kind == ERR_NOT_FOUND)
                        err->kind = ERR_NO_IMAGE;
                return -1;
        }
        if (p->failed)
                *err = p->err;
        return p->failed ? -1 : 0;
}

int docker_pull(struct runtime *rt, const char *image, runtime_progress *progress, void *arg,
                struct err *err) {
        struct pull p = { .lines = { .line = take_progress }, .progress = progress, .arg = arg };
        struct docker *d = docker(rt);
        bool here;
        int result;

        if (docker_has_image(rt, image, &here, err) < 0)
                return -1;
        if (here)
                return 0;
        if (!runtime_image_allowed(d->allowed, image))
                return err_set(err, ERR_NO_IMAGE, "%s may not be pulled", image);
        p.lines.arg = &p;
        result = fetch(d, image, &p, err);
        docker_lines_done(&p.lines);
        if (result < 0 || docker_has_image(rt, image, &here, err) < 0)
                return -1;
        return here ? 0 : err_set(err, ERR_NO_IMAGE, "%s is not there after its pull", image);
}

/* Commands. */

static bool drop(_unused_ void *arg, _unused_ const char *data, _unused_ size_t n) { return true; }

static int prepare(struct docker *d, const char *name, const char *const *command, char id[72],
                   struct err *err) {
        _cleanup_buf_ struct buf body = { 0 }, answer = { 0 };
        char path[128];

        json_open(&body, '{');
        json_key(&body, "AttachStdout");
        json_bool(&body, true); /* its end is the command's end */
        json_key(&body, "AttachStderr");
        json_bool(&body, true);
        json_key(&body, "Cmd");
        json_open(&body, '[');
        for (; *command; command++)
                json_text(&body, *command);
        json_close(&body, ']');
        json_close(&body, '}');
        snprintf(path, sizeof(path), "/containers/%s/exec", name);
        if (docker_call(d, "POST", path, &body, INSPECT_MS, &answer, err) < 0)
                return -1;
        return docker_json_id(answer.data, answer.len, id, err);
}

int docker_exec(struct runtime *rt, const char *name, const char *const *command, int timeout_ms,
                int *status, struct err *err) {
        static const char attached[] = "{\"Detach\":false,\"Tty\":false}";
        const struct docker_taker taker = { .take = drop };
        struct docker_request request = {
                .method = "POST",
                .body = attached,
                .body_bytes = strlen(attached),
                .timeout_ms = timeout_ms,
        };
        _cleanup_buf_ struct buf answer = { 0 };
        struct docker *d = docker(rt);
        struct docker_container c;
        char path[128], id[72];
        bool running;
        int code;

        if (docker_get_ours(d, name, &c, err) < 0 || prepare(d, name, command, id, err) < 0)
                return -1;
        snprintf(path, sizeof(path), "/exec/%s/start", id);
        request.path = path;
        if (docker_follow(d, &request, &taker, err) < 0)
                return -1;
        snprintf(path, sizeof(path), "/exec/%s/json", id);
        if (docker_call(d, "GET", path, NULL, INSPECT_MS, &answer, err) < 0 ||
            docker_json_exec(answer.data, answer.len, &running, &code, err) < 0)
                return -1;
        if (running)
                return err_set(err, ERR_TIMEOUT, "the command still runs");
        *status = code;
        return 0;
}
