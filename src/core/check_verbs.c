/* What authors try out: a flag, without playing. */
#include "core/engine_impl.h"
#include "core/game_verbs.h"

static int check_run(struct command *cmd, struct work *w, struct err *err) {
        struct challenge_check *k = container_of(cmd, struct challenge_check, command);
        const struct challenge *c = read_model_challenge(w->model, k->challenge);
        struct event e = work_event(w, &cmd->origin, ACTION_CHALLENGE_CHECKED);
        const struct lease_flag *f;

        if (!c || c->tenant != cmd->origin.tenant)
                return err_set(err, ERR_NOT_FOUND, "No such challenge");
        if (!k->accepted) {
                f = flags_find(w->engine->flags, c->id, k->text, cmd->origin.account, w->now_ms);
                k->accepted = f && account_equal(f->owner, cmd->origin.account) &&
                              flags_usable(f, w->now_ms);
        }
        e.challenge = c->id;
        event_text(&e, "result", k->accepted ? "accepted" : "refused");
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

void challenge_check_command(struct challenge_check *k) { k->command.run = check_run; }
