/* Pulling, on a real engine, from test/registry.py at $REGISTRY. */
#include "runtime/fixture.h"

static char name[4][64]; /* pulled, unknown, broken, from a registry that is not there */

static struct runtime *open_allowing(const char *glob) {
        static const char *allowed[2];
        struct runtime_config config = {
                .install = install(),
                .network = getenv("RUNTIME_NETWORK"),
                .allowed_images = allowed,
                .manage_firewall = true,
        };
        const char *registry = getenv("REGISTRY");
        struct err err;

        CHECK(registry);
        allowed[0] = glob;
        snprintf(name[0], sizeof(name[0]), "%s/berth/pulled:1", registry);
        snprintf(name[1], sizeof(name[1]), "%s/berth/unknown:1", registry);
        snprintf(name[2], sizeof(name[2]), "%s/berth/broken:1", registry);
        snprintf(name[3], sizeof(name[3]), "127.0.0.1:1/berth/pulled:1");
        CHECK_OK(runtime_open("docker:", &config, &the_runtime, &err));
        atexit(remove_all);
        return the_runtime;
}

static void forget_image(void) {
        char command[128];
        FILE *f;

        snprintf(command, sizeof(command), "docker rmi %s >/dev/null 2>&1", name[0]);
        CHECK((f = popen(command, "r")) && pclose(f) >= 0);
}

struct seen {
        int lines, percents;
};

static void see(void *arg, const char *text, int percent) {
        struct seen *s = arg;

        CHECK(text[0] && percent >= -1 && percent <= 100);
        s->lines++;
        s->percents += percent >= 0;
}

TEST(an_allowed_image_is_pulled_and_runs) {
        struct runtime *rt = open_allowing("127.0.0.1:*/berth/*");
        struct spec spec = spec_of("pull");
        struct seen seen = { 0 };
        struct instance i;
        bool here = true;
        struct err err;

        forget_image();
        CHECK_OK(runtime_has_image(rt, name[0], &here, &err));
        CHECK(!here);
        CHECK_OK(runtime_pull(rt, name[0], see, &seen, &err));
        CHECK(seen.lines > 2);
        CHECK_OK(runtime_has_image(rt, name[0], &here, &err));
        CHECK(here);
        spec.image = name[0];
        CHECK_OK(runtime_start(rt, &spec, &i, &err));
        check_answers(&i);
        CHECK_OK(runtime_stop(rt, spec.name, &err));
        forget_image();
}

TEST(what_is_not_allowed_is_not_pulled) {
        struct runtime *rt = open_allowing("example.org/*");
        struct err err;

        CHECK(runtime_pull(rt, name[0], NULL, NULL, &err) == -1);
        CHECK(err.kind == ERR_NO_IMAGE);
}

TEST(an_image_that_no_registry_has_is_missing) {
        struct runtime *rt = open_allowing("*");
        struct err err;

        CHECK(runtime_pull(rt, name[1], NULL, NULL, &err) == -1);
        CHECK(err.kind == ERR_NO_IMAGE);
}

TEST(a_failed_download_is_told_at_its_end) {
        struct runtime *rt = open_allowing("*");
        bool here = true;
        struct err err;

        CHECK(runtime_pull(rt, name[2], NULL, NULL, &err) == -1);
        CHECK(err.kind != ERR_NO_IMAGE && err.msg[0]);
        CHECK_OK(runtime_has_image(rt, name[2], &here, &err));
        CHECK(!here);
}

TEST(a_registry_that_is_not_there_is_unavailable) {
        struct runtime *rt = open_allowing("*");
        struct err err;

        CHECK(runtime_pull(rt, name[3], NULL, NULL, &err) == -1);
        CHECK(err.kind == ERR_UNAVAILABLE);
}
