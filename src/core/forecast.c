#include "core/forecast.h"

void forecast_add(struct forecast *f, int64_t at_ms) {
        heap_put(&f->slots, &f->nodes[f->n++], at_ms);
}

void forecast_fit(struct forecast *f, int64_t capacity, size_t waiting, int64_t now_ms) {
        int64_t spare = capacity - (int64_t)f->n;

        for (; spare < 0 && heap_first(&f->slots); spare++)
                heap_del(&f->slots, heap_first(&f->slots));
        for (size_t i = 0; i < waiting && spare > 0; i++, spare--)
                forecast_add(f, now_ms);
}

int64_t forecast_give(struct forecast *f, int64_t base_ms, int64_t interval_ms, int64_t now_ms) {
        struct heap_node *first = heap_first(&f->slots);
        int64_t by_pace, at_ms;

        if (first && first->at_ms <= now_ms) {
                heap_put(&f->slots, first, now_ms + base_ms);
                return 0;
        }
        by_pace = ++f->given * interval_ms;
        if (!first)
                return by_pace;
        at_ms = first->at_ms;
        heap_put(&f->slots, first, at_ms + base_ms);
        return by_pace > 0 && by_pace < at_ms - now_ms ? by_pace : at_ms - now_ms;
}

void forecast_done(struct forecast *f) { heap_done(&f->slots); }
