#include "model/challenge_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "model/challenge_set.h"
#include "model/source_impl.h"

#define READ_BYTES 65536

const char *complaint_text(const struct complaint *c, struct arena *arena) {
        if (c->line == 0)
                return arena_printf(arena, "%s: %s", c->file, c->reason);
        if (c->column == 0)
                return arena_printf(arena, "%s:%d: %s", c->file, c->line, c->reason);
        return arena_printf(arena, "%s:%d:%d: %s", c->file, c->line, c->column, c->reason);
}

void challenge_source_done(struct challenge_source *s) {
        for (size_t i = 0; i < s->n; i++)
                challenge_unref(s->set[i]);
        arena_done(&s->arena);
        *s = (struct challenge_source){ 0 };
}

/* What both kinds use. */

static void loader_done(struct loader *l) {
        for (struct loader_marks *m = l->marks; m; m = m->next)
                marks_done(&m->marks);
}

struct marks *loader_marks(struct loader *l) {
        struct loader_marks *m = arena_new(&l->to->arena, struct loader_marks);

        *m = (struct loader_marks){ .next = l->marks };
        l->marks = m;
        return &m->marks;
}

/* Room for one more in an array of N, which doubles. */
static void *grow(struct arena *a, void *array, size_t n, size_t size) {
        if (n & (n - 1) || n == 1)
                return array;
        return arena_grow(a, array, n * size, (n ? n * 2 : 2) * size);
}

void loader_complain(struct loader *l, const char *file, struct mark at, const char *fmt, ...) {
        struct challenge_source *s = l->to;
        char reason[sizeof(((struct err *)0)->msg)];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(reason, sizeof(reason), fmt, ap);
        va_end(ap);
        s->bad = grow(&s->arena, s->bad, s->n_bad, sizeof(*s->bad));
        s->bad[s->n_bad++] = (struct complaint){ file, at.line, s->is_file ? at.column : 0,
                                                 arena_printf(&s->arena, "%s", reason) };
}

/* Of MEMBER of a challenge that came from there. */
static struct mark mark_of(struct loader *l, const struct challenge_origin *from,
                           const char *member) {
        return marks_find(from->marks, arena_printf(&l->to->arena, "%s%s", from->prefix, member));
}

void loader_keep(struct loader *l, const struct challenge_origin *from, struct challenge *c) {
        struct challenge_source *s = l->to;

        for (size_t i = 0; i < s->n; i++) {
                if (strcmp(s->set[i]->slug, c->slug) != 0)
                        continue;
                loader_complain(l, from->file, mark_of(l, from, "slug"),
                                "the slug \"%s\" is already taken by %s", c->slug,
                                l->origins[i].file);
                challenge_unref(c);
                return;
        }
        s->set = grow(&s->arena, s->set, s->n, sizeof(struct challenge *));
        l->origins = grow(&s->arena, l->origins, s->n, sizeof(*l->origins));
        l->origins[s->n] = *from;
        s->set[s->n++] = c;
}

static int open_file(const char *file, struct err *err) {
        _cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return err_set(err, ERR_INVALID, "cannot be read: %s", strerrordesc_np(errno));
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INVALID, "is no regular file");
        return TAKE_FD(fd);
}

/* 0 at the end. */
static ssize_t read_some(int fd, void *data, size_t n, struct err *err) {
        ssize_t got;

        do
                got = read(fd, data, n);
        while (got < 0 && errno == EINTR);
        if (got < 0)
                return err_set(err, ERR_INVALID, "cannot be read: %s", strerrordesc_np(errno));
        return got;
}

int loader_read(const char *file, size_t max, struct buf *ret, struct err *err) {
        _cleanup_close_ int fd = open_file(file, err);
        ssize_t n = 1;

        if (fd < 0)
                return -1;
        while (n > 0 && ret->len <= max) {
                buf_reserve(ret, READ_BYTES);
                n = read_some(fd, ret->data + ret->len, READ_BYTES, err);
                if (n > 0)
                        ret->len += (size_t)n;
        }
        return n < 0 ? -1 : 0;
}

/* Files to download. */

/* The file of F in the folder of its challenge, whatever links there are on the way. */
static int find_file(const struct challenge_origin *from, const struct attachment *f,
                     struct arena *arena, const char **ret, struct err *err) {
        const char *slash = strrchr(from->file, '/');
        _cleanup_free_ char *folder = NULL, *path = NULL;
        const char *dir = arena_printf(arena, "%.*s", slash ? (int)(slash - from->file) : 1,
                                       slash ? from->file : ".");
        size_t n;

        folder = realpath(dir, NULL);
        path = realpath(arena_printf(arena, "%s/%s", dir, f->path), NULL);
        if (!folder || !path)
                return err_set(err, ERR_INVALID, "\"%s\" cannot be read: %s", f->path,
                               strerrordesc_np(errno));
        n = strlen(folder);
        if (strncmp(path, folder, n) != 0 || path[n] != '/')
                return err_set(err, ERR_INVALID, "\"%s\" leads out of the challenge's folder",
                               f->path);
        *ret = arena_printf(arena, "%s", path);
        return 0;
}

static int measure(const char *path, int64_t max_bytes, char digest[SHA256_TEXT], int64_t *bytes,
                   struct err *err) {
        _cleanup_close_ int fd = open_file(path, err);
        _cleanup_(digest_freep) struct digest *d = digest_new();
        _cleanup_buf_ struct buf data = { 0 };
        uint8_t raw[SHA256_SIZE];
        ssize_t n;

        if (fd < 0)
                return -1;
        buf_reserve(&data, READ_BYTES);
        for (*bytes = 0; (n = read_some(fd, data.data, READ_BYTES, err)) > 0; *bytes += n) {
                if (n > max_bytes - *bytes)
                        return err_set(err, ERR_INVALID, "is larger than %lld bytes",
                                       (long long)max_bytes);
                digest_add(d, data.data, (size_t)n);
        }
        if (n < 0)
                return -1;
        digest_end(TAKE(d), raw);
        hex_encode(raw, sizeof(raw), digest);
        return 0;
}

/* False when one of C's files is bad, which is said. */
static bool check_files(struct loader *l, const struct challenge_origin *from,
                        struct challenge *c) {
        bool good = true;

        for (size_t i = 0; i < c->n_files; i++) {
                struct attachment *f = &c->files[i];
                char digest[SHA256_TEXT], member[32];
                int64_t bytes;
                struct err err;

                if (!f->path)
                        continue;
                if (find_file(from, f, &c->arena, &f->path, &err) == 0 &&
                    measure(f->path, l->config->max_file_bytes, digest, &bytes, &err) == 0) {
                        f->digest = arena_printf(&c->arena, "%s", digest);
                        f->bytes = bytes;
                        continue;
                }
                snprintf(member, sizeof(member), "files[%zu]", i);
                loader_complain(l, from->file, mark_of(l, from, member), "%s: %s", member, err.msg);
                good = false;
        }
        if (good && c->n_files)
                challenge_rewrite(c);
        return good;
}

/* The set as a whole. */

struct verdicts {
        struct loader *loader;
        bool *bad;
};

static void on_set_complaint(void *arg, const struct challenge *c, const char *member,
                             const char *reason) {
        const struct verdicts *v = arg;
        struct loader *l = v->loader;

        for (size_t i = 0; i < l->to->n; i++) {
                const struct challenge_origin *from = &l->origins[i];

                if (l->to->set[i] != c)
                        continue;
                loader_complain(l, from->file, mark_of(l, from, member), "%s: %s", member, reason);
                v->bad[i] = true;
        }
}

static void drop(struct loader *l, const bool *bad) {
        struct challenge_source *s = l->to;
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++) {
                if (bad[i]) {
                        challenge_unref(s->set[i]);
                        continue;
                }
                l->origins[n] = l->origins[i];
                s->set[n++] = s->set[i];
        }
        s->n = n;
}

/* A challenge that goes may take along those that need it. */
static void check_set(struct loader *l) {
        struct challenge_source *s = l->to;
        bool *bad = arena_alloc(&s->arena, s->n + 1);
        struct verdicts v = { l, bad };

        memset(bad, 0, s->n + 1);
        for (size_t i = 0; i < s->n; i++)
                bad[i] = !check_files(l, &l->origins[i], s->set[i]);
        do {
                drop(l, bad);
                memset(bad, 0, s->n + 1);
        } while (challenge_set_resolve(s->set, s->n, on_set_complaint, &v) > 0);
}

struct pair {
        struct challenge *challenge;
        const char *file;
};

static int by_slug(const void *a, const void *b) {
        const struct pair *x = a, *y = b;

        return strcmp(x->challenge->slug, y->challenge->slug);
}

static void put_in_order(struct loader *l) {
        struct challenge_source *s = l->to;
        struct pair *pairs = arena_alloc(&s->arena, (s->n + 1) * sizeof(*pairs));

        for (size_t i = 0; i < s->n; i++)
                pairs[i] = (struct pair){ s->set[i], l->origins[i].file };
        qsort(pairs, s->n, sizeof(*pairs), by_slug);
        s->files = arena_alloc(&s->arena, (s->n + 1) * sizeof(*s->files));
        for (size_t i = 0; i < s->n; i++) {
                s->set[i] = pairs[i].challenge;
                s->files[i] = pairs[i].file;
        }
}

int challenge_source_load(const char *path, const struct source_config *config,
                          struct challenge_source *ret, struct err *err) {
        _cleanup_source_ struct challenge_source s = { 0 };
        _cleanup_(loader_done) struct loader l = { .config = config, .to = &s };
        struct stat st;

        if (stat(path, &st) < 0)
                return err_set(err, ERR_INVALID, "%s: %s", path, strerrordesc_np(errno));
        crypto_init(); /* tools look before anything else */
        s.is_file = !S_ISDIR(st.st_mode);
        if (s.is_file)
                loader_ctfg(&l, arena_printf(&s.arena, "%s", path));
        else if (loader_folder(&l, path, err) < 0)
                return -1;
        check_set(&l);
        put_in_order(&l);
        *ret = s;
        s = (struct challenge_source){ 0 };
        return 0;
}

void challenge_source_parse(const char *file, const char *text, size_t n,
                            const struct source_config *config, struct challenge_source *ret) {
        struct challenge_source s = { .is_file = true };
        struct loader l = { .config = config, .to = &s };

        crypto_init();
        loader_ctfg_text(&l, file, text, n);
        check_set(&l);
        put_in_order(&l);
        loader_done(&l);
        *ret = s;
}
