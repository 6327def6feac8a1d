/* Lists: {"items": [...], "next": cursor|null}, in pages. */
#pragma once

#include "api/call.h"
#include "base/json.h"

/* Pointers gathered under the read model's lock. */
struct list {
        struct arena *arena;
        const void **items;
        size_t n, cap;
};
void list_add(struct list *l, const void *item);

struct page {
        int64_t max;
        const char *cursor; /* NULL: from the beginning */
        int64_t after;      /* the cursor as a number; 0 without one */
};
/* Reads ?limit= and ?cursor=, the latter as a number when NUMBERED.  Fails: INVALID. */
_must_check_ int page_parse(const struct call *c, bool numbered, struct page *ret, struct err *err);

void page_begin(struct buf *b);
/* Ends the items; members may follow.  NEXT 0: it was the last page. */
void page_end_open(struct buf *b, int64_t next);
/* NEXT NULL: it was the last page. */
void page_end(struct buf *b, const char *next);
void page_end_id(struct buf *b, int64_t next); /* 0: it was the last page */

/* A kind of items in the read model; all is called with that locked. */
struct page_kind {
        void (*gather)(const struct call *c, int64_t of, struct list *list);
        int64_t (*id)(const void *item);
        void (*write)(struct buf *b, const struct read_model *m, const void *item);
};
/* Answers with the page that C asks for, by id; OF is for gather(). */
void page_reply(struct call *c, const struct page_kind *kind, int64_t of);
