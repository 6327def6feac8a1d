/* What clients say about themselves in headers, read strictly.  Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/event.h"

/* The token in "Bearer TOKEN", in "Token TOKEN" as clients of CTFd write it, or alone, as judges
 * of CTFG send it.  False when VALUE (may be NULL) is none of these, or the token cannot be one of
 * ours. */
bool credential_token(const char *value, const char **ret, size_t *n);

/* The token in the cookie NAME of a Cookie header (may be NULL); false as above. */
bool credential_cookie(const char *header, const char *name, const char **ret, size_t *n);

/* Is TEXT (may be NULL) fit to be a request's id: 1 to 63 of [A-Za-z0-9._-]? */
bool credential_request_id(const char *text);

/* Does the If-None-Match header VALUE (may be NULL) name ETAG (with its quotes)? */
bool credential_etag(const char *value, const char *etag);
