/*
 * The Docker runtime: starting and stopping.
 *
 * A start is create, start, inspect.  The flag's file makes it longer.  Into
 * a writable root it is uploaded between create and start.  Into a read-only
 * root the engine refuses every upload, so the file comes by way of a holder:
 * a container that never runs, with an anonymous volume.  The file is
 * uploaded into that volume, the instance mounts it from there, read-only and
 * at the path that was asked for, and takes the volume over (VolumesFrom), so
 * that it is removed with the instance; the holder is removed at once.
 *
 * Names are deterministic, so whatever an earlier try has left is found by
 * the conflict of names: ours and of the same generation, it is adopted; of
 * another generation, it is removed; of another install, nothing is touched.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "runtime/docker.h"

#define HOLDER_DIR     "/run/berth"
#define HOLDER_FILE    "flag"
#define REMOVE_POLL_MS 100

/* A name that some thread is starting: another one that wants the same waits. */
struct starting {
        const char *name;
        struct starting *next;
};

static bool is_starting(const struct docker *d, const char *name) {
        for (const struct starting *s = d->starting; s; s = s->next)
                if (strcmp(s->name, name) == 0)
                        return true;
        return false;
}

static void claim(struct docker *d, struct starting *s) {
        pthread_mutex_lock(&d->lock);
        while (is_starting(d, s->name))
                pthread_cond_wait(&d->idle, &d->lock);
        s->next = d->starting;
        d->starting = s;
        pthread_mutex_unlock(&d->lock);
}

static void unclaim(struct docker *d, struct starting *s) {
        struct starting **at;

        pthread_mutex_lock(&d->lock);
        for (at = &d->starting; *at != s; at = &(*at)->next)
                ;
        *at = s->next;
        pthread_cond_broadcast(&d->idle);
        pthread_mutex_unlock(&d->lock);
}

/* The flag. */

/* SIZE - 1 octal digits and a NUL, as ustar has its numbers. */
static void octal(char *field, size_t size, uint64_t value) {
        field[--size] = '\0';
        for (; size > 0; value >>= 3)
                field[--size] = (char)('0' + (value & 7));
        assert(value == 0);
}

/* A tar archive (ustar) of one file, mode 0444, owned by root. */
static void pack(struct buf *tar, const char *path, const char *text) {
        struct {
                char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type,
                        link[100], magic[6], version[2], rest[247];
        } header = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
        static const char zeros[1024];
        size_t n = strlen(text);
        unsigned sum = 0;

        _Static_assert(sizeof(header) == 512, "a tar header has 512 bytes");
        snprintf(header.name, sizeof(header.name), "%s", path);
        octal(header.mode, sizeof(header.mode), 0444);
        octal(header.uid, sizeof(header.uid), 0);
        octal(header.gid, sizeof(header.gid), 0);
        octal(header.size, sizeof(header.size), n);
        octal(header.mtime, sizeof(header.mtime), (uint64_t)(clock_now_ms() / 1000));
        memset(header.sum, ' ', sizeof(header.sum));
        for (size_t i = 0; i < sizeof(header); i++)
                sum += ((const unsigned char *)&header)[i];
        snprintf(header.sum, sizeof(header.sum), "%06o", sum);
        buf_add(tar, &header, sizeof(header));
        buf_add(tar, text, n);
        buf_add(tar, zeros, (512 - n % 512) % 512);
        buf_add(tar, zeros, sizeof(zeros));
}

static int upload_flag(struct docker *d, const struct spec *spec, struct err *err) {
        _cleanup_buf_ struct buf tar = { 0 };

        pack(&tar, spec->flag_path + 1, spec->flag);
        return docker_upload(d, spec->name, "/", &tar, err);
}

static bool needs_holder(const struct spec *spec) {
        return spec->flag_path && !spec->writable_root;
}

/* Removing. */

static int remove_once(struct docker *d, const char *name, bool volumes, struct err *err) {
        _cleanup_buf_ struct buf answer = { 0 };
        char path[128];

        snprintf(path, sizeof(path), "/containers/%s?force=1&v=%d", name, volumes);
        if (docker_call(d, "DELETE", path, NULL, REMOVE_MS, &answer, err) < 0 &&
            err->kind != ERR_NOT_FOUND)
                return -1;
        return 0;
}

/* 0 when it is gone.  The engine refuses while another removal of the same is under way. */
static int removed(struct docker *d, const char *name, bool volumes, struct err *err) {
        int64_t until = clock_mono_ms() + REMOVE_MS;

        while (remove_once(d, name, volumes, err) < 0) {
                if (err->kind != ERR_CONFLICT)
                        return -1;
                if (clock_mono_ms() > until)
                        return err_set(err, ERR_TIMEOUT, "another removal of %s takes too long",
                                       name);
                usleep(REMOVE_POLL_MS * 1000);
        }
        return 0;
}

int docker_stop(struct runtime *rt, const char *name, struct err *err) {
        struct docker *d = docker(rt);
        struct docker_container c;
        char holder[HOLDER_NAME_MAX];
        bool there = docker_get(d, name, &c, err) == 0;

        if (!there && err->kind != ERR_NOT_FOUND)
                return -1;
        if (there && strcmp(c.install, d->install) != 0)
                return 0; /* never ours */
        if (there && removed(d, name, true, err) < 0)
                return -1;
        docker_holder_name(name, holder);
        return removed(d, holder, true, err);
}

/* Starting. */

struct making {
        struct docker *d;
        const struct spec *spec;
        struct docker_create create;
        char holder[HOLDER_NAME_MAX], source[PATH_MAX + 16];
        bool made; /* by this call, as far as we know */
};

static int create(struct docker *d, const char *name, const struct buf *body, struct err *err) {
        _cleanup_buf_ struct buf answer = { 0 };
        char path[128], id[72];

        snprintf(path, sizeof(path), "/containers/create?name=%s", name);
        if (docker_call(d, "POST", path, body, CREATE_MS, &answer, err) < 0)
                return -1;
        return docker_json_id(answer.data, answer.len, id, err);
}

/* The holder of the flag, anew; a holder that an earlier try has left goes first. */
static int make_holder(struct making *m, struct err *err) {
        _cleanup_buf_ struct buf body = { 0 }, tar = { 0 };
        struct docker_container c;

        docker_json_holder(&body, &m->create, HOLDER_DIR);
        if (create(m->d, m->holder, &body, err) < 0) {
                if (err->kind != ERR_CONFLICT)
                        return -1;
                if (removed(m->d, m->holder, true, err) < 0 ||
                    create(m->d, m->holder, &body, err) < 0)
                        return -1;
        }
        pack(&tar, HOLDER_FILE, m->spec->flag);
        if (docker_upload(m->d, m->holder, HOLDER_DIR, &tar, err) < 0 ||
            docker_get(m->d, m->holder, &c, err) < 0)
                return -1;
        if (!c.mount_source[0])
                return err_set(err, ERR_GARBLED, "the flag's holder has no volume");
        snprintf(m->source, sizeof(m->source), "%s/" HOLDER_FILE, c.mount_source);
        m->create.flag_source = m->source;
        m->create.holder = m->holder;
        return 0;
}

/* *running: what was adopted has been started already. */
static int adopt(struct making *m, bool *adopted, bool *running, struct err *err) {
        struct docker_container c;

        *adopted = false;
        if (docker_get(m->d, m->spec->name, &c, err) < 0)
                return err->kind == ERR_NOT_FOUND ? 0 : -1;
        if (strcmp(c.install, m->d->install) != 0)
                return err_set(err, ERR_INVALID, "the name belongs to another install");
        if (strcmp(c.instance.lease, m->spec->lease) == 0 &&
            c.instance.generation == m->spec->generation) {
                *adopted = true;
                *running = c.instance.state != INSTANCE_CREATED;
                return 0;
        }
        return removed(m->d, m->spec->name, true, err);
}

static int make(struct making *m, bool *running, struct err *err) {
        _cleanup_buf_ struct buf body = { 0 };
        bool adopted;

        *running = false;
        docker_json_create(&body, &m->create);
        for (int i = 0; i < 3; i++) {
                m->made = true; /* also when the answer is lost */
                if (create(m->d, m->spec->name, &body, err) == 0)
                        return 0;
                if (err->kind != ERR_CONFLICT)
                        return -1;
                m->made = false;
                if (adopt(m, &adopted, running, err) < 0)
                        return -1;
                if (adopted)
                        return 0;
        }
        return err_set(err, ERR_UNAVAILABLE, "another one makes and removes %s", m->spec->name);
}

static int run(struct making *m, struct err *err) {
        _cleanup_buf_ struct buf answer = { 0 };
        char path[128];

        if (m->spec->flag_path && m->spec->writable_root && upload_flag(m->d, m->spec, err) < 0)
                return -1;
        snprintf(path, sizeof(path), "/containers/%s/start", m->spec->name);
        if (docker_call(m->d, "POST", path, NULL, CREATE_MS, &answer, err) == 0)
                return 0;
        if (err->kind == ERR_NOT_FOUND) {
                /* The network, or the container itself, was removed under our hands. */
                docker_net_forget(&m->d->net);
                err->kind = ERR_UNAVAILABLE;
        }
        return -1;
}

static int look(struct making *m, struct instance *ret, struct err *err) {
        struct docker_container c;

        if (docker_get(m->d, m->spec->name, &c, err) < 0) {
                if (err->kind == ERR_NOT_FOUND)
                        err->kind = ERR_UNAVAILABLE;
                return -1;
        }
        if (m->spec->n_ports && c.instance.state == INSTANCE_RUNNING && !c.instance.host[0])
                return err_set(err, ERR_UNAVAILABLE, "the engine gave it no address");
        *ret = c.instance;
        return 0;
}

static int start_claimed(struct making *m, struct instance *ret, struct err *err) {
        bool running;

        if (needs_holder(m->spec) && make_holder(m, err) < 0)
                return -1;
        if (make(m, &running, err) < 0)
                return -1;
        /* Adopted, it has a holder's volume already, and ours goes unused; made, it has taken
         * ours over. */
        if (needs_holder(m->spec) && removed(m->d, m->holder, !m->made, err) < 0)
                return -1;
        if (!running && run(m, err) < 0)
                return -1;
        return look(m, ret, err);
}

static void clean_up(struct making *m) {
        struct err ignored;

        /* What cannot be removed now is found by its label and removed as an orphan. */
        if (needs_holder(m->spec) && removed(m->d, m->holder, true, &ignored) < 0)
                return;
        if (m->made && removed(m->d, m->spec->name, true, &ignored) < 0)
                return;
}

int docker_start(struct runtime *rt, const struct spec *spec, struct instance *ret,
                 struct err *err) {
        struct docker *d = docker(rt);
        struct making m = { .d = d, .spec = spec };
        struct starting s = { .name = spec->name };
        struct docker_version version;
        int result;

        if (docker_negotiate(d, &version, err) < 0)
                return -1;
        m.create = (struct docker_create){
                .spec = spec,
                .install = d->install,
                .now_ms = clock_now_ms(),
                .init = version.init,
                .publish = d->publish,
        };
        if (docker_net_ensure(d, spec, &m.create.network, err) < 0)
                return -1;
        docker_holder_name(spec->name, m.holder);
        claim(d, &s);
        result = start_claimed(&m, ret, err);
        if (result < 0)
                clean_up(&m);
        unclaim(d, &s);
        return result;
}
