/*
 * What a Docker Engine sends without end, cut up.
 *
 * Output comes in frames: 8 bytes of header (stream, three zeros, length as
 * a big-endian 32-bit number), then the text.  Frames and characters may be
 * cut anywhere: each of the two streams keeps the beginning of a character
 * until its rest comes, and bytes that are no UTF-8 become U+FFFD.  Events
 * and progress come as lines.  Everything here is fed pieces as they come;
 * nothing is kept but what is incomplete.  One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "runtime/runtime.h"

#define DOCKER_LINE_MAX ((size_t)64 << 10)

struct docker_frames {
        runtime_sink *sink;
        void *arg;
        bool stopped; /* SINK wants no more */
        uint8_t header[8];
        size_t n_header;
        uint32_t left; /* of the frame */
        struct {
                char begun[4]; /* of a character */
                size_t n;
        } cut[2]; /* stdout, stderr */
};

/* Fails: GARBLED this is no frame. */
_must_check_ int docker_frames_feed(struct docker_frames *f, const char *data, size_t n,
                                    struct err *err);
/* The end: what is incomplete becomes U+FFFD. */
void docker_frames_end(struct docker_frames *f);

struct docker_lines {
        int (*line)(void *arg, const char *line, size_t n, struct err *err);
        void *arg;
        struct buf begun;
};

/* Fails as the line's function does, and GARBLED when a line is longer than DOCKER_LINE_MAX. */
_must_check_ int docker_lines_feed(struct docker_lines *l, const char *data, size_t n,
                                   struct err *err);
void docker_lines_done(struct docker_lines *l);
