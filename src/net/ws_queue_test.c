#include "net/ws_queue.h"

#include "base/random.h"
#include "test.h"

#define N 50

/* Messages of 1 to N bytes, pushed and taken in pieces of any size: all bytes come, in order, and
 * every reference goes. */
TEST(bytes_come_in_order_whatever_is_taken) {
        for (int round = 0; round < 200; round++) {
                struct ws_message *messages[N];
                struct ws_queue *q = NULL;
                size_t pushed = 0, waits = 0;
                unsigned next = 0; /* the byte to come */
                char text[N];

                for (size_t i = 0; i < N; i++) {
                        memset(text, (int)i, sizeof(text));
                        messages[i] = ws_message_new(text, i + 1);
                }
                while (pushed < N || q) {
                        struct iovec pieces[4];
                        size_t n, take;

                        if (pushed < N && random_below(2)) {
                                size_t sent = q ? 0 : random_below(messages[pushed]->n);

                                for (size_t i = 0; i < sent; i++)
                                        next = i + 1 == messages[pushed]->n ? next + 1 : next;
                                waits += messages[pushed]->n - sent;
                                q = ws_queue_push(q, messages[pushed++], sent);
                        }
                        if (!q)
                                continue;
                        n = ws_queue_pieces(q, pieces, ARRAY_SIZE(pieces));
                        CHECK(n > 0 && n <= ARRAY_SIZE(pieces));
                        CHECK(((char *)pieces[0].iov_base)[0] == (char)next);
                        take = random_below(pieces[0].iov_len + (n > 1 ? pieces[1].iov_len : 0)) +
                               1;
                        next += take >= pieces[0].iov_len;
                        next += n > 1 && take == pieces[0].iov_len + pieces[1].iov_len;
                        waits -= take;
                        q = ws_queue_advance(q, take);
                        CHECK(!q == !waits);
                }
                CHECK(next == N);
                for (size_t i = 0; i < N; i++) {
                        CHECK(messages[i]->refs == 1);
                        ws_message_unref(messages[i]);
                }
        }
}

TEST(a_cut_leaves_what_is_on_its_way) {
        struct ws_message *m = ws_message_new("hello", 5);
        struct ws_queue *q = ws_queue_push(NULL, m, 2);
        struct iovec piece;
        size_t bytes;

        for (int i = 0; i < 9; i++)
                q = ws_queue_push(q, m, 0);
        q = ws_queue_cut(q, &bytes);
        CHECK(q && bytes == 45 && m->refs == 2);
        CHECK(ws_queue_pieces(q, &piece, 1) == 1 && piece.iov_len == 3);
        CHECK(!ws_queue_advance(q, 3));
        q = ws_queue_push(ws_queue_push(NULL, m, 0), m, 0);
        CHECK(!ws_queue_cut(q, &bytes) && bytes == 10 && m->refs == 1);
        q = ws_queue_push(ws_queue_push(NULL, m, 0), m, 0);
        ws_queue_free(q);
        CHECK(m->refs == 1);
        ws_message_unref(m);
}
