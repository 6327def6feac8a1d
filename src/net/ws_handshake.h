/* The handshake of a WebSocket (RFC 6455, section 4), without extensions.  Pure, any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define WS_KEY_TEXT    25 /* room for a client's key ... */
#define WS_ACCEPT_TEXT 29 /* ... and for what a server makes of it, NUL included */

/* What a request has in its headers; NULL: not there. */
struct ws_offer {
        bool get; /* its method */
        const char *upgrade, *connection, *version, *key;
};

/* The status to refuse OFFER with: 400, 405, or 426 where it asks for no WebSocket or for another
 * version; 101 to go on. */
int ws_handshake_check(const struct ws_offer *offer);
/* Sec-WebSocket-Accept for KEY. */
void ws_handshake_accept(const char *key, char ret[WS_ACCEPT_TEXT]);

/* A client's fresh key. */
void ws_handshake_key(char ret[WS_KEY_TEXT]);
/* A client's request for PATH of HOST ("127.0.0.1:8080").  HEADERS: lines of its own, each with its
 * \r\n, or "". */
void ws_handshake_request(struct buf *b, const char *host, const char *path, const char *headers,
                          const char *key);
/* Reads what a server answered to KEY, of which N bytes are there.  0: more is to come.  Else its
 * status, with the length of the answer's head in *USED; -1 when it is none, or is 101 without the
 * right accept. */
int ws_handshake_answer(const char *text, size_t n, const char *key, size_t *used);
