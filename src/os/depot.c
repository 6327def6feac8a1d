#include "os/depot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/str.h"
#include "os/file.h"

#define FOLDER_MODE 0700
#define PART        ".part"
#define PIECE       ((size_t)128 * 1024)
#define DIGITS      (SHA256_TEXT - 1)
#define PATH_BYTES  4096
#define FORGOTTEN   ".XXXXXX" /* the end of an import that was cut off */

struct depot {
        pthread_mutex_t lock; /* over the parts: one is written or finished at a time */
        int64_t max_bytes;
        char dir[];
};

int depot_open(const char *dir, int64_t max_bytes, struct depot **ret, struct err *err) {
        _cleanup_(depot_freep) struct depot *d = calloc(1, sizeof(*d) + strlen(dir) + 1);

        if (!d)
                abort();
        pthread_mutex_init(&d->lock, NULL);
        d->max_bytes = max_bytes;
        str_copy(d->dir, strlen(dir) + 1, dir);
        if (file_mkdirs(dir, FOLDER_MODE, err) < 0)
                return -1;
        *ret = TAKE(d);
        return 0;
}

struct depot *depot_free(struct depot *d) {
        if (!d)
                return NULL;
        pthread_mutex_destroy(&d->lock);
        free(d);
        return NULL;
}

static bool is_digest(const char *s) {
        return strlen(s) == DIGITS && strspn(s, "0123456789abcdef") == DIGITS;
}

/* False when there can be none of that name. */
static bool path_of(const struct depot *d, int64_t shelf, const char *digest, const char *end,
                    char ret[PATH_BYTES]) {
        int n = is_digest(digest) ? snprintf(ret, PATH_BYTES, "%s/%" PRId64 "/%s%s", d->dir, shelf,
                                             digest, end) :
                                    -1;

        return n > 0 && n < PATH_BYTES;
}

static int failed(struct err *err, const char *doing, const char *path) {
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INTERNAL, "%s %s: %m", doing,
                       path);
}

static int none(struct err *err) { return err_set(err, ERR_NOT_FOUND, "there is no such file"); }

static bool touch(const char *path) { return utimensat(AT_FDCWD, path, NULL, 0) == 0; }

bool depot_has(struct depot *d, int64_t shelf, const char *digest, int64_t *bytes) {
        char path[PATH_BYTES];
        struct stat st;

        if (!path_of(d, shelf, digest, "", path) || !touch(path) || stat(path, &st) < 0)
                return false;
        if (bytes)
                *bytes = st.st_size;
        return true;
}

int depot_get(struct depot *d, int64_t shelf, const char *digest, int *fd, int64_t *bytes,
              struct err *err) {
        _cleanup_close_ int opened = -1;
        char path[PATH_BYTES];
        struct stat st;

        if (!path_of(d, shelf, digest, "", path))
                return none(err);
        opened = open(path, O_RDONLY | O_CLOEXEC);
        if (opened < 0 || fstat(opened, &st) < 0)
                return errno == ENOENT ? none(err) : failed(err, "opening", path);
        *bytes = st.st_size;
        *fd = TAKE_FD(opened);
        return 0;
}

/* All of FROM, to TO as well unless that is -1 (TEMPORARY is its name), and its digest. */
static int pass(int from, int to, const char *temporary, int64_t max_bytes,
                char digest[SHA256_TEXT], struct err *err) {
        _cleanup_(digest_freep) struct digest *sum = digest_new();
        _cleanup_buf_ struct buf data = { 0 };
        uint8_t raw[SHA256_SIZE];
        int64_t all = 0;
        ssize_t n;

        buf_reserve(&data, PIECE);
        while ((n = read(from, data.data, PIECE)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return failed(err, "reading for", temporary);
                if (n > max_bytes - all)
                        return err_set(err, ERR_TOO_LARGE, "is larger than %" PRId64 " bytes",
                                       max_bytes);
                all += n;
                digest_add(sum, data.data, (size_t)n);
                if (to >= 0 && file_add(to, temporary, data.data, (size_t)n, err) < 0)
                        return -1;
        }
        digest_end(TAKE(sum), raw);
        hex_encode(raw, sizeof(raw), digest);
        return 0;
}

static int make_shelf(const struct depot *d, int64_t shelf, struct err *err) {
        char path[PATH_BYTES];

        if (snprintf(path, sizeof(path), "%s/%" PRId64, d->dir, shelf) >= (int)sizeof(path))
                return err_set(err, ERR_INTERNAL, "the path is too long");
        return file_mkdirs(path, FOLDER_MODE, err);
}

static int check_same(const char *found, const char *digest, struct err *err) {
        if (strcmp(found, digest) != 0)
                return err_set(err, ERR_INVALID, "its contents have another digest, %s", found);
        return 0;
}

int depot_import(struct depot *d, int64_t shelf, const char *digest, const char *path,
                 struct err *err) {
        char to[PATH_BYTES], temporary[PATH_BYTES], found[SHA256_TEXT];
        _cleanup_close_ int from = -1, fd = -1;

        if (depot_has(d, shelf, digest, NULL))
                return 0;
        if (!path_of(d, shelf, digest, "", to) || !path_of(d, shelf, digest, FORGOTTEN, temporary))
                return none(err);
        from = open(path, O_RDONLY | O_CLOEXEC);
        if (from < 0)
                return failed(err, "opening", path);
        if (make_shelf(d, shelf, err) < 0)
                return -1;
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return failed(err, "creating", temporary);
        if (pass(from, fd, temporary, d->max_bytes, found, err) == 0 &&
            check_same(found, digest, err) == 0)
                return file_settle(fd, temporary, to, err);
        unlink(temporary);
        return -1;
}

/* Parts. */

/* Where a content goes when it is whole, and where it is until then. */
struct paths {
        char whole[PATH_BYTES], part[PATH_BYTES];
};

static int write_part(int fd, const struct depot_part *part, const char *path, struct err *err) {
        const char *data = part->data;
        int64_t at = part->offset;
        size_t n = part->n;

        while (n > 0) {
                ssize_t done = pwrite(fd, data, n, at);

                if (done < 0 && errno != EINTR)
                        return failed(err, "writing", path);
                if (done > 0) {
                        data += done;
                        at += done;
                        n -= (size_t)done;
                }
        }
        /* What an earlier try has left behind it is forgotten. */
        return ftruncate(fd, at) < 0 ? failed(err, "writing", path) : 0;
}

static int finish(const struct depot *d, int fd, const struct paths *to, const char *digest,
                  struct err *err) {
        char found[SHA256_TEXT];

        if (lseek(fd, 0, SEEK_SET) < 0)
                return failed(err, "reading", to->part);
        if (pass(fd, -1, to->part, d->max_bytes, found, err) < 0)
                return -1;
        if (check_same(found, digest, err) == 0)
                return file_settle(fd, to->part, to->whole, err);
        unlink(to->part);
        return -1;
}

/* With the lock held. */
static int receive(const struct depot *d, const struct paths *to, const char *digest,
                   const struct depot_part *part, bool *whole, struct err *err) {
        _cleanup_close_ int fd = open(to->part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return failed(err, "opening", to->part);
        if (part->offset > st.st_size)
                return err_set(err, ERR_CONFLICT,
                               "only %" PRId64 " bytes are here: go on from there",
                               (int64_t)st.st_size);
        if (write_part(fd, part, to->part, err) < 0)
                return -1;
        *whole = part->offset + (int64_t)part->n == part->total;
        return *whole ? finish(d, fd, to, digest, err) : 0;
}

static int check_part(const struct depot *d, const struct depot_part *p, struct err *err) {
        if (p->total < 0 || p->total > d->max_bytes)
                return err_set(err, ERR_TOO_LARGE, "is larger than %" PRId64 " bytes",
                               d->max_bytes);
        if (p->offset < 0 || p->offset > p->total || (int64_t)p->n > p->total - p->offset)
                return err_set(err, ERR_INVALID, "the part goes beyond the end");
        return 0;
}

int depot_receive(struct depot *d, int64_t shelf, const char *digest, const struct depot_part *part,
                  bool *whole, struct err *err) {
        struct paths to;
        int r;

        if (!path_of(d, shelf, digest, "", to.whole) || !path_of(d, shelf, digest, PART, to.part))
                return none(err);
        if (check_part(d, part, err) < 0 || make_shelf(d, shelf, err) < 0)
                return -1;
        pthread_mutex_lock(&d->lock);
        *whole = touch(to.whole);
        r = *whole ? 0 : receive(d, &to, digest, part, whole, err);
        pthread_mutex_unlock(&d->lock);
        return r;
}

/* Collection. */

struct sweep {
        struct depot *depot;
        int64_t age_s, now_s;
        bool (*named)(void *arg, int64_t shelf, const char *digest);
        void *arg;
        size_t removed;
};

static void sweep_file(struct sweep *s, int64_t shelf, const char *name, const char *path) {
        struct stat st;

        if (is_digest(name) && s->named(s->arg, shelf, name)) {
                touch(path);
                return;
        }
        if (stat(path, &st) == 0 && s->now_s - st.st_mtime >= s->age_s && unlink(path) == 0)
                s->removed++;
}

static void sweep_shelf(struct sweep *s, const char *folder, int64_t shelf) {
        DIR *entries = opendir(folder);
        const struct dirent *e;
        char path[PATH_BYTES];

        while (entries && (e = readdir(entries)))
                if (e->d_name[0] != '.' &&
                    snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) < (int)sizeof(path))
                        sweep_file(s, shelf, e->d_name, path);
        if (entries)
                closedir(entries);
}

size_t depot_collect(struct depot *d, int64_t age_s,
                     bool (*named)(void *arg, int64_t shelf, const char *digest), void *arg) {
        struct sweep s = { .depot = d, .age_s = age_s, .named = named, .arg = arg };
        DIR *entries = opendir(d->dir);
        const struct dirent *e;
        char path[PATH_BYTES];
        struct timespec now;
        struct err ignored;
        int64_t shelf;

        clock_gettime(CLOCK_REALTIME, &now); /* the one that files go by */
        s.now_s = now.tv_sec;
        while (entries && (e = readdir(entries)))
                if (str_to_int(e->d_name, 0, INT64_MAX, &shelf, &ignored) == 0 &&
                    snprintf(path, sizeof(path), "%s/%s", d->dir, e->d_name) < (int)sizeof(path))
                        sweep_shelf(&s, path, shelf);
        if (entries)
                closedir(entries);
        return s.removed;
}
