/*
 * PUT /api/v2/challenges: a whole set, pushed.
 *
 * It is read and checked on a thread of its own, as a large one takes a while; the files that it
 * names have to be here.  Only then does the commit thread see it.
 */
#include <stdio.h>
#include <string.h>

#include "api/errands.h"
#include "api/problem.h"
#include "base/json.h"
#include "base/map.h"
#include "model/challenge_set.h"

#define PUSH_MAX 2000 /* challenges in one push */

struct push {
        struct errand errand;
        struct challenges_sync sync;
        int result;
        struct err err;
};

static void drop_set(struct push *p) {
        for (size_t i = 0; i < p->sync.n; i++)
                challenge_unref(p->sync.set[i]);
        p->sync.n = 0;
}

static void on_dropped(struct errand *e) { drop_set(container_of(e, struct push, errand)); }

/* Its contents are what counts, and those have to be here. */
static int check_file(const struct call *c, const struct attachment *f, struct err *err) {
        int64_t bytes = 0;

        if (f->path)
                return err_set(err, ERR_INVALID,
                               "must be {name, sha256, bytes} of a file that was sent before");
        if (!depot_has(c->api->config.depot, c->origin.tenant, f->digest, &bytes))
                return err_set(err, ERR_INVALID,
                               "is not here: send it first, with PUT /api/v2/files/%s", f->digest);
        if (bytes != f->bytes)
                return err_set(err, ERR_INVALID, "has %lld bytes, not %lld", (long long)bytes,
                               (long long)f->bytes);
        return 0;
}

static int check_files(const struct call *c, const struct challenge *ch, struct err *err) {
        for (size_t i = 0; i < ch->n_files; i++)
                if (check_file(c, &ch->files[i], err) < 0)
                        return err_wrap(err, "files[%zu]", i);
        return 0;
}

static int parse_one(struct push *p, size_t i, struct map *slugs, struct err *err) {
        const struct call *c = p->errand.call;
        _cleanup_(challenge_unrefp) struct challenge *ch = NULL;

        if (challenge_parse(json_array_get(c->body, i), 0, c->origin.tenant, &ch, err) < 0 ||
            check_files(c, ch, err) < 0)
                return err_wrap(err, "[%zu]", i);
        if (map_get(slugs, ch->slug))
                return err_set(err, ERR_INVALID, "[%zu]: a second \"%s\"", i, ch->slug);
        map_put(slugs, ch->slug, ch);
        p->sync.set[p->sync.n++] = TAKE(ch);
        return 0;
}

static void on_set_complaint(void *arg, const struct challenge *ch, const char *member,
                             const char *reason) {
        struct push *p = arg;

        if (p->result == 0)
                p->result = err_set(&p->err, ERR_INVALID, "%s: %s: %s", ch->slug, member, reason);
}

static int parse_set(struct push *p, struct map *slugs, struct err *err) {
        struct call *c = p->errand.call;
        size_t n = json_array_size(c->body);

        if (n > PUSH_MAX)
                return err_set(err, ERR_INVALID, "More than %d challenges", PUSH_MAX);
        p->sync.set = arena_alloc(http_arena(c->req), (n + 1) * sizeof(*p->sync.set));
        for (size_t i = 0; i < n; i++)
                if (parse_one(p, i, slugs, err) < 0)
                        return -1;
        return 0;
}

static void read_set(struct errand *e) {
        struct push *p = container_of(e, struct push, errand);
        struct map slugs = { 0 };

        p->result = parse_set(p, &slugs, &p->err);
        map_done(&slugs);
        if (p->result == 0)
                challenge_set_resolve(p->sync.set, p->sync.n, on_set_complaint, p);
}

static void on_synced(struct call *c, struct command *cmd) {
        struct challenges_sync *s = container_of(cmd, struct challenges_sync, command);
        struct buf *b = call_buf(c);

        drop_set(container_of(s, struct push, sync));
        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        json_open(b, '{');
        json_key(b, "added");
        json_int(b, (int64_t)s->added);
        json_key(b, "changed");
        json_int(b, (int64_t)s->changed);
        json_key(b, "hidden");
        json_int(b, (int64_t)s->hidden);
        json_close(b, '}');
        call_reply_json(c, 200);
}

static void submit_set(struct errand *e) {
        struct push *p = container_of(e, struct push, errand);

        if (p->result < 0) {
                drop_set(p);
                problem_reply(e->call, &p->err);
                return;
        }
        challenges_sync_command(&p->sync);
        call_submit(e->call, &p->sync.command, on_synced);
}

void challenge_push(struct call *c) {
        struct push *p = arena_new(http_arena(c->req), struct push);

        *p = (struct push){
                .errand = { .call = c, .run = read_set, .finish = submit_set, .drop = on_dropped },
                .sync.whole = true
        };
        errands_put(c->api->errands, &p->errand);
}
