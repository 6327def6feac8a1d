#include "os/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX   5
#define ENTRIES_MAX 20000
#define FOLDERS_MAX 1024

struct walk {
        struct arena *arena;
        struct digest *print;
        const char **folders;
        size_t n_folders, n_entries;
};

static void note(struct walk *w, const char *path, const struct stat *st) {
        const struct {
                uint64_t dev, ino, mode, size, mtime_s, mtime_ns, ctime_s, ctime_ns;
        } facts = { st->st_dev,
                    st->st_ino,
                    st->st_mode,
                    S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
                    (uint64_t)st->st_mtim.tv_sec,
                    (uint64_t)st->st_mtim.tv_nsec,
                    (uint64_t)st->st_ctim.tv_sec,
                    (uint64_t)st->st_ctim.tv_nsec };

        digest_add(w->print, path, strlen(path) + 1);
        digest_add(w->print, &facts, sizeof(facts));
}

static int visible(const struct dirent *e) { return e->d_name[0] != '.'; }

static void walk_folder(struct walk *w, const char *folder, unsigned depth);

static void walk_entry(struct walk *w, const char *path, unsigned depth) {
        struct stat st;

        if (w->n_entries++ >= ENTRIES_MAX || stat(path, &st) < 0)
                return;
        note(w, path, &st);
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
                walk_folder(w, path, depth + 1);
}

static void walk_folder(struct walk *w, const char *folder, unsigned depth) {
        struct dirent **entries;
        int n = scandir(folder, &entries, visible, alphasort);

        if (w->n_folders < FOLDERS_MAX)
                w->folders[w->n_folders++] = folder;
        for (int i = 0; i < n; i++) {
                walk_entry(w, arena_printf(w->arena, "%s/%s", folder, entries[i]->d_name), depth);
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
}

static const char *folder_of(const char *path, struct arena *arena) {
        const char *slash = strrchr(path, '/');

        if (!slash)
                return ".";
        return slash == path ? "/" : arena_printf(arena, "%.*s", (int)(slash - path), path);
}

int tree_look(const char *path, struct arena *arena, struct tree *ret, struct err *err) {
        struct walk w = { .arena = arena };
        struct stat st;

        if (stat(path, &st) < 0)
                return err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerrordesc_np(errno));
        w.print = digest_new();
        w.folders = arena_alloc(arena, FOLDERS_MAX * sizeof(*w.folders));
        note(&w, path, &st);
        if (S_ISDIR(st.st_mode))
                walk_folder(&w, arena_printf(arena, "%s", path), 0);
        else
                w.folders[w.n_folders++] = folder_of(path, arena);
        digest_end(w.print, ret->print);
        ret->folders = w.folders;
        ret->n_folders = w.n_folders;
        return 0;
}
