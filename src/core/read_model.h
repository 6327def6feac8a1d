/*
 * The read model: what the daemon keeps in memory, a fold over tables and
 * events.  The commit thread alone changes it, under the exclusive lock and
 * for microseconds; everybody else reads under the shared one.
 *
 * What the calls below give is valid until read_model_unlock().
 */
#pragma once

#include "core/games.h"
#include "model/event.h"
#include "model/health.h"
#include "model/lease.h"

struct read_model;

struct read_model *read_model_new(void);
struct read_model *read_model_free(struct read_model *m);
DEFINE_CLEANUP(struct read_model *, read_model_free)

void read_model_lock(struct read_model *m); /* shared */
void read_model_unlock(struct read_model *m);

/* Leases: live ones, and those that ended in the last ten minutes. */
const struct lease *read_model_lease(const struct read_model *m, const char *id);
const struct lease *read_model_live(const struct read_model *m, struct account owner,
                                    int64_t challenge);
/* The account's, newest first: start with *AT = NULL; gives NULL at the end. */
const struct lease *read_model_next_of(const struct read_model *m, struct account owner,
                                       const struct lease *at);
/* All of a tenant (0: of all), in no order: start with *at = 0. */
const struct lease *read_model_next(const struct read_model *m, int64_t tenant, size_t *at);
size_t read_model_count(const struct read_model *m, enum lease_state state);

const struct tenant *read_model_tenant(const struct read_model *m, int64_t id);
const struct tenant *read_model_next_tenant(const struct read_model *m, size_t *at);
const struct tenant *read_model_tenant_by_slug(const struct read_model *m, const char *slug);
const struct user *read_model_user(const struct read_model *m, int64_t id);
const struct user *read_model_user_by_name(const struct read_model *m, int64_t tenant,
                                           const char *name);
const struct user *read_model_next_user(const struct read_model *m, int64_t tenant, size_t *at);
const struct team *read_model_team(const struct read_model *m, int64_t id);
const struct team *read_model_next_team(const struct read_model *m, int64_t tenant, size_t *at);
/* What WHO is called on the board: a team's name, what a user chose, else "Player <id>". */
void read_model_account_name(const struct read_model *m, struct account who,
                             char ret[DISPLAY_NAME_SIZE]);
const struct token *read_model_token(const struct read_model *m, const uint8_t digest[SHA256_SIZE]);
/* Whose TOKEN is, which this model gave. */
const struct user *read_model_token_user(const struct read_model *m, const struct token *token);
const struct token *read_model_token_by_id(const struct read_model *m, int64_t id);
const struct token *read_model_next_token(const struct read_model *m, int64_t user, size_t *at);

const struct challenge *read_model_challenge(const struct read_model *m, int64_t id);
/* A reference that the caller owns; NULL when there is none. */
struct challenge *read_model_hold_challenge(const struct read_model *m, int64_t id);
const struct challenge *read_model_challenge_by_slug(const struct read_model *m, int64_t tenant,
                                                     const char *slug);
/* By id, ascending; *AT = 0 first, then the id of the one before. */
const struct challenge *read_model_next_challenge(const struct read_model *m, int64_t tenant,
                                                  int64_t *at);

/* The last event that was applied. */
int64_t read_model_seq(const struct read_model *m);

/* Rises with every change of a challenge or a policy. */
uint64_t read_model_challenges_version(const struct read_model *m);

/* The policy in force: the operator's for the challenge, else its author's, else the tenant's. */
struct policy read_model_policy(const struct read_model *m, const struct challenge *c);

/* For the commit thread, which changes a lease in the store before it does here: marks ID as
 * changed in BATCH, and tells whether LEASE, which this model gave, was. */
void read_model_touch(struct read_model *m, const char *id, uint64_t batch);
bool read_model_touched(const struct lease *lease, uint64_t batch);

/* The game of TENANT with its boards; NULL when nothing is known of it. */
const struct tenant_game *read_model_game(const struct read_model *m, int64_t tenant);
struct games *read_model_games(struct read_model *m); /* for the commit thread */

/* How C fares now, and the state that was told last. */
struct health read_model_health(const struct read_model *m, const struct challenge *c,
                                int64_t now_ms);
enum health_state read_model_told(const struct read_model *m, int64_t challenge);

/* Changes: the commit thread only, between these two. */
void read_model_begin(struct read_model *m);
void read_model_end(struct read_model *m);
void read_model_note_seq(struct read_model *m, int64_t seq);
void read_model_put_lease(struct read_model *m, const struct lease *lease);
void read_model_drop_ended(struct read_model *m, int64_t before_ms);
void read_model_put_tenant(struct read_model *m, const struct tenant *tenant);
void read_model_put_user(struct read_model *m, const struct user *user);
void read_model_put_team(struct read_model *m, const struct team *team);
void read_model_put_token(struct read_model *m, const struct token *token); /* or drops a session */
void read_model_put_challenge(struct read_model *m,
                              struct challenge *challenge); /* takes a reference */
void read_model_drop_challenge(struct read_model *m, int64_t id);
/* POLICY NULL: none of its own any more. */
void read_model_put_policy(struct read_model *m, int64_t tenant, int64_t challenge,
                           const struct policy *policy);
/* What E, which was applied, says of health; and that H was told. */
void read_model_note(struct read_model *m, const struct event *e);
void read_model_tell(struct read_model *m, const struct health *h);
/* Place and estimate of those that wait for RUNTIME, which has CAPACITY slots of which one became
 * free every INTERVAL_MS of late (0: unknown).  No estimate is below that of a better place. */
void read_model_rank_queue(struct read_model *m, const char *runtime, int64_t capacity,
                           int64_t interval_ms, int64_t now_ms);
