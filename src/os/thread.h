/*
 * Threads with a name and without signals: those belong to the main thread,
 * so that one place decides what SIGTERM means.
 */
#pragma once

#include <pthread.h>

#include "base/err.h"

/* From now on this thread gives way to the others. */
void thread_give_way(void);

/* Runs FN(ARG) on a new thread, to be joined.  NAME shows in ps and gdb, its first 15 bytes.
 * Fails: UNAVAILABLE. */
_must_check_ int thread_start(const char *name, void *(*fn)(void *arg), void *arg, pthread_t *ret,
                              struct err *err);
