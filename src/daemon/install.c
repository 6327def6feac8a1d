#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "daemon/install.h"
#include "os/file.h"
#include "store/store.h"

#define KEY_FILE_MAX 1024

/* A SQLite store locks itself.  On PostgreSQL several daemons are welcome, but each by a name of
 * its own: two of one name would do the same work twice. */
static int take_lock(const struct settings *s, struct install *i, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *path = arena_printf(&arena, "%s/%s.lock", s->var, s->worker);
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        char pid[16] = "";

        if (fd < 0)
                return err_set(err, ERR_INTERNAL, "%s: %s", path, strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (read(fd, pid, sizeof(pid) - 1) < 0)
                        pid[0] = '\0';
                pid[strcspn(pid, "\n")] = '\0';
                return err_set(
                        err, ERR_CONFLICT,
                        "another daemon%s%s uses this store; stop it first, or set BERTH_VAR "
                        "or BERTH_STORE",
                        *pid ? ", process " : "", pid);
        }
        if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
                return err_set(err, ERR_INTERNAL, "%s: %s", path, strerror(errno));
        i->lock = TAKE_FD(fd);
        return 0;
}

/* Its own user's, and nobody else's to read. */
static int check_mode(const char *path, struct err *err) {
        struct stat st;

        if (stat(path, &st) < 0)
                return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INTERNAL, "%s: %s", path,
                               strerror(errno));
        if (st.st_mode & 077)
                return err_set(err, ERR_INVALID,
                               "%s can be read by others (mode %03o): run chmod 600 %s", path,
                               st.st_mode & 0777, path);
        if (st.st_uid != geteuid() && geteuid() != 0)
                return err_set(err, ERR_INVALID, "%s belongs to another user", path);
        return 0;
}

static int read_key(const char *path, uint8_t *ret, size_t size, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        char *text;
        size_t n;

        if (check_mode(path, err) < 0 || file_read(path, KEY_FILE_MAX, &arena, &text, &n, err) < 0)
                return -1;
        text[strcspn(text, "\n")] = '\0';
        if (hex_decode(text, ret, size, err) < 0)
                return err_wrap(err, "%s is damaged, put back its copy", path);
        return 0;
}

static int write_key(const char *path, unsigned mode, const uint8_t *key, size_t size,
                     struct err *err) {
        char text[2 * SIGN_SECRET + 2];

        hex_encode(key, size, text);
        text[2 * size] = '\n';
        return file_write(path, mode, text, 2 * size + 1, err);
}

static int master_key(const char *var, struct install *i, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *path = arena_printf(&arena, "%s/master.key", var);

        if (read_key(path, i->master_key, KEY_SIZE, err) == 0)
                return 0;
        if (err->kind != ERR_NOT_FOUND)
                return -1;
        random_bytes(i->master_key, KEY_SIZE);
        return write_key(path, 0600, i->master_key, KEY_SIZE, err);
}

static int audit_key(const char *var, struct install *i, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *path = arena_printf(&arena, "%s/audit.key", var);
        const char *pub = arena_printf(&arena, "%s/audit.pub", var);
        uint8_t public[SIGN_PUBLIC];

        if (read_key(path, i->audit_secret, SIGN_SECRET, err) == 0)
                return 0;
        if (err->kind != ERR_NOT_FOUND)
                return -1;
        sign_keys(public, i->audit_secret);
        if (write_key(path, 0600, i->audit_secret, SIGN_SECRET, err) < 0)
                return -1;
        return write_key(pub, 0644, public, SIGN_PUBLIC, err);
}

/* A name for the master key that does not tell it. */
static void key_name(const struct install *i, char ret[17]) {
        uint8_t digest[SHA256_SIZE];

        hmac_sha256(i->master_key, "berth master key", 16, digest);
        hex_encode(digest, 8, ret);
}

static int read_store(const struct settings *s, struct install *i, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        _cleanup_(db_freep) struct db *db = NULL;
        _cleanup_(tx_endp) struct tx *tx = NULL;
        uint8_t fresh[16];
        char fresh_id[33], name[17];
        const char *id, *known;

        random_bytes(fresh, sizeof(fresh));
        hex_encode(fresh, sizeof(fresh), fresh_id);
        key_name(i, name);
        if (store_open(s->store, &db, err) < 0)
                return err_wrap(err, "store");
        if (tx_begin(db, &tx, err) < 0 ||
            meta_put_once(tx, "install", fresh_id, &arena, &id, err) < 0 ||
            meta_put_once(tx, "master_key", name, &arena, &known, err) < 0)
                return -1;
        if (strcmp(known, name) != 0)
                return err_set(err, ERR_INVALID,
                               "%s/master.key is not the key that this store's flags were derived "
                               "from: put that one back",
                               s->var);
        str_copy(i->id, sizeof(i->id), id);
        return tx_commit(&tx, err);
}

/* The folder of a SQLite store: the default one is the folder `var` itself. */
static int make_folders(const struct settings *s, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *slash;

        if (file_mkdirs(s->var, 0700, err) < 0)
                return -1;
        slash = strncmp(s->store, "sqlite:", 7) == 0 ? strrchr(s->store, '/') : NULL;
        if (!slash || slash == s->store + 7)
                return 0;
        return file_mkdirs(arena_printf(&arena, "%.*s", (int)(slash - s->store - 7), s->store + 7),
                           0700, err);
}

int install_open(const struct settings *settings, struct install *ret, struct err *err) {
        _cleanup_(install_done) struct install i = { .lock = -1 };

        if (make_folders(settings, err) < 0 ||
            (strncmp(settings->store, "sqlite:", 7) != 0 && take_lock(settings, &i, err) < 0) ||
            master_key(settings->var, &i, err) < 0 || audit_key(settings->var, &i, err) < 0 ||
            read_store(settings, &i, err) < 0)
                return -1;
        *ret = i;
        i.lock = -1;
        return 0;
}

void install_done(struct install *i) {
        if (i->lock >= 0)
                close(i->lock);
        i->lock = -1;
        explicit_bzero(i->master_key, sizeof(i->master_key));
        explicit_bzero(i->audit_secret, sizeof(i->audit_secret));
}

int install_check_keys(const char *var, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };

        if (check_mode(arena_printf(&arena, "%s/master.key", var), err) < 0)
                return -1;
        return check_mode(arena_printf(&arena, "%s/audit.key", var), err);
}
