#include "cli/settings.h"
#include "test.h"

static int set(struct settings *s, const char *flag, const char *value, struct err *err) {
        return settings_set(s, flag, strlen(flag), value, err);
}

TEST(defaults_are_those_of_the_design) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct settings s;
        struct err err;

        settings_init(&s);
        CHECK_OK(settings_finish(&s, &arena, &err));
        CHECK_STR(s.listen, "127.0.0.1:8080");
        CHECK_STR(s.store, "sqlite:var/berth.db");
        CHECK_STR(s.gate_listen, "127.0.0.1");
        CHECK_STR(s.public_host, "127.0.0.1");
        CHECK(s.port_from == 30000 && s.port_to == 59999);
        CHECK(s.capacity == 800 && s.starts == 8 && s.stops == 16 && s.threads == 28);
        CHECK(s.gate && s.limits && s.firewall);
        CHECK_STR(s.runtimes[0], "docker:");
        CHECK(!s.runtimes[1] && !s.images[0] && !s.proxies[0]);
}

TEST(the_environment_wins_over_defaults_and_flags_over_it) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct settings s;
        struct err err;

        setenv("BERTH_VAR", "/srv/berth", 1);
        setenv("BERTH_GATE_LISTEN", "0.0.0.0", 1);
        setenv("BERTH_CAPACITY", "12", 1);
        setenv("BERTH_GATE", "off", 1);
        setenv("BERTH_STARTS", "", 1);
        settings_init(&s);
        CHECK_OK(settings_from_env(&s, &err));
        CHECK_OK(set(&s, "capacity", "13", &err));
        CHECK_OK(set(&s, "gate-listen", "::1", &err));
        CHECK_OK(settings_finish(&s, &arena, &err));
        CHECK_STR(s.store, "sqlite:/srv/berth/berth.db");
        CHECK_STR(s.gate_listen, "::1");
        CHECK(s.capacity == 13 && !s.gate && s.starts == 8);
}

TEST(a_bad_value_is_named) {
        struct settings s;
        struct err err;

        settings_init(&s);
        CHECK(set(&s, "capacity", "many", &err) < 0);
        CHECK(strstr(err.msg, "--capacity"));
        CHECK(set(&s, "starts", "0", &err) < 0);
        CHECK(set(&s, "starts", "257", &err) < 0);
        CHECK(set(&s, "gate", "perhaps", &err) < 0);
        CHECK(set(&s, "gate_listen", "::", &err) < 0);
        CHECK(s.capacity == 800 && s.starts == 8 && s.gate);
        setenv("BERTH_SWEEP_SECONDS", "soon", 1);
        CHECK(settings_from_env(&s, &err) < 0);
        CHECK(strstr(err.msg, "BERTH_SWEEP_SECONDS"));
}

TEST(lists_are_split_at_commas_and_spaces) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct settings s;
        struct err err;

        settings_init(&s);
        CHECK_OK(set(&s, "runtime", "docker:, fake:x?start_ms=1", &err));
        CHECK_OK(set(&s, "allowed-images", ",berth/*,,ctf/web:1", &err));
        CHECK_OK(settings_finish(&s, &arena, &err));
        CHECK_STR(s.runtimes[0], "docker:");
        CHECK_STR(s.runtimes[1], "fake:x?start_ms=1");
        CHECK(!s.runtimes[2]);
        CHECK_STR(s.images[0], "berth/*");
        CHECK_STR(s.images[1], "ctf/web:1");
        CHECK(!s.images[2]);
}

TEST(what_does_not_fit_together_is_refused) {
        static const char *const ranges[] = { "30000", "2-1", "0-10", "1-70000", "a-b", "-" };
        _cleanup_arena_ struct arena arena = { 0 };
        struct settings s;
        struct err err;

        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
                settings_init(&s);
                s.ports = ranges[i];
                CHECK(settings_finish(&s, &arena, &err) < 0);
                CHECK(strstr(err.msg, "ports"));
        }
        settings_init(&s);
        s.tls_cert = "cert.pem";
        CHECK(settings_finish(&s, &arena, &err) < 0);
        settings_init(&s);
        s.runtime = " , ";
        CHECK(settings_finish(&s, &arena, &err) < 0);
}

TEST(every_setting_has_its_texts) {
        for (size_t i = 0; i < settings_count(); i++) {
                struct setting_text t;

                settings_text(i, &t);
                CHECK(strncmp(t.flag, "--", 2) == 0 && !strchr(t.flag, '_'));
                CHECK(settings_has(t.flag + 2, strlen(t.flag) - 2));
                CHECK(strncmp(t.variable, "BERTH_", 6) == 0);
                CHECK(strlen(t.help) > 10);
        }
}
