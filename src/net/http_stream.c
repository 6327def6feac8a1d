#include "net/http_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_socket.h"

#define BLOCK (size_t)(16 * 1024)

/*
 * Two hold a stream: the caller, until http_stream_close(), and libmicrohttpd's
 * response.  A wake that is under way holds it too.
 */
struct http_stream {
        struct http_stream *next, **link; /* of the loop */
        struct http_req *req;             /* of the loop's thread; NULL once it is over */
        struct http_wake wake;
        size_t max_pending, low;
        void (*on_low)(void *arg); /* NULL: nobody asks */
        void *on_low_arg;

        pthread_mutex_t lock; /* for what follows */
        unsigned refs;
        struct http_loop *loop; /* NULL once the request is over */
        struct buf pending;
        size_t taken; /* of PENDING */
        bool closed;  /* by the caller: what is pending goes out, then the end */
        bool dead;    /* nothing goes out any more */
        bool waiting; /* suspended until there is more */
        bool waking;  /* a wake is under way */
};

static void unref(struct http_stream *s) {
        bool last;

        pthread_mutex_lock(&s->lock);
        last = --s->refs == 0;
        pthread_mutex_unlock(&s->lock);
        if (!last)
                return;
        pthread_mutex_destroy(&s->lock);
        buf_done(&s->pending);
        free(s);
}

static void unref_response(void *arg) { unref(arg); }

/* Goes on with a stream that waits, or tears the connection of a dead one down, which is where
 * libmicrohttpd waits for a peer that reads nothing. */
static void on_wake(struct http_wake *wake) {
        struct http_stream *s = container_of(wake, struct http_stream, wake);
        bool waiting, dead;

        pthread_mutex_lock(&s->lock);
        s->waking = false;
        waiting = s->waiting;
        s->waiting = false;
        dead = s->dead;
        pthread_mutex_unlock(&s->lock);
        if (s->req && waiting)
                MHD_resume_connection(s->req->mhd);
        else if (s->req && dead)
                shutdown(s->req->conn->fd, SHUT_RDWR);
        unref(s);
}

/* With the lock held, so that the loop cannot let go of S meanwhile: wakes the loop if it has
 * something to do. */
static void wake_loop(struct http_stream *s) {
        if (s->waking || !s->loop || !(s->waiting || s->dead))
                return;
        s->waking = true;
        s->refs++;
        http_wake(s->loop, &s->wake);
}

/* Forgets what was taken, once it is worth the move. */
static void compact(struct http_stream *s) {
        if (s->taken < s->pending.len / 2)
                return;
        memmove(s->pending.data, s->pending.data + s->taken, s->pending.len - s->taken);
        s->pending.len -= s->taken;
        s->taken = 0;
}

static ssize_t on_read(void *arg, uint64_t at _unused_, char *to, size_t max) {
        struct http_stream *s = arg;
        void (*on_low)(void *arg);
        bool was_high;
        ssize_t r = 0;
        size_t n;

        pthread_mutex_lock(&s->lock);
        n = s->pending.len - s->taken;
        was_high = n > s->low;
        if (s->dead || s->req->loop->closing) {
                r = MHD_CONTENT_READER_END_WITH_ERROR;
        } else if (n) {
                n = n < max ? n : max;
                memcpy(to, s->pending.data + s->taken, n);
                s->taken += n;
                compact(s);
                r = (ssize_t)n;
        } else if (s->closed) {
                r = MHD_CONTENT_READER_END_OF_STREAM;
        } else {
                s->waiting = true;
                MHD_suspend_connection(s->req->mhd);
        }
        on_low = was_high && r > 0 && s->pending.len - s->taken <= s->low ? s->on_low : NULL;
        pthread_mutex_unlock(&s->lock);
        if (on_low)
                on_low(s->on_low_arg);
        return r;
}

struct http_stream *http_stream_open(struct http_req *req, int status, const char *content_type,
                                     size_t max_pending_bytes) {
        struct http_loop *hl = req->loop;
        struct http_stream *s = calloc(1, sizeof(*s));

        assert(http_is_open(req));
        if (!s)
                abort();
        *s = (struct http_stream){ .loop = hl,
                                   .req = req,
                                   .wake.fn = on_wake,
                                   .max_pending = max_pending_bytes,
                                   .refs = 2 };
        pthread_mutex_init(&s->lock, NULL);
        s->next = hl->streams;
        s->link = &hl->streams;
        if (s->next)
                s->next->link = &s->next;
        hl->streams = s;
        req->stream = s;
        http_uncount(req); /* a stream ends when it likes: nobody waits for it at the end */
        http_respond(req, status, content_type,
                     MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, s,
                                                       unref_response));
        return s;
}

bool http_stream_write(struct http_stream *s, const void *data, size_t n) {
        bool ok;

        pthread_mutex_lock(&s->lock);
        assert(!s->closed);
        if (n > s->max_pending || s->pending.len - s->taken > s->max_pending - n)
                s->dead = true;
        ok = !s->dead;
        if (ok)
                buf_add(&s->pending, data, n);
        wake_loop(s);
        pthread_mutex_unlock(&s->lock);
        return ok;
}

bool http_stream_alive(struct http_stream *s) {
        bool alive;

        pthread_mutex_lock(&s->lock);
        alive = !s->dead;
        pthread_mutex_unlock(&s->lock);
        return alive;
}

size_t http_stream_pending(struct http_stream *s) {
        size_t n;

        pthread_mutex_lock(&s->lock);
        n = s->pending.len - s->taken;
        pthread_mutex_unlock(&s->lock);
        return n;
}

void http_stream_on_low(struct http_stream *s, size_t low, void (*fn)(void *arg), void *arg) {
        s->low = low;
        s->on_low = fn;
        s->on_low_arg = arg;
}

void http_stream_close(struct http_stream *s) {
        pthread_mutex_lock(&s->lock);
        assert(!s->closed);
        s->closed = true;
        s->on_low = NULL;
        wake_loop(s);
        pthread_mutex_unlock(&s->lock);
        unref(s);
}

/* The request is over: from here on nothing of the server is touched.
 *
 * Where its connection ends with it, libmicrohttpd gets round to closing that only once it is the
 * one that was idle longest: so the peer is told here. */
void http_stream_gone(struct http_stream *s) {
        struct http_req *req = s->req;
        bool whole;

        *s->link = s->next;
        if (s->next)
                s->next->link = s->link;
        req->stream = NULL;
        s->req = NULL;
        pthread_mutex_lock(&s->lock);
        whole = s->closed && !s->dead && !req->old;
        s->dead = true;
        s->waiting = false;
        s->loop = NULL;
        pthread_mutex_unlock(&s->lock);
        if (!whole)
                shutdown(req->conn->fd, SHUT_RDWR);
}

/* libmicrohttpd does not watch what is suspended: look ourselves whether the peer went away. */
void http_stream_sweep(struct http_loop *hl) {
        for (struct http_stream *s = hl->streams; s; s = s->next) {
                if (!hl->closing && !http_socket_gone(s->req->conn->fd))
                        continue;
                pthread_mutex_lock(&s->lock);
                s->dead = true;
                wake_loop(s);
                pthread_mutex_unlock(&s->lock);
        }
}
