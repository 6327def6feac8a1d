#include "model/clusters.h"

#include "model/place.h"
#include "model/rules.h"
#include "model/yaml_file.h"

#define NAME_BYTES 255

static int parse_players(const struct place *at, struct clusters *ret, struct err *err) {
        const char **names;
        const json_t *list;
        char key[PLACE_KEY];

        if (place_list(at, "player_clusters", CLUSTERS_MAX, &list, &ret->n, err) < 0)
                return -1;
        if (ret->n == 0)
                return place_wrong(at, "player_clusters", err, "must name at least one");
        names = arena_alloc(at->arena, ret->n * sizeof(*names));
        for (size_t i = 0; i < ret->n; i++) {
                const json_t *v = json_array_get(list, i);

                place_key(key, "player_clusters", i);
                if (!json_is_string(v) || json_string_length(v) > NAME_BYTES ||
                    !rules_line(json_string_value(v)))
                        return place_wrong(at, key, err, "must be text on one line");
                names[i] = place_copy(at, json_string_value(v));
        }
        ret->players = names;
        return 0;
}

static int parse(const struct place *at, struct clusters *ret, struct err *err) {
        if (!json_is_object(at->object))
                return err_set(err, ERR_INVALID,
                               "must be a mapping of control_cluster and player_clusters");
        if (place_only(at, KEYS("control_cluster", "player_clusters"), err) < 0 ||
            place_line(at, "control_cluster", NULL, NAME_BYTES, &ret->control, err) < 0)
                return -1;
        if (!ret->control)
                return place_wrong(at, "control_cluster", err, "is missing");
        return parse_players(at, ret, err);
}

int clusters_parse(const char *text, size_t n, struct arena *arena, struct clusters *ret,
                   struct err *err) {
        _cleanup_marks_ struct marks marks = { 0 };
        _cleanup_json_ json_t *o = NULL;
        struct clusters c = { 0 };
        struct mark at;

        if (yaml_file_parse(text, n, &marks, &o, &at, err) < 0)
                return err_wrap(err, "line %d", at.line);
        if (parse(&(struct place){ arena, o, "" }, &c, err) < 0)
                return err_wrap(err, "line %d", marks_of_message(&marks, err->msg).line);
        *ret = c;
        return 0;
}
