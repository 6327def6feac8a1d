/* A client's way to a WebSocket: connect, ask, and be a peer of net/ws.h.  TLS is somebody else's
 * (net/tls_pipe.h): then there is a descriptor already. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "net/ws.h"

struct ws_target {
        const struct sockaddr *addr;
        socklen_t addr_len;
        const char *host;    /* for the Host header */
        const char *path;    /* with its query */
        const char *headers; /* lines of one's own, each with its \r\n; "": none */
        int64_t timeout_ms;
        bool connected; /* FD is, does not block, and is taken over; ADDR is not used */
        int fd;
};

/* OPENED(ARG, ...) runs once, later, on the loop of WS, whose role is the client's: with a peer,
 * whose argument is ARG and which has had no callback yet; or with NULL, and the STATUS that the
 * server answered, -1 without an answer.  On the loop's thread; WS is quiesced after the last. */
typedef void ws_opened(void *arg, struct ws_peer *peer, int status);
void ws_dial(struct ws *ws, const struct ws_target *to, ws_opened *opened, void *arg);
