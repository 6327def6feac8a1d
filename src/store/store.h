/*
 * The store: the model's nouns in an SQL database.
 *
 * This header opens it; one header per noun has the calls.  All of them run
 * inside a transaction of the caller (tx), on the thread that owns the
 * connection.  They fail as tx_exec() does, and as each says.
 */
#pragma once

#include "store/db.h"

/* Opens URL and brings its schema up to this program's: numbered migrations, each in a
 * transaction of its own, recorded with the SHA-256 of its text.
 * Fails: INVALID the store is newer, or a migration was changed or half applied (the message
 * says what to do); else as db_open(). */
_must_check_ int store_open(const char *url, struct db **ret, struct err *err);
/* For reading only, beside a running daemon (db_open_reader()).  Migrates nothing: a store that is
 * not at this program's schema is refused with INVALID. */
_must_check_ int store_open_reader(const char *url, struct db **ret, struct err *err);

/* The number of the last migration that this program has. */
int store_schema_version(void);

/* Small facts of the install: "install", "audit_public_key" ...  Puts KEY when it is absent; *ret
 * is what is there then. */
_must_check_ int meta_put_once(struct tx *tx, const char *key, const char *value,
                               struct arena *arena, const char **ret, struct err *err);
