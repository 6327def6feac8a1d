/*
 * What the tests of runtimes share: a runtime, instances to start, and their end.
 *
 * $RUNTIME is the URL ("fake:" when unset); on Docker test/with-docker.sh gives
 * the image and $RUNTIME_NETWORK.  $RUNTIME_PUBLISH publishes ports.
 */
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include "runtime/runtime.h"
#include "test.h"

static const char *image(void) { return "berth/busybox"; }

_unused_ static bool is_fake(void) {
        const char *url = getenv("RUNTIME");

        return !url || strncmp(url, "fake", 4) == 0;
}

static struct runtime *open_as(const char *install) {
        static const char *const allowed[] = { "berth/*", "missing-allowed*", NULL };
        struct runtime_config config = {
                .install = install,
                .network = getenv("RUNTIME_NETWORK"),
                .allowed_images = allowed,
                .manage_firewall = true,
                .publish_ports = getenv("RUNTIME_PUBLISH") != NULL,
        };
        const char *url = getenv("RUNTIME");
        struct runtime *rt;
        struct err err;

        CHECK_OK(runtime_open(url ? url : "fake:", &config, &rt, &err));
        return rt;
}

/* Tests run in children: the process id keeps their instances apart. */
static const char *install(void) {
        static char name[64];

        snprintf(name, sizeof(name), "contract-%d", (int)getpid());
        return name;
}

static struct runtime *the_runtime;

static void remove_all(void) {
        struct arena arena = { 0 };
        struct instance *all;
        struct err err;
        size_t n;

        if (the_runtime && runtime_list(the_runtime, &arena, &all, &n, &err) == 0)
                for (size_t i = 0; i < n; i++)
                        if (runtime_stop(the_runtime, all[i].name, &err) < 0)
                                fprintf(stderr, "%s\n", err.msg);
        arena_done(&arena);
        the_runtime = runtime_free(the_runtime);
}

/* Whatever a test leaves is removed, also when it fails. */
_unused_ static struct runtime *open_runtime(void) {
        the_runtime = open_as(install());
        atexit(remove_all);
        return the_runtime;
}

/* At most four in a test: their texts are kept here. */
_unused_ static struct spec spec_of(const char *lease) {
        static struct {
                char lease[32], name[64], script[256];
                const char *command[4];
        } kept[4], *k = kept;

        while (k->name[0])
                CHECK(++k < kept + ARRAY_SIZE(kept));
        snprintf(k->lease, sizeof(k->lease), "%s-%d", lease, (int)getpid());
        snprintf(k->name, sizeof(k->name), "berth-%s", k->lease);
        snprintf(k->script, sizeof(k->script),
                 "echo started %s; echo listening >&2; exec nc -ll -p 7000 -e echo %s", k->name,
                 k->name);
        memcpy(k->command, ((const char *[]){ "sh", "-c", k->script, NULL }), sizeof(k->command));
        return (struct spec){
                .name = k->name,
                .lease = k->lease,
                .tenant = "t1",
                .hard_deadline_ms = 4102444800000,
                .generation = 1,
                .image = image(),
                .command = k->command,
                .memory_mb = 32,
                .cpu_milli = 250,
                .ports = { 7000 },
                .n_ports = 1,
        };
}

_unused_ static int dial(const struct instance *i) {
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(i->ports[0]) };
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        CHECK(inet_pton(AF_INET, i->host, &to.sin_addr) == 1);
        for (int tries = 0; tries < 100; tries++) {
                if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
                        return fd;
                close(fd);
                usleep(20000);
                fd = socket(AF_INET, SOCK_STREAM, 0);
        }
        CHECK(!"the instance does not answer");
        return -1;
}

/* Where ports are published something accepts before the instance does: so more than once. */
_unused_ static void check_answers(const struct instance *i) {
        char line[128] = "";

        for (int tries = 0; tries < 100; tries++) {
                int fd = dial(i);
                ssize_t n = read(fd, line, sizeof(line) - 1);

                close(fd);
                if (n > 0) {
                        CHECK(strncmp(line, i->name, strlen(i->name)) == 0);
                        return;
                }
                usleep(20000);
        }
        CHECK(!"the instance does not answer");
}
