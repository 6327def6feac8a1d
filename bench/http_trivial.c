/*
 * Berth's HTTP server with a handler that does next to nothing, to be set
 * beside http_fixed.  GET /suspended goes by way of another thread.
 *
 *         http_trivial PORT       serves on 127.0.0.1:PORT, one loop, until it is killed
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "net/http.h"
#include "os/pool.h"

static struct pool *pool;

struct later {
        struct job job;
        struct http_req *req;
};

static void answer(struct http_req *req, void *arg) {
        static const char body[] =
                "{\"state\":\"running\",\"remaining_seconds\":873,\"extensions\":2,"
                "\"max_extensions\":5,\"host\":\"127.0.0.1\",\"port\":30001}";

        (void)arg;
        http_reply(req, 200, "application/json", body, sizeof(body) - 1);
}

static void run(struct job *job) {
        struct later *later = container_of(job, struct later, job);

        http_resume(later->req, answer, NULL);
}

static void handle(void *arg, struct http_req *req) {
        struct later *later;

        if (strcmp(http_path(req), "/suspended") != 0) {
                answer(req, arg);
                return;
        }
        later = arena_new(http_arena(req), struct later);
        *later = (struct later){ .job.run = run, .req = req };
        http_suspend(req);
        pool_put(pool, &later->job);
}

int main(int argc, char **argv) {
        struct http_config config = { .max_body_bytes = 1024 * 1024,
                                      .max_header_bytes = 16 * 1024,
                                      .max_connections = 20000,
                                      .idle_timeout_s = 30,
                                      .handler = handle };
        struct http_server *server;
        struct loop *loop;
        char listen[32];
        struct err err;

        if (argc != 2)
                return 2;
        snprintf(listen, sizeof(listen), "127.0.0.1:%s", argv[1]);
        config.listen = listen;
        if (pool_new("later", 1, &pool, &err) < 0 || loop_new("http", &loop, &err) < 0 ||
            http_server_new(&config, &loop, 1, &server, &err) < 0) {
                fprintf(stderr, "%s\n", err.msg);
                return 1;
        }
        loop_start(loop);
        for (;;)
                pause();
}
