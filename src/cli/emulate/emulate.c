/* berth emulate: players who are none, and what they measure. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/emulate/outcome.h"
#include "cli/emulate/report.h"
#include "cli/emulate/throng.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "model/credentials.h"
#include "os/file.h"

#define PLAYERS_MAX     100000
#define PLAYERS_DEFAULT 10
#define SECONDS_MAX     86400.0
#define DURATION_MS     120000
#define LOOK_NS         100000000
#define BAR             10

/* What the command line says, made into what a throng takes. */
struct emulation {
        struct call *call;
        struct course course;
        struct thresholds limits;
        struct throng_config config;
        bool early;
};

/* --- the command line --- */

static int parse_seconds(const struct call *call, enum option option, double least, int64_t *ret_ms,
                         struct err *err) {
        const char *text = call->options[option];
        char *end;
        double s;

        if (!text)
                return 0;
        s = strtod(text, &end);
        if (end == text || *end || !(s >= least && s <= SECONDS_MAX))
                return err_set(err, ERR_INVALID, "\"%s\" is no number of seconds from %g to %g",
                               text, least, SECONDS_MAX);
        *ret_ms = (int64_t)llround(s * 1000);
        return 0;
}

static int parse_plan(struct emulation *e, struct err *err) {
        const char *profile = e->call->options[OPTION_PROFILE];
        int p = profile ? profile_parse(profile) : PROFILE_HERD;

        if (p < 0)
                return err_set(err, ERR_INVALID, "there is no profile \"%s\": herd, event or rush",
                               profile);
        e->config.plan = (struct plan){ .profile = (enum profile)p,
                                        .jitter_ms = -1,
                                        .duration_ms = DURATION_MS };
        if (parse_seconds(e->call, OPTION_JITTER, 0, &e->config.plan.jitter_ms, err) < 0)
                return err_wrap(err, "--jitter");
        if (parse_seconds(e->call, OPTION_DURATION, 1, &e->config.plan.duration_ms, err) < 0)
                return err_wrap(err, "--duration");
        return 0;
}

static int parse_players(struct emulation *e, struct err *err) {
        const char *text = e->call->options[OPTION_PLAYERS];
        int64_t players = PLAYERS_DEFAULT;

        if (text && str_to_int(text, 1, PLAYERS_MAX, &players, err) < 0)
                return err_wrap(err, "--players");
        e->config.players = (unsigned)players;
        return 0;
}

static int take_rows(struct emulation *e, const struct credentials *rows, struct err *err) {
        struct arena *arena = &e->call->arena;
        unsigned n = e->config.players;
        struct login *logins;

        if (rows->n_bad)
                return err_set(err, ERR_INVALID, "%s", complaint_text(&rows->bad[0], arena));
        if (rows->n < n)
                return err_set(err, ERR_INVALID, "there are %zu users, and %u players", rows->n, n);
        logins = arena_alloc(arena, n * sizeof(*logins));
        for (unsigned i = 0; i < n; i++)
                logins[i] = (struct login){ rows->rows[i].name, rows->rows[i].password };
        e->config.logins = logins;
        return 0;
}

static int load_credentials(struct emulation *e, struct err *err) {
        const char *path = e->call->options[OPTION_CREDENTIALS];
        struct arena *arena = &e->call->arena;
        struct credentials rows;
        char *text;
        size_t n;

        if (!path)
                return 0;
        if (file_read(path, CREDENTIALS_FILE_MAX, arena, &text, &n, err) < 0)
                return -1;
        credentials_parse(path, text, n, arena, &rows);
        return take_rows(e, &rows, err) < 0 ? err_wrap(err, "%s", path) : 0;
}

/* CTFG's server has both files; whoever names a tenant means Berth's own interface. */
static void choose_dialect(struct emulation *e) {
        bool ctfg = !e->config.tenant && e->config.logins && e->course.is_file;

        e->config.dialect = ctfg ? &dialect_ctfg : &dialect_native;
}

/* Its folder is there, and it may be written: told now, not when all is over. */
static int check_report(const char *path, struct err *err) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        if (fd < 0)
                return err_set(err, ERR_INVALID, "--report %s: %s", path, strerrordesc_np(errno));
        return 0;
}

static int parse_all(struct emulation *e, struct err *err) {
        const struct call *call = e->call;

        e->config.tenant = call->options[OPTION_TENANT];
        if (thresholds_parse(call->options[OPTION_FAIL_ON], &e->call->arena, &e->limits, err) < 0)
                return err_wrap(err, "--fail-on");
        return parse_players(e, err) < 0 ? -1 : parse_plan(e, err);
}

static int load_all(struct emulation *e, struct err *err) {
        const char *challenges = e->call->options[OPTION_CHALLENGES];
        const char *report = e->call->options[OPTION_REPORT];

        if (challenges && course_load(challenges, &e->course, err) < 0)
                return -1;
        if (load_credentials(e, err) < 0 || (report && check_report(report, err) < 0))
                return -1;
        choose_dialect(e);
        return 0;
}

/* The URL without a slash at its end. */
static const char *bare_url(struct call *call) {
        size_t n = strlen(call->args[0]);

        while (n > 0 && call->args[0][n - 1] == '/')
                n--;
        return arena_printf(&call->arena, "%.*s", (int)n, call->args[0]);
}

/* --- while it runs --- */

static int columns(void) {
        struct winsize w;

        return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

/* One line of a terminal: the seconds that progress.h adds fit behind it. */
static void say_on_terminal(struct progress *p, const struct throng_view *v) {
        char text[256];
        int done = (int)(v->part * BAR + 0.5);

        if (v->phase == THRONG_SIGNING_UP)
                snprintf(text, sizeof(text),
                         "Making accounts: %" PRIu64 " of %" PRIu64 ", %" PRIu64 " x 429",
                         v->signed_up, v->players, v->rate_limited);
        else
                snprintf(text, sizeof(text),
                         "%3.0f %% [%.*s%*s] %" PRIu64 "/%" PRIu64 " in, %" PRIu64
                         " streams, %" PRIu64 "+%" PRIu64 " flags, %" PRIu64 " x 429, %" PRIu64
                         " errors",
                         v->part * 100, done, "##########", BAR - done, "", v->signed_in,
                         v->players, v->streams, v->right, v->wrong, v->rate_limited, v->errors);
        progress_say(p, "%.*s", columns() - 12, text);
}

static void say_line(const struct throng_view *v) {
        if (v->phase == THRONG_SIGNING_UP)
                fprintf(stderr, "making accounts: %" PRIu64 " of %" PRIu64 "  429: %" PRIu64 "\n",
                        v->signed_up, v->players, v->rate_limited);
        else
                fprintf(stderr,
                        "%4" PRId64 " s  signed in %" PRIu64 "/%" PRIu64 " (%" PRIu64
                        " %%)  streams %" PRIu64 "  flags %" PRIu64 " right, %" PRIu64
                        " wrong  429: %" PRIu64 "  errors: %" PRIu64 "\n",
                        (v->for_ms + 500) / 1000, v->signed_in, v->players,
                        v->signed_in * 100 / v->players, v->streams, v->right, v->wrong,
                        v->rate_limited, v->errors);
}

/* The second one ends the program, as if it knew nothing of signals. */
static void take_signal(struct emulation *e, struct throng *c, const sigset_t *set, int sig) {
        if (e->early) {
                signal(sig, SIG_DFL);
                sigprocmask(SIG_UNBLOCK, set, NULL);
                raise(sig);
        }
        e->early = true;
        if (!e->call->options[OPTION_JSON])
                fprintf(stderr, "%sberth: ending early; once more ends at once\n",
                        isatty(STDERR_FILENO) ? "\r\033[K" : "");
        throng_hurry(c);
}

static void watch(struct emulation *e, struct throng *c, const sigset_t *set) {
        bool terminal = isatty(STDERR_FILENO), quiet = e->call->options[OPTION_JSON] != NULL;
        _cleanup_(progress_endp) struct progress *p = quiet ? NULL : progress_begin("Players come");
        const struct timespec pause = { .tv_nsec = LOOK_NS };
        int64_t next_ms = clock_mono_ms() + 1000;
        struct throng_view view;

        for (throng_look(c, &view); view.phase != THRONG_OVER; throng_look(c, &view)) {
                int sig = sigtimedwait(set, NULL, &pause);

                if (sig > 0)
                        take_signal(e, c, set, sig);
                if (quiet || clock_mono_ms() < next_ms)
                        continue;
                next_ms += 1000;
                if (terminal)
                        say_on_terminal(p, &view);
                else
                        say_line(&view);
        }
}

/* --- when it is over --- */

static int tell(struct emulation *e, struct measure *m, int64_t began_ms) {
        struct outcome o = { .config = &e->config,
                             .measure = m,
                             .limits = &e->limits,
                             .began_ms = began_ms,
                             .early = e->early };
        const char *report = e->call->options[OPTION_REPORT];
        _cleanup_buf_ struct buf text = { 0 }, page = { 0 };
        struct err err;

        measure_sort_troubles(m);
        summary_of(m, e->config.players, &o.summary);
        if (e->call->options[OPTION_JSON])
                outcome_json(&o, &text);
        else
                outcome_text(&o, &text);
        fwrite(text.data, 1, text.len, stdout);
        fflush(stdout);
        if (report) {
                report_write(&o, &page);
                if (file_write(report, 0644, page.data, page.len, &err) < 0)
                        return output_fail(e->call, &err);
        }
        if (thresholds_missed(&e->limits, &o.summary))
                return LEAVE_MISSED;
        return outcome_is_something(&o) ? LEAVE_OK : LEAVE_FAILED;
}

static int run(struct emulation *e) {
        _cleanup_(throng_freep) struct throng *c = NULL;
        int64_t began_ms = clock_now_ms();
        struct measure *m;
        sigset_t set;
        struct err err;

        /* Those of all threads are looked at in one place. */
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        sigprocmask(SIG_BLOCK, &set, NULL);
        if (throng_new(&e->config, &c, &err) < 0)
                return output_fail(e->call, &err);
        throng_start(c);
        watch(e, c, &set);
        if (throng_result(c, &m, &err) < 0)
                return output_fail(e->call, &err);
        return tell(e, m, began_ms);
}

int command_emulate(struct call *call) {
        struct emulation e = { .call = call };
        struct err err;
        int r = LEAVE_USAGE;

        e.config = (struct throng_config){ .url = bare_url(call), .course = &e.course };
        if (parse_all(&e, &err) < 0)
                output_fail(call, &err);
        else
                r = load_all(&e, &err) < 0 ? (int)output_fail(call, &err) : run(&e);
        course_done(&e.course);
        return r;
}
