/* /api/v2/challenges: as players see them, and a whole set pushed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/instances.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/view.h"

#define PUSH_MAX 2000 /* challenges in one push */

/* Of a list: what it hangs on, instead of what is in it.  Whatever an account does makes a board
 * anew. */
static void tag_list(const struct view *v, const struct page *page, char ret[ETAG_SIZE]) {
        _cleanup_buf_ struct buf b = { 0 };
        const int64_t on[] = {
                (int64_t)v->board->version,
                (int64_t)read_model_challenges_version(v->access.model),
                account_key(v->access.who),
                v->user ? v->user->id : 0,
                v->access.staff,
                v->frozen,
                game_phase(&v->access.game->rules, v->access.now_ms),
                view_due(v),
                page->after,
                page->max,
        };

        buf_str(&b, v->call->api->id_prefix);
        buf_add(&b, on, sizeof(on));
        call_etag(&b, ret);
}

static void write_list(const struct view *v, const struct page *page, struct buf *b) {
        const struct challenge *ch;
        int64_t written = 0, last = 0, at = page->after;

        page_begin(b);
        while ((ch = read_model_next_challenge(v->access.model, v->access.tenant, &at))) {
                if (!access_listed(&v->access, ch))
                        continue;
                if (written == page->max)
                        break;
                view_challenge(v, b, ch, false);
                last = ch->id;
                written++;
        }
        page_end_id(b, ch ? last : 0);
}

void challenge_list(struct call *c) {
        struct buf *b = call_buf(c);
        char etag[ETAG_SIZE] = "";
        struct page page;
        struct view v;
        struct err err;

        if (page_parse(c, true, &page, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        read_model_lock(c->api->model);
        if (view_open(c, &v)) {
                tag_list(&v, &page, etag);
                if (!call_has(c, etag))
                        write_list(&v, &page, b);
        }
        read_model_unlock(c->api->model);
        if (!*etag) {
                page_begin(b);
                page_end_id(b, 0);
                call_etag(b, etag);
        }
        call_reply_etag(c, b, etag);
}

void challenge_get(struct call *c) {
        int64_t id = instance_challenge(c, c->param);
        const struct challenge *ch = NULL;
        struct buf *b = call_buf(c);
        char etag[ETAG_SIZE];
        struct view v;
        struct err err;
        int r = -1;

        err_set(&err, ERR_NOT_FOUND, "No such challenge");
        read_model_lock(c->api->model);
        if (id && view_open(c, &v)) {
                ch = read_model_challenge(c->api->model, id);
                r = ch && access_listed(&v.access, ch) ? 0 : access_challenge(&v.access, ch, &err);
        }
        if (r == 0)
                view_challenge(&v, b, ch, true);
        read_model_unlock(c->api->model);
        if (r < 0) {
                problem_reply(c, &err);
                return;
        }
        call_etag(b, etag);
        call_reply_etag(c, b, etag);
}

/* --- push --- */

static void drop_set(struct challenges_sync *s) {
        for (size_t i = 0; i < s->n; i++)
                challenge_unref(s->set[i]);
        s->n = 0;
}

static void on_synced(struct call *c, struct command *cmd) {
        struct challenges_sync *s = container_of(cmd, struct challenges_sync, command);
        struct buf *b = call_buf(c);

        drop_set(s);
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

static bool has_slug(const struct challenges_sync *s, const char *slug) {
        for (size_t i = 0; i < s->n; i++)
                if (strcmp(s->set[i]->slug, slug) == 0)
                        return true;
        return false;
}

/* On failure the caller drops what is in S. */
static int parse_set(struct call *c, struct challenges_sync *s, struct err *err) {
        size_t n = json_array_size(c->body);

        if (n > PUSH_MAX)
                return err_set(err, ERR_INVALID, "More than %d challenges", PUSH_MAX);
        s->set = arena_alloc(http_arena(c->req), (n + 1) * sizeof(*s->set));
        for (size_t i = 0; i < n; i++) {
                struct challenge *ch = NULL;

                if (challenge_parse(json_array_get(c->body, i), 0, c->origin.tenant, &ch, err) < 0)
                        return err_wrap(err, "[%zu]", i);
                if (has_slug(s, ch->slug)) {
                        err_set(err, ERR_INVALID, "[%zu]: a second \"%s\"", i, ch->slug);
                        challenge_unref(ch);
                        return -1;
                }
                s->set[s->n++] = ch;
        }
        return 0;
}

void challenge_push(struct call *c) {
        struct challenges_sync *s = arena_new(http_arena(c->req), struct challenges_sync);
        struct err err;

        *s = (struct challenges_sync){ .whole = true };
        if (parse_set(c, s, &err) < 0) {
                drop_set(s);
                problem_reply(c, &err);
                return;
        }
        challenges_sync_command(s);
        call_submit(c, &s->command, on_synced);
}
