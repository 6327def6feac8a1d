#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"

#define READ_BYTES 16384
#define STEP_MS    50 /* between two looks whether it has ended */

void process_done(struct process_result *r) {
        buf_done(&r->out);
        buf_done(&r->errors);
}

/* One output on its way to us. */
struct stream {
        int ours, theirs;
        struct buf *to;
};

static void stream_close(struct stream *s) {
        closep(&s->ours);
        closep(&s->theirs);
        s->ours = s->theirs = -1;
}

struct run {
        const struct process_request *request;
        struct stream streams[2]; /* its outputs 1 and 2 */
        pid_t pid;
        int status;
        bool ended;
};

static int open_streams(struct run *r, struct process_result *ret, struct err *err) {
        for (int i = 0; i < 2; i++) {
                int fds[2];

                if (pipe2(fds, O_CLOEXEC) < 0)
                        return err_set(err, ERR_INTERNAL, "making a pipe: %m");
                r->streams[i] =
                        (struct stream){ fds[0], fds[1], i == 0 ? &ret->out : &ret->errors };
                if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
                        return err_set(err, ERR_INTERNAL, "making a pipe: %m");
        }
        return 0;
}

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr,
                  const struct run *r) {
        sigset_t none, all;

        sigemptyset(&none);
        sigfillset(&all);
        return posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0) ||
               posix_spawn_file_actions_adddup2(actions, r->streams[0].theirs, 1) ||
               posix_spawn_file_actions_adddup2(actions, r->streams[1].theirs, 2) ||
               posix_spawn_file_actions_addchdir_np(actions, r->request->folder) ||
               posix_spawnattr_setpgroup(attr, 0) || posix_spawnattr_setsigmask(attr, &none) ||
               posix_spawnattr_setsigdefault(attr, &all) ||
               posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                      POSIX_SPAWN_SETSIGDEF);
}

/* posix_spawn() wants arrays that it does not change, without saying so. */
static char *const *plain(const char *const *list) {
        union {
                const char *const *given;
                char *const *wanted;
        } both = { .given = list };

        return both.wanted;
}

static int spawn(struct run *r, struct err *err) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        int code;

        if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attr) != 0)
                abort();
        code = set_up(&actions, &attr, r);
        if (code == 0)
                code = posix_spawnp(&r->pid, r->request->argv[0], &actions, &attr,
                                    plain(r->request->argv), plain(r->request->env));
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attr);
        for (int i = 0; i < 2; i++) {
                closep(&r->streams[i].theirs);
                r->streams[i].theirs = -1;
        }
        if (code == 0)
                return 0;
        return err_set(err, code == ENOENT ? ERR_NOT_FOUND : ERR_INTERNAL, "%s: %s",
                       r->request->argv[0], strerrordesc_np(code));
}

/* What is there; closes the stream at its end. */
static void drain(struct stream *s, size_t max) {
        char data[READ_BYTES];
        ssize_t n;

        while (s->ours >= 0 && (n = read(s->ours, data, sizeof(data))) != -1) {
                size_t room = max - s->to->len;

                buf_add(s->to, data, (size_t)n < room ? (size_t)n : room);
                if (n == 0)
                        stream_close(s);
        }
}

static void drain_all(struct run *r) {
        for (int i = 0; i < 2; i++)
                drain(&r->streams[i], r->request->max_bytes);
}

static void look_whether_it_ended(struct run *r) {
        if (waitpid(r->pid, &r->status, WNOHANG) == r->pid)
                r->ended = true;
}

static void wait_for_output(struct run *r, int64_t ms) {
        struct pollfd fds[2] = { { .fd = r->streams[0].ours, .events = POLLIN },
                                 { .fd = r->streams[1].ours, .events = POLLIN } };

        poll(fds, 2, (int)(ms < STEP_MS ? ms : STEP_MS));
}

static void follow(struct run *r, struct process_result *ret) {
        int64_t until_ms = clock_mono_ms() + r->request->timeout_ms;

        while (!r->ended && !ret->timed_out) {
                int64_t left_ms = until_ms - clock_mono_ms();

                ret->timed_out = left_ms <= 0;
                wait_for_output(r, left_ms > 0 ? left_ms : 0);
                drain_all(r);
                look_whether_it_ended(r);
        }
        kill(-r->pid, SIGKILL); /* it, or what it left behind */
        if (!r->ended)
                waitpid(r->pid, &r->status, 0);
        drain_all(r);
}

int process_run(const struct process_request *request, struct process_result *ret,
                struct err *err) {
        struct run r = { .request = request, .streams = { { -1, -1 }, { -1, -1 } } };
        int result;

        *ret = (struct process_result){ 0 };
        buf_reserve(&ret->out, 1);
        buf_reserve(&ret->errors, 1);
        result = open_streams(&r, ret, err) < 0 || spawn(&r, err) < 0 ? -1 : 0;
        if (result == 0)
                follow(&r, ret);
        stream_close(&r.streams[0]);
        stream_close(&r.streams[1]);
        if (result < 0) {
                process_done(ret);
                return -1;
        }
        ret->code = WIFEXITED(r.status) ? WEXITSTATUS(r.status) : 128 + WTERMSIG(r.status);
        return 0;
}
