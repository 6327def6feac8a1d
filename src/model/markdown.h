/* Markdown from authors as HTML for pages (CommonMark, by cmark in its safe mode: HTML of the
 * author's and links to scripts are left out).  The result is in ARENA. */
#pragma once

#include "base/arena.h"

const char *markdown_html(const char *text, struct arena *arena);
