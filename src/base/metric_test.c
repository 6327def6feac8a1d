#include <pthread.h>
#include <stdbool.h>

#include "base/metric.h"
#include "test.h"

static struct buf out;

static bool says(const char *text) { return strstr(out.data, text); }

static void write_again(void) {
        buf_clear(&out);
        metric_write(&out);
}

static size_t count(const char *what) {
        size_t n = 0;

        for (const char *p = out.data; (p = strstr(p, what)); p++)
                n++;
        return n;
}

TEST(every_metric_is_described) {
        write_again();
#define METRIC(id, type, name, labels, help) \
        CHECK(says("# HELP " name " "));     \
        CHECK(says("# TYPE " name " "));
#include "base/metrics.def"
        CHECK(says("# HELP berth_queue_depth Leases that wait for a slot\n"
                   "# TYPE berth_queue_depth gauge\nberth_queue_depth 0\n"));
        CHECK(out.data[out.len - 1] == '\n');
}

TEST(counters_count) {
        metric_add(METRIC_REQUESTS, 1, "GET", "/api/v2/instances", "200");
        metric_add(METRIC_REQUESTS, 2, "GET", "/api/v2/instances", "200");
        metric_add(METRIC_REQUESTS, 1, "GET", "/api/v2/instances", "404");
        metric_add(METRIC_CLOCK_JUMPS, 1);
        metric_add(METRIC_GATE_BYTES, 3e12, "in");
        write_again();
        CHECK(says("\nberth_http_requests_total{method=\"GET\",path=\"/api/v2/instances\","
                   "status=\"200\"} 3\n"));
        CHECK(says("status=\"404\"} 1\n"));
        CHECK(says("\nberth_clock_jumps_total 1\n"));
        CHECK(says("\nberth_gate_bytes_total{direction=\"in\"} 3000000000000\n"));
}

TEST(gauges_go_up_and_down) {
        metric_set(METRIC_LEASES, 5, "running");
        metric_set(METRIC_LEASES, 3.5, "running");
        metric_add(METRIC_QUEUE, 2);
        metric_add(METRIC_QUEUE, -3);
        write_again();
        CHECK(says("\nberth_leases{state=\"running\"} 3.5\n"));
        CHECK(says("\nberth_queue_depth -1\n"));
}

TEST(label_values_are_escaped) {
        metric_add(METRIC_EXTENDS, 1, "a\"b\\c\nd\xff\xc3\xa4");
        write_again();
        CHECK(says("{result=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\xc3\xa4\"} 1\n"));
}

TEST(missing_and_long_labels) {
        char longer[300];

        metric_add(METRIC_STARTS, 1, "docker");
        metric_add(METRIC_STARTS, 1);
        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';
        metric_add(METRIC_LOST, 1, longer);
        longer[200] = 'y'; /* beyond the cut: the same series */
        metric_add(METRIC_LOST, 1, longer);
        write_again();
        CHECK(says("{runtime=\"docker\",result=\"\"} 1\n"));
        CHECK(says("{runtime=\"\",result=\"\"} 1\n"));
        CHECK(says("xxx\"} 2\n"));
}

TEST(histograms_are_cumulative) {
        metric_observe(METRIC_REQUEST_TIME, 0.0005, "/");
        metric_observe(METRIC_REQUEST_TIME, 0.003, "/");
        metric_observe(METRIC_REQUEST_TIME, 100, "/");
        write_again();
        CHECK(says("_bucket{path=\"/\",le=\"0.0005\"} 1\n"));
        CHECK(says("_bucket{path=\"/\",le=\"0.0025\"} 1\n"));
        CHECK(says("_bucket{path=\"/\",le=\"0.005\"} 2\n"));
        CHECK(says("_bucket{path=\"/\",le=\"60\"} 2\n"));
        CHECK(says("_bucket{path=\"/\",le=\"+Inf\"} 3\n"));
        CHECK(says("\nberth_http_request_seconds_sum{path=\"/\"} 100.0035\n"));
        CHECK(says("\nberth_http_request_seconds_count{path=\"/\"} 3\n"));
}

TEST(batches_have_buckets_of_their_own) {
        metric_observe(METRIC_BATCH, 3);
        metric_observe(METRIC_BATCH, 2000);
        write_again();
        CHECK(says("\nberth_commit_batch_commands_bucket{le=\"2\"} 0\n"));
        CHECK(says("\nberth_commit_batch_commands_bucket{le=\"4\"} 1\n"));
        CHECK(says("\nberth_commit_batch_commands_bucket{le=\"1024\"} 1\n"));
        CHECK(says("\nberth_commit_batch_commands_bucket{le=\"+Inf\"} 2\n"));
        CHECK(says("\nberth_commit_batch_commands_sum 2003\n"));
}

TEST(too_many_series_become_other) {
        char name[32];

        for (int i = 0; i < METRIC_SERIES_MAX + 50; i++) {
                snprintf(name, sizeof(name), "limit-%d", i);
                metric_add(METRIC_RATE_LIMITED, 1, name);
        }
        metric_add(METRIC_RATE_LIMITED, 1, "limit-0"); /* an old one still counts for itself */
        write_again();
        CHECK(count("\nberth_rate_limited_total{") == METRIC_SERIES_MAX + 1);
        CHECK(says("{limit=\"other\"} 50\n"));
        CHECK(says("{limit=\"limit-0\"} 2\n"));
}

static void *count_often(void *arg) {
        _cleanup_buf_ struct buf b = { 0 };
        char name[32];

        for (int i = 0; i < 4000; i++) {
                snprintf(name, sizeof(name), "a%d", i % 8);
                metric_add(METRIC_EVENTS, 1, name);
                metric_observe(METRIC_BATCH, i % 5);
                metric_set(METRIC_WAL, i);
                if (i % 1000 == 0)
                        metric_write(&b);
        }
        return arg;
}

TEST(threads_lose_nothing) {
        pthread_t threads[4];

        for (size_t i = 0; i < 4; i++)
                CHECK(pthread_create(&threads[i], NULL, count_often, NULL) == 0);
        for (size_t i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        write_again();
        CHECK(count("\nberth_events_total{") == 8);
        CHECK(count("\"} 2000\n") == 8);
        CHECK(says("\nberth_commit_batch_commands_count 16000\n"));
        CHECK(says("\nberth_commit_batch_commands_sum 32000\n"));
        CHECK(says("\nberth_store_wal_bytes 3999\n"));
}
