#include "model/markdown.h"

#include <cmark.h>
#include <stdlib.h>
#include <string.h>

const char *markdown_html(const char *text, struct arena *arena) {
        /* Safe is cmark's default since 0.29; bytes that are no UTF-8 are replaced. */
        _cleanup_free_ char *html =
                cmark_markdown_to_html(text, strlen(text), CMARK_OPT_VALIDATE_UTF8);

        if (!html)
                abort();
        return arena_printf(arena, "%s", html);
}
