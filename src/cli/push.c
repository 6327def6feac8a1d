/* berth challenge push: the files that the server has not, then the whole set. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "cli/folder.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/remote.h"

#define PART ((size_t)512 * 1024)

struct push {
        struct call *call;
        struct challenge_source source;
        struct map seen; /* digests */
        struct progress *progress;
        size_t n_files, sent;
};

static void push_done(struct push *p) {
        progress_end(p->progress);
        map_done(&p->seen);
        challenge_source_done(&p->source);
}

static const char *path_of(const struct push *p, const struct attachment *f) {
        return arena_printf(&p->call->arena, "/api/v2/files/%s", f->digest);
}

/* Does the server have it?  1, 0, or -1. */
static int is_there(const struct push *p, const struct attachment *f, struct err *err) {
        _cleanup_json_ json_t *none = NULL;

        if (remote_send(p->call, "HEAD", path_of(p, f), NULL, 0, &none, err) == 0)
                return 1;
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
}

static int send_part(const struct push *p, const struct attachment *f, int64_t offset,
                     const char *data, size_t n, struct err *err) {
        _cleanup_json_ json_t *answer = NULL;
        const char *path = arena_printf(&p->call->arena, "%s?offset=%" PRId64 "&bytes=%" PRId64,
                                        path_of(p, f), offset, f->bytes);

        progress_say(p->progress, "File %zu, %s: %" PRId64 " of %" PRId64 " KiB", p->sent + 1,
                     f->name, offset / 1024, f->bytes / 1024);
        return remote_send(p->call, "PUT", path, data, n, &answer, err);
}

static ssize_t read_part(int fd, char *data, size_t n) {
        size_t all = 0;
        ssize_t got = 1;

        while (all < n && got != 0) {
                got = read(fd, data + all, n - all);
                if (got < 0 && errno != EINTR)
                        return -1;
                if (got > 0)
                        all += (size_t)got;
        }
        return (ssize_t)all;
}

static int send_file(const struct push *p, const struct attachment *f, struct err *err) {
        _cleanup_close_ int fd = open(f->path, O_RDONLY | O_CLOEXEC);
        _cleanup_buf_ struct buf data = { 0 };
        int64_t offset = 0;

        buf_reserve(&data, PART);
        if (fd < 0)
                return err_set(err, ERR_INVALID, "%s: %s", f->path, strerrordesc_np(errno));
        do {
                ssize_t n = read_part(fd, data.data, PART);

                if (n < 0 || (n == 0 && offset < f->bytes) || n > f->bytes - offset)
                        return err_set(err, ERR_CONFLICT, "%s: changed while it was sent", f->path);
                if (send_part(p, f, offset, data.data, (size_t)n, err) < 0)
                        return -1;
                offset += n;
        } while (offset < f->bytes);
        return 0;
}

static int send_missing(struct push *p, const struct attachment *f, struct err *err) {
        int there;

        if (!f->path || map_get(&p->seen, f->digest))
                return 0;
        map_put(&p->seen, f->digest, p);
        p->n_files++;
        there = is_there(p, f, err);
        if (there < 0 || (!there && send_file(p, f, err) < 0))
                return -1;
        p->sent += !there;
        return 0;
}

static int send_files(struct push *p, struct err *err) {
        for (size_t i = 0; i < p->source.n; i++) {
                const struct challenge *c = p->source.set[i];

                for (size_t k = 0; k < c->n_files; k++)
                        if (send_missing(p, &c->files[k], err) < 0)
                                return err_wrap(err, "%s: %s", c->slug, c->files[k].name);
        }
        return 0;
}

static int push_set(struct push *p, json_t **answer, struct err *err) {
        _cleanup_json_ json_t *body = json_array();

        for (size_t i = 0; i < p->source.n; i++)
                json_array_append_new(body, json_loads(p->source.set[i]->text, 0, NULL));
        progress_say(p->progress, "%zu challenges", p->source.n);
        return remote_insist(p->call, "PUT", "/api/v2/challenges", body, answer, err);
}

static int push_all(struct push *p, json_t **answer, struct err *err) {
        if (folder_load(p->call->args[0], &p->source, err) < 0)
                return -1;
        if (p->source.is_file)
                return err_set(err, ERR_INVALID,
                               "push wants a folder of challenges; CTFG's file is for the daemon "
                               "itself, with --challenges");
        if (folder_check(&p->source, "pushed", err) < 0)
                return -1;
        p->progress = progress_begin("Files");
        if (send_files(p, err) < 0 || push_set(p, answer, err) < 0)
                return -1;
        p->progress = progress_end(p->progress);
        return 0;
}

int command_challenge_push(struct call *call) {
        _cleanup_(push_done) struct push p = { .call = call };
        _cleanup_json_ json_t *answer = NULL;
        struct err err;

        if (push_all(&p, &answer, &err) < 0) {
                p.progress = progress_end(p.progress);
                return output_fail(call, &err);
        }
        if (call->options[OPTION_JSON]) {
                json_object_set_new(answer, "files", json_integer((json_int_t)p.n_files));
                json_object_set_new(answer, "files_sent", json_integer((json_int_t)p.sent));
                output_json(answer);
                return LEAVE_OK;
        }
        printf("%s added, %s changed, %s hidden",
               output_text(json_object_get(answer, "added"), &call->arena),
               output_text(json_object_get(answer, "changed"), &call->arena),
               output_text(json_object_get(answer, "hidden"), &call->arena));
        if (p.n_files)
                printf("; %zu of %zu files sent", p.sent, p.n_files);
        putchar('\n');
        return LEAVE_OK;
}
