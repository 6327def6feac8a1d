/* POST /api/v2/challenges/{slug}/hints/{id}. */
#include <string.h>

#include "api/instances.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/view.h"
#include "core/game_verbs.h"

/* With its text: the board may have changed meanwhile, the challenge hardly. */
static void on_unlocked(struct call *c, struct command *cmd) {
        const struct hint_unlock *h = container_of(cmd, struct hint_unlock, command);
        size_t i = (size_t)h->hint - 1;
        struct buf *b = call_buf(c);
        const struct challenge *ch;
        struct view v;

        if (cmd->result < 0) {
                problem_reply(c, &cmd->err);
                return;
        }
        read_model_lock(c->api->model);
        ch = read_model_challenge(c->api->model, h->challenge);
        json_open(b, '{');
        json_key(b, "id");
        json_int(b, h->hint);
        if (view_open(c, &v) && ch && i < ch->n_hints) {
                json_key(b, "cost");
                json_int(b, ch->hints[i].cost);
                json_key(b, "unlocked");
                json_bool(b, true);
                view_hint_text(&v, b, ch, i);
                json_key(b, "total");
                json_int(b, view_total(&v));
        }
        json_close(b, '}');
        read_model_unlock(c->api->model);
        call_reply_json(c, 200);
}

void hint_unlock(struct call *c) {
        struct hint_unlock *h = arena_new(http_arena(c->req), struct hint_unlock);

        *h = (struct hint_unlock){ .challenge = instance_challenge(c, c->param) };
        if (!h->challenge || !query_id(c->param2, &h->hint)) {
                problem_replyf(c, ERR_NOT_FOUND,
                               h->challenge ? "No such hint" : "No such challenge");
                return;
        }
        hint_unlock_command(h);
        call_submit(c, &h->command, on_unlocked);
}
