/*
 * What the watchers of a game see of it: as many WebSockets as PATHS has lines, and one connection
 * that hands in flags, all on one thread.
 *
 *         watchers HOST:PORT PATHS REQUESTS
 *
 * REQUESTS has one request a line, METHOD PATH TOKEN BODY, each of which makes one frame for every
 * watcher.  Says "connected" once each watcher has its first frame, and waits for a line on
 * standard input.  Then sends one request after the other, when the last watcher has the frame of
 * the one before, and prints a JSON object: how long the last watcher waited after each answer, and
 * after each request (us), and the bytes of the last frame.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"

#define LINES_MAX 20000
#define AT_ONCE   64 /* handshakes under way */
#define EVENTS    512
#define STALL_MS  20000

struct lines {
        struct buf text;
        size_t at[LINES_MAX], n;
};

struct watcher {
        int fd;
        bool open;        /* its handshake is answered */
        struct buf early; /* the answer, while that is not whole */
        uint8_t head[10]; /* of the frame under way */
        unsigned n_head;
        uint64_t left;   /* of its payload */
        unsigned frames; /* texts */
};

static struct lines paths, requests;
static struct watcher watchers[LINES_MAX];
static struct watcher asker; /* the connection of the requests */
static struct sockaddr_in address;
static const char *host;
static int set; /* epoll */
static size_t n_dialled, n_ready, n_behind;
static unsigned wanted;              /* texts that each is to have */
static int64_t answered_us, seen_us; /* when the answer, and the last of the texts, was there */
static uint64_t text_bytes;          /* of the last text, with its header */
static char buffer[1 << 18];

static void die(const char *what) {
        fprintf(stderr, "watchers: %s: %s\n", what, errno ? strerror(errno) : "cannot be");
        exit(1);
}

static void read_lines(const char *path, struct lines *ret) {
        _cleanup_free_ char *line = NULL;
        FILE *f = fopen(path, "re");
        size_t room = 0;
        ssize_t n;

        if (!f)
                die(path);
        while ((n = getline(&line, &room, f)) > 0) {
                if (ret->n == LINES_MAX)
                        die("so many lines");
                line[n - (line[n - 1] == '\n')] = '\0';
                ret->at[ret->n++] = ret->text.len;
                buf_add(&ret->text, line, strlen(line) + 1);
        }
        fclose(f);
}

/* --- what goes out --- */

static void dial(struct watcher *w) {
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = w };
        int on = 1;

        w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                die("connect");
        setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (epoll_ctl(set, EPOLL_CTL_ADD, w->fd, &e) < 0)
                die("epoll_ctl");
}

static void send_all(int fd, const struct buf *b) {
        if (send(fd, b->data, b->len, MSG_NOSIGNAL) != (ssize_t)b->len)
                die("send");
}

static void dial_next(void) {
        static const char key[] = "MDEyMzQ1Njc4OWFiY2RlZg==";
        _cleanup_buf_ struct buf b = { 0 };
        struct watcher *w;

        if (n_dialled == paths.n)
                return;
        buf_printf(&b,
                   "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
                   paths.text.data + paths.at[n_dialled], host, key);
        w = &watchers[n_dialled++];
        dial(w);
        send_all(w->fd, &b);
}

static void ask(const char *line) {
        _cleanup_free_ char *copy = strdup(line);
        _cleanup_buf_ struct buf b = { 0 };
        char *rest = copy, *method = strsep(&rest, " "), *path = strsep(&rest, " ");
        char *token = strsep(&rest, " ");

        if (!rest)
                die("a request without a body");
        buf_printf(&b,
                   "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   method, path, host, token, strlen(rest), rest);
        send_all(asker.fd, &b);
}

/* --- what comes in --- */

static void count(struct watcher *w) {
        if (++w->frames == 1) {
                n_ready++;
                dial_next();
        } else if (w->frames == wanted && --n_behind == 0) {
                seen_us = clock_mono_us();
        }
}

/* The bytes of the header, as far as that can be told. */
static unsigned header_bytes(const struct watcher *w) {
        unsigned length = w->n_head < 2 ? 0 : w->head[1];

        return length < 126 ? 2 : length == 126 ? 4 : 10;
}

static void begin_frame(struct watcher *w) {
        w->left = w->n_head == 2 ? w->head[1] : 0;
        for (unsigned i = 2; i < w->n_head; i++)
                w->left = w->left << 8 | w->head[i];
        if (w->head[0] == 0x81)
                text_bytes = w->n_head + w->left;
        else if (w->head[0] == 0x88)
                die("a watcher who is sent away");
}

static void take_frames(struct watcher *w, const char *data, size_t n) {
        while (n) {
                size_t step;

                if (w->n_head < header_bytes(w)) {
                        w->head[w->n_head++] = (uint8_t)*data++;
                        n--;
                        if (w->n_head < header_bytes(w))
                                continue;
                        begin_frame(w);
                }
                step = w->left < n ? (size_t)w->left : n;
                data += step;
                n -= step;
                w->left -= step;
                if (w->left)
                        return;
                w->n_head = 0;
                if (w->head[0] == 0x81)
                        count(w);
        }
}

/* What is behind the head of an HTTP answer, which is there; NULL while that is not whole. */
static const char *behind_head(struct watcher *w, const char *status) {
        const char *end = memmem(w->early.data, w->early.len, "\r\n\r\n", 4);

        if (!end)
                return NULL;
        if (strncmp(w->early.data + 9, status, 3) != 0) {
                fprintf(stderr, "%.*s\n", (int)w->early.len, w->early.data);
                die("such an answer");
        }
        return end + 4;
}

static void take_handshake(struct watcher *w) {
        const char *rest = behind_head(w, "101");

        if (!rest)
                return;
        w->open = true;
        take_frames(w, rest, w->early.len - (size_t)(rest - w->early.data));
        buf_done(&w->early);
}

/* The first of an answer will do: nothing is asked before all of it is here. */
static void take_answer(void) {
        if (!behind_head(&asker, "200"))
                return;
        answered_us = clock_mono_us();
        buf_clear(&asker.early);
}

static void on_ready(struct watcher *w) {
        ssize_t n = recv(w->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN)
                return;
        if (n <= 0)
                die("a connection that ends");
        if (w->open) {
                take_frames(w, buffer, (size_t)n);
                return;
        }
        buf_add(&w->early, buffer, (size_t)n);
        if (w == &asker)
                take_answer();
        else
                take_handshake(w);
}

static void turn(void) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(set, events, EVENTS, STALL_MS);

        if (n <= 0)
                die("nothing that comes");
        for (int i = 0; i < n; i++)
                on_ready(events[i].data.ptr);
}

/* --- the measurement --- */

static void connect_all(void) {
        for (size_t i = 0; i < AT_ONCE; i++)
                dial_next();
        while (n_ready < paths.n)
                turn();
        dial(&asker);
        puts("connected");
        fflush(stdout);
}

/* One request; how long the last watcher waited after its answer, and after it. */
static void measure(const char *line, int64_t *after_answer_us, int64_t *after_request_us) {
        int64_t from_us = clock_mono_us();

        wanted++;
        n_behind = paths.n;
        answered_us = seen_us = 0;
        ask(line);
        while (!answered_us || !seen_us)
                turn();
        *after_answer_us = seen_us > answered_us ? seen_us - answered_us : 0;
        *after_request_us = seen_us - from_us;
}

static void print_list(const char *name, const int64_t *us) {
        printf("\"%s\":[", name);
        for (size_t i = 0; i < requests.n; i++)
                printf("%s%lld", i ? "," : "", (long long)us[i]);
        printf("],");
}

static void set_address(char *text) {
        char *colon = strrchr(text, ':');

        if (!colon)
                die("an address without a port");
        host = strdup(text);
        *colon = '\0';
        address = (struct sockaddr_in){ .sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)) };
        if (!host || inet_pton(AF_INET, text, &address.sin_addr) != 1)
                die("an address with a name");
}

int main(int argc, char **argv) {
        static int64_t after_answer_us[LINES_MAX], after_request_us[LINES_MAX];

        if (argc != 4) {
                fprintf(stderr, "watchers HOST:PORT PATHS REQUESTS\n");
                return 2;
        }
        set_address(argv[1]);
        read_lines(argv[2], &paths);
        read_lines(argv[3], &requests);
        set = epoll_create1(EPOLL_CLOEXEC);
        connect_all();
        if (getchar() == EOF)
                return 1;
        wanted = 1;
        for (size_t i = 0; i < requests.n; i++)
                measure(requests.text.data + requests.at[i], &after_answer_us[i],
                        &after_request_us[i]);
        printf("{");
        print_list("after_answer_us", after_answer_us);
        print_list("after_request_us", after_request_us);
        printf("\"bytes\":%llu}\n", (unsigned long long)text_bytes);
        return 0;
}
