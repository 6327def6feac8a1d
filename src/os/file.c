#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/str.h"
#include "os/file.h"

#define READ_STEP 16384

static int failed(struct err *err, const char *doing, const char *path) {
        enum err_kind kind = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_INTERNAL;

        return err_set(err, kind, "%s %s: %m", doing, path);
}

int file_read(const char *path, size_t max, struct arena *arena, char **ret, size_t *n,
              struct err *err) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        _cleanup_buf_ struct buf b = { 0 };
        ssize_t got = 1;

        if (fd < 0)
                return failed(err, "opening", path);
        while (got != 0) {
                buf_reserve(&b, READ_STEP);
                got = read(fd, b.data + b.len, READ_STEP);
                if (got < 0 && errno != EINTR)
                        return failed(err, "reading", path);
                if (got > 0)
                        b.len += (size_t)got;
                if (b.len > max)
                        return err_set(err, ERR_TOO_LARGE, "%s is larger than %zu bytes", path,
                                       max);
        }
        *ret = arena_grow(arena, b.data, b.len, b.len + 1);
        *n = b.len;
        return 0;
}

int file_add(int fd, const char *temporary, const void *data, size_t n, struct err *err) {
        const char *at = data;

        while (n > 0) {
                ssize_t done = write(fd, at, n);

                if (done < 0 && errno != EINTR)
                        return failed(err, "writing", temporary);
                if (done > 0) {
                        at += done;
                        n -= (size_t)done;
                }
        }
        return 0;
}

/* Makes the rename of a file in the folder of PATH outlast a power cut. */
static int sync_folder(const char *path, struct err *err) {
        const char *slash = strrchr(path, '/');
        char folder[PATH_MAX] = ".";
        _cleanup_close_ int fd = -1;

        if (slash)
                str_copy(folder, (size_t)(slash - path) + 2, path);
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
                return failed(err, "syncing", folder);
        return 0;
}

int file_settle(int fd, const char *temporary, const char *path, struct err *err) {
        if (fsync(fd) == 0 && rename(temporary, path) == 0)
                return sync_folder(path, err);
        failed(err, "writing", path);
        unlink(temporary);
        return -1;
}

int file_write(const char *path, unsigned mode, const void *data, size_t n, struct err *err) {
        char temporary[PATH_MAX];
        _cleanup_close_ int fd = -1;

        if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
                return err_set(err, ERR_INTERNAL, "the path is too long");
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return failed(err, "creating", temporary);
        if (fchmod(fd, mode) == 0 && file_add(fd, temporary, data, n, err) == 0)
                return file_settle(fd, temporary, path, err);
        failed(err, "writing", path);
        unlink(temporary);
        return -1;
}

int file_mkdirs(const char *path, unsigned mode, struct err *err) {
        char part[PATH_MAX];
        struct stat st;

        if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
                return err_set(err, ERR_INTERNAL, "the path is too long");
        for (char *p = part; *p;) {
                char kept;

                p += strspn(p, "/");
                p += strcspn(p, "/");
                kept = *p;
                *p = '\0';
                if (mkdir(part, mode) < 0 && errno != EEXIST)
                        return err_set(err, ERR_INTERNAL, "making %s: %m", part);
                *p = kept;
        }
        if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
                return err_set(err, ERR_INTERNAL, "%s is not a folder", path);
        return 0;
}
