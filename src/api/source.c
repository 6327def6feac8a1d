#include "api/source.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct source_status {
        size_t n_path;
        pthread_mutex_t lock; /* for what follows, but the path */
        int64_t tenant;       /* 0: it was not read yet */
        struct arena arena;   /* of the problems */
        int64_t loaded_ms;    /* last without a problem; 0: never */
        struct complaint *problems;
        size_t n;
        char path[];
};

struct source_status *source_status_new(const char *path) {
        size_t n = strlen(path);
        struct source_status *s;

        while (n > 1 && path[n - 1] == '/')
                n--;
        s = calloc(1, sizeof(*s) + n + 1);
        if (!s)
                abort();
        pthread_mutex_init(&s->lock, NULL);
        s->n_path = n;
        memcpy(s->path, path, n);
        return s;
}

struct source_status *source_status_free(struct source_status *s) {
        if (!s)
                return NULL;
        arena_done(&s->arena);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return NULL;
}

/* FILE as it is called from the folder on: where the folder is is the operator's business. */
static const char *inner(const struct source_status *s, const char *file) {
        const char *slash = strrchr(file, '/');

        if (strncmp(file, s->path, s->n_path) == 0 && file[s->n_path] == '/')
                return file + s->n_path + 1;
        return slash ? slash + 1 : file;
}

void source_status_tell(struct source_status *s, int64_t tenant, int64_t now_ms,
                        const struct complaint *problems, size_t n) {
        pthread_mutex_lock(&s->lock);
        s->tenant = tenant;
        arena_reset(&s->arena);
        s->problems = arena_alloc(&s->arena, (n + 1) * sizeof(*s->problems));
        for (s->n = 0; s->n < n; s->n++) {
                const struct complaint *p = &problems[s->n];

                s->problems[s->n] =
                        (struct complaint){ arena_printf(&s->arena, "%s", inner(s, p->file)),
                                            p->line, p->column,
                                            arena_printf(&s->arena, "%s", p->reason) };
        }
        if (n == 0)
                s->loaded_ms = now_ms;
        pthread_mutex_unlock(&s->lock);
}

size_t source_status_problems(struct source_status *s) {
        size_t n;

        if (!s)
                return 0;
        pthread_mutex_lock(&s->lock);
        n = s->n;
        pthread_mutex_unlock(&s->lock);
        return n;
}

static void write_problem(struct buf *b, const struct complaint *p) {
        json_open(b, '{');
        json_key(b, "file");
        json_text(b, p->file);
        json_key(b, "line");
        json_int(b, p->line);
        json_key(b, "column");
        json_int(b, p->column);
        json_key(b, "message");
        json_text(b, p->reason);
        json_close(b, '}');
}

/* With the lock held. */
static void write_all(const struct source_status *s, struct buf *b) {
        const char *slash = strrchr(s->path, '/');

        json_open(b, '{');
        json_key(b, "folder");
        json_text(b, slash && slash[1] ? slash + 1 : s->path);
        json_key(b, "loaded_at");
        json_time(b, s->loaded_ms);
        json_key(b, "problems");
        json_open(b, '[');
        for (size_t i = 0; i < s->n; i++)
                write_problem(b, &s->problems[i]);
        json_close(b, ']');
        json_close(b, '}');
}

void source_status_write(struct source_status *s, int64_t tenant, struct buf *ret) {
        static const char none[] = "{\"folder\":null,\"loaded_at\":null,\"problems\":[]}";

        if (!s) {
                buf_str(ret, none);
                return;
        }
        pthread_mutex_lock(&s->lock);
        if (s->tenant == tenant)
                write_all(s, ret);
        else
                buf_str(ret, none);
        pthread_mutex_unlock(&s->lock);
}
