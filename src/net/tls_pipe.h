/*
 * TLS pipes: a client's TLS connection as a plain descriptor, for code that knows of no TLS.
 *
 * One end of a pair of sockets is the user's.  What it writes there goes to the peer, enciphered,
 * and what the peer sends comes out of it; the end of either is the end of both.  All belongs to
 * the loop's thread but the calls that say otherwise.
 */
#pragma once

#include <sys/socket.h>

#include "base/err.h"
#include "os/loop.h"

struct tls_client;

/* From any thread.  Peers are believed whose certificates OpenSSL trusts by default (SSL_CERT_FILE
 * and SSL_CERT_DIR say others).  Fails: UNAVAILABLE. */
_must_check_ int tls_client_new(struct loop *loop, struct tls_client **ret, struct err *err);
/* Ends all pipes; the loop is to be stopped after that. */
void tls_client_end(struct tls_client *c);
/* When no pipe is left, which is so once the loop has stopped. */
struct tls_client *tls_client_free(struct tls_client *c);

/* FD does not block, and is the user's; -1: no connection came to be, for the reason WHY. */
typedef void tls_opened(void *arg, int fd, const char *why);
/* Connects to ADDR, whose certificate has to be one for HOST, a name or an address.  DONE runs
 * once, later; not at all after tls_client_end(). */
void tls_open(struct tls_client *c, const struct sockaddr *addr, socklen_t addr_len,
              const char *host, int64_t timeout_ms, tls_opened *done, void *arg);
