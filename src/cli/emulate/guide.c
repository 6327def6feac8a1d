#include "cli/emulate/guide.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/emulate/summary.h"

/* What every step has; STEP stands for its name. */
static const struct {
        const char *name, *what;
} of_steps[] = {
        { "count_STEP", "How often it went well" },
        { "failed_STEP", "How often it did not" },
        { "mean_STEP_ms", "The mean of its times" },
        { "p50_STEP_ms, p95_STEP_ms, p99_STEP_ms, max_STEP_ms",
          "The median and other percentiles, and the longest" },
};

void guide_metrics(struct buf *b,
                   void (*entry)(struct buf *b, const char *name, const char *what)) {
        _cleanup_buf_ struct buf names = { 0 };

        for (size_t i = 0; i < _FIGURE_N; i++)
                entry(b, summary_figures[i].name, summary_figures[i].what);
        for (size_t i = 0; i < ARRAY_SIZE(of_steps); i++)
                entry(b, of_steps[i].name, of_steps[i].what);
        for (size_t i = 0; i < _STEP_N; i++)
                buf_printf(&names, "%s%s", i ? ", " : "", measure_steps[i].name);
        entry(b, "STEP", names.data);
}

static void write_options(struct buf *b) {
        uint64_t mine = commands[COMMAND_emulate].options;
        char flag[FLAG_TEXT];

        buf_str(b, "| option | what it does |\n|---|---|\n");
        for (int i = 0; i < _OPTION_N; i++) {
                if (!(mine & UINT64_C(1) << i))
                        continue;
                flag_text(options[i].name, flag);
                buf_printf(b, "| `%s%s%s` | %s |\n", flag, options[i].value ? " " : "",
                           options[i].value ? options[i].value : "", options[i].help);
        }
}

static void write_row(struct buf *b, const char *name, const char *what) {
        buf_printf(b, "| `%s` | %s |\n", name, what);
}

static const char head[] =
        "# Emulated players\n\n"
        "<!-- Made by `make docs` from the tables in src/cli/emulate/ and src/cli/options.def: "
        "change those. -->\n\n"
        "```sh\n"
        "# 200 players at once, who make accounts of their own (the game has to be open for it: "
        "`berth game set sign_up=on`)\n"
        "berth emulate http://127.0.0.1:8080 --tenant main --players 200 --challenges "
        "examples/challenges --report report.html\n\n"
        "# A server of CTFG's kind, by the files that it was started with; fails when it is too "
        "slow\n"
        "berth emulate http://127.0.0.1:8080 --players 200 --jitter 0 --challenges "
        "challenges.json \\\n"
        "      --credentials credentials.csv --fail-on p95_submit_ms=200,errors=0,"
        "failed_sign_ins=0,failed_streams=0\n"
        "```\n\n"
        "Each player is a client of its own, with its cookies, its connection and its stream. It "
        "loads the page and\n"
        "its assets, signs in, takes a name on the board, opens the live stream, reads the "
        "challenges, and plays:\n"
        "starts an instance, waits until it runs, connects to it and gives it back; unlocks a hint "
        "now and then where it\n"
        "can pay for it; hands in wrong and right flags; reads the board. It keeps within the "
        "server's limit on flags\n"
        "(10 at once, 30 a minute); an answer 429 is counted, and waited out for as long as it "
        "says. Ctrl-C ends the\n"
        "run early and tells what was measured; a second one ends at once.\n\n"
        "Who has no `--credentials` signs up first, and all wait until every account is made: a "
        "server that limits\n"
        "sign-ups (Berth: 20 a minute from one address) makes that take its time. Flags of "
        "instances cannot be\n"
        "known, so nothing right is handed in for them.\n\n";

void guide_page(struct buf *b) {
        buf_str(b, head);
        write_options(b);
        buf_str(b, "\n## Steps\n\nWhat is timed, from a request until its answer is there, but "
                   "where something else is said.\n\n| STEP | what it is |\n|---|---|\n");
        for (size_t i = 0; i < _STEP_N; i++)
                write_row(b, measure_steps[i].name, measure_steps[i].what);
        buf_str(b, "\n## Metrics\n\nFor `--fail-on`, and in `metrics` of `--json`. One that was "
                   "not measured is null, and keeps no limit.\nWhat failed has no time.\n\n"
                   "| metric | what it is |\n|---|---|\n");
        guide_metrics(b, write_row);
        buf_str(b, "\n## JSON\n\n`--json` prints one object: `url`, `dialect` (berth or ctfg), "
                   "`profile`, `players`, `began_at`,\n`ended_early`; `metrics`, each by its name; "
                   "`steps`, each with `count`, `failed`, `rate_limited`, `mean_ms`,\n"
                   "`median_ms`, `p95_ms`, `p99_ms`, `max_ms`; `errors`, each with `count` and "
                   "`text`, most frequent first;\n`thresholds`, each with `name`, `at_most` or "
                   "`at_least`, `value`, `met`; and `timeline`, a row for each second.\n\n"
                   "The exit code is 0 when anything worked, 7 when a limit was missed; see "
                   "[configuration.md](configuration.md).\n");
}
