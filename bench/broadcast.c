/*
 * The least that telling many of something costs: the same bytes sent to every WebSocket, one
 * send() after the other, without a game.
 *
 *         broadcast PORT BYTES
 *
 * Takes any GET for the handshake of a WebSocket, which gets one text at once; and answers any POST
 * and then sends a text, of which BYTES are on the wire, to all of them.  On 127.0.0.1; one thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 20000
#define EVENTS      512

static int clients[CLIENTS_MAX];
static size_t n_clients, n_frame;
static uint8_t frame[4096];
static int set;

static void die(const char *what) {
        fprintf(stderr, "broadcast: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void send_all(int fd, const void *data, size_t n) {
        if (send(fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
                die("send");
}

static void make_frame(size_t bytes) {
        size_t header = bytes < 128 ? 2 : 4;

        if (bytes < header || bytes > sizeof(frame))
                die("BYTES");
        memset(frame, ' ', bytes);
        frame[0] = 0x81;
        frame[1] = (uint8_t)(header == 2 ? bytes - 2 : 126);
        if (header == 4) {
                frame[2] = (uint8_t)((bytes - 4) >> 8);
                frame[3] = (uint8_t)(bytes - 4);
        }
        n_frame = bytes;
}

static void watch(int fd) {
        static const char head[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

        if (n_clients == CLIENTS_MAX)
                die("clients");
        send_all(fd, head, sizeof(head) - 1);
        send_all(fd, frame, n_frame);
        clients[n_clients++] = fd;
}

static void tell_all(int fd) {
        static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

        send_all(fd, answer, sizeof(answer) - 1);
        for (size_t i = 0; i < n_clients; i++)
                send_all(clients[i], frame, n_frame);
}

/* A request comes in one piece, as it was sent. */
static void on_ready(int fd) {
        char request[4096];
        ssize_t n = recv(fd, request, sizeof(request), MSG_DONTWAIT);

        if (n <= 0)
                close(fd);
        else if (request[0] == 'G')
                watch(fd);
        else
                tell_all(fd);
}

static void take(int listener) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;
        struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

        if (fd < 0)
                die("accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &e) < 0)
                die("epoll_ctl");
}

int main(int argc, char **argv) {
        struct sockaddr_in here = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct epoll_event e = { .events = EPOLLIN, .data.fd = listener }, events[EVENTS];

        if (argc != 3)
                return 2;
        here.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
        make_frame(strtoul(argv[2], NULL, 10));
        set = epoll_create1(EPOLL_CLOEXEC);
        if (bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 ||
            listen(listener, SOMAXCONN) < 0 || epoll_ctl(set, EPOLL_CTL_ADD, listener, &e) < 0)
                die("listen");
        for (;;) {
                int n = epoll_wait(set, events, EVENTS, -1);

                for (int i = 0; i < n; i++) {
                        if (events[i].data.fd == listener)
                                take(listener);
                        else
                                on_ready(events[i].data.fd);
                }
        }
}
