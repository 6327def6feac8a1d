#include "model/yaml_file.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

#include "base/str.h"

#define NODES_MAX   20000 /* of one file */
#define DEPTH_MAX   32
#define KEY_SHOWN   64 /* bytes of a name in a message */
#define MARKS_DEPTH 5  /* as deep as anybody names values */

_Static_assert(DEPTH_MAX <= JSON_DEPTH_MAX, "what a file holds can be written as JSON");

/* One file on its way from YAML to JSON. */
struct reader {
        yaml_parser_t yaml;
        yaml_event_t event;
        struct arena arena;
        struct marks *marks;
        const char *text;
        size_t size, nodes;
        struct mark at; /* of the present event; at the end, of the error */
        struct err *err;
};

static void reader_done(struct reader *r) {
        yaml_event_delete(&r->event);
        yaml_parser_delete(&r->yaml);
        arena_done(&r->arena);
}

static struct mark mark_of_offset(const struct reader *r, size_t offset) {
        struct mark at = { 1, 1 };

        for (size_t i = 0; i < offset && i < r->size; i++) {
                at.column++;
                if (r->text[i] != '\n')
                        continue;
                at.line++;
                at.column = 1;
        }
        return at;
}

static struct mark mark_of(const yaml_mark_t *mark) {
        return (struct mark){ (int)mark->line + 1, (int)mark->column + 1 };
}

/* The bytes that libyaml could not even read have an offset, the rest has a mark. */
static int refuse_yaml(struct reader *r) {
        const yaml_parser_t *y = &r->yaml;
        const char *problem = y->problem ? y->problem : "cannot be read";

        if (y->error == YAML_READER_ERROR) {
                r->at = mark_of_offset(r, y->problem_offset);
                return err_set(r->err, ERR_INVALID, "not valid text: %s", problem);
        }
        r->at = mark_of(&y->problem_mark);
        if (y->context)
                return err_set(r->err, ERR_INVALID, "not valid YAML: %s (%s, from line %zu)",
                               problem, y->context, y->context_mark.line + 1);
        return err_set(r->err, ERR_INVALID, "not valid YAML: %s", problem);
}

static int next(struct reader *r) {
        yaml_event_delete(&r->event);
        if (!yaml_parser_parse(&r->yaml, &r->event))
                return refuse_yaml(r);
        r->at = mark_of(&r->event.start_mark);
        return 0;
}

static const char *join(struct reader *r, const char *path, const char *key) {
        return arena_printf(&r->arena, "%s%s%.*s", path, *path ? "." : "", KEY_SHOWN, key);
}

static void remember(struct reader *r, const char *path, unsigned depth) {
        if (depth <= MARKS_DEPTH && *path)
                marks_put(r->marks, path, r->at);
}

/* What plain text means: null, true, false, a decimal number; anything else stays text, as
 * written.  (So 1.10 keeps its zero, and "no" is no boolean.) */
static json_t *resolve(const char *s) {
        int64_t n;
        struct err err;

        if (!*s || strcmp(s, "~") == 0 || strcmp(s, "null") == 0)
                return json_null();
        if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
                return json_boolean(*s == 't');
        if (s[s[0] == '-'] != '0' && str_to_int(s, INT64_MIN, INT64_MAX, &n, &err) == 0)
                return json_integer(n);
        return strcmp(s, "0") == 0 ? json_integer(0) : json_string(s);
}

static int read_scalar(struct reader *r, json_t **ret) {
        const char *s = (const char *)r->event.data.scalar.value;
        size_t n = r->event.data.scalar.length;
        json_t *v;

        if (memchr(s, '\0', n))
                return err_set(r->err, ERR_INVALID, "a text has a NUL character");
        v = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? resolve(s) : json_stringn(s, n);
        if (!v)
                return err_set(r->err, ERR_INVALID, "a text is not valid UTF-8");
        *ret = v;
        return 0;
}

static int check_node(struct reader *r, unsigned depth) {
        const yaml_event_t *e = &r->event;
        const yaml_char_t *anchor = NULL, *tag = NULL;

        if (e->type == YAML_ALIAS_EVENT)
                return err_set(r->err, ERR_INVALID, "aliases (*name) are not allowed");
        if (e->type == YAML_SCALAR_EVENT) {
                anchor = e->data.scalar.anchor;
                tag = e->data.scalar.tag;
        } else if (e->type == YAML_SEQUENCE_START_EVENT) {
                anchor = e->data.sequence_start.anchor;
                tag = e->data.sequence_start.tag;
        } else if (e->type == YAML_MAPPING_START_EVENT) {
                anchor = e->data.mapping_start.anchor;
                tag = e->data.mapping_start.tag;
        }
        if (anchor)
                return err_set(r->err, ERR_INVALID, "anchors (&name) are not allowed");
        if (tag)
                return err_set(r->err, ERR_INVALID, "tags (!name) are not allowed");
        if (depth > DEPTH_MAX)
                return err_set(r->err, ERR_INVALID, "nested deeper than %d levels", DEPTH_MAX);
        if (++r->nodes > NODES_MAX)
                return err_set(r->err, ERR_INVALID, "more than %d values in one file", NODES_MAX);
        return 0;
}

static int read_node(struct reader *r, const char *path, unsigned depth, json_t **ret);

static int read_sequence(struct reader *r, const char *path, unsigned depth, json_t **ret) {
        _cleanup_json_ json_t *list = json_array();
        json_t *v;

        for (size_t i = 0;; i++) {
                const char *inner = arena_printf(&r->arena, "%s[%zu]", path, i);

                if (next(r) < 0)
                        return -1;
                if (r->event.type == YAML_SEQUENCE_END_EVENT)
                        break;
                remember(r, inner, depth + 1);
                if (read_node(r, inner, depth + 1, &v) < 0)
                        return -1;
                json_array_append_new(list, v);
        }
        *ret = TAKE(list);
        return 0;
}

/* The key that the present event is; its text is in the reader's arena. */
static int read_key(struct reader *r, const json_t *o, const char **ret) {
        const char *key = (const char *)r->event.data.scalar.value;
        struct err *err = r->err;

        if (check_node(r, 0) < 0)
                return -1;
        if (r->event.type != YAML_SCALAR_EVENT)
                return err_set(err, ERR_INVALID, "a name must be plain text");
        if (memchr(key, '\0', r->event.data.scalar.length))
                return err_set(err, ERR_INVALID, "a name has a NUL character");
        if (json_object_get(o, key))
                return err_set(err, ERR_INVALID, "%.*s: is there twice", KEY_SHOWN, key);
        *ret = arena_printf(&r->arena, "%s", key);
        return 0;
}

static int read_mapping(struct reader *r, const char *path, unsigned depth, json_t **ret) {
        _cleanup_json_ json_t *o = json_object();
        const char *key = NULL, *inner;
        json_t *v;

        for (;;) {
                if (next(r) < 0)
                        return -1;
                if (r->event.type == YAML_MAPPING_END_EVENT)
                        break;
                if (read_key(r, o, &key) < 0)
                        return -1;
                inner = depth < MARKS_DEPTH ? join(r, path, key) : "";
                remember(r, inner, depth + 1);
                if (next(r) < 0 || read_node(r, inner, depth + 1, &v) < 0)
                        return -1;
                if (json_object_set_new(o, key, v) < 0)
                        return err_set(r->err, ERR_INVALID, "a name is not valid UTF-8");
        }
        *ret = TAKE(o);
        return 0;
}

/* The node that the present event begins. */
static int read_node(struct reader *r, const char *path, unsigned depth, json_t **ret) {
        if (check_node(r, depth) < 0)
                return -1;
        if (r->event.type == YAML_SCALAR_EVENT)
                return read_scalar(r, ret);
        if (r->event.type == YAML_SEQUENCE_START_EVENT)
                return read_sequence(r, path, depth, ret);
        assert(r->event.type == YAML_MAPPING_START_EVENT);
        return read_mapping(r, path, depth, ret);
}

static int skip(struct reader *r, unsigned events) {
        while (events--)
                if (next(r) < 0)
                        return -1;
        return 0;
}

static int read_document(struct reader *r, json_t **ret) {
        _cleanup_json_ json_t *v = NULL;

        if (skip(r, 2) < 0) /* the stream begins, the document begins */
                return -1;
        if (r->event.type == YAML_STREAM_END_EVENT)
                return err_set(r->err, ERR_INVALID, "the file is empty");
        if (next(r) < 0 || read_node(r, "", 0, &v) < 0)
                return -1;
        if (skip(r, 2) < 0) /* the document ends, the stream ends */
                return -1;
        if (r->event.type != YAML_STREAM_END_EVENT)
                return err_set(r->err, ERR_INVALID, "there is a second document");
        *ret = TAKE(v);
        return 0;
}

int yaml_file_parse(const char *text, size_t n, struct marks *marks, json_t **ret, struct mark *at,
                    struct err *err) {
        _cleanup_(reader_done) struct reader r = {
                .text = text, .size = n, .marks = marks, .err = err
        };

        if (!yaml_parser_initialize(&r.yaml))
                abort();
        yaml_parser_set_input_string(&r.yaml, (const unsigned char *)text, n);
        if (read_document(&r, ret) == 0)
                return 0;
        *at = r.at;
        return -1;
}
