#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/emulate/guide.h"
#include "cli/help.h"

/* Text over lines of 80 columns: the first begins at column AT, all are indented by INDENT. */
static void wrap(struct buf *b, const char *text, int at, int indent) {
        int column = at;

        buf_printf(b, "%*s", indent > column ? indent - column : 0, "");
        column = indent > column ? indent : column;
        for (bool first = true; *text; first = false) {
                int len = (int)strcspn(text, " ");

                if (!first && column + 1 + len > 80) {
                        buf_printf(b, "\n%*s", indent, "");
                        column = indent;
                } else if (!first) {
                        buf_char(b, ' ');
                        column++;
                }
                buf_add(b, text, (size_t)len);
                column += len;
                text += len + (text[len] == ' ');
        }
        buf_char(b, '\n');
}

static void entry(struct buf *b, const char *left, const char *text, int indent) {
        int n = snprintf(NULL, 0, "  %s", left);

        buf_printf(b, "  %s", left);
        if (n + 2 > indent) {
                buf_char(b, '\n');
                n = 0;
        }
        wrap(b, text, n, indent);
}

void help_overview(struct buf *b, const char *group) {
        char left[64];

        if (!group)
                buf_str(b, "berth: leases containers to the players of a CTF\n\n");
        buf_str(b, "Usage:\n");
        for (size_t i = 0; i < _COMMAND_N; i++) {
                const struct subcommand *c = &commands[i];

                if (group &&
                    (strncmp(c->name, group, strlen(group)) != 0 || c->name[strlen(group)] != ' '))
                        continue;
                snprintf(left, sizeof(left), "berth %s%s%s", c->name, *c->arguments ? " " : "",
                         c->arguments);
                entry(b, left, c->help, 34);
        }
        buf_str(b, "\n`berth COMMAND --help` lists the options of a command.\n");
        if (group)
                return;
        buf_str(b, "\nExit codes:\n");
#define LEAVE(name, code, when) entry(b, #code, when, 6);
#include "cli/exits.def"
}

static void setting_entries(struct buf *b) {
        buf_str(b, "\nSettings (flag, or the variable in parentheses):\n");
        for (size_t i = 0; i < settings_count(); i++) {
                struct setting_text t;
                char left[128], text[768];

                settings_text(i, &t);
                snprintf(left, sizeof(left), "%s %s", t.flag, t.range);
                snprintf(text, sizeof(text), "%s (%s%s%s)", t.help, t.variable,
                         *t.def ? ", default " : "", t.def);
                entry(b, left, text, 10);
        }
}

static void metric_entry(struct buf *b, const char *name, const char *what) {
        entry(b, name, what, 24);
}

static bool takes(const struct subcommand *command, enum option option) {
        return command->options & UINT64_C(1) << option;
}

void help_command(struct buf *b, const struct subcommand *command) {
        char flag[FLAG_TEXT], left[64];

        buf_printf(b, "Usage: berth %s%s%s%s\n\n", command->name,
                   command->options || command->settings ? " [OPTION]..." : "",
                   *command->arguments ? " " : "", command->arguments);
        wrap(b, command->help, 0, 0);
        buf_str(b, "\nOptions:\n");
        for (int i = 0; i < _OPTION_N; i++) {
                if (!takes(command, (enum option)i))
                        continue;
                flag_text(options[i].name, flag);
                snprintf(left, sizeof(left), "%s%s%s", flag, options[i].value ? " " : "",
                         options[i].value ? options[i].value : "");
                entry(b, left, options[i].help, 24);
        }
        entry(b, "--help", "Print this", 24);
        if (command->settings)
                setting_entries(b);
        if (takes(command, OPTION_FAIL_ON)) {
                buf_str(b, "\nMetrics (for --fail-on, and in --json):\n");
                guide_metrics(b, metric_entry);
        }
}

static void completion_flags(struct buf *b, const struct subcommand *c) {
        char flag[FLAG_TEXT];

        for (int i = 0; i < _OPTION_N; i++) {
                if (!(c->options & UINT64_C(1) << i))
                        continue;
                flag_text(options[i].name, flag);
                buf_printf(b, "%s ", flag);
        }
        for (size_t i = 0; c->settings && i < settings_count(); i++) {
                struct setting_text t;

                settings_text(i, &t);
                buf_printf(b, "%s ", t.flag);
        }
        buf_str(b, "--help");
}

/* The first words of commands, each once. */
static void completion_words(struct buf *b) {
        const char *last = "";

        for (size_t i = 0; i < _COMMAND_N; i++) {
                size_t n = strcspn(commands[i].name, " ");

                if (strncmp(last, commands[i].name, n) == 0 && last[n] == ' ')
                        continue;
                last = commands[i].name;
                buf_printf(b, "%.*s ", (int)n, last);
        }
}

static void completion_group(struct buf *b, size_t first) {
        size_t n = strcspn(commands[first].name, " ");

        buf_printf(b, "        %.*s) words=\"", (int)n, commands[first].name);
        for (size_t i = first;
             i < _COMMAND_N && strncmp(commands[i].name, commands[first].name, n + 1) == 0; i++)
                buf_printf(b, "%s ", commands[i].name + n + 1);
        buf_str(b, "\" ;;\n");
}

void help_completion(struct buf *b) {
        const char *last = "";

        buf_str(b, "# bash completion for berth:  . <(berth completion bash)\n"
                   "_berth() {\n"
                   "    local words= line=\"${COMP_WORDS[*]:1:2} \"\n"
                   "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
                   "        words=\"");
        completion_words(b);
        buf_str(b, "--help --version\"\n"
                   "    elif [[ ${COMP_WORDS[COMP_CWORD]} == -* ]]; then\n"
                   "        case \"$line \" in\n");
        for (size_t i = 0; i < _COMMAND_N; i++) {
                buf_printf(b, "        '%s '*) words=\"", commands[i].name);
                completion_flags(b, &commands[i]);
                buf_str(b, "\" ;;\n");
        }
        buf_str(b, "        esac\n"
                   "    elif [ \"$COMP_CWORD\" = 2 ]; then\n"
                   "        case \"${COMP_WORDS[1]}\" in\n");
        for (size_t i = 0; i < _COMMAND_N; i++) {
                size_t n = strcspn(commands[i].name, " ");

                if (commands[i].name[n] == ' ' && strncmp(last, commands[i].name, n + 1) != 0)
                        completion_group(b, i);
                last = commands[i].name;
        }
        buf_str(b, "        esac\n"
                   "    fi\n"
                   "    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
                   "    [ -n \"$words\" ] || COMPREPLY=($(compgen -f -- "
                   "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
                   "}\n"
                   "complete -F _berth berth\n");
}
