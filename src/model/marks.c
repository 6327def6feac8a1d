#include "model/marks.h"

#include <string.h>

#include "base/str.h"

#define PATH_MAX_BYTES 512

void marks_done(struct marks *m) {
        map_done(&m->by_path);
        arena_done(&m->arena);
}

void marks_put(struct marks *m, const char *path, struct mark at) {
        struct {
                struct mark at;
                char path[];
        } * entry;
        size_t n = strlen(path) + 1;

        entry = arena_alloc(&m->arena, sizeof(*entry) + n);
        entry->at = at;
        memcpy(entry->path, path, n);
        map_put(&m->by_path, entry->path, &entry->at);
}

struct mark marks_find(const struct marks *m, const char *path) {
        char at[PATH_MAX_BYTES];
        const struct mark *found;

        str_copy(at, sizeof(at), path);
        while (!(found = map_get(&m->by_path, at)) && *at) {
                size_t n = strlen(at);

                while (n > 0 && at[n - 1] != '.' && at[n - 1] != '[')
                        n--;
                at[n > 0 ? n - 1 : 0] = '\0';
        }
        return found ? *found : (struct mark){ 1, 1 };
}

struct mark marks_of_message(const struct marks *m, const char *msg) {
        const char *colon = strstr(msg, ": ");
        char path[PATH_MAX_BYTES] = "";
        size_t n = colon ? (size_t)(colon - msg) : 0;

        if (n < sizeof(path))
                str_copy(path, n + 1, msg);
        return marks_find(m, path);
}
