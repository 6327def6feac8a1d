/* Not libuv's netinet/tcp.h: that one knows nothing of the bytes sent. */
#include <linux/tcp.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "net/http_parse.h"
#include "net/http_socket.h"

#define BACKLOG 1024

static int fail_errno(struct err *err, const char *text) {
        return err_set(err, errno == EADDRINUSE ? ERR_CONFLICT : ERR_UNAVAILABLE,
                       "listening on %s: %s", text, strerrordesc_np(errno));
}

static int bind_one(const struct sockaddr_storage *addr, socklen_t len, bool share, int *ret) {
        static const int on = 1, idle_s = 30, interval_s = 10, tries = 3;
        _cleanup_close_ int fd =
                socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
            (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0) ||
            bind(fd, (const struct sockaddr *)addr, len) < 0)
                return -1;
        /* Accepted sockets inherit these: a peer that vanished is noticed within a minute. */
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof(tries));
        *ret = TAKE_FD(fd);
        return 0;
}

/* The port has the same place in the addresses of IPv4 and of IPv6. */
static unsigned get_port(const struct sockaddr_storage *addr) {
        struct sockaddr_in in;

        memcpy(&in, addr, sizeof(in));
        return ntohs(in.sin_port);
}

static void set_port(struct sockaddr_storage *addr, const struct sockaddr_storage *from) {
        in_port_t port = htons((uint16_t)get_port(from));

        memcpy((char *)addr + offsetof(struct sockaddr_in, sin_port), &port, sizeof(port));
}

static void close_all(int *fds, size_t n) {
        while (n--)
                close(fds[n]);
}

static int bind_all(const struct sockaddr_storage *addr, socklen_t len, size_t n, int *ret) {
        for (size_t i = 0; i < n; i++) {
                if (bind_one(addr, len, true, &ret[i]) < 0) {
                        close_all(ret, i);
                        return -1;
                }
        }
        return 0;
}

static int listen_all(int *fds, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (listen(fds[i], BACKLOG) < 0) {
                        close_all(fds, n);
                        return -1;
                }
        }
        return 0;
}

/* SO_REUSEPORT would let a second daemon share the port without a word: a first socket without it
 * finds the port taken, and picks one where it is 0. */
int http_socket_listen(const char *text, size_t n, int *ret, unsigned *port, struct err *err) {
        struct sockaddr_storage addr, bound;
        socklen_t len, room = sizeof(bound);
        _cleanup_close_ int probe = -1;

        if (http_parse_listen(text, &addr, &len, err) < 0)
                return -1;
        if (bind_one(&addr, len, false, &probe) < 0 ||
            getsockname(probe, (struct sockaddr *)&bound, &room) < 0)
                return fail_errno(err, text);
        set_port(&addr, &bound);
        if (bind_all(&addr, len, n, ret) < 0)
                return fail_errno(err, text);
        close(TAKE_FD(probe));
        if (listen_all(ret, n) < 0)
                return fail_errno(err, text);
        *port = get_port(&bound);
        return 0;
}

bool http_socket_gone(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLRDHUP };

        return poll(&p, 1, 0) > 0;
}

bool http_socket_unanswered(int fd) {
        struct tcp_info info = { 0 };
        socklen_t n = sizeof(info);

        /* The kernel counts the peer's end as a byte. */
        return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
               info.tcpi_bytes_received > 1 && info.tcpi_bytes_sent == 0;
}
