/* The sockets of the HTTP server: its listeners, and what the kernel knows of a connection. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"

/* Binds N listeners that share TEXT's port (0 picks one) between them, and with nobody else;
 * the caller closes RET.  Fails: INVALID no address, CONFLICT in use, UNAVAILABLE. */
_must_check_ int http_socket_listen(const char *text, size_t n, int *ret, unsigned *port,
                                    struct err *err);
/* Did the peer close its side? */
bool http_socket_gone(int fd);
/* Did bytes come in, and none ever go out? */
bool http_socket_unanswered(int fd);
