/*
 * What the fake engine remembers: in memory, or as one small file per
 * instance in a folder.
 *
 * The folder is the engine: it survives kill -9 of the daemon, and several
 * daemons may share it.  Creating is link(), removing is unlink(), so of two
 * that try one wins.  Besides the records the folder holds
 *   journal         a line "create NAME" or "remove NAME" for each that won
 *   NAME.exited     the exit code of an instance that ended by itself
 *   .addr-XXXXXX    a symbolic link from an address to its instance
 *   down            made by a test: the engine does not answer
 *
 * Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/runtime.h"

struct fake_store;

struct fake_record {
        char name[64], lease[32], install[64];
        uint32_t addr; /* 127.A.B.C, host byte order */
        int generation;
        int64_t created_ms, hard_deadline_ms;
        uint16_t ports[RUNTIME_PORTS_MAX];
        size_t n_ports;
        bool exited;
        int exit_code;
};

/* DIR "" keeps all in memory.  Touches nothing: the folder is made at the first add. */
struct fake_store *fake_store_new(const char *dir);
struct fake_store *fake_store_free(struct fake_store *s);

/* Adds R and chooses R->addr.  Fails: CONFLICT the name is taken, INTERNAL, NO_SPACE. */
_must_check_ int fake_store_add(struct fake_store *s, struct fake_record *r, struct err *err);
bool fake_store_get(struct fake_store *s, const char *name, struct fake_record *ret);
bool fake_store_has(struct fake_store *s, const char *name);
/* True when this call is the one that removed it. */
bool fake_store_del(struct fake_store *s, const char *name);
/* Marks NAME as ended by itself. */
void fake_store_exit(struct fake_store *s, const char *name, int code);
/* All of them, in no order. */
size_t fake_store_list(struct fake_store *s, struct arena *arena, struct fake_record **ret);
/* Has anything been added, removed or ended since *VERSION?  Updates it; start with 0. */
bool fake_store_changed(struct fake_store *s, int64_t *version);
/* Which instance has the address? */
bool fake_store_at(struct fake_store *s, uint32_t addr, char ret[64]);

/* A record as its file has it, and back. */
#define FAKE_RECORD_TEXT 512
void fake_record_write(const struct fake_record *r, char ret[FAKE_RECORD_TEXT]);
bool fake_record_read(const char *name, const char *text, struct fake_record *ret);
