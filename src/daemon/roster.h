/*
 * The roster: users out of a file of names and passwords (credentials.h), made
 * players of a tenant before the door opens.
 *
 * Hashing a password is slow on purpose: it runs on all cores, with its progress
 * shown.  Who is there already stays as they are, password and all, so a second
 * start is quick.  What the file says of passwords is in memory only while it is read.
 */
#pragma once

#include "core/engine.h"

/* Fails: INVALID a bad row (each one is logged with its line), and then nobody is made; else as
 * file_read() and user_create_command(). */
_must_check_ int roster_load(struct engine *e, const char *file, int64_t tenant, struct err *err);
