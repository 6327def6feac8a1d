#include "base/attr.h"
#include "base/heap.h"
#include "test.h"

static void check(const struct heap *h) {
        for (size_t i = 0; i < h->n; i++) {
                CHECK(h->nodes[i]->place == i + 1);
                CHECK(i == 0 || h->nodes[(i - 1) / 2]->at_ms <= h->nodes[i]->at_ms);
        }
}

TEST(an_empty_heap) {
        struct heap h = { 0 };
        struct heap_node node = { 0 };

        CHECK(!heap_first(&h));
        heap_del(&h, &node);
        heap_done(&h);
}

TEST(the_earliest_comes_first) {
        struct heap_node nodes[5] = { 0 };
        struct heap h = { 0 };
        static const int64_t at[] = { 30, 10, 50, 20, 40 };

        for (size_t i = 0; i < 5; i++)
                heap_put(&h, &nodes[i], at[i]);
        for (int64_t want = 10; want <= 50; want += 10) {
                struct heap_node *first = heap_first(&h);

                CHECK(first->at_ms == want);
                heap_del(&h, first);
                CHECK(first->place == 0);
                heap_del(&h, first); /* again: nothing */
        }
        CHECK(!heap_first(&h));
        heap_done(&h);
}

TEST(put_moves) {
        struct heap_node a = { 0 }, b = { 0 };
        struct heap h = { 0 };

        heap_put(&h, &a, 1);
        heap_put(&h, &b, 2);
        heap_put(&h, &a, 3);
        CHECK(h.n == 2 && heap_first(&h) == &b);
        heap_put(&h, &a, -1);
        CHECK(h.n == 2 && heap_first(&h) == &a);
        heap_done(&h);
        CHECK(a.place == 0 && b.place == 0);
}

TEST(anything_keeps_the_order) {
        static struct heap_node nodes[200];
        struct heap h = { 0 };
        unsigned seed = 7;

        for (int i = 0; i < 20000; i++) {
                struct heap_node *node;

                seed = seed * 1103515245 + 12345;
                node = &nodes[(seed >> 16) % ARRAY_SIZE(nodes)];
                if (seed >> 30)
                        heap_put(&h, node, seed >> 8 & 255);
                else
                        heap_del(&h, node);
                if (i % 16 == 0)
                        check(&h);
        }
        CHECK(h.n > 0);
        for (int64_t last = -1; h.n > 0; heap_del(&h, heap_first(&h))) {
                CHECK(heap_first(&h)->at_ms >= last);
                last = heap_first(&h)->at_ms;
        }
        heap_done(&h);
}
