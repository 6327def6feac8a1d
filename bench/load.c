/*
 * The load that Berth and its limits are measured with: HTTP connections that are kept, one
 * request under way on each, answered as fast as answers come.
 *
 *         load -c CONNECTIONS [-d SECONDS] [-w SECONDS] [-p PID] [-o FILE] HOST:PORT REQUESTS
 *
 * REQUESTS has one request a line, METHOD PATH TOKEN [BODY].  Connection i of n sends lines i,
 * i + n, i + 2n, ..., over and over, for -d seconds after -w seconds that do not count.  With -o
 * each line is sent once, on whichever connection is free, and FILE gets the answers in the order
 * of the lines, "STATUS BODY".
 *
 * Prints one JSON object: what was answered ("all" of it, and what counts), how often a second, how
 * late (ms), the statuses that are no success, and with -p the CPU time that process used for one
 * request.  One thread: pin it with taskset.
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

#define CONNECTIONS_MAX 4096
#define REQUESTS_MAX    (1 << 20)
#define ANSWER_MAX      65536
#define LATENCY_MAX_US  10000000
#define STATUS_MAX      600
#define STALL_MS        30000 /* without any answer */

struct request {
        size_t at, len; /* in texts */
};

struct connection {
        int fd;
        size_t line; /* under way */
        size_t sent; /* bytes of it */
        int64_t sent_us;
        char *answer;
        size_t got;
};

static struct buf texts;
static struct request *requests;
static size_t n_requests, next_line, n_done;
static struct buf *answers; /* -o */
static struct connection connections[CONNECTIONS_MAX];
static size_t n_connections;
static struct sockaddr_in address;
static uint32_t latencies[LATENCY_MAX_US + 1];
static uint64_t counted, statuses[STATUS_MAX], reconnects;
static bool counting;
static int set; /* epoll */

static void die(const char *what) {
        fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
        exit(1);
}

/* --- requests --- */

static void add_request(const char *host, char *line) {
        char *rest = line, *method = strsep(&rest, " "), *path = strsep(&rest, " ");
        char *token = strsep(&rest, " ");
        size_t at = texts.len;

        if (!token || n_requests == REQUESTS_MAX) {
                fprintf(stderr, "load: not METHOD PATH TOKEN [BODY], or too many lines\n");
                exit(2);
        }
        buf_printf(&texts, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n", method,
                   path, host, token);
        if (rest)
                buf_printf(&texts, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                           strlen(rest));
        else if (strcmp(method, "POST") == 0)
                buf_str(&texts, "Content-Length: 0\r\n");
        buf_printf(&texts, "\r\n%s", rest ? rest : "");
        requests[n_requests++] = (struct request){ at, texts.len - at };
}

static void read_requests(const char *host, const char *path) {
        _cleanup_free_ char *line = NULL;
        FILE *f = fopen(path, "re");
        size_t room = 0;
        ssize_t n;

        if (!f)
                die(path);
        requests = calloc(REQUESTS_MAX, sizeof(*requests));
        if (!requests)
                abort();
        while ((n = getline(&line, &room, f)) > 0) {
                line[n - (line[n - 1] == '\n')] = '\0';
                add_request(host, line);
        }
        fclose(f);
        if (!n_requests) {
                fprintf(stderr, "load: %s has no requests\n", path);
                exit(2);
        }
}

/* --- connections --- */

static void send_rest(struct connection *c) {
        const struct request *r = &requests[c->line];
        ssize_t n = send(c->fd, texts.data + r->at + c->sent, r->len - c->sent, MSG_NOSIGNAL);

        if (n > 0)
                c->sent += (size_t)n;
        else if (errno != EAGAIN && errno != EPIPE && errno != ECONNRESET)
                die("send");
}

/* The next request, or none: every line of a list that is sent once is under way or answered. */
static void begin(struct connection *c, bool first) {
        if (answers) {
                if (next_line == n_requests)
                        return;
                c->line = next_line++;
        } else {
                c->line = first ? (size_t)(c - connections) % n_requests :
                                  (c->line + n_connections) % n_requests;
        }
        c->sent = c->got = 0;
        c->sent_us = clock_mono_us();
        send_rest(c);
}

static void dial(struct connection *c) {
        struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = c };
        int on = 1;

        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                die("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (epoll_ctl(set, EPOLL_CTL_ADD, c->fd, &e) < 0)
                die("epoll_ctl");
}

/* The peer closed the connection, as it may between two requests. */
static void redial(struct connection *c) {
        close(c->fd);
        reconnects++;
        dial(c);
        c->sent = c->got = 0;
        send_rest(c);
}

/* --- answers --- */

static const char *find_length(const char *headers, const char *end) {
        static const char name[] = "\r\ncontent-length:";

        for (const char *p = headers; (p = memchr(p, '\r', (size_t)(end - p))); p++)
                if (strncasecmp(p, name, sizeof(name) - 1) == 0)
                        return p + sizeof(name) - 1;
        return NULL;
}

/* The length of the answer that is in C, 0 while it is not whole. */
static size_t whole(const struct connection *c, size_t *body) {
        const char *end = memmem(c->answer, c->got, "\r\n\r\n", 4), *length;
        size_t total;

        if (!end)
                return 0;
        length = find_length(c->answer, end);
        *body = (size_t)(end - c->answer) + 4;
        total = *body + (length ? strtoul(length, NULL, 10) : 0);
        if (total > ANSWER_MAX) {
                fprintf(stderr, "load: an answer of %zu bytes\n", total);
                exit(1);
        }
        return c->got >= total ? total : 0;
}

static void count(const struct connection *c, unsigned status) {
        int64_t us = clock_mono_us() - c->sent_us;

        latencies[us < LATENCY_MAX_US ? us : LATENCY_MAX_US]++;
        statuses[status < STATUS_MAX ? status : 0]++;
        counted++;
}

static void keep(const struct connection *c, unsigned status, size_t body, size_t total) {
        buf_printf(&answers[c->line], "%u ", status);
        buf_add(&answers[c->line], c->answer + body, total - body);
}

static void on_answer(struct connection *c, size_t body, size_t total) {
        unsigned status = (unsigned)strtoul(c->answer + 9, NULL, 10);

        if (counting)
                count(c, status);
        if (answers)
                keep(c, status, body, total);
        n_done++;
        begin(c, false);
}

static void on_ready(struct connection *c) {
        ssize_t n = recv(c->fd, c->answer + c->got, ANSWER_MAX - c->got, MSG_DONTWAIT);
        size_t total, body;

        if (n < 0 && errno == EAGAIN)
                return;
        if (n <= 0) {
                redial(c);
                return;
        }
        c->got += (size_t)n;
        total = whole(c, &body);
        if (total)
                on_answer(c, body, total);
}

/* Until UNTIL_US, or until every line is answered. */
static void run(int64_t until_us) {
        struct epoll_event events[CONNECTIONS_MAX];

        while (answers ? n_done < n_requests : clock_mono_us() < until_us) {
                int n = epoll_wait(set, events, CONNECTIONS_MAX, STALL_MS);

                if (n == 0) {
                        fprintf(stderr, "load: no answer for %d s\n", STALL_MS / 1000);
                        exit(1);
                }
                for (int i = 0; i < n; i++)
                        on_ready(events[i].data.ptr);
        }
}

/* --- figures --- */

/* CPU time of PID in us; 0 without one. */
static int64_t cpu_us(long pid) {
        long long user = 0, system = 0;
        char path[64], line[1024] = "";
        const char *after;
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
        f = pid ? fopen(path, "re") : NULL;
        if (!f)
                return 0;
        if (fgets(line, sizeof(line), f) && (after = strrchr(line, ')')))
                sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user,
                       &system);
        fclose(f);
        return (user + system) * 1000000 / sysconf(_SC_CLK_TCK);
}

static double latency_ms(double part) {
        uint64_t want = (uint64_t)(part * (double)counted), seen = 0;

        for (size_t us = 0; us <= LATENCY_MAX_US; us++) {
                seen += latencies[us];
                if (seen && seen >= want)
                        return (double)us / 1000;
        }
        return LATENCY_MAX_US / 1000.0;
}

static void report(double seconds, int64_t used_us) {
        const char *comma = "";

        printf("{\"connections\":%zu,\"all\":%zu,\"requests\":%llu,\"seconds\":%.3f,\"rate\":%.1f,"
               "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"cpu_us\":%.2f,"
               "\"reconnects\":%llu,\"errors\":{",
               n_connections, n_done, (unsigned long long)counted, seconds,
               (double)counted / seconds, latency_ms(0.5), latency_ms(0.99), latency_ms(1),
               counted ? (double)used_us / (double)counted : 0, (unsigned long long)reconnects);
        for (unsigned s = 0; s < STATUS_MAX; s++) {
                if (!statuses[s] || (s >= 200 && s < 300))
                        continue;
                printf("%s\"%u\":%llu", comma, s, (unsigned long long)statuses[s]);
                comma = ",";
        }
        printf("}}\n");
}

static void write_answers(const char *path) {
        FILE *f = fopen(path, "we");

        if (!f)
                die(path);
        for (size_t i = 0; i < n_requests; i++)
                fprintf(f, "%s\n", answers[i].len ? answers[i].data : "");
        if (fclose(f) != 0)
                die(path);
}

static void set_address(char *text) {
        char *colon = strrchr(text, ':');

        if (!colon) {
                fprintf(stderr, "load: HOST:PORT\n");
                exit(2);
        }
        *colon = '\0';
        address = (struct sockaddr_in){ .sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)) };
        if (inet_pton(AF_INET, text, &address.sin_addr) != 1) {
                fprintf(stderr, "load: %s is no numeric address\n", text);
                exit(2);
        }
        *colon = ':';
}

static void open_connections(void) {
        set = epoll_create1(EPOLL_CLOEXEC);
        for (size_t i = 0; i < n_connections; i++) {
                connections[i].answer = malloc(ANSWER_MAX);
                if (!connections[i].answer)
                        abort();
                dial(&connections[i]);
        }
        for (size_t i = 0; i < n_connections; i++)
                begin(&connections[i], true);
}

int main(int argc, char **argv) {
        double seconds = 1, warm = 0;
        const char *out = NULL;
        int64_t from_us, used_us;
        long pid = 0;
        int option;

        while ((option = getopt(argc, argv, "c:d:w:p:o:")) != -1) {
                switch (option) {
                case 'c':
                        n_connections = strtoul(optarg, NULL, 10);
                        break;
                case 'd':
                        seconds = strtod(optarg, NULL);
                        break;
                case 'w':
                        warm = strtod(optarg, NULL);
                        break;
                case 'p':
                        pid = strtol(optarg, NULL, 10);
                        break;
                case 'o':
                        out = optarg;
                        break;
                default:
                        return 2;
                }
        }
        if (argc - optind != 2 || n_connections < 1 || n_connections > CONNECTIONS_MAX) {
                fprintf(stderr, "load: see the top of load.c\n");
                return 2;
        }
        set_address(argv[optind]);
        read_requests(argv[optind], argv[optind + 1]);
        if (out && !(answers = calloc(n_requests, sizeof(*answers))))
                abort();
        open_connections();
        if (!out)
                run(clock_mono_us() + (int64_t)(warm * 1e6));
        counting = true;
        used_us = cpu_us(pid);
        from_us = clock_mono_us();
        run(from_us + (int64_t)(seconds * 1e6));
        report((double)(clock_mono_us() - from_us) / 1e6, cpu_us(pid) - used_us);
        if (out)
                write_answers(out);
        return 0;
}
