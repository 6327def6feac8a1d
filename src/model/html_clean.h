/*
 * HTML from authors, as it may stand on a page.
 *
 * What is known to be harmless stays: text, and elements that only say how it looks, with
 * links and pictures by http, https and mailto.  Everything else goes: attributes, scripts and
 * styles with all that is in them, other elements but not what they hold.  Every element that stays
 * is closed, in order, so that what comes after on the page is not in it.  Pure.
 */
#pragma once

#include <stddef.h>

#include "base/buf.h"

void html_clean(const char *html, size_t n, struct buf *ret);
