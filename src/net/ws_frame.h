/*
 * WebSocket frames (RFC 6455, section 5): written into buffers, and read piece by piece.  Pure.
 *
 * What goes to many is framed once, into a message that counts its references.
 *
 * Reading is wslay's, whose context takes 4 KiB.  So a peer has one only while it is in the middle
 * of a frame, and gives it back to its thread's pool for the others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum ws_role { WS_SERVER, WS_CLIENT }; /* what we are */

enum ws_op { WS_MORE = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* Why a connection ends, as the peer is told (section 7.4.1). */
enum ws_code {
        WS_NORMAL = 1000,
        WS_GOING_AWAY = 1001,
        WS_PROTOCOL = 1002,
        WS_UNSUPPORTED = 1003,
        WS_NO_CODE = 1005, /* never sent: the peer gave none */
        WS_GARBLED = 1007,
        WS_POLICY = 1008,
        WS_TOO_BIG = 1009,
        WS_LATER = 1013,
};

#define WS_CONTROL_MAX 125 /* bytes of a control frame */

/* Appends one whole frame as a ROLE sends it: a client's are masked. */
void ws_frame_add(struct buf *b, enum ws_role role, enum ws_op op, const void *data, size_t n);
/* The length of the header before N bytes from a server. */
size_t ws_frame_header(size_t n);
/* A close frame's payload; REASON is at most 100 bytes.  Gives its length. */
size_t ws_close_payload(enum ws_code code, const char *reason, uint8_t ret[WS_CONTROL_MAX]);

/* Frames ready to be sent.  Immutable; any thread may hold references. */
struct ws_message {
        _Atomic(unsigned) refs;
        size_t n;
        char data[];
};
struct ws_message *ws_message_new(const void *frames, size_t n);
/* One text frame of a server. */
struct ws_message *ws_message_text(const char *text, size_t n);
struct ws_message *ws_message_ref(struct ws_message *m);
struct ws_message *ws_message_unref(struct ws_message *m);
DEFINE_CLEANUP(struct ws_message *, ws_message_unref)

/* --- reading --- */

struct ws_reader;
/* Of one thread.  Zero-initialised is empty and valid. */
struct ws_readers {
        struct ws_reader *free;
        unsigned n_free, n_used;
};
void ws_readers_done(struct ws_readers *pool);

/* Where a text is in its bytes. */
struct ws_utf8 {
        uint8_t left, low, high;
};

/* What a peer has sent and not finished.  Zero-initialised: nothing. */
struct ws_incoming {
        struct ws_reader *reader; /* NULL between frames */
        struct buf *text;         /* of a message in pieces that somebody wants */
        size_t bytes;             /* of the message so far */
        uint8_t op;               /* its kind; 0: none has begun */
        struct ws_utf8 utf8;
        bool closed; /* its close frame came: nothing after it is looked at */
};
void ws_incoming_done(struct ws_incoming *in, struct ws_readers *pool);

struct ws_rules {
        enum ws_role role;
        size_t max_bytes; /* of a message */
        /* A frame begins; false: it is one too many.  May be NULL. */
        bool (*frame)(void *arg);
        /* A whole text.  NULL: what comes is looked at and dropped. */
        void (*text)(void *arg, const char *text, size_t n);
        void (*control)(void *arg, enum ws_op op, const uint8_t *data, size_t n);
};

/* Reads N bytes more.  Gives 0, or the code to close with: then no more may be read. */
int ws_read(struct ws_readers *pool, struct ws_incoming *in, const struct ws_rules *rules,
            const void *data, size_t n, void *arg);
/* What a close frame's payload says: WS_NO_CODE when it is empty, 0 when it is wrong. */
int ws_close_code(const uint8_t *data, size_t n);
