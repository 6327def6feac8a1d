#include "api/pages.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/problem.h"
#include "base/map.h"

#define PAGE_BYTES_MAX (8 << 20)
#define PAGES_MAX      256 /* kept by a loop */

struct kept {
        char *path;
        struct timespec changed;
        off_t bytes;
        char etag[ETAG_SIZE];
        struct buf body;
};

struct pages {
        struct map by_path;
};

struct pages *pages_new(void) {
        struct pages *p = calloc(1, sizeof(*p));

        if (!p)
                abort();
        return p;
}

static void kept_free(struct kept *k) {
        free(k->path);
        buf_done(&k->body);
        free(k);
}

struct pages *pages_free(struct pages *p) {
        struct kept *k;
        size_t at = 0;

        if (!p)
                return NULL;
        while ((k = map_next(&p->by_path, &at)))
                kept_free(k);
        map_done(&p->by_path);
        free(p);
        return NULL;
}

static const char *type_of(const char *path) {
        static const char *const types[][2] = {
                { ".html", TYPE_HTML },
                { ".css", "text/css; charset=utf-8" },
                { ".js", "text/javascript; charset=utf-8" },
                { ".json", TYPE_JSON },
                { ".svg", "image/svg+xml" },
                { ".png", "image/png" },
                { ".jpg", "image/jpeg" },
                { ".jpeg", "image/jpeg" },
                { ".gif", "image/gif" },
                { ".ico", "image/x-icon" },
                { ".woff2", "font/woff2" },
        };
        const char *dot = strrchr(path, '.');

        for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
                if (strcmp(dot, types[i][0]) == 0)
                        return types[i][1];
        return "application/octet-stream";
}

static bool read_all(int fd, struct buf *b, size_t bytes) {
        buf_clear(b);
        buf_reserve(b, bytes);
        while (b->len < bytes) {
                ssize_t n = read(fd, b->data + b->len, bytes - b->len);

                if (n <= 0)
                        return false;
                b->len += (size_t)n;
        }
        return true;
}

static struct kept *kept_of(struct pages *p, const char *path) {
        struct kept *k = map_get(&p->by_path, path);

        if (k || p->by_path.n == PAGES_MAX)
                return k;
        k = calloc(1, sizeof(*k));
        if (!k || !(k->path = strdup(path)))
                abort();
        map_put(&p->by_path, k->path, k);
        return k;
}

static bool is_current(const struct kept *k, const struct stat *st) {
        return *k->etag && k->bytes == st->st_size && k->changed.tv_sec == st->st_mtim.tv_sec &&
               k->changed.tv_nsec == st->st_mtim.tv_nsec;
}

/* The file at PATH, as it is now; NULL when there is none that can be served. */
static const struct kept *look(struct pages *p, const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        struct kept *k;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PAGE_BYTES_MAX)
                return NULL;
        k = kept_of(p, path);
        if (!k || is_current(k, &st))
                return k;
        k->etag[0] = '\0';
        if (!read_all(fd, &k->body, (size_t)st.st_size))
                return NULL;
        k->changed = st.st_mtim;
        k->bytes = st.st_size;
        call_etag(&k->body, k->etag);
        return k;
}

static void reply_file(struct call *c, const char *folder, const char *name) {
        const char *dir = c->api->config.pages;
        const struct kept *k = NULL;
        const char *path;
        bool same;

        if (dir && *dir && *name && *name != '.' && !strchr(name, '/')) {
                path = arena_printf(http_arena(c->req), "%s/%s%s", dir, folder, name);
                k = look(c->lane->pages, path);
        }
        if (!k) {
                problem_replyf(c, ERR_NOT_FOUND, "There is nothing at this address");
                return;
        }
        same = call_has(c, k->etag);
        http_add_header(c->req, "Cache-Control", "no-cache");
        http_add_header(c->req, "ETag", k->etag);
        http_add_header(c->req, "Content-Security-Policy", c->api->config.pages_csp);
        call_reply(c, same ? 304 : 200, same ? NULL : type_of(k->path),
                   same ? call_buf(c) : &k->body);
}

/* Where no folder is set, this says where one has come to. */
static void reply_front(struct call *c) {
        struct buf *b = call_buf(c);

        buf_str(b, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
                   "name=\"viewport\" "
                   "content=\"width=device-width\"><title>Berth</title></head><body><h1>Berth</"
                   "h1><p>This "
                   "is the server of an event. What programs can do here is in its <a "
                   "href=\"/api/v2/openapi.json\">OpenAPI document</a>.</p></body></html>");
        http_add_header(c->req, "Cache-Control", "no-cache");
        call_reply(c, 200, TYPE_HTML, b);
}

void page_index(struct call *c) {
        if (c->api->config.pages && *c->api->config.pages)
                reply_file(c, "", "index.html");
        else
                reply_front(c);
}

void page_css(struct call *c) { reply_file(c, "css/", c->param); }
void page_js(struct call *c) { reply_file(c, "js/", c->param); }
void page_image(struct call *c) { reply_file(c, "images/", c->param); }
