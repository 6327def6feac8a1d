/* Which pages may open a live stream.  Pure. */
#pragma once

#include <stdbool.h>

/* Is ORIGIN, the header (NULL: none), one of ALLOWED, a NULL-terminated list of such as
 * "https://ctf.example"; or, where the list is empty or NULL, that of HOST (its Host header; NULL:
 * none) over TLS (SECURE) or not?  NONE_TOO: none is needed either, as programs send none. */
bool origin_allowed(const char *origin, const char *host, bool secure, const char *const *allowed,
                    bool none_too);
