/*
 * Tickets: what opens a live stream, as a WebSocket cannot send a token in a header.
 *
 * Two kinds.  A ticket is 256 bits of chance, good once and for a minute; it
 * is kept as a digest, by this daemon, and is bound to the credential that it
 * was asked for with.  A pass, which CTFG's clients use again and again, is
 * not kept at all: it names its credential, under the install's key, and is as
 * good as that is.  Thread-safe.
 */
#pragma once

#include "base/crypto.h"

#define TICKET_MS       INT64_C(60000)
#define TICKET_TEXT     44 /* room for one's text */
#define TICKETS_MAX     16384
#define TICKETS_OF_USER 20
#define PASS_TEXT       56

struct tickets;
struct tickets *tickets_new(const uint8_t key[KEY_SIZE]);
struct tickets *tickets_free(struct tickets *t);
DEFINE_CLEANUP(struct tickets *, tickets_free)

/* A fresh one for TOKEN of USER.  Where the user has many, or all have, the oldest gives way. */
void tickets_issue(struct tickets *t, int64_t token, int64_t user, int64_t now_ms,
                   char ret[TICKET_TEXT]);
/* Uses TEXT up; gives its token, or 0 when it is none that is good at NOW_MS. */
int64_t tickets_use(struct tickets *t, const char *text, int64_t now_ms);

/* A pass of TOKEN; no two are the same. */
void tickets_pass(struct tickets *t, int64_t token, char ret[PASS_TEXT]);
/* Its token, 0 when it is none of ours. */
int64_t tickets_of_pass(struct tickets *t, const char *text);
