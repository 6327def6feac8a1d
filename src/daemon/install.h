/*
 * The install: what the daemon keeps in its folder.
 *
 *         var/master.key   32 bytes in hexadecimal: flags are derived from it
 *         var/audit.key    64 bytes: signs the log (Ed25519)
 *         var/audit.pub    its public key, for `berth audit verify --key`
 *
 * They are made at the first start.  Who has them can make flags and forge
 * the log: they are 0600, and others' access refuses the start.  Several
 * daemons on one store need copies of the same two keys.
 *
 * On PostgreSQL a lock file says that this worker runs; the kernel lets it go
 * however the daemon ends.
 */
#pragma once

#include "base/crypto.h"
#include "cli/settings.h"

struct install {
        int lock;    /* fd, -1: none */
        char id[33]; /* label berth.install of what is ours on an engine */
        uint8_t master_key[KEY_SIZE];
        uint8_t audit_secret[SIGN_SECRET];
};

/* Makes the folder and the keys where they are missing, takes the lock, opens the store once for
 * the install's id.  Fails: CONFLICT another daemon runs, INVALID keys that others can read or that
 * do not belong to the store, else as store_open(). */
_must_check_ int install_open(const struct settings *settings, struct install *ret,
                              struct err *err);
void install_done(struct install *i);

/* Do the keys exist with the right modes?  NOT_FOUND when there are none yet. */
_must_check_ int install_check_keys(const char *var, struct err *err);
