/*
 * What a browser loads with a page: what its tags refer to by src, and what its <link>s do by href,
 * as far as it is on the same host.  Not a parser of HTML: good enough for pages that are well
 * formed.  Pure.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

#define ASSETS_MAX 64

struct assets {
        const char *urls[ASSETS_MAX]; /* whole, each once, in their order */
        size_t n;
};

/* Those of the N bytes of HTML that came from URL, in ARENA. */
void assets_find(const char *html, size_t n, const char *url, struct arena *arena,
                 struct assets *ret);
