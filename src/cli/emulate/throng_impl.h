/* The inside of a throng: what its parts share.  All of it is of the loop's thread, but for the
 * view. */
#pragma once

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "cli/emulate/assets.h"
#include "cli/emulate/sightings.h"
#include "cli/emulate/throng.h"
#include "net/tls_pipe.h"
#include "net/visitor.h"
#include "net/ws.h"

#define VISIT_TIMEOUT_MS INT64_C(120000) /* many passwords are hashed one after the other */
#define LEASE_TEXT       64

enum stage {
        STAGE_SIGN_UP,
        STAGE_AWAY, /* it has not arrived */
        STAGE_PAGE,
        STAGE_ASSETS,
        STAGE_SIGN_IN,
        STAGE_SETTLE, /* it takes a name, and founds a team */
        STAGE_LIST,
        STAGE_GATE, /* it waits for all the others */
        STAGE_PLAY,
        STAGE_WATCH, /* it has nothing left to do */
        STAGE_OUT,
};

/* An instance that a player has, or is about to. */
struct hold {
        char id[LEASE_TEXT]; /* "": none */
        int64_t asked_us;
        bool running, connected;
        char url[128]; /* where to connect; "": nowhere */
};

struct player {
        struct throng *throng;
        size_t index;
        struct persona persona;
        enum stage stage;
        struct visitor *visitor; /* NULL: it is not there */
        struct loop_timer timer; /* for what it does next */
        struct request request;
        unsigned names_tried;

        struct arena arena; /* of the page */
        struct assets assets;
        size_t next_asset;
        struct buf cursor; /* of the list that is being read */

        struct acts acts;
        size_t place; /* of the challenge that it works on */
        bool stumbled;
        unsigned *stumbles; /* by place: how often work on a challenge failed */
        size_t n_stumbles;
        struct pace pace;
        struct hold hold;

        struct ws_peer *peer;
        struct watcher watcher;
        bool dialling;
        int64_t dialled_us, stream_due_ms; /* 0: no stream is wanted */
        unsigned breaks;                   /* of its stream, one after the other */

        bool here; /* it has arrived, and not left */
        bool done; /* it did all there is to do once */
};

struct throng {
        const struct throng_config *config;
        struct loop *loop;
        struct visitors *visitors;
        struct ws *ws;
        struct tls_client *tls;
        struct sockaddr_storage address;
        socklen_t address_len;
        char *host;    /* as it is in the URL */
        char *resolve; /* "HOST:PORT:ADDRESS"; NULL: the host is an address */
        char run[8];   /* sets its names apart from those of other runs */

        struct measure measure;
        struct sightings sightings;
        struct player *players;
        size_t n_signed_up, next_sign_up;
        size_t n_done, n_at_gate, n_out;
        int64_t settle_until_ms; /* all are done; the last frames are waited for */
        struct loop_timer tick, end, pulse;
        int64_t pulse_due_us;
        bool failed; /* it cannot even begin: why is in err */
        struct err err;
        enum throng_phase phase;

        pthread_mutex_t lock; /* of what follows */
        struct throng_view view;
};

/* --- throng_find.c: before it begins --- */

/* Copies a part of a URL; false when there is none, or it has no room. */
bool throng_part(CURLU *u, CURLUPart part, unsigned flags, char *ret, size_t room);
/* Fills in where the server is. */
_must_check_ int throng_find(struct throng *c, struct err *err);
_must_check_ int throng_raise_files(unsigned players, struct err *err);

/* --- throng.c --- */

void throng_signed_up(struct player *p, bool well);
/* Nobody can be signed up. */
void throng_give_up(struct throng *c, const char *why);
void throng_at_gate(struct player *p);
void throng_done(struct player *p);
void throng_out(struct player *p);
int64_t throng_at_ms(const struct throng *c); /* since the start */
double throng_chance(void);

/* --- player.c: what players do in general --- */

void player_init(struct player *p, struct throng *c, size_t index);
void player_sign_up(struct player *p);
void player_arrive(struct player *p);
/* It has no more to do: it ends what it has begun, and goes.  May be said again. */
void player_leave(struct player *p);
/* Ends it at once. */
void player_drop(struct player *p);
void player_free(struct player *p);

/* Next it does what is due, after MS, or as soon as it thought a little. */
void player_wait(struct player *p, int64_t ms);
void player_think(struct player *p);
/* Sends p->request. */
void player_send(struct player *p);
void player_visit(struct player *p, const struct visit *visit);

/* --- play.c: what they do with challenges --- */

void play_next(struct player *p);
void play_watch(struct player *p);
/* An act is done, or has failed. */
void play_advance(struct player *p, bool well);
_must_check_ int play_judged(struct player *p, const json_t *o, const struct visit_answer *a,
                             struct err *err);
bool play_has_more(const struct player *p);

/* --- hold.c: their instances --- */

/* The next step towards a running instance. */
void hold_go_on(struct player *p);
void hold_stop(struct player *p);
_must_check_ int hold_started(struct player *p, const json_t *o, const struct visit_answer *a,
                              struct err *err);
_must_check_ int hold_seen(struct player *p, const json_t *o, const struct visit_answer *a,
                           struct err *err);
void hold_connected(struct player *p, const struct visit_answer *a);

/* --- feed.c: their streams --- */

extern const struct ws_events feed_events;
extern const struct ws_limits feed_limits;
void feed_want(struct player *p, int64_t after_ms);
/* True when it took a step towards a stream that is due. */
bool feed_go_on(struct player *p);
void feed_dial(struct player *p);
void feed_failed(struct player *p);
void feed_end(struct player *p);
