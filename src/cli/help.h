/* What people read about the command line, made from its tables.  Pure text into a buffer. */
#pragma once

#include "base/buf.h"
#include "cli/command.h"

/* `berth --help`, or of one group of commands. */
void help_overview(struct buf *b, const char *group);
/* `berth COMMAND --help`. */
void help_command(struct buf *b, const struct subcommand *command);
/* The script for bash's completion. */
void help_completion(struct buf *b);
/* docs/configuration.md, and the man page (docs/berth.1). */
void help_configuration(struct buf *b);
void help_man(struct buf *b);
