#include "cli/emulate/threshold.h"

#include <math.h>
#include <string.h>

static int parse_limit(const char *item, const char *text, double *ret, struct err *err) {
        char *end;
        double v = strtod(text, &end);

        if (end == text || *end || !isfinite(v))
                return err_set(err, ERR_INVALID, "\"%s\" has no number as its limit", item);
        *ret = v;
        return 0;
}

/* ITEM is "NAME=LIMIT", "NAME<=LIMIT" or "NAME>=LIMIT". */
static int parse_one(const char *item, struct arena *arena, struct threshold *ret,
                     struct err *err) {
        const char *equals = strchr(item, '=');
        size_t n = strcspn(item, "<>=");
        const char *name = arena_printf(arena, "%.*s", (int)n, item);

        if (n == 0 || !equals || equals - item > (ptrdiff_t)n + 1)
                return err_set(err, ERR_INVALID,
                               "\"%s\" is no limit: write NAME=LIMIT, as in errors=0", item);
        ret->least = item[n] == '>';
        ret->metric = summary_find(name);
        if (ret->metric < 0)
                return err_set(err, ERR_INVALID,
                               "there is no metric \"%s\"; `berth emulate --help` lists them",
                               name);
        return parse_limit(item, equals + 1, &ret->limit, err);
}

int thresholds_parse(const char *text, struct arena *arena, struct thresholds *ret,
                     struct err *err) {
        size_t most = 1;

        *ret = (struct thresholds){ 0 };
        if (!text)
                return 0;
        for (const char *c = text; *c; c++)
                most += *c == ',';
        ret->list = arena_alloc(arena, most * sizeof(*ret->list));
        while (*text) {
                size_t n = strcspn(text, ",");
                const char *item = arena_printf(arena, "%.*s", (int)n, text);

                if (parse_one(item, arena, &ret->list[ret->n], err) < 0)
                        return -1;
                ret->n++;
                text += n + (text[n] == ',');
        }
        return ret->n ? 0 : err_set(err, ERR_INVALID, "no limit is named");
}

bool threshold_met(const struct threshold *t, const struct summary *s) {
        double v = summary_value(s, t->metric);

        if (isnan(v))
                return false;
        return t->least ? v >= t->limit : v <= t->limit;
}

size_t thresholds_missed(const struct thresholds *t, const struct summary *s) {
        size_t missed = 0;

        for (size_t i = 0; i < t->n; i++)
                missed += !threshold_met(&t->list[i], s);
        return missed;
}

void threshold_text(const struct threshold *t, const struct summary *s, struct buf *b) {
        double v = summary_value(s, t->metric);
        char name[METRIC_NAME];

        summary_name(t->metric, name);
        buf_str(b, name);
        if (isnan(v)) {
                buf_str(b, " was not measured; its limit is ");
        } else {
                buf_str(b, " is ");
                summary_number(b, v);
                if (threshold_met(t, s))
                        buf_str(b, ", within its limit of ");
                else
                        buf_str(b, t->least ? ", below its limit of " : ", above its limit of ");
        }
        summary_number(b, t->limit);
}
