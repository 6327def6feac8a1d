#include "model/challenge_file.h"

#include "model/yaml_file.h"

int challenge_file_parse(const char *text, size_t n, int64_t tenant, struct marks *marks,
                         struct challenge **ret, struct mark *at, struct err *err) {
        _cleanup_json_ json_t *o = NULL;

        if (n > CHALLENGE_FILE_MAX) {
                *at = (struct mark){ 0 };
                return err_set(err, ERR_INVALID, "the file is larger than %d bytes",
                               CHALLENGE_FILE_MAX);
        }
        if (yaml_file_parse(text, n, marks, &o, at, err) < 0)
                return -1;
        if (challenge_parse(o, 0, tenant, ret, err) == 0)
                return 0;
        *at = marks_of_message(marks, err->msg);
        return -1;
}
