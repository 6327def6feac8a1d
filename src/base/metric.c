#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "base/str.h"

#define METRIC_LABELS_MAX 4
#define METRIC_VALUE_MAX  128 /* bytes of a label value; the rest is cut */
#define METRIC_BOUNDS_MAX 16
#define SLOTS             (2 * METRIC_SERIES_MAX) /* a power of two */

enum type { METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM };

static const char *const type_names[] = { "counter", "gauge", "histogram" };

static const struct {
        enum type type;
        const char *name, *labels, *help;
} table[] = {
#define METRIC(id, type, name, labels, help) \
        [METRIC_##id] = { METRIC_TYPE_##type, name, labels, help },
#include "base/metrics.def"
};

struct bounds {
        const char *suffix; /* of the names of the metrics that it is for */
        size_t n;
        double upto[METRIC_BOUNDS_MAX];
};

static const struct bounds all_bounds[] = {
        { "_seconds",
          16,
          { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
            60 } },
        { "_commands", 11, { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024 } },
};

/* One combination of label values.  Made once, never freed or moved. */
struct metric_series {
        uint64_t hash;
        enum metric id;
        _Atomic uint64_t value; /* the bits of a double; of a histogram, the sum */
        _Atomic uint64_t buckets[METRIC_BOUNDS_MAX + 1];
        char labels[METRIC_LABELS_MAX][METRIC_VALUE_MAX];
};

/* Readers find a series in the slots (open addressing, only ever filled) without a lock;
 * who adds one holds ADDING.  ALL has them in the order they came. */
struct family {
        _Atomic(struct metric_series *) slots[SLOTS];
        _Atomic(struct metric_series *) all[METRIC_SERIES_MAX + 1];
        _Atomic(struct metric_series *) other; /* there once the family is full */
        size_t n;
};

static struct family families[_METRIC_N];
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;

static size_t count_labels(enum metric id) {
        size_t n = table[id].labels[0] ? 1 : 0;

        for (const char *p = table[id].labels; *p; p++)
                n += *p == ',';
        return n;
}

/* The label values given, as many as the table says: what is missing is empty. */
static void fill(enum metric id, const char *const *given, const char *values[METRIC_LABELS_MAX]) {
        size_t n = count_labels(id), i = 0;

        assert(n <= METRIC_LABELS_MAX);
        for (; given[i]; i++) {
                assert(i < n);
                values[i] = given[i];
        }
        for (; i < METRIC_LABELS_MAX; i++)
                values[i] = "";
}

static uint64_t hash(const char *const values[METRIC_LABELS_MAX]) {
        uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

        for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
                const char *v = values[i];

                for (size_t j = 0; j < METRIC_VALUE_MAX - 1 && v[j]; j++)
                        h = (h ^ (uint8_t)v[j]) * 0x100000001b3;
                h = (h ^ 0xff) * 0x100000001b3; /* no byte of UTF-8: ends a value */
        }
        return h ^ h >> 32;
}

static bool same(const struct metric_series *s, uint64_t h, const char *const *values) {
        if (s->hash != h)
                return false;
        for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
                if (strncmp(s->labels[i], values[i], METRIC_VALUE_MAX - 1) != 0)
                        return false;
        return true;
}

/* The slot of the series, or the empty one where it would be. */
static _Atomic(struct metric_series *) *find(struct family *f, uint64_t h,
                                             const char *const *values) {
        size_t i = h & (SLOTS - 1);
        struct metric_series *s;

        while ((s = atomic_load_explicit(&f->slots[i], memory_order_acquire)) &&
               !same(s, h, values))
                i = (i + 1) & (SLOTS - 1);
        return &f->slots[i];
}

static struct metric_series *make(enum metric id, uint64_t h, const char *const *values) {
        struct family *f = &families[id];
        struct metric_series *s = calloc(1, sizeof(*s));

        if (!s)
                abort();
        s->hash = h;
        s->id = id;
        for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
                str_copy(s->labels[i], METRIC_VALUE_MAX, values[i]);
        atomic_store_explicit(&f->all[f->n++], s, memory_order_release);
        return s;
}

static struct metric_series *add(enum metric id, uint64_t h, const char *const *values) {
        static const char *const other[METRIC_LABELS_MAX] = { "other", "other", "other", "other" };
        struct family *f = &families[id];
        _Atomic(struct metric_series *) *slot;
        struct metric_series *s;

        pthread_mutex_lock(&adding);
        slot = find(f, h, values);
        s = atomic_load(slot);
        if (!s && f->n < METRIC_SERIES_MAX) {
                s = make(id, h, values);
                atomic_store_explicit(slot, s, memory_order_release);
        } else if (!s) {
                s = atomic_load(&f->other);
                if (!s)
                        s = make(id, 0, other);
                atomic_store_explicit(&f->other, s, memory_order_release);
        }
        pthread_mutex_unlock(&adding);
        return s;
}

static struct metric_series *series(enum metric id, const char *const *labels) {
        const char *values[METRIC_LABELS_MAX];
        struct metric_series *s;
        uint64_t h;

        fill(id, labels, values);
        h = hash(values);
        s = atomic_load_explicit(find(&families[id], h, values), memory_order_acquire);
        if (!s)
                s = atomic_load_explicit(&families[id].other, memory_order_acquire);
        return s ? s : add(id, h, values);
}

static double to_double(uint64_t bits) {
        double v;

        memcpy(&v, &bits, sizeof(v));
        return v;
}

static uint64_t to_bits(double v) {
        uint64_t bits;

        memcpy(&bits, &v, sizeof(bits));
        return bits;
}

static void increase(_Atomic uint64_t *value, double v) {
        uint64_t old = atomic_load_explicit(value, memory_order_relaxed);

        while (!atomic_compare_exchange_weak_explicit(value, &old, to_bits(to_double(old) + v),
                                                      memory_order_relaxed, memory_order_relaxed))
                ;
}

/* By the end of the metric's name; looked up once for each. */
static const struct bounds *bounds_of(enum metric id) {
        static const struct bounds *_Atomic known[_METRIC_N];
        const struct bounds *found = atomic_load_explicit(&known[id], memory_order_relaxed);

        for (size_t i = 0; !found; i++) {
                size_t len = strlen(table[id].name), suffix;

                assert(i < ARRAY_SIZE(all_bounds));
                suffix = strlen(all_bounds[i].suffix);
                if (len > suffix &&
                    strcmp(table[id].name + len - suffix, all_bounds[i].suffix) == 0)
                        found = &all_bounds[i];
        }
        atomic_store_explicit(&known[id], found, memory_order_relaxed);
        return found;
}

struct metric_series *metric_series_(enum metric id, const char *const *labels) {
        return series(id, labels);
}

void metric_series_add(struct metric_series *s, double v) {
        assert(table[s->id].type == METRIC_TYPE_GAUGE ||
               (table[s->id].type == METRIC_TYPE_COUNTER && v >= 0));
        increase(&s->value, v);
}

void metric_series_observe(struct metric_series *s, double v) {
        const struct bounds *bounds = bounds_of(s->id);
        size_t i = 0;

        assert(table[s->id].type == METRIC_TYPE_HISTOGRAM);
        while (i < bounds->n && v > bounds->upto[i])
                i++;
        atomic_fetch_add_explicit(&s->buckets[i], 1, memory_order_relaxed);
        increase(&s->value, v);
}

void metric_add_(enum metric id, double v, const char *const *labels) {
        metric_series_add(series(id, labels), v);
}

void metric_set_(enum metric id, double v, const char *const *labels) {
        assert(table[id].type == METRIC_TYPE_GAUGE);
        atomic_store_explicit(&series(id, labels)->value, to_bits(v), memory_order_relaxed);
}

void metric_observe_(enum metric id, double v, const char *const *labels) {
        metric_series_observe(series(id, labels), v);
}

static void write_value(struct buf *b, const char *value) {
        size_t n = strlen(value), len;

        for (size_t i = 0; i < n; i += len ? len : 1) {
                len = str_utf8(value + i, n - i);
                if (len == 0)
                        buf_str(b, "\xef\xbf\xbd");
                else if (value[i] == '\n')
                        buf_str(b, "\\n");
                else if (value[i] == '"' || value[i] == '\\')
                        buf_add(b, (char[]){ '\\', value[i] }, 2);
                else
                        buf_add(b, value + i, len);
        }
}

/* {method="GET",status="200"}, and le="..." when LE is given; nothing when there are none. */
static void write_labels(struct buf *b, enum metric id, const struct metric_series *s,
                         const char *le) {
        const char *name = table[id].labels;
        size_t n = count_labels(id);

        if (n == 0 && !le)
                return;
        buf_char(b, '{');
        for (size_t i = 0; i < n; i++) {
                size_t len = strcspn(name, ",");

                buf_add(b, name, len);
                buf_str(b, "=\"");
                write_value(b, s->labels[i]);
                buf_str(b, i + 1 < n || le ? "\"," : "\"");
                name += len + 1;
        }
        if (le)
                buf_printf(b, "le=\"%s\"", le);
        buf_char(b, '}');
}

static void write_number(struct buf *b, double v) {
        buf_char(b, ' ');
        if (isnan(v))
                buf_str(b, "NaN");
        else if (isinf(v))
                buf_str(b, v > 0 ? "+Inf" : "-Inf");
        else if (fabs(v) < 1e15 && v == (double)(int64_t)v)
                buf_int(b, (int64_t)v);
        else
                buf_printf(b, "%.15g", v);
        buf_char(b, '\n');
}

static void write_line(struct buf *b, enum metric id, const struct metric_series *s,
                       const char *suffix, const char *le, double v) {
        buf_str(b, table[id].name);
        buf_str(b, suffix);
        write_labels(b, id, s, le);
        write_number(b, v);
}

static void write_histogram(struct buf *b, enum metric id, struct metric_series *s) {
        const struct bounds *bounds = bounds_of(id);
        uint64_t n = 0;
        char le[32];

        for (size_t i = 0; i <= bounds->n; i++) {
                n += atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
                if (i < bounds->n)
                        snprintf(le, sizeof(le), "%g", bounds->upto[i]);
                else
                        str_copy(le, sizeof(le), "+Inf");
                write_line(b, id, s, "_bucket", le, (double)n);
        }
        write_line(b, id, s, "_sum", NULL, to_double(atomic_load(&s->value)));
        write_line(b, id, s, "_count", NULL, (double)n);
}

static void write_family(struct buf *b, enum metric id) {
        struct family *f = &families[id];
        struct metric_series *s;

        /* What has no labels has one series from the start, at 0. */
        if (count_labels(id) == 0)
                series(id, (const char *const[]){ NULL });
        buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", table[id].name, table[id].help,
                   table[id].name, type_names[table[id].type]);
        for (size_t i = 0; i < ARRAY_SIZE(f->all); i++) {
                s = atomic_load_explicit(&f->all[i], memory_order_acquire);
                if (!s)
                        break;
                if (table[id].type == METRIC_TYPE_HISTOGRAM)
                        write_histogram(b, id, s);
                else
                        write_line(b, id, s, "", NULL, to_double(atomic_load(&s->value)));
        }
}

void metric_write(struct buf *b) {
        for (int id = 0; id < _METRIC_N; id++)
                write_family(b, (enum metric)id);
}
