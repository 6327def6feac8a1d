#include "core/access.h"

static bool is_banned(const struct access *a) {
        const struct user *user;
        const struct team *team;

        if (a->who.kind == ACCOUNT_TEAM) {
                team = read_model_team(a->model, a->who.id);
                return team && team->standing == STANDING_BANNED;
        }
        user = read_model_user(a->model, a->who.id);
        return user && user->standing == STANDING_BANNED;
}

int access_account(const struct access *a, struct err *err) {
        if (a->who.id == 0)
                return err_set(err, ERR_FORBIDDEN,
                               "Join a team first: this event is played in teams");
        if (is_banned(a))
                return err_set(err, ERR_FORBIDDEN, "This account is banned");
        return 0;
}

int access_open(const struct access *a, struct err *err) {
        if (a->staff)
                return 0;
        switch (game_phase(&a->game->rules, a->now_ms)) {
        case GAME_NOT_STARTED:
                return err_set(err, ERR_NOT_STARTED, "The game has not started yet");
        case GAME_PAUSED:
                return err_set(err, ERR_PAUSED, "The game is paused");
        case GAME_ENDED:
                return err_set(err, ERR_ENDED, "The game has ended");
        case GAME_OPEN:
                break;
        }
        return 0;
}

static int check_requirements(const struct access *a, const struct challenge *c, struct err *err) {
        for (const char *const *slug = c->requirements; slug && *slug; slug++) {
                const struct challenge *first =
                        read_model_challenge_by_slug(a->model, a->tenant, *slug);

                if (!first || !game_solved(a->game->game, a->who, first->id))
                        return err_set(err, ERR_LOCKED, "Solve \"%s\" first",
                                       first ? first->title : *slug);
        }
        return 0;
}

bool access_listed(const struct access *a, const struct challenge *c) {
        struct err ignored;

        if (access_challenge(a, c, &ignored) == 0)
                return true;
        return ignored.kind == ERR_LOCKED && c->state == CHALLENGE_LOCKED &&
               check_requirements(a, c, &ignored) == 0;
}

int access_challenge(const struct access *a, const struct challenge *c, struct err *err) {
        if (!c || c->tenant != a->tenant ||
            (!a->staff && (c->state == CHALLENGE_HIDDEN || a->now_ms < c->scheduled_ms)))
                return err_set(err, ERR_NOT_FOUND, "No such challenge");
        if (a->staff)
                return 0;
        if (game_phase(&a->game->rules, a->now_ms) == GAME_NOT_STARTED)
                return err_set(err, ERR_NOT_STARTED, "The game has not started yet");
        if (c->state == CHALLENGE_LOCKED)
                return err_set(err, ERR_LOCKED, "This challenge is locked");
        return check_requirements(a, c, err);
}
