#include "net/tls_pipe.h"

#include "base/crypto.h"
#include "net/http_testing.h"
#include "net/tls_testing.h"
#include "net/ws.h"
#include "net/ws_dial.h"
#include "net/ws_handshake.h"

#define BIG 3000000 /* bytes: more than all buffers on its way */

/* A WebSocket server under TLS that sends back what it is sent, and a client by way of a pipe. */
struct talk {
        struct fixture f;
        struct ws *servers[N_LOOPS];
        struct ws_peer *up;
        struct loop *loop;
        struct ws *client;
        struct tls_client *tls;
        struct ws_peer *down;
        struct sockaddr_in to;
        const char *host;
        atomic_bool over; /* the client was told that it has, or has not, a connection */
        atomic_int closed;
        char why[100];
        atomic_size_t got;
        bool right; /* what it got is what was sent */
        bool quiet; /* the server has left */
};

/* --- the server --- */

static void on_up_text(void *arg, const char *text, size_t n) {
        struct talk *t = arg;

        CHECK(ws_send_text(t->up, text, n));
}

static void on_up_closed(void *arg _unused_, enum ws_end end _unused_, int code _unused_) {}

static void on_taken(void *arg, int fd, struct http_link *link, const void *early, size_t n) {
        struct talk *t = arg;

        CHECK(fd >= 0);
        for (int i = 0; i < N_LOOPS; i++)
                if (loop_is_mine(t->f.loops[i]))
                        t->up = ws_add(t->servers[i], fd, link, early, n, t);
}

static void on_request(void *arg, struct http_req *req) {
        char accept[WS_ACCEPT_TEXT];

        ws_handshake_accept(http_header(req, "Sec-WebSocket-Key"), accept);
        http_add_header(req, "Upgrade", "websocket");
        http_add_header(req, "Sec-WebSocket-Accept", accept);
        CHECK(http_upgrade(req, on_taken, arg));
}

/* --- the client --- */

static void on_down_text(void *arg, const char *text, size_t n) {
        struct talk *t = arg;

        t->right = n == BIG && text[0] == 'a' && text[n / 2] == 'x' && text[n - 1] == 'z';
        atomic_store(&t->got, n);
}

static void on_down_closed(void *arg, enum ws_end end _unused_, int code _unused_) {
        ((struct talk *)arg)->closed++;
}

static void on_opened(void *arg, struct ws_peer *peer, int status) {
        struct talk *t = arg;

        CHECK(peer && status == 101);
        t->down = peer;
        atomic_store(&t->over, true);
}

static void on_piped(void *arg, int fd, const char *why) {
        struct talk *t = arg;
        const struct ws_target to = { .host = "a",
                                      .path = "/",
                                      .headers = "",
                                      .timeout_ms = 5000,
                                      .connected = true,
                                      .fd = fd };

        if (fd >= 0) {
                ws_dial(t->client, &to, on_opened, t);
                return;
        }
        snprintf(t->why, sizeof(t->why), "%s", why);
        atomic_store(&t->over, true);
}

static void dial_out(void *arg) {
        struct talk *t = arg;

        tls_open(t->tls, (struct sockaddr *)&t->to, sizeof(t->to), t->host, 5000, on_piped, t);
}

static void send_big(void *arg) {
        struct talk *t = arg;
        char *big = malloc(BIG);

        CHECK(big != NULL);
        memset(big, 'x', BIG);
        big[0] = 'a';
        big[BIG - 1] = 'z';
        CHECK(ws_send_text(t->down, big, BIG));
        free(big);
}

static void leave(void *arg) { ws_drop(((struct talk *)arg)->down, WS_NORMAL, ""); }
static void end_pipes(void *arg) { tls_client_end(arg); }

/* --- both --- */

static void begin(struct talk *t, const char *trusted) {
        static const struct ws_events up = { .text = on_up_text, .closed = on_up_closed },
                                      down = { .text = on_down_text, .closed = on_down_closed };
        const struct ws_limits server = { .role = WS_SERVER,
                                          .max_message_bytes = BIG,
                                          .max_pending_bytes = 1 << 20,
                                          .silent_ms = 45000 },
                               client = { .role = WS_CLIENT,
                                          .max_message_bytes = BIG,
                                          .max_pending_bytes = 1 << 20,
                                          .silent_ms = 45000 };
        struct http_config config = test_config(on_request, t);
        struct err err;

        crypto_init();
        enter_folder();
        setenv("SSL_CERT_FILE", trusted, 1);
        config.tls_cert = CERT;
        config.tls_key = KEY;
        set_up(&t->f, &config);
        for (int i = 0; i < N_LOOPS; i++)
                CHECK_OK(ws_new(t->f.loops[i], &server, &up, &t->servers[i], &err));
        CHECK_OK(loop_new("client", &t->loop, &err));
        loop_start(t->loop);
        CHECK_OK(ws_new(t->loop, &client, &down, &t->client, &err));
        CHECK_OK(tls_client_new(t->loop, &t->tls, &err));
        t->host = "127.0.0.1";
        t->to = (struct sockaddr_in){ .sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)http_server_port(t->f.server)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void server_leaves(struct talk *t) {
        if (!t->quiet)
                ws_quiesce(t->servers, N_LOOPS, WS_GOING_AWAY, 1000);
        t->quiet = true;
}

static void end(struct talk *t) {
        ws_quiesce(&t->client, 1, WS_NORMAL, 1000);
        loop_post(t->loop, end_pipes, t->tls);
        loop_stop(t->loop);
        ws_free(t->client);
        tls_client_free(t->tls);
        loop_free(t->loop);
        server_leaves(t);
        http_server_free(t->f.server);
        for (int i = 0; i < N_LOOPS; i++) {
                ws_free(t->servers[i]);
                loop_stop(t->f.loops[i]);
                loop_free(t->f.loops[i]);
        }
        leave_folder();
}

static void connect_or_not(struct talk *t) {
        loop_post(t->loop, dial_out, t);
        for (int i = 0; i < 10000 && !atomic_load(&t->over); i++)
                usleep(1000);
        CHECK(atomic_load(&t->over));
}

TEST(a_websocket_by_way_of_a_pipe) {
        static struct talk t;

        begin(&t, CERT);
        connect_or_not(&t);
        CHECK(t.down != NULL);
        loop_post(t.loop, send_big, &t);
        for (int i = 0; i < 20000 && !atomic_load(&t.got); i++)
                usleep(1000);
        CHECK(atomic_load(&t.got) == BIG && t.right);
        loop_post(t.loop, leave, &t);
        for (int i = 0; i < 5000 && !atomic_load(&t.closed); i++)
                usleep(1000);
        CHECK(atomic_load(&t.closed) == 1);
        end(&t);
}

TEST(the_end_of_the_peer_is_the_end_of_the_pipe) {
        static struct talk t;

        begin(&t, CERT);
        connect_or_not(&t);
        server_leaves(&t);
        for (int i = 0; i < 5000 && !atomic_load(&t.closed); i++)
                usleep(1000);
        CHECK(atomic_load(&t.closed) == 1);
        end(&t);
}

TEST(whom_nobody_trusts_is_refused) {
        static struct talk t;

        begin(&t, "/dev/null");
        connect_or_not(&t);
        CHECK(!t.down);
        CHECK_STR(t.why, "its certificate is not to be trusted");
        end(&t);
}

TEST(a_certificate_of_somebody_else_is_refused) {
        static struct talk t;

        begin(&t, CERT);
        t.host = "ctf.example.org";
        connect_or_not(&t);
        CHECK(!t.down);
        CHECK_STR(t.why, "its certificate is not to be trusted");
        end(&t);
}

TEST(nobody_there) {
        static struct talk t;

        begin(&t, CERT);
        t.to.sin_port = htons(1);
        connect_or_not(&t);
        CHECK(!t.down);
        CHECK_STR(t.why, "cannot connect");
        end(&t);
}
