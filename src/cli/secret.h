/*
 * Passwords on their way in: from a file, from standard input, or typed where nobody
 * sees them.  Never from an argument, which `ps` shows.
 */
#pragma once

#include "base/password.h"
#include "cli/command.h"

/* Does the call say where a password is? */
bool secret_is_given(const struct call *call);
/* The password: the first line of what --password-file or --password-stdin name; without them it is
 * asked for on the terminal, twice.  Fails: INVALID none, too long, not the same twice, or nobody
 * there to ask; as file_read(). */
_must_check_ int secret_read(const struct call *call, const char *whose, char ret[PASSWORD_MAX + 1],
                             struct err *err);
