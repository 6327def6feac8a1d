#include "store/endpoints.h"
#include "test.h"

static void round_trip(const struct lease *l, const char *text) {
        char got[ENDPOINTS_TEXT];
        struct lease back = { 0 };
        struct err err;

        endpoints_write(l, got);
        if (text)
                CHECK_STR(got, text);
        CHECK_OK(endpoints_read(got, &back, &err));
        CHECK(back.n_endpoints == l->n_endpoints);
        for (size_t i = 0; i < l->n_endpoints; i++) {
                CHECK_STR(back.endpoints[i].name, l->endpoints[i].name);
                CHECK(back.endpoints[i].protocol == l->endpoints[i].protocol);
                CHECK(back.endpoints[i].inner == l->endpoints[i].inner);
                CHECK(back.endpoints[i].port == l->endpoints[i].port);
                CHECK(back.host_ports[i] == l->host_ports[i]);
        }
}

TEST(endpoints_come_back) {
        struct lease l = { 0 };

        round_trip(&l, "");
        l.n_endpoints = 2;
        l.endpoints[0] = (struct endpoint){ "web", PROTOCOL_HTTP, 8080, 30001 };
        l.endpoints[1] = (struct endpoint){ "a/b,c%", PROTOCOL_SSH, 22, 0 };
        l.host_ports[0] = 32768;
        round_trip(&l, "web/http/8080/30001/32768,a%2fb%2cc%25/ssh/22/0/0");
}

TEST(the_longest_endpoints_fit) {
        struct lease l = { .n_endpoints = LEASE_PORTS_MAX };

        for (size_t i = 0; i < LEASE_PORTS_MAX; i++) {
                memset(l.endpoints[i].name, '\xff', sizeof(l.endpoints[i].name) - 1);
                l.endpoints[i].protocol = PROTOCOL_HTTPS;
                l.endpoints[i].inner = l.endpoints[i].port = l.host_ports[i] = UINT16_MAX;
        }
        round_trip(&l, NULL);
}

TEST(damaged_text_is_refused) {
        static const char *const bad[] = {
                "web",
                "web/",
                "web/http",
                "web/http/80",
                "web/http/80/1",
                "web/http/80/1/",
                "web/gopher/80/1/1",
                "web/http/65536/1/1",
                "web/http/-1/1/1",
                "web/http/80/1/1,",
                ",web/http/80/1/1",
                "web/http/80/1/1/1",
                "web/http/80/1/1 ",
                "w b/http/80/1/1",
                "%/http/80/1/1",
                "%4/http/80/1/1",
                "%zz/http/80/1/1",
                "%00/http/80/1/1",
                "a23456789012345678901234567890123/tcp/1/1/1",
                "web/http/000080/1/1",
                "a/tcp/1/1/1,a/tcp/1/1/1,a/tcp/1/1/1,a/tcp/1/1/1,a/tcp/1/1/1,a/tcp/1/1/1,"
                "a/tcp/1/1/1,a/tcp/1/1/1,a/tcp/1/1/1",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct lease l = { 0 };
                struct err err;

                if (endpoints_read(bad[i], &l, &err) == 0) {
                        fprintf(stderr, "accepted \"%s\"\n", bad[i]);
                        exit(1);
                }
                CHECK(err.kind == ERR_INTERNAL);
        }
}
