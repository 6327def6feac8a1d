/* loader_folder(): all the challenge.yml of a folder. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "model/challenge_file.h"
#include "model/source_impl.h"

static const char *const file_names[] = { "challenge.yml", "challenge.yaml" };

static const struct mark nowhere;

static void load_file(struct loader *l, const char *file) {
        struct marks *marks = loader_marks(l);
        const struct challenge_origin from = { file, marks, "" };
        _cleanup_buf_ struct buf text = { 0 };
        struct mark at = nowhere;
        struct challenge *c;
        struct err err;

        if (l->to->n + l->to->n_bad >= SOURCE_CHALLENGES_MAX)
                loader_complain(l, file, nowhere, "one file too many in this folder");
        else if (loader_read(file, CHALLENGE_FILE_MAX, &text, &err) < 0 ||
                 challenge_file_parse(text.data, text.len, l->config->tenant, marks, &c, &at,
                                      &err) < 0)
                loader_complain(l, file, at, "%s", err.msg);
        else
                loader_keep(l, &from, c);
}

static void load_folder(struct loader *l, const char *folder) {
        for (size_t i = 0; i < ARRAY_SIZE(file_names); i++) {
                const char *file = arena_printf(&l->to->arena, "%s/%s", folder, file_names[i]);
                struct stat st;

                /* What is there and cannot be read gets its complaint when it is opened. */
                if (lstat(file, &st) == 0)
                        load_file(l, file);
        }
}

static int visible(const struct dirent *e) { return e->d_name[0] != '.'; }

int loader_folder(struct loader *l, const char *dir, struct err *err) {
        struct dirent **entries;
        int count = scandir(dir, &entries, visible, alphasort);

        if (count < 0)
                return err_set(err, ERR_INVALID, "%s: %s", dir, strerrordesc_np(errno));
        load_folder(l, dir);
        for (int i = 0; i < count; i++) {
                const char *path = arena_printf(&l->to->arena, "%s/%s", dir, entries[i]->d_name);
                struct stat st;

                if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                        load_folder(l, path);
                free(entries[i]);
        }
        free(entries);
        return 0;
}
