/* The pages of docs/ that are made from the tables. */
#include <inttypes.h>
#include <string.h>

#include "cli/help.h"

/* A cell of a Markdown table: its bars would end it. */
static void cell(struct buf *b, const char *text) {
        for (; *text; text++) {
                if (*text == '|')
                        buf_char(b, '\\');
                buf_char(b, *text);
        }
}

void help_configuration(struct buf *b) {
        buf_str(b,
                "# Configuration\n\n"
                "<!-- Made by `make docs` from src/cli/settings.def and exits.def: change those. "
                "-->\n\n"
                "Every setting is a flag of `berth serve`, `berth init` and `berth doctor`, and a\n"
                "variable of their environment. A flag wins over the variable, the variable over "
                "the\n"
                "default. An empty variable counts as unset.\n\n"
                "| flag | variable | values | default | what it does |\n"
                "|---|---|---|---|---|\n");
        for (size_t i = 0; i < settings_count(); i++) {
                struct setting_text t;

                settings_text(i, &t);
                buf_printf(b, "| `%s` | `%s` | ", t.flag, t.variable);
                cell(b, t.range);
                buf_printf(b, " | %s%s%s | ", *t.def ? "`" : "", t.def, *t.def ? "`" : "");
                cell(b, t.help);
                buf_str(b, " |\n");
        }
        buf_str(b, "\nClient commands read `BERTH_URL` and `BERTH_TOKEN`.\n\n"
                   "## Exit codes\n\n| code | when |\n|---|---|\n");
#define LEAVE(name, code, when) buf_printf(b, "| %d | %s |\n", code, when);
#include "cli/exits.def"
}

/* Text for roff: backslashes, dashes, and dots at the beginning of a line have a meaning there. */
static void roff(struct buf *b, const char *text) {
        if (*text == '.' || *text == '\'')
                buf_str(b, "\\&");
        for (; *text; text++) {
                if (*text == '\\')
                        buf_str(b, "\\e");
                else if (*text == '-')
                        buf_str(b, "\\-");
                else if (*text != '`')
                        buf_char(b, *text);
        }
}

static void tagged(struct buf *b, const char *tag, const char *more, const char *text) {
        buf_str(b, ".TP\n.B ");
        roff(b, tag);
        if (*more) {
                buf_char(b, ' ');
                roff(b, more);
        }
        buf_char(b, '\n');
        roff(b, text);
        buf_char(b, '\n');
}

static void man_options(struct buf *b) {
        buf_str(b, ".SH OPTIONS\nWhich command takes which is told by its own \\-\\-help.\n");
        for (int i = 0; i < _OPTION_N; i++) {
                char flag[FLAG_TEXT];

                flag_text(options[i].name, flag);
                tagged(b, flag, options[i].value ? options[i].value : "", options[i].help);
        }
}

void help_man(struct buf *b) {
        buf_str(b, ".\\\" Made by `make docs` from the tables in src/cli/.\n"
                   ".TH BERTH 1\n.SH NAME\nberth \\- leases containers to the players of a CTF\n"
                   ".SH SYNOPSIS\n.B berth\n.I command\n[\n.I option\n]...\n.SH COMMANDS\n");
        for (size_t i = 0; i < _COMMAND_N; i++)
                tagged(b, commands[i].name, commands[i].arguments, commands[i].help);
        man_options(b);
        buf_str(b, ".SH ENVIRONMENT\nEach variable is a flag of berth serve too: BERTH_LISTEN is "
                   "\\-\\-listen.\n");
        for (size_t i = 0; i < settings_count(); i++) {
                struct setting_text t;

                settings_text(i, &t);
                tagged(b, t.variable, "", t.help);
        }
        buf_str(b, ".SH EXIT STATUS\n");
#define LEAVE(name, code, when) tagged(b, #code, "", when);
#include "cli/exits.def"
}
