/*
 * Solves, and the watchers who see them.
 *
 * A solve has a key: whose it is, and of what.  It is noted when its flag is handed in, since its
 * frame may be there before its answer; every watcher whose stream had begun by then should see it.
 * The delay of a solve is from its answer until the last watcher has its frame.
 *
 * What one server sends to all is the same text: each is parsed once and known again by its
 * hash.  Of one thread.
 */
#pragma once

#include "base/buf.h"
#include "base/crypto.h"
#include "base/map.h"
#include "cli/emulate/measure.h"

/* What is known of one stream.  Zero-initialised: nothing came yet. */
struct watcher {
        int64_t first_us; /* its first message; 0: none yet */
        int64_t last_seq;
};

struct solve {
        int64_t sent_us, answered_us; /* 0: not answered, or not right */
        int64_t last_us;              /* when a watcher saw it */
        uint64_t seen;
        char key[];
};

#define GLANCES 4096

struct sightings {
        struct map by_key;
        uint8_t hash_key[SHORT_HASH_SIZE];
        struct glance *glances[GLANCES]; /* messages seen, each at its hash */
};

void sightings_init(struct sightings *s);
void sightings_done(struct sightings *s);

/* --- keys --- */

/* As our own frames tell of a solve: KIND is the account's, "user" or "team". */
void solve_key(struct buf *ret, const char *kind, int64_t account, const char *slug);
/* As CTFG's do. */
void solve_key_ctfg(struct buf *ret, const char *name, const char *title);

/* A right flag is being handed in ... */
void sightings_sent(struct sightings *s, const char *key, int64_t now_us);
/* ... and its answer came. */
void sightings_answered(struct sightings *s, const char *key, bool right, int64_t now_us);

/* A message of N bytes came to W.  Notes frames that came twice in M. */
void sightings_message(struct sightings *s, struct watcher *w, const char *text, size_t n,
                       int64_t now_us, struct measure *m);

/* Of the watchers that held to the end, N of them, when each began: BEGAN_US becomes sorted. */
struct holders {
        int64_t *began_us;
        size_t n;
};
/* Has every solve been seen by all who should see it? */
bool sightings_settled(const struct sightings *s, struct holders *h);
/* Puts the delays, and what was missed, into M. */
void sightings_finish(const struct sightings *s, struct holders *h, struct measure *m);
