/*
 * /api/v2/files/{id}: what challenges give to download, by its SHA-256.
 *
 * Players get what a challenge has that they may see.  Who may write challenges gets
 * everything of the tenant, and so learns what a push need not send; it is sent in parts.
 */
#include <stdio.h>
#include <string.h>

#include "api/errands.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/view.h"
#include "base/json.h"

#define TYPE_FILE "application/octet-stream"
#define NAME_ROOM 2048 /* of the header: a name of 255 bytes, twice, most of it escaped */

/* --- downloads --- */

struct download {
        struct errand errand;
        char digest[ROUTE_PARAM];
        const char *name; /* NULL: no challenge names it */
        int fd;
        int64_t bytes;
        int result;
        struct err err;
};

/* The name under which the caller sees the file DIGEST, copied; NULL when they see none.  With the
 * read model locked. */
static const char *find_name(struct call *c, const char *digest) {
        const struct challenge *ch;
        struct err ignored;
        struct view v;
        int64_t at = 0;

        if (!view_open(c, &v))
                return NULL;
        while ((ch = read_model_next_challenge(c->api->model, c->origin.tenant, &at)))
                for (size_t i = 0; i < ch->n_files; i++)
                        if (strcmp(ch->files[i].digest, digest) == 0 &&
                            access_challenge(&v.access, ch, &ignored) == 0)
                                return arena_printf(http_arena(c->req), "%s", ch->files[i].name);
        return NULL;
}

static bool is_plain(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               strchr("-._~", c);
}

/* As RFC 6266 has it: an approximation for old clients, then the name itself. */
static void add_disposition(struct call *c, const char *name) {
        char value[NAME_ROOM];
        size_t n = (size_t)snprintf(value, sizeof(value), "attachment; filename=\"");

        for (const char *at = name; *at && n < NAME_ROOM / 2; at++)
                value[n++] = (char)(is_plain(*at) || *at == ' ' ? *at : '_');
        n += (size_t)snprintf(value + n, sizeof(value) - n, "\"; filename*=UTF-8''");
        for (const char *at = name; *at && n < NAME_ROOM - 4; at++)
                n += (size_t)snprintf(value + n, sizeof(value) - n, is_plain(*at) ? "%c" : "%%%02X",
                                      (unsigned char)*at);
        http_add_header(c->req, "Content-Disposition", value);
}

static void open_file(struct errand *e) {
        struct download *d = container_of(e, struct download, errand);
        const struct call *c = e->call;

        d->result = depot_get(c->api->config.depot, c->origin.tenant, d->digest, &d->fd, &d->bytes,
                              &d->err);
        /* Into memory, so that the loop does not wait for the disk. */
        if (d->result == 0)
                (void)!readahead(d->fd, 0, (size_t)d->bytes);
}

static void reply_file(struct errand *e) {
        struct download *d = container_of(e, struct download, errand);
        struct call *c = e->call;
        char etag[SHA256_TEXT + 2];

        if (d->result < 0) {
                problem_reply(c, &d->err);
                return;
        }
        snprintf(etag, sizeof(etag), "\"%.64s\"", d->digest);
        http_add_header(c->req, "X-Request-ID", c->origin.request_id);
        http_add_header(c->req, "Cache-Control", "private, no-cache");
        http_add_header(c->req, "ETag", etag);
        add_disposition(c, d->name ? d->name : d->digest);
        if (call_has(c, etag)) {
                close(d->fd);
                http_reply(c->req, 304, NULL, "", 0);
                return;
        }
        http_reply_file(c->req, 200, TYPE_FILE, d->fd, (size_t)d->bytes);
}

void file_get(struct call *c) {
        struct download *d = arena_new(http_arena(c->req), struct download);

        *d = (struct download){ .errand = { .call = c, .run = open_file, .finish = reply_file } };
        memcpy(d->digest, c->param, sizeof(d->digest));
        read_model_lock(c->api->model);
        d->name = find_name(c, d->digest);
        read_model_unlock(c->api->model);
        if (!d->name && !call_may(c, PERMISSION_AUTHOR)) {
                problem_replyf(c, ERR_NOT_FOUND, "No such file");
                return;
        }
        errands_put(c->api->errands, &d->errand);
}

/* --- uploads --- */

struct upload {
        struct errand errand;
        struct depot_part part;
        bool known, whole; /* it was there before, it is there now */
        int result;
        struct err err;
};

static void take_part(struct errand *e) {
        struct upload *u = container_of(e, struct upload, errand);
        const struct call *c = e->call;

        u->known = u->whole =
                depot_has(c->api->config.depot, c->origin.tenant, c->param, &u->part.total);
        if (!u->known)
                u->result = depot_receive(c->api->config.depot, c->origin.tenant, c->param,
                                          &u->part, &u->whole, &u->err);
}

static void reply_part(struct errand *e) {
        struct upload *u = container_of(e, struct upload, errand);
        struct call *c = e->call;
        struct buf *b;

        if (u->result < 0) {
                problem_reply(c, &u->err);
                return;
        }
        b = call_buf(c);
        json_open(b, '{');
        json_key(b, "id");
        json_text(b, c->param);
        json_key(b, "bytes");
        json_int(b, u->whole ? u->part.total : u->part.offset + (int64_t)u->part.n);
        json_key(b, "complete");
        json_bool(b, u->whole);
        json_close(b, '}');
        call_reply_json(c, u->known ? 200 : u->whole ? 201 : 202);
}

static int parse_part(struct call *c, struct depot_part *p, struct err *err) {
        p->data = http_body(c->req, &p->n);
        if (query_int("offset", http_query(c->req, "offset"), 0, INT64_MAX / 2, 0, &p->offset,
                      err) < 0)
                return -1;
        return query_int("bytes", http_query(c->req, "bytes"), 0, INT64_MAX / 2,
                         p->offset + (int64_t)p->n, &p->total, err);
}

void file_put(struct call *c) {
        struct upload *u = arena_new(http_arena(c->req), struct upload);
        struct err err;

        *u = (struct upload){ .errand = { .call = c, .run = take_part, .finish = reply_part } };
        if (parse_part(c, &u->part, &err) < 0)
                problem_reply(c, &err);
        else
                errands_put(c->api->errands, &u->errand);
}
