/* challenge_dir_load(): all the challenges of a folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "model/challenge_file.h"

#define READ_BYTES 65536
#define FILES_MAX  4096 /* of one folder */

static const char *const file_names[] = { "challenge.yml", "challenge.yaml" };

/* What was found so far.  FILES[i] is where GOOD[i] came from. */
struct loader {
        struct arena *arena;
        int64_t tenant;
        struct challenge **good;
        const char **files;
        size_t n_good;
        struct complaint *bad;
        size_t n_bad;
};

/* Room for one more in an array of N, which doubles. */
static void *grow(struct arena *a, void *array, size_t n, size_t size) {
        if (n & (n - 1) || n == 1)
                return array;
        return arena_grow(a, array, n * size, (n ? n * 2 : 2) * size);
}

static void complain(struct loader *l, const char *file, int line, const char *reason) {
        l->bad = grow(l->arena, l->bad, l->n_bad, sizeof(*l->bad));
        l->bad[l->n_bad++] = (struct complaint){ file, line, arena_printf(l->arena, "%s", reason) };
}

/* Takes over C, which came from FILE. */
static void keep(struct loader *l, const char *file, struct challenge *c) {
        for (size_t i = 0; i < l->n_good; i++) {
                char reason[512];

                if (strcmp(l->good[i]->slug, c->slug) != 0)
                        continue;
                snprintf(reason, sizeof(reason), "the slug \"%s\" is already taken by %.300s",
                         c->slug, l->files[i]);
                complain(l, file, 0, reason);
                challenge_unref(c);
                return;
        }
        l->good = grow(l->arena, l->good, l->n_good, sizeof(struct challenge *));
        l->files = grow(l->arena, l->files, l->n_good, sizeof(const char *));
        l->files[l->n_good] = file;
        l->good[l->n_good++] = c;
}

/* All of a regular file; one byte more than is allowed tells that it is too large. */
static int read_file(const char *file, struct buf *ret, struct err *err) {
        _cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        ssize_t n;

        if (fd < 0 || fstat(fd, &st) < 0)
                return err_set(err, ERR_INVALID, "cannot be read: %s", strerrordesc_np(errno));
        if (!S_ISREG(st.st_mode))
                return err_set(err, ERR_INVALID, "is no regular file");
        while (ret->len <= CHALLENGE_FILE_MAX) {
                buf_reserve(ret, READ_BYTES);
                n = read(fd, ret->data + ret->len, READ_BYTES);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(err, ERR_INVALID, "cannot be read: %s",
                                       strerrordesc_np(errno));
                if (n == 0)
                        break;
                ret->len += (size_t)n;
        }
        return 0;
}

static void load_file(struct loader *l, const char *file) {
        _cleanup_buf_ struct buf text = { 0 };
        struct challenge *c;
        struct err err;
        int line = 0;

        if (l->n_good + l->n_bad >= FILES_MAX) {
                complain(l, file, 0, "one file too many in this folder");
                return;
        }
        if (read_file(file, &text, &err) < 0 ||
            challenge_file_parse(text.data, text.len, l->tenant, &c, &line, &err) < 0) {
                complain(l, file, line, err.msg);
                return;
        }
        keep(l, file, c);
}

static void load_folder(struct loader *l, const char *folder) {
        for (size_t i = 0; i < ARRAY_SIZE(file_names); i++) {
                const char *file = arena_printf(l->arena, "%s/%s", folder, file_names[i]);
                struct stat st;

                /* What is there and cannot be read gets its complaint when it is opened. */
                if (lstat(file, &st) == 0)
                        load_file(l, file);
        }
}

static int by_slug(const void *a, const void *b) {
        const struct challenge *const *x = a, *const *y = b;

        return strcmp((*x)->slug, (*y)->slug);
}

static int visible(const struct dirent *e) { return e->d_name[0] != '.'; }

int challenge_dir_load(const char *dir, int64_t tenant, struct arena *arena,
                       struct challenge ***ret, size_t *n, struct complaint **complaints,
                       size_t *n_complaints, struct err *err) {
        struct loader l = { .arena = arena, .tenant = tenant };
        struct dirent **entries;
        int count = scandir(dir, &entries, visible, alphasort);

        if (count < 0)
                return err_set(err, ERR_INVALID, "%s: %s", dir, strerrordesc_np(errno));
        load_folder(&l, dir);
        for (int i = 0; i < count; i++) {
                const char *path = arena_printf(arena, "%s/%s", dir, entries[i]->d_name);
                struct stat st;

                if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                        load_folder(&l, path);
                free(entries[i]);
        }
        free(entries);
        if (l.n_good)
                qsort(l.good, l.n_good, sizeof(*l.good), by_slug);
        *ret = l.good;
        *n = l.n_good;
        *complaints = l.bad;
        *n_complaints = l.n_bad;
        return 0;
}
