/*
 * The limit that the HTTP server is measured against: libmicrohttpd with a
 * fixed answer, driven as Berth drives it, on one loop.
 *
 *         http_fixed PORT [BYTES]   serves on 127.0.0.1:PORT until it is killed, a body of BYTES
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static const char body[] = "{\"state\":\"running\",\"remaining_seconds\":873,\"extensions\":2,"
                           "\"max_extensions\":5,\"host\":\"127.0.0.1\",\"port\":30001}";

static struct MHD_Daemon *mhd;
static struct MHD_Response *response;
static uv_timer_t again;

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *n,
                              void **context) {
        (void)arg, (void)url, (void)method, (void)version, (void)data, (void)n;
        if (!*context) { /* an answer to this first call would close the connection */
                *context = &response;
                return MHD_YES;
        }
        return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static void run(void);
static void on_again(uv_timer_t *timer) {
        (void)timer;
        run();
}

static void run(void) {
        MHD_UNSIGNED_LONG_LONG timeout;

        MHD_run(mhd);
        if (MHD_get_timeout(mhd, &timeout) == MHD_YES && timeout == 0)
                uv_timer_start(&again, on_again, 0, 0);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
        (void)poll, (void)status, (void)events;
        run();
}

int main(int argc, char **argv) {
        struct sockaddr_in addr = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : strlen(body);
        char *copy;
        uv_poll_t poll;

        if (argc < 2)
                return 2;
        addr.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
        copy = malloc(bytes + sizeof(body));
        if (!copy)
                abort();
        for (size_t i = 0; i < bytes; i++)
                copy[i] = body[i % strlen(body)];
        response = MHD_create_response_from_buffer(bytes, copy, MHD_RESPMEM_PERSISTENT);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
        mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, 0, NULL,
                               NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &addr,
                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16 * 1024,
                               MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_END);
        if (!mhd) {
                fprintf(stderr, "cannot serve on port %s\n", argv[1]);
                return 1;
        }
        uv_poll_init(uv_default_loop(), &poll,
                     MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
        uv_poll_start(&poll, UV_READABLE, on_ready);
        uv_timer_init(uv_default_loop(), &again);
        run();
        return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
