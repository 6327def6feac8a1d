/*
 * Processes: a program run to its end, with what it wrote.  Blocks its caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct process_request {
        const char *const *argv; /* the first is a path, or found in PATH */
        const char *const *env;  /* "KEY=VALUE", all of it */
        const char *folder;      /* to run in */
        int timeout_ms;
        size_t max_bytes; /* of each of its outputs; what is beyond is dropped */
};

struct process_result {
        struct buf out, errors;
        int code; /* its exit code; 128 and the signal that ended it */
        bool timed_out;
};
void process_done(struct process_result *r);

/* Its standard input is empty.  When it ends, or its time is over, so does everything that it
 * started and left in its process group.  Fails: NOT_FOUND the program, INTERNAL. */
_must_check_ int process_run(const struct process_request *request, struct process_result *ret,
                             struct err *err);
