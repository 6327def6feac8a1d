/* /api/v2/challenges: as players see them, and a whole set pushed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/instances.h"
#include "api/kept.h"
#include "api/page.h"
#include "api/problem.h"
#include "api/view.h"

#define PUSH_MAX 2000 /* challenges in one push */

/* The tag of a list: of what it hangs on, instead of what is in it.  Those who have done the same
 * see the same. */
static void tag_list(const struct view *v, const struct page *page, char ret[ETAG_SIZE]) {
        _cleanup_buf_ struct buf key = { 0 };
        const struct progress *all;
        size_t n = game_progress_all(v->access.game->game, v->access.who, &all);
        const struct view_set *set = view_set(v);
        const int64_t on[] = {
                (int64_t)v->board->version,
                (int64_t)read_model_challenges_version(v->access.model),
                v->access.tenant,
                v->access.staff,
                v->frozen,
                game_phase(&v->access.game->rules, v->access.now_ms),
                set->due,
                set->personal && v->user ? v->user->id : 0,
                page->after,
                page->max,
        };

        buf_str(&key, "challenges ");
        buf_add(&key, on, sizeof(on));
        for (size_t i = 0; i < n; i++) {
                const int64_t done[] = { all[i].challenge, all[i].solved_ms != 0, all[i].hints };

                buf_add(&key, done, sizeof(done));
        }
        kept_tag(v->call->lane->kept, key.data, key.len, ret);
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
        char etag[ETAG_SIZE];
        struct buf *body;
        struct page page;
        struct view v;
        struct err err;
        bool fresh;

        if (page_parse(c, true, &page, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        read_model_lock(c->api->model);
        if (!view_open(c, &v)) {
                read_model_unlock(c->api->model);
                problem_replyf(c, ERR_NOT_FOUND, "There is no such event");
                return;
        }
        tag_list(&v, &page, etag);
        body = kept_body(c->lane->kept, etag, &fresh);
        if (fresh)
                write_list(&v, &page, body);
        read_model_unlock(c->api->model);
        call_reply_etag(c, body, etag);
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
