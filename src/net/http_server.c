#include "net/http_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/http_socket.h"
#include "os/file.h"

#define PEM_MAX_BYTES (size_t)(1024 * 1024)

/* What is posted to a loop to take it in.  The server may be freed before the loop ever ran. */
struct http_attach {
        struct http_loop *hl;
};

/* --- wakes --- */

static void run_wakes(struct http_loop *hl) {
        struct http_wake *w, *next;

        pthread_mutex_lock(&hl->lock);
        w = hl->wakes;
        hl->wakes = NULL;
        hl->wakes_end = &hl->wakes;
        pthread_mutex_unlock(&hl->lock);
        for (; w; w = next) {
                next = w->next;
                w->fn(w);
        }
}

static void on_wakes(void *arg) {
        struct http_loop *hl = arg;

        run_wakes(hl);
        http_run(hl);
}

void http_wake(struct http_loop *hl, struct http_wake *wake) {
        bool first;

        wake->next = NULL;
        pthread_mutex_lock(&hl->lock);
        first = !hl->wakes;
        *hl->wakes_end = wake;
        hl->wakes_end = &wake->next;
        if (first)
                loop_post(hl->loop, on_wakes, hl);
        pthread_mutex_unlock(&hl->lock);
}

/* --- running the daemon --- */

void http_run(struct http_loop *hl) {
        MHD_UNSIGNED_LONG_LONG timeout;

        if (hl->closing)
                return;
        MHD_run(hl->mhd);
        /* Longer timeouts are those of idle connections: the sweep runs them. */
        if (MHD_get_timeout(hl->mhd, &timeout) == MHD_YES && timeout == 0)
                loop_timer_set(&hl->again, 0);
}

static void on_ready(uv_poll_t *poll, int status _unused_, int events _unused_) {
        http_run(container_of(poll, struct http_loop, poll));
}

static void on_again(void *arg) { http_run(arg); }

static void on_sweep(void *arg) {
        struct http_loop *hl = arg;

        http_conn_sweep(hl);
        http_stream_sweep(hl);
        http_run(hl);
        loop_timer_set(&hl->sweep, HTTP_SWEEP_MS);
}

/* --- taking a loop in, and letting go of it --- */

static void attach(void *arg) {
        struct http_attach *a = arg;
        struct http_loop *hl = a->hl;
        int fd, r;

        free(a);
        if (!hl)
                return;
        hl->attaching = NULL;
        fd = MHD_get_daemon_info(hl->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        r = uv_poll_init(loop_uv(hl->loop), &hl->poll, fd);
        assert(r == 0);
        r = uv_poll_start(&hl->poll, UV_READABLE, on_ready);
        assert(r == 0);
        loop_timer_init(&hl->again, hl->loop, on_again, hl);
        loop_timer_init(&hl->sweep, hl->loop, on_sweep, hl);
        loop_timer_set(&hl->sweep, HTTP_SWEEP_MS);
        hl->handles = 3;
        http_run(hl); /* puts the listener into the epoll set */
}

static void let_go(void *arg) {
        struct http_loop *hl = arg;
        struct http_server *s = hl->server;

        pthread_mutex_lock(&s->lock);
        s->detached++;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
}

void http_handle_closed(struct http_loop *hl) {
        if (--hl->handles)
                return;
        if (loop_is_mine(hl->loop))
                loop_post(hl->loop, let_go, hl); /* after the wakes that were posted */
        else
                let_go(hl);
}

static void on_closed(void *arg) { http_handle_closed(arg); }
static void on_poll_closed(uv_handle_t *h) {
        http_handle_closed(container_of((uv_poll_t *)h, struct http_loop, poll));
}

/* Ends every request, whether it is suspended or not, and then the daemon. */
static void end_daemon(struct http_loop *hl) {
        struct http_req *req, *next;

        assert(!hl->n_links);
        hl->closing = !loop_is_mine(hl->loop); /* no answers from another thread */
        run_wakes(hl);
        hl->closing = true;
        while (hl->waiting)
                http_continue(hl->waiting);
        http_stream_sweep(hl);
        run_wakes(hl);
        MHD_run(hl->mhd);
        MHD_stop_daemon(hl->mhd);
        run_wakes(hl); /* those that found their request over */
        for (req = hl->free; req; req = next) {
                next = req->next;
                hl->free = NULL;
                req->loop = hl;
                http_req_free(req);
        }
        http_answers_free(hl);
}

static void detach(void *arg) {
        struct http_loop *hl = arg;

        if (hl->attaching) { /* the loop never ran */
                hl->attaching->hl = NULL;
                MHD_stop_daemon(hl->mhd);
                hl->handles = 1;
                http_handle_closed(hl);
                return;
        }
        end_daemon(hl);
        http_linger_end(hl);
        loop_timer_close(&hl->again, on_closed);
        loop_timer_close(&hl->sweep, on_closed);
        if (uv_is_closing((uv_handle_t *)&hl->poll)) /* by the loop, which is over */
                on_poll_closed((uv_handle_t *)&hl->poll);
        else
                uv_close((uv_handle_t *)&hl->poll, on_poll_closed);
}

/* --- making and ending a server --- */

/* Leaves a target as it was sent: http_parse decodes it, once and strictly. */
static size_t keep_escapes(void *arg _unused_, struct MHD_Connection *mhd _unused_, char *text) {
        return strlen(text);
}

static int start_daemon(struct http_loop *hl, const char *cert, const char *key, struct err *err) {
        const struct http_config *c = &hl->server->config;
        size_t n_loops = hl->server->n_loops;
        unsigned limit = (unsigned)((c->max_connections + n_loops - 1) / n_loops);
        unsigned flags =
                MHD_USE_EPOLL | MHD_ALLOW_UPGRADE | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO;
        struct MHD_OptionItem tls[] = {
                { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert },
                { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key },
                { MHD_OPTION_END, 0, NULL },
        };

        if (!cert)
                tls[0] = tls[2];
        else
                flags |= MHD_USE_TLS;
        hl->mhd = MHD_start_daemon(
                flags, 0, NULL, NULL, http_on_access, hl, MHD_OPTION_LISTEN_SOCKET, hl->listener,
                MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                c->max_header_bytes, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)c->idle_timeout_s,
                MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, http_on_target, hl,
                MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED,
                http_on_completed, hl, MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, hl,
                MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
        if (hl->mhd) {
                hl->listener = -1; /* the daemon's from now on */
                return 0;
        }
        if (cert)
                return err_set(err, ERR_INVALID, "no certificate and key for TLS in %s and %s",
                               c->tls_cert, c->tls_key);
        return err_set(err, ERR_UNAVAILABLE, "cannot start an HTTP server on %s", c->listen);
}

static int start_daemons(struct http_server *s, struct err *err) {
        const struct http_config *c = &s->config;
        _cleanup_arena_ struct arena arena = { 0 };
        char *cert = NULL, *key = NULL;
        size_t n;

        if (c->tls_cert && !c->tls_key)
                return err_set(err, ERR_INVALID, "a TLS certificate needs its key");
        if (c->tls_cert && file_read(c->tls_cert, PEM_MAX_BYTES, &arena, &cert, &n, err) < 0)
                return err_wrap(err, "TLS certificate");
        if (c->tls_cert && file_read(c->tls_key, PEM_MAX_BYTES, &arena, &key, &n, err) < 0)
                return err_wrap(err, "TLS key");
        for (size_t i = 0; i < s->n_loops; i++)
                if (start_daemon(&s->loops[i], cert, key, err) < 0)
                        return -1;
        return 0;
}

static int listen_all(struct http_server *s, struct err *err) {
        _cleanup_free_ int *fds = calloc(s->n_loops, sizeof(*fds));

        if (!fds)
                abort();
        if (http_socket_listen(s->config.listen, s->n_loops, fds, &s->port, err) < 0)
                return -1;
        for (size_t i = 0; i < s->n_loops; i++)
                s->loops[i].listener = fds[i];
        return 0;
}

static int parse_trusted(struct http_server *s, struct err *err) {
        const char *const *list = s->config.trusted_proxies;
        size_t n = 0;

        while (list && list[n])
                n++;
        s->trusted = calloc(n + 1, sizeof(*s->trusted));
        if (!s->trusted)
                abort();
        for (; s->n_trusted < n; s->n_trusted++)
                if (http_parse_addr(list[s->n_trusted], &s->trusted[s->n_trusted], err) < 0)
                        return err_wrap(err, "trusted proxy");
        return 0;
}

static struct http_server *server_new(const struct http_config *config, struct loop **loops,
                                      size_t n_loops) {
        struct http_server *s = calloc(1, sizeof(*s) + n_loops * sizeof(s->loops[0]));
        pthread_condattr_t attr;

        if (!s)
                abort();
        s->config = *config;
        /* The memory of a connection also holds the index of its headers and those of the
         * answer: what is over these is ours to answer, beyond the whole libmicrohttpd does. */
        s->max_target_bytes = config->max_header_bytes / 2;
        s->max_header_bytes = config->max_header_bytes / 4 * 3;
        pthread_mutex_init(&s->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&s->changed, &attr);
        pthread_condattr_destroy(&attr);
        s->n_loops = n_loops;
        for (size_t i = 0; i < n_loops; i++) {
                struct http_loop *hl = &s->loops[i];

                hl->server = s;
                hl->loop = loops[i];
                hl->listener = -1;
                hl->wakes_end = &hl->wakes;
                pthread_mutex_init(&hl->lock, NULL);
        }
        return s;
}

static void server_free(struct http_server *s) {
        for (size_t i = 0; i < s->n_loops; i++) {
                closep(&s->loops[i].listener);
                pthread_mutex_destroy(&s->loops[i].lock);
        }
        pthread_mutex_destroy(&s->lock);
        pthread_cond_destroy(&s->changed);
        free(s->trusted);
        free(s);
}

int http_server_new(const struct http_config *config, struct loop **loops, size_t n_loops,
                    struct http_server **ret, struct err *err) {
        struct http_server *s = server_new(config, loops, n_loops);

        assert(n_loops && config->handler && config->max_connections && config->idle_timeout_s > 0);
        if (parse_trusted(s, err) < 0 || listen_all(s, err) < 0 || start_daemons(s, err) < 0) {
                for (size_t i = 0; i < n_loops; i++)
                        if (s->loops[i].mhd)
                                MHD_stop_daemon(s->loops[i].mhd);
                server_free(s);
                return -1;
        }
        for (size_t i = 0; i < n_loops; i++) {
                struct http_attach *a = malloc(sizeof(*a));

                if (!a)
                        abort();
                a->hl = &s->loops[i];
                s->loops[i].attaching = a;
                loop_post(loops[i], attach, a);
        }
        *ret = s;
        return 0;
}

unsigned http_server_port(const struct http_server *s) { return s->port; }

struct http_server *http_server_free(struct http_server *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_loops; i++) {
                assert(!loop_is_mine(s->loops[i].loop));
                if (loop_is_started(s->loops[i].loop))
                        loop_post(s->loops[i].loop, detach, &s->loops[i]);
                else
                        detach(&s->loops[i]);
        }
        pthread_mutex_lock(&s->lock);
        while (s->detached < s->n_loops)
                pthread_cond_wait(&s->changed, &s->lock);
        pthread_mutex_unlock(&s->lock);
        server_free(s);
        return NULL;
}

/* --- quiescing --- */

void http_idle(struct http_loop *hl) {
        struct http_server *s = hl->server;

        if (hl->idle)
                return;
        hl->idle = true;
        pthread_mutex_lock(&s->lock);
        s->idle++;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
}

static void quiesce(void *arg) {
        struct http_loop *hl = arg;
        int listener;

        if (hl->quiescing)
                return;
        MHD_run(hl->mhd); /* takes those in that wait at the door */
        hl->quiescing = true;
        listener = MHD_quiesce_daemon(hl->mhd);
        closep(&listener);
        if (!hl->in_flight)
                http_idle(hl);
}

void http_server_quiesce(struct http_server *s, int64_t timeout_ms) {
        struct timespec end;

        clock_gettime(CLOCK_MONOTONIC, &end);
        end.tv_sec += timeout_ms / 1000;
        end.tv_nsec += timeout_ms % 1000 * 1000000;
        if (end.tv_nsec >= 1000000000) {
                end.tv_sec++;
                end.tv_nsec -= 1000000000;
        }
        for (size_t i = 0; i < s->n_loops; i++) {
                assert(!loop_is_mine(s->loops[i].loop));
                loop_post(s->loops[i].loop, quiesce, &s->loops[i]);
        }
        pthread_mutex_lock(&s->lock);
        while (s->idle < s->n_loops)
                if (pthread_cond_timedwait(&s->changed, &s->lock, &end) == ETIMEDOUT)
                        break;
        pthread_mutex_unlock(&s->lock);
}
