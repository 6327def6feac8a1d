#include "cli/folder.h"

#include <stdio.h>

int folder_load(const char *path, struct challenge_source *ret, struct err *err) {
        static const struct source_config config = { .max_file_bytes = FOLDER_FILE_MAX };

        return challenge_source_load(path, &config, ret, err);
}

void folder_complain(struct challenge_source *s) {
        for (size_t i = 0; i < s->n_bad; i++)
                fprintf(stderr, "%s\n", complaint_text(&s->bad[i], &s->arena));
}

int folder_check(struct challenge_source *s, const char *doing, struct err *err) {
        folder_complain(s);
        if (s->n_bad)
                return err_set(err, ERR_INVALID, "nothing was %s: mend the files above first",
                               doing);
        if (s->n == 0)
                return err_set(err, ERR_INVALID, "nothing was %s: there is no challenge", doing);
        return 0;
}
