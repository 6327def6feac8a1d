/*
 * What the server parses itself of the bytes that a stranger sent: the path
 * and the query of a request's target, X-Forwarded-For, and the addresses of
 * the configuration.  Everything else is libmicrohttpd's.  No state, any
 * thread; each of these is fuzzed.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"

/* Room for any address as text, its NUL included. */
#define HTTP_ADDR_TEXT INET6_ADDRSTRLEN

/* Splits TARGET in place: *path is decoded once, *query is as it was sent, or
 * NULL.  A target in absolute form loses its scheme and host.  Fails INVALID:
 * no path, a wrong escape, a control character, a backslash or a ".." in it. */
_must_check_ int http_parse_target(char *target, char **path, char **query, struct err *err);

/* The first value of KEY in QUERY, decoded into ARENA; NULL when absent.  A
 * wrong escape, and %00, stay as they were sent. */
const char *http_parse_query(const char *query, const char *key, struct arena *arena);

/* A numeric address, IPv4 as the IPv6 that maps it.  Fails INVALID. */
_must_check_ int http_parse_addr(const char *text, struct in6_addr *ret, struct err *err);
void http_parse_addr_text(const struct in6_addr *addr, char ret[HTTP_ADDR_TEXT]);

bool http_parse_is_one_of(const struct in6_addr *addr, const struct in6_addr *list, size_t n);

/* Walks back through FORWARDED, an X-Forwarded-For, for as long as *peer is one
 * of TRUSTED: leaves the right-most address that is not trusted there.  What
 * is no address ends the walk, for nobody trusted has vouched for it. */
void http_parse_forwarded(const char *forwarded, const struct in6_addr *trusted, size_t n,
                          struct in6_addr *peer);

/* "127.0.0.1:8080", "[::]:8080": a numeric address and a port.  Fails INVALID. */
_must_check_ int http_parse_listen(const char *text, struct sockaddr_storage *ret, socklen_t *len,
                                   struct err *err);
