#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/map.h"
#include "base/str.h"
#include "runtime/fake_store.h"

#define EXITED     ".exited"
#define ADDR_TRIES 16

/* In memory: what the folder would hold. */
struct kept {
        struct fake_record record;
        struct kept *next, **link;
};

struct fake_store {
        char *dir; /* "" in memory */
        pthread_mutex_t lock;
        struct map by_name, by_addr; /* struct kept; memory only */
        struct kept *all;
        unsigned n_temp;
        int64_t version; /* counts changes; memory only */
};

struct fake_store *fake_store_new(const char *dir) {
        struct fake_store *s = calloc(1, sizeof(*s));

        if (!s || !(s->dir = strdup(dir)))
                abort();
        pthread_mutex_init(&s->lock, NULL);
        return s;
}

struct fake_store *fake_store_free(struct fake_store *s) {
        struct kept *k, *next;

        if (!s)
                return NULL;
        for (k = s->all; k; k = next) {
                next = k->next;
                free(k);
        }
        map_done(&s->by_name);
        map_done(&s->by_addr);
        pthread_mutex_destroy(&s->lock);
        free(s->dir);
        free(s);
        return NULL;
}

static bool in_memory(const struct fake_store *s) { return s->dir[0] == '\0'; }

/* FNV-1a; with SALT for the next try when two names meet in one address. */
static uint32_t address_of(const char *name, unsigned salt) {
        uint64_t h = 14695981039346656037u + salt;

        for (; *name; name++)
                h = (h ^ (unsigned char)*name) * 1099511628211u;
        h ^= h >> 29;
        return UINT32_C(127) << 24 | (uint32_t)(1 + h % 254) << 16 |
               (uint32_t)(h >> 16 & 0xff) << 8 | (uint32_t)(1 + (h >> 24) % 254);
}

void fake_record_write(const struct fake_record *r, char ret[FAKE_RECORD_TEXT]) {
        int n = snprintf(ret, FAKE_RECORD_TEXT, "%s %s %d %" PRId64 " %" PRId64 " %" PRIu32 " %zu",
                         r->install, r->lease, r->generation, r->created_ms, r->hard_deadline_ms,
                         r->addr, r->n_ports);

        for (size_t i = 0; i < r->n_ports && n < FAKE_RECORD_TEXT; i++)
                n += snprintf(ret + n, (size_t)(FAKE_RECORD_TEXT - n), " %u", r->ports[i]);
}

/* The next word of *AT as a number. */
static bool take_number(char **at, int64_t min, int64_t max, int64_t *ret) {
        const char *word = strsep(at, " ");
        struct err err;

        return word && str_to_int(word, min, max, ret, &err) == 0;
}

static bool take_word(char **at, char *ret, size_t room) {
        const char *word = strsep(at, " ");

        if (!word || !word[0] || strlen(word) >= room)
                return false;
        str_copy(ret, room, word);
        return true;
}

bool fake_record_read(const char *name, const char *text, struct fake_record *ret) {
        struct fake_record r = { 0 };
        char copy[FAKE_RECORD_TEXT], *at = copy;
        int64_t generation, addr, n_ports, port;

        str_copy(copy, sizeof(copy), text);
        str_copy(r.name, sizeof(r.name), name);
        if (!take_word(&at, r.install, sizeof(r.install)) ||
            !take_word(&at, r.lease, sizeof(r.lease)) ||
            !take_number(&at, INT_MIN, INT_MAX, &generation) ||
            !take_number(&at, INT64_MIN, INT64_MAX, &r.created_ms) ||
            !take_number(&at, INT64_MIN, INT64_MAX, &r.hard_deadline_ms) ||
            !take_number(&at, 0, UINT32_MAX, &addr) ||
            !take_number(&at, 0, RUNTIME_PORTS_MAX, &n_ports))
                return false;
        for (; r.n_ports < (size_t)n_ports; r.n_ports++) {
                if (!take_number(&at, 0, UINT16_MAX, &port))
                        return false;
                r.ports[r.n_ports] = (uint16_t)port;
        }
        r.generation = (int)generation;
        r.addr = (uint32_t)addr;
        *ret = r;
        return true;
}

/* The folder. */

static void path_of(const struct fake_store *s, const char *name, const char *suffix,
                    char ret[PATH_MAX]) {
        snprintf(ret, PATH_MAX, "%s/%s%s", s->dir, name, suffix);
}

static void address_path(const struct fake_store *s, uint32_t addr, char ret[PATH_MAX]) {
        snprintf(ret, PATH_MAX, "%s/.addr-%06" PRIx32, s->dir, addr & 0xffffff);
}

/* One write to a file opened with O_APPEND is whole, whoever else writes. */
static void journal(const struct fake_store *s, const char *what, const char *name) {
        _cleanup_close_ int fd = -1;
        char path[PATH_MAX], line[96];
        int n = snprintf(line, sizeof(line), "%s %s\n", what, name);

        path_of(s, "journal", "", path);
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd >= 0 && write(fd, line, (size_t)n) != n)
                abort();
}

static bool slurp(const char *path, char *ret, size_t size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        if (fd < 0 || (n = read(fd, ret, size - 1)) < 0)
                return false;
        ret[n] = '\0';
        return true;
}

static int take_address(const struct fake_store *s, struct fake_record *r, struct err *err) {
        char path[PATH_MAX], holder[64];

        for (unsigned salt = 0; salt < ADDR_TRIES; salt++) {
                ssize_t n;

                r->addr = address_of(r->name, salt);
                address_path(s, r->addr, path);
                if (symlink(r->name, path) == 0)
                        return 0;
                if (errno != EEXIST)
                        break;
                n = readlink(path, holder, sizeof(holder) - 1);
                if (n > 0 && strlen(r->name) == (size_t)n &&
                    memcmp(holder, r->name, (size_t)n) == 0)
                        return 0;
        }
        return err_set(err, errno == ENOSPC ? ERR_NO_SPACE : ERR_INTERNAL,
                       "no address for %s: errno %d", r->name, errno);
}

static int write_record(const char *path, const struct fake_record *r, struct err *err) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        char text[FAKE_RECORD_TEXT];
        size_t n;

        fake_record_write(r, text);
        n = strlen(text);
        if (fd < 0 || write(fd, text, n) != (ssize_t)n)
                return err_set(err, errno == ENOSPC ? ERR_NO_SPACE : ERR_INTERNAL, "%s: errno %d",
                               path, errno);
        return 0;
}

static int dir_add(struct fake_store *s, struct fake_record *r, struct err *err) {
        char temp[PATH_MAX], path[PATH_MAX];
        unsigned n = __atomic_add_fetch(&s->n_temp, 1, __ATOMIC_RELAXED);
        int linked;

        if (mkdir(s->dir, 0700) < 0 && errno != EEXIST)
                return err_set(err, ERR_INTERNAL, "%s: errno %d", s->dir, errno);
        path_of(s, r->name, "", path);
        if (access(path, F_OK) == 0)
                return err_set(err, ERR_CONFLICT, "%s is there already", r->name);
        snprintf(temp, sizeof(temp), "%s/.new-%d-%u", s->dir, (int)getpid(), n);
        if (take_address(s, r, err) < 0 || write_record(temp, r, err) < 0)
                return -1;
        linked = link(temp, path) < 0 ? errno : 0;
        unlink(temp);
        if (linked == EEXIST)
                return err_set(err, ERR_CONFLICT, "%s is there already", r->name);
        if (linked)
                return err_set(err, ERR_INTERNAL, "%s: errno %d", path, linked);
        journal(s, "create", r->name);
        return 0;
}

static bool dir_get(const struct fake_store *s, const char *name, struct fake_record *ret) {
        char path[PATH_MAX], text[FAKE_RECORD_TEXT];

        path_of(s, name, "", path);
        if (!slurp(path, text, sizeof(text)) || !fake_record_read(name, text, ret))
                return false;
        path_of(s, name, EXITED, path);
        if (slurp(path, text, sizeof(text))) {
                ret->exited = true;
                ret->exit_code = (int)strtol(text, NULL, 10);
        }
        return true;
}

static bool dir_del(struct fake_store *s, const char *name) {
        char path[PATH_MAX];
        struct fake_record r;

        if (!dir_get(s, name, &r))
                return false;
        path_of(s, name, "", path);
        if (unlink(path) < 0)
                return false;
        journal(s, "remove", name);
        address_path(s, r.addr, path);
        unlink(path);
        path_of(s, name, EXITED, path);
        unlink(path);
        return true;
}

static void dir_exit(const struct fake_store *s, const char *name, int code) {
        _cleanup_close_ int fd = -1;
        char path[PATH_MAX], text[16];
        int n = snprintf(text, sizeof(text), "%d\n", code);

        path_of(s, name, EXITED, path);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, text, (size_t)n) != n)
                abort();
}

static bool is_record(const char *file) {
        size_t n = strlen(file), m = strlen(EXITED);

        return file[0] != '.' && strcmp(file, "journal") != 0 && strcmp(file, "down") != 0 &&
               n < 64 && !(n > m && strcmp(file + n - m, EXITED) == 0);
}

static size_t dir_list(const struct fake_store *s, struct arena *arena, struct fake_record **ret) {
        struct fake_record *all = NULL, r;
        DIR *dir = opendir(s->dir);
        struct dirent *d;
        size_t n = 0, cap = 0;

        while (dir && (d = readdir(dir))) {
                if (!is_record(d->d_name) || !dir_get(s, d->d_name, &r))
                        continue;
                if (n == cap) {
                        cap = cap ? 2 * cap : 64;
                        all = arena_grow(arena, all, n * sizeof(*all), cap * sizeof(*all));
                }
                all[n++] = r;
        }
        if (dir)
                closedir(dir);
        *ret = all;
        return n;
}

static bool dir_at(const struct fake_store *s, uint32_t addr, char ret[64]) {
        char path[PATH_MAX];
        ssize_t n;

        address_path(s, addr, path);
        n = readlink(path, ret, 63);
        if (n <= 0)
                return false;
        ret[n] = '\0';
        path_of(s, ret, "", path);
        return access(path, F_OK) == 0;
}

/* In memory. */

static int memory_add(struct fake_store *s, struct fake_record *r, struct err *err) {
        struct kept *k;
        unsigned salt = 0;

        if (map_get(&s->by_name, r->name))
                return err_set(err, ERR_CONFLICT, "%s is there already", r->name);
        do
                r->addr = address_of(r->name, salt);
        while (map_get_id(&s->by_addr, r->addr) && ++salt < ADDR_TRIES);
        if (salt == ADDR_TRIES)
                return err_set(err, ERR_INTERNAL, "no address for %s", r->name);
        if (!(k = calloc(1, sizeof(*k))))
                abort();
        k->record = *r;
        k->link = &s->all;
        k->next = s->all;
        if (k->next)
                k->next->link = &k->next;
        s->all = k;
        s->version++;
        map_put(&s->by_name, k->record.name, k);
        map_put_id(&s->by_addr, k->record.addr, k);
        return 0;
}

static bool memory_del(struct fake_store *s, const char *name) {
        struct kept *k = map_del(&s->by_name, name);

        if (!k)
                return false;
        s->version++;
        map_del_id(&s->by_addr, k->record.addr);
        *k->link = k->next;
        if (k->next)
                k->next->link = k->link;
        free(k);
        return true;
}

static size_t memory_list(struct fake_store *s, struct arena *arena, struct fake_record **ret) {
        size_t n = 0;

        *ret = arena_alloc(arena, (s->by_name.n + 1) * sizeof(**ret));
        for (struct kept *k = s->all; k; k = k->next)
                (*ret)[n++] = k->record;
        return n;
}

/* What both are asked. */

int fake_store_add(struct fake_store *s, struct fake_record *r, struct err *err) {
        int result;

        if (!in_memory(s))
                return dir_add(s, r, err);
        pthread_mutex_lock(&s->lock);
        result = memory_add(s, r, err);
        pthread_mutex_unlock(&s->lock);
        return result;
}

bool fake_store_get(struct fake_store *s, const char *name, struct fake_record *ret) {
        struct kept *k;

        if (!in_memory(s))
                return dir_get(s, name, ret);
        pthread_mutex_lock(&s->lock);
        k = map_get(&s->by_name, name);
        if (k)
                *ret = k->record;
        pthread_mutex_unlock(&s->lock);
        return k;
}

bool fake_store_has(struct fake_store *s, const char *name) {
        struct fake_record r;

        return fake_store_get(s, name, &r) && !r.exited;
}

bool fake_store_del(struct fake_store *s, const char *name) {
        bool result;

        if (!in_memory(s))
                return dir_del(s, name);
        pthread_mutex_lock(&s->lock);
        result = memory_del(s, name);
        pthread_mutex_unlock(&s->lock);
        return result;
}

void fake_store_exit(struct fake_store *s, const char *name, int code) {
        struct kept *k;

        if (!in_memory(s)) {
                dir_exit(s, name, code);
                return;
        }
        pthread_mutex_lock(&s->lock);
        k = map_get(&s->by_name, name);
        if (k) {
                s->version++;
                k->record.exited = true;
                k->record.exit_code = code;
        }
        pthread_mutex_unlock(&s->lock);
}

size_t fake_store_list(struct fake_store *s, struct arena *arena, struct fake_record **ret) {
        size_t n;

        if (!in_memory(s))
                return dir_list(s, arena, ret);
        pthread_mutex_lock(&s->lock);
        n = memory_list(s, arena, ret);
        pthread_mutex_unlock(&s->lock);
        return n;
}

bool fake_store_changed(struct fake_store *s, int64_t *version) {
        struct stat st = { 0 };
        int64_t now;
        bool changed;

        if (in_memory(s)) {
                pthread_mutex_lock(&s->lock);
                now = s->version;
                pthread_mutex_unlock(&s->lock);
        } else {
                /* The kernel's clock of files ticks every few milliseconds: what happens in
                 * the same tick as our look would be missed, so a young change counts twice. */
                if (stat(s->dir, &st) < 0)
                        return false;
                now = st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
                if (time(NULL) - st.st_mtim.tv_sec < 2)
                        now = 0;
        }
        changed = now == 0 || now != *version;
        *version = now;
        return changed;
}

bool fake_store_at(struct fake_store *s, uint32_t addr, char ret[64]) {
        struct kept *k;

        if (!in_memory(s))
                return dir_at(s, addr, ret);
        pthread_mutex_lock(&s->lock);
        k = map_get_id(&s->by_addr, addr);
        if (k)
                snprintf(ret, 64, "%s", k->record.name);
        pthread_mutex_unlock(&s->lock);
        return k;
}
