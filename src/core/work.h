/*
 * A verb's place of work: one transaction of the commit thread.
 *
 * Only files in core/ include this.  A verb reads through tx and the calls below (the
 * truth, also with several daemons: a batch begins with what others wrote), reads
 * challenges and accounts from the read model, and writes through the calls
 * below, which keep event and change together.
 */
#pragma once

#include "core/access.h"
#include "core/engine.h"
#include "core/games.h"
#include "core/read_model.h"
#include "store/events.h"

enum change_kind {
        CHANGE_NONE, /* an event only */
        CHANGE_LEASE,
        CHANGE_TENANT,
        CHANGE_TEAM,
        CHANGE_USER,
        CHANGE_TOKEN,
        CHANGE_CHALLENGE,
        CHANGE_CHALLENGE_GONE,
        CHANGE_POLICY,
        CHANGE_RULES,
};

/* What the read model is told after the commit, in order. */
struct change {
        struct change *next;
        struct event event;
        enum change_kind kind;
        bool silent; /* follows from an event that another change carries */
        union {
                struct lease lease;
                struct tenant tenant;
                struct team team;
                struct user user;
                struct token token;
                struct challenge *challenge; /* a reference of its own */
                struct game_rules rules;
                struct {
                        int64_t tenant, challenge;
                        struct policy policy;
                        bool removed;
                } policy;
        };
};

struct work {
        struct engine *engine;
        struct read_model *model;
        struct games *games; /* as the commands before in this batch left them */
        struct tx *tx;
        struct arena *arena; /* of the batch */
        struct chain chain;
        int64_t now_ms;
        int64_t signed_seq; /* checkpoint written in this batch; 0: none */
        struct change *first, **end;
        uint64_t batch; /* its number, of those of this program */
        bool careful;   /* each command in a savepoint */
        bool spoiled;   /* a command failed after it had written, without one */
};

/* For what ORIGIN asks of the game. */
struct access work_access(struct work *w, const struct origin *origin);

/* Signs the chain as it is now.  No-op when its head is signed already. */
_must_check_ int work_checkpoint(struct work *w, struct err *err);

/* An event by ORIGIN about nothing yet. */
struct event work_event(const struct work *w, const struct origin *origin, enum action action);
/* The same, about LEASE. */
struct event work_lease_event(const struct work *w, const struct origin *origin, enum action action,
                              const struct lease *lease);

/* Writes EVENT, and notes the change that goes with it; the caller fills in what KIND needs. */
_must_check_ int work_append(struct work *w, const struct event *event, enum change_kind kind,
                             struct change **ret, struct err *err);

/* Notes a change more that EVENT, which is written, brings. */
struct change *work_follow(struct work *w, const struct event *event, enum change_kind kind);

/* Writes EVENT and the new LEASE, which was in state FROM when it was read (compare-and-set on
 * state and version).  Sets lease->version.  Fails CONFLICT. */
_must_check_ int work_move(struct work *w, const struct event *event, struct lease *lease,
                           enum lease_state from, struct err *err);

/* The lease as this transaction has it; from the read model where nothing of the batch has touched
 * it, as that is what the store has.  Fail NOT_FOUND. */
_must_check_ int work_lease(struct work *w, const char *id, struct lease *ret, struct err *err);
_must_check_ int work_live_lease(struct work *w, struct account owner, int64_t challenge,
                                 struct lease *ret, struct err *err);

/* The origin of what the daemon does by itself. */
struct origin work_system(int64_t tenant);
