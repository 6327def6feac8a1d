#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "os/thread.h"
#include "store/wal.h"

#define STEP_BYTES (INT64_C(32) << 20) /* by which the log grows before it is copied */
#define PASSES     2

enum stage { WAL_SHORT, WAL_WANTED, WAL_COPYING, WAL_COPIED, WAL_CLOSING };

struct wal {
        sqlite3 *handle;
        pthread_t thread;
        int64_t next_bytes; /* the writer's: when to begin */

        pthread_mutex_t lock; /* for what follows */
        pthread_cond_t changed;
        enum stage stage;
};

/* Copies what no reader needs any more of; waits for nobody. */
static void copy(sqlite3 *handle) {
        (void)sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* Moves from FROM to TO; from anything else, nothing happens. */
static void move(struct wal *w, enum stage from, enum stage to) {
        pthread_mutex_lock(&w->lock);
        if (w->stage == from)
                w->stage = to;
        pthread_cond_signal(&w->changed);
        pthread_mutex_unlock(&w->lock);
}

static bool wait_for_work(struct wal *w) {
        bool work;

        pthread_mutex_lock(&w->lock);
        while (w->stage != WAL_WANTED && w->stage != WAL_CLOSING)
                pthread_cond_wait(&w->changed, &w->lock);
        work = w->stage == WAL_WANTED;
        if (work)
                w->stage = WAL_COPYING;
        pthread_mutex_unlock(&w->lock);
        return work;
}

static void *keep_short(void *arg) {
        struct wal *w = arg;

        while (wait_for_work(w)) {
                for (int i = 0; i < PASSES; i++)
                        copy(w->handle);
                move(w, WAL_COPYING, WAL_COPIED);
        }
        return NULL;
}

int wal_new(const char *path, struct wal **ret, struct err *err) {
        struct wal *w = calloc(1, sizeof(*w));

        if (!w)
                abort();
        w->next_bytes = STEP_BYTES;
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->changed, NULL);
        if (sqlite3_open_v2(path, &w->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
                    SQLITE_OK ||
            sqlite3_exec(w->handle, "PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=FULL", NULL,
                         NULL, NULL) != SQLITE_OK)
                (void)err_set(err, ERR_UNAVAILABLE, "sqlite: %s", sqlite3_errmsg(w->handle));
        else if (thread_start("wal", keep_short, w, &w->thread, err) == 0) {
                *ret = w;
                return 0;
        }
        sqlite3_close(w->handle);
        free(w);
        return -1;
}

struct wal *wal_free(struct wal *w) {
        if (!w)
                return NULL;
        pthread_mutex_lock(&w->lock);
        w->stage = WAL_CLOSING;
        pthread_cond_signal(&w->changed);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        sqlite3_close(w->handle);
        pthread_cond_destroy(&w->changed);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return NULL;
}

bool wal_note(struct wal *w, int64_t bytes) {
        bool copied;

        if (bytes < w->next_bytes) {
                /* It was begun anew. */
                if (bytes < STEP_BYTES)
                        w->next_bytes = STEP_BYTES;
                return false;
        }
        pthread_mutex_lock(&w->lock);
        copied = w->stage == WAL_COPIED;
        if (copied)
                w->stage = WAL_SHORT;
        else if (w->stage == WAL_SHORT)
                w->stage = WAL_WANTED;
        pthread_cond_signal(&w->changed);
        pthread_mutex_unlock(&w->lock);
        /* While a reader needs the log it goes on growing: again after the next step. */
        if (copied)
                w->next_bytes = bytes + STEP_BYTES;
        return copied;
}

void wal_emptied(struct wal *w) { w->next_bytes = STEP_BYTES; }
