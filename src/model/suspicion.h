/*
 * Suspicions: two accounts that may have worked together on a challenge.
 *
 * Signals (signals.def) are what two submissions have in common.  Each weighs so
 * many per cent, counts once for a pair of accounts and a challenge, and their sum
 * is the certainty, at most 100.  A suspicion proves nothing, and nobody is punished
 * by it: organisers look at it and give a verdict.
 *
 * Evidence says which signal, which submissions and when; never a text, an address
 * or what a browser calls itself.
 */
#pragma once

#include "base/buf.h"
#include "model/game.h"

enum signal_kind {
#define SIGNAL(id, name, weight, what) SIGNAL_##id,
#include "model/signals.def"
        _SIGNAL_N,
};
const char *signal_name(enum signal_kind s);

#define SUSPICION_WINDOW_MS 600000 /* submissions further apart are not compared */
#define SUSPICION_CLOSE_MS  60000  /* close in time */

/* What A and B have in common: a bit for each signal.  Of the same challenge, by different
 * accounts; that a flag was shared does not show here. */
unsigned suspicion_compare(const struct submission *a, const struct submission *b);

/* The submissions of ONE and OTHER of the pair; 0 for who handed in none, whose flag it was. */
struct evidence {
        enum signal_kind signal;
        int64_t one, other;
        int64_t at_ms;
};

enum suspicion_verdict {
        SUSPICION_PENDING,
        SUSPICION_INNOCENT,
        SUSPICION_SUSPICIOUS,
        SUSPICION_CONFIRMED
};
const char *suspicion_verdict_name(enum suspicion_verdict v);
int suspicion_verdict_parse(const char *name); /* -1 when none */

#define EVIDENCE_MAX         16
#define SUSPICION_NOTES_SIZE 401 /* with the NUL: all of it fits into an event */

struct suspicion {
        int64_t id, tenant, challenge;
        struct account one, other; /* the one with the lower key first */
        int64_t certainty;         /* in per cent */
        struct evidence evidence[EVIDENCE_MAX];
        size_t n_evidence;
        int64_t at_ms; /* when it was found first */
        enum suspicion_verdict verdict;
        int64_t reviewer;    /* a user; 0: nobody yet, or an operator */
        int64_t reviewed_ms; /* 0: not yet */
        int64_t review_seq;  /* the event of the last verdict; it names the one before */
        char notes[SUSPICION_NOTES_SIZE];
};

/* A pair without evidence. */
struct suspicion suspicion_of(int64_t tenant, int64_t challenge, struct account a,
                              struct account b);
/* Adds what A's and B's submissions (0: none) show, whichever of both comes first in S.  What is
 * there already is left out, and what there is no room for, unless it is of a signal that is not
 * there yet.  Did S change? */
bool suspicion_add(struct suspicion *s, enum signal_kind signal, struct account a, int64_t of_a,
                   int64_t of_b, int64_t at_ms);
/* What the evidence of S weighs. */
int64_t suspicion_weight(const struct suspicion *s);
bool suspicion_has(const struct suspicion *s, enum signal_kind signal);
/* The names of its signals, separated by SEPARATOR. */
void suspicion_signals(const struct suspicion *s, char separator, struct buf *ret);

/* Notes are texts for people: UTF-8 without control characters but line breaks and tabs. */
bool suspicion_notes_fit(const char *notes);

/* The evidence as the store keeps it, and back.  Fails: INVALID. */
void suspicion_write_evidence(const struct suspicion *s, struct buf *ret);
_must_check_ int suspicion_read_evidence(struct suspicion *s, const char *text, struct err *err);

enum risk { RISK_LOW, RISK_MEDIUM, RISK_HIGH };
enum risk risk_of(int64_t certainty);
int64_t risk_least(enum risk r);    /* certainties of R begin here */
const char *risk_name(enum risk r); /* "low", "medium", "high" */
int risk_parse(const char *name);   /* in any case; -1 when none */
