#include "model/markdown.h"

#include <cmark.h>
#include <stdlib.h>
#include <string.h>

#include "model/html_clean.h"

const char *markdown_html(const char *text, struct arena *arena) {
        /* "Unsafe" is what html_clean() sees to; bytes that are no UTF-8 are replaced. */
        _cleanup_free_ char *html = cmark_markdown_to_html(
                text, strlen(text), CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_UNSAFE);
        _cleanup_buf_ struct buf clean = { 0 };

        if (!html)
                abort();
        html_clean(html, strlen(html), &clean);
        return arena_grow(arena, clean.data, clean.len + 1, clean.len + 1);
}
