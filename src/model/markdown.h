/* Markdown from authors as HTML for pages: CommonMark, by cmark, and what of the author's own HTML
 * is harmless (html_clean.h).  The result is in ARENA. */
#pragma once

#include "base/arena.h"

const char *markdown_html(const char *text, struct arena *arena);
