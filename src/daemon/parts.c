#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metric.h"
#include "daemon/parts.h"
#include "model/clusters.h"
#include "os/file.h"

#define BODY_MAX       ((size_t)1024 * 1024)
#define HEADER_MAX     8192
#define QUIESCE_MS     8000
#define ENGINE_STOP_MS 12000

static int open_loops(struct parts *p, struct err *err) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        int64_t n = p->settings->loops ? p->settings->loops : cores > 0 ? cores : 1;

        for (int64_t i = 0; i < n && i < LOOPS_MAX; i++) {
                if (loop_new("loop", &p->loops[i], err) < 0)
                        return -1;
                p->n_loops++;
                loop_start(p->loops[i]);
        }
        return 0;
}

/* A name is how leases and challenges refer to a runtime: two of one name cannot be told apart. */
static int check_runtime(const struct parts *p, const struct runtime *rt, struct err *err) {
        for (size_t i = 0; i < p->n_runtimes; i++) {
                if (strcmp(runtime_name(p->runtimes[i]), runtime_name(rt)) == 0)
                        return err_set(err, ERR_INVALID, "runtime: two are named %s",
                                       runtime_name(rt));
        }
        if (p->settings->gate && runtime_remote(rt))
                return err_set(
                        err, ERR_INVALID,
                        "the gate cannot reach the bridge of a remote engine: set BERTH_GATE=off");
        return 0;
}

static int open_runtimes(struct parts *p, struct err *err) {
        const struct settings *s = p->settings;
        struct runtime_config config = {
                .install = p->install.id,
                .network = s->network,
                .publish_ports = !s->gate,
                .publish_host = s->gate ? NULL : s->public_host,
                .allowed_images = s->images,
                .manage_firewall = s->firewall,
        };

        for (size_t i = 0; s->runtimes[i]; i++) {
                _cleanup_(runtime_freep) struct runtime *rt = NULL;

                if (i == ENGINE_RUNTIMES_MAX)
                        return err_set(err, ERR_INVALID, "runtime: at most %d",
                                       ENGINE_RUNTIMES_MAX);
                if (runtime_open(s->runtimes[i], &config, &rt, err) < 0 ||
                    check_runtime(p, rt, err) < 0)
                        return -1;
                p->runtimes[p->n_runtimes++] = TAKE(rt);
        }
        return 0;
}

/* The engine is there before the interface, and tells it from its own thread on. */
static void on_notice(void *arg, const struct notice *notices, size_t n) {
        struct parts *p = arg;

        if (p->api)
                api_notice(p->api, notices, n);
}

static int open_engine(struct parts *p, struct err *err) {
        const struct settings *s = p->settings;
        struct engine_config config = {
                .store_url = s->store,
                .n_runtimes = p->n_runtimes,
                .gate = p->gate,
                .public_host = s->public_host,
                .port_from = s->port_from,
                .port_to = s->port_to,
                .max_queue = s->max_queue,
                .worker = s->worker,
                .sweep_ms = s->sweep_seconds * 1000,
                .orphan_grace_ms = s->orphan_grace_seconds * 1000,
                .threads = (unsigned)s->threads,
                .retention_ms = s->retention_days * INT64_C(24) * 3600 * 1000,
                .on_notice = on_notice,
                .arg = p,
        };

        for (size_t i = 0; i < p->n_runtimes; i++)
                config.runtimes[i] = (struct engine_runtime){
                        .rt = p->runtimes[i],
                        .capacity = s->capacity,
                        .starts = (unsigned)s->starts,
                        .stops = (unsigned)s->stops,
                };
        memcpy(config.master_key, p->install.master_key, sizeof(config.master_key));
        memcpy(config.audit_secret, p->install.audit_secret, sizeof(config.audit_secret));
        return engine_open(&config, &p->engine, err);
}

/* Who has the install's key could make this one, and nobody else. */
static const char *own_mask_key(struct parts *p) {
        static const char label[] = "berth mask key";
        uint8_t digest[SHA256_SIZE];
        char text[SHA256_TEXT];

        hmac_sha256(p->install.master_key, label, sizeof(label) - 1, digest);
        hex_encode(digest, sizeof(digest), text);
        return arena_printf(&p->arena, "%s", text);
}

static int read_clusters(struct parts *p, struct placeholder_setting *ret, struct err *err) {
        const char *file = p->settings->clusters;
        struct clusters clusters;
        char *text;
        size_t n;

        if (file_read(file, CLUSTERS_FILE_MAX, &p->arena, &text, &n, err) < 0)
                return -1;
        if (clusters_parse(text, n, &p->arena, &clusters, err) < 0)
                return err_wrap(err, "%s", file);
        ret->control_cluster = clusters.control;
        ret->player_clusters = clusters.players;
        ret->n_player_clusters = clusters.n;
        return 0;
}

static int open_placeholders(struct parts *p, struct err *err) {
        const struct settings *s = p->settings;
        struct placeholder_setting *ret = &p->placeholders;

        *ret = (struct placeholder_setting){
                .mask_key = *s->mask_key ? s->mask_key : own_mask_key(p),
                .control_cluster = s->control_cluster,
                .player_clusters = s->player_cluster_list,
        };
        while (s->player_cluster_list[ret->n_player_clusters])
                ret->n_player_clusters++;
        return *s->clusters ? read_clusters(p, ret, err) : 0;
}

static int open_api(struct parts *p, struct err *err) {
        struct api_config config;

        p->source = source_status_new(p->settings->challenges);
        config = (struct api_config){
                .engine = p->engine,
                .loops = p->loops,
                .n_loops = p->n_loops,
                .limits = p->settings->limits,
                .tenant = p->settings->tenant,
                .pages = p->settings->pages,
                .pages_csp = p->settings->pages_csp,
                .max_followers = (unsigned)p->settings->max_followers,
                .origins = p->settings->sites,
                .origin_required = p->settings->origin_required,
                .max_watchers = (unsigned)p->settings->max_watchers,
                .user_watchers = (unsigned)p->settings->user_watchers,
                .depot = p->depot,
                .source = p->source,
                .placeholders = p->placeholders,
        };

        return api_new(&config, &p->api, err);
}

static int open_all(struct parts *p, bool serving, struct err *err) {
        const struct settings *s = p->settings;

        if (install_open(s, &p->install, err) < 0 || open_loops(p, err) < 0)
                return -1;
        if (s->gate && gate_new(s->gate_listen, p->loops, p->n_loops, &p->gate, err) < 0)
                return err_wrap(err, "gate");
        if (open_placeholders(p, err) < 0 ||
            depot_open(s->files, s->max_file_bytes, &p->depot, err) < 0 ||
            open_runtimes(p, err) < 0 || open_engine(p, err) < 0)
                return -1;
        if (serving &&
            (open_api(p, err) < 0 || janitor_new(p->engine, p->depot, &p->janitor, err) < 0))
                return -1;
        metric_set(METRIC_BUILD, 1, BERTH_VERSION, runtime_name(p->runtimes[0]),
                   engine_store_name(p->engine));
        return engine_start(p->engine, err);
}

int parts_open(const struct settings *settings, bool serving, struct parts *ret, struct err *err) {
        /* Filled in place: the engine tells the parts by this address. */
        *ret = (struct parts){ .settings = settings, .install = { .lock = -1 } };
        if (open_all(ret, serving, err) < 0) {
                parts_close(ret);
                return -1;
        }
        return 0;
}

int parts_listen(struct parts *p, struct err *err) {
        const struct settings *s = p->settings;
        struct http_config config = {
                .listen = s->listen,
                .max_body_bytes = BODY_MAX,
                .max_header_bytes = HEADER_MAX,
                .max_connections = (unsigned)s->max_connections,
                .idle_timeout_s = (int)s->idle_timeout_seconds,
                .tls_cert = *s->tls_cert ? s->tls_cert : NULL,
                .tls_key = *s->tls_key ? s->tls_key : NULL,
                .trusted_proxies = s->proxies,
                .headers = api_headers,
                .handler = api_handle,
                .on_done = api_done,
                .arg = p->api,
                .error_body = api_error_body,
        };

        return http_server_new(&config, p->loops, p->n_loops, &p->http, err);
}

void parts_close(struct parts *p) {
        p->author = author_free(p->author);
        p->janitor = janitor_free(p->janitor);
        if (p->api)
                api_quiesce(p->api);
        if (p->http)
                http_server_quiesce(p->http, QUIESCE_MS);
        if (p->engine)
                engine_stop(p->engine, ENGINE_STOP_MS);
        p->http = http_server_free(p->http);
        p->api = api_free(p->api);
        p->source = source_status_free(p->source);
        p->gate = gate_free(p->gate);
        p->engine = engine_free(p->engine);
        p->depot = depot_free(p->depot);
        for (size_t i = 0; i < p->n_runtimes; i++)
                runtime_free(p->runtimes[i]);
        for (size_t i = 0; i < p->n_loops; i++) {
                loop_stop(p->loops[i]);
                loop_free(p->loops[i]);
        }
        arena_done(&p->arena);
        install_done(&p->install);
        *p = (struct parts){ .install = { .lock = -1 } };
}
