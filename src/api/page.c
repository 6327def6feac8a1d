#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/page.h"
#include "api/problem.h"
#include "api/query.h"

void list_add(struct list *l, const void *item) {
        if (l->n == l->cap) {
                l->cap = l->cap ? 2 * l->cap : 64;
                l->items = arena_grow(l->arena, l->items, l->n * sizeof(*l->items),
                                      l->cap * sizeof(*l->items));
        }
        l->items[l->n++] = item;
}

int page_parse(const struct call *c, bool numbered, struct page *ret, struct err *err) {
        const char *cursor = http_query(c->req, "cursor");
        struct page page = { .cursor = cursor };

        if (query_int("limit", http_query(c->req, "limit"), 1, PAGE_MAX, PAGE_DEFAULT, &page.max,
                      err) < 0)
                return -1;
        if (numbered && query_int("cursor", cursor, 0, INT64_MAX, 0, &page.after, err) < 0)
                return -1;
        *ret = page;
        return 0;
}

void page_begin(struct buf *b) {
        json_open(b, '{');
        json_key(b, "items");
        json_open(b, '[');
}

static void end_items(struct buf *b, const char *next) {
        json_close(b, ']');
        json_key(b, "next");
        json_text(b, next);
}

void page_end_open(struct buf *b, int64_t next) {
        char text[24];

        snprintf(text, sizeof(text), "%" PRId64, next);
        end_items(b, next ? text : NULL);
}

void page_end(struct buf *b, const char *next) {
        end_items(b, next);
        json_close(b, '}');
}

void page_end_id(struct buf *b, int64_t next) {
        page_end_open(b, next);
        json_close(b, '}');
}

static int compare(const void *a, const void *b, void *arg) {
        const struct page_kind *kind = arg;
        int64_t x = kind->id(*(const void *const *)a), y = kind->id(*(const void *const *)b);

        return (x > y) - (x < y);
}

/* Those of L that come after the cursor. */
static void write_page(struct buf *b, const struct read_model *m, struct list *l,
                       const struct page *page, const struct page_kind *kind) {
        struct page_kind k = *kind;
        int64_t written = 0;
        size_t i = 0;

        if (l->n)
                qsort_r(l->items, l->n, sizeof(*l->items), compare, &k);
        page_begin(b);
        while (i < l->n && k.id(l->items[i]) <= page->after)
                i++;
        for (; i < l->n && written < page->max; i++, written++)
                k.write(b, m, l->items[i]);
        page_end_id(b, written && i < l->n ? k.id(l->items[i - 1]) : 0);
}

void page_reply(struct call *c, const struct page_kind *kind, int64_t of) {
        struct list list = { .arena = http_arena(c->req) };
        struct page page;
        struct err err;

        if (page_parse(c, true, &page, &err) < 0) {
                problem_reply(c, &err);
                return;
        }
        read_model_lock(c->api->model);
        kind->gather(c, of, &list);
        write_page(call_buf(c), c->api->model, &list, &page, kind);
        read_model_unlock(c->api->model);
        call_reply_json(c, 200);
}
