/* The series of a metric are found by their labels, which costs more than counting does: those of
 * the usual answers are kept at hand. */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "api/tally.h"
#include "base/metric.h"

#define USUAL 8 /* statuses 200 to 207 */

struct tally {
        struct tally_route {
                _Atomic(struct metric_series *) time, answers[USUAL];
        } routes[1]; /* n_routes, and one for what is none */
};

struct tally *tally_new(void) {
        struct tally *t = calloc(1, sizeof(*t) + n_routes * sizeof(t->routes[0]));

        assert(t);
        return t;
}

struct tally *tally_free(struct tally *t) {
        free(t);
        return NULL;
}

static const char *template_of(const struct route *route) {
        return route ? route->template : "other";
}

static struct metric_series *answers(const struct route *route, enum http_method method,
                                     int status) {
        const char text[] = { (char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
                              (char)('0' + status % 10), '\0' };

        return metric_series(METRIC_REQUESTS, http_method_name(method), template_of(route), text);
}

/* What KEPT holds, or else what MAKE gives, from then on. */
#define KEPT(kept, make)                                                                     \
        ({                                                                                   \
                struct metric_series *_s = atomic_load_explicit(kept, memory_order_acquire); \
                if (!_s) {                                                                   \
                        _s = (make);                                                         \
                        atomic_store_explicit(kept, _s, memory_order_release);               \
                }                                                                            \
                _s;                                                                          \
        })

void tally_request(struct tally *t, const struct route *route, enum http_method method, int status,
                   double seconds) {
        struct tally_route *r = &t->routes[route ? (size_t)(route - routes) : n_routes];
        bool usual = route && route->method == method && status >= 200 && status < 200 + USUAL;

        metric_series_add(usual ? KEPT(&r->answers[status - 200], answers(route, method, status)) :
                                  answers(route, method, status),
                          1);
        metric_series_observe(
                KEPT(&r->time, metric_series(METRIC_REQUEST_TIME, template_of(route))), seconds);
}
