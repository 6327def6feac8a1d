#include "api/openapi.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/call.h"
#include "api/router.h"
#include "base/json.h"

enum { MAY, NEED };

static const struct field {
        const char *schema, *name, *type;
        int need;
        const char *what;
} fields[] = {
#define FIELD(s, n, t, d, w) { s, n, t, d, w },
#include "api/schemas.def"
};

static const struct {
        const char *name, *type, *what;
} params[] = {
#define PARAM(id, n, t, w) [PARAM_##id] = { n, t, w },
#include "api/params.def"
};

static void put(struct buf *b, const char *key, const char *value) {
        json_key(b, key);
        json_text(b, value);
}

/* --- schemas --- */

static void write_ref(struct buf *b, const char *name, size_t n) {
        _cleanup_buf_ struct buf ref = { 0 };

        buf_str(&ref, "#/components/schemas/");
        buf_add(&ref, name, n);
        json_open(b, '{');
        put(b, "$ref", ref.data);
        json_close(b, '}');
}

/* One of the plain types, N bytes at TYPE. */
static void write_plain(struct buf *b, const char *type, size_t n) {
        bool time = n == 4 && strncmp(type, "time", n) == 0;

        if (isupper((unsigned char)*type)) {
                write_ref(b, type, n);
                return;
        }
        json_open(b, '{');
        json_key(b, "type");
        if (time)
                json_text(b, "string");
        else
                json_textn(b, type, n);
        if (time)
                put(b, "format", "date-time");
        json_close(b, '}');
}

static void write_type(struct buf *b, const char *type) {
        size_t n = strlen(type);
        bool nullable = type[n - 1] == '?', array;

        n -= nullable;
        array = *type == '[';
        if (nullable) {
                json_open(b, '{');
                json_key(b, "anyOf");
                json_open(b, '[');
        }
        if (array) {
                json_open(b, '{');
                put(b, "type", "array");
                json_key(b, "items");
                write_plain(b, type + 1, n - 2);
                json_close(b, '}');
        } else {
                write_plain(b, type, n);
        }
        if (nullable) {
                json_raw(b, "{\"type\":\"null\"}");
                json_close(b, ']');
                json_close(b, '}');
        }
}

/* A $ref takes no description beside it before 3.1; since then it does. */
static void write_member(struct buf *b, const struct field *f) {
        json_key(b, f->name);
        write_type(b, f->type);
        b->len--; /* reopens the object */
        put(b, "description", f->what);
        json_close(b, '}');
}

/* The rows of one schema are next to each other.  Gives the first of the next. */
static size_t write_schema(struct buf *b, size_t first) {
        size_t n = first;

        while (n < ARRAY_SIZE(fields) && strcmp(fields[n].schema, fields[first].schema) == 0)
                n++;
        json_key(b, fields[first].schema);
        json_open(b, '{');
        put(b, "type", "object");
        json_key(b, "properties");
        json_open(b, '{');
        for (size_t i = first; i < n; i++)
                write_member(b, &fields[i]);
        json_close(b, '}');
        json_key(b, "required");
        json_open(b, '[');
        for (size_t i = first; i < n; i++)
                if (fields[i].need == NEED)
                        json_text(b, fields[i].name);
        json_close(b, ']');
        json_close(b, '}');
        return n;
}

static void write_components(struct buf *b) {
        json_key(b, "components");
        json_open(b, '{');
        json_key(b, "securitySchemes");
        json_raw(b, "{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
                    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"" SESSION_COOKIE
                    "\"}}");
        json_key(b, "schemas");
        json_open(b, '{');
        for (size_t i = 0; i < ARRAY_SIZE(fields);)
                i = write_schema(b, i);
        json_close(b, '}');
        json_close(b, '}');
}

/* --- operations --- */

static void write_parameter(struct buf *b, const char *name, const char *in, const char *type,
                            const char *what) {
        bool path = strcmp(in, "path") == 0;

        json_open(b, '{');
        put(b, "name", name);
        put(b, "in", in);
        put(b, "description", what);
        json_key(b, "required");
        json_bool(b, path);
        json_key(b, "schema");
        write_type(b, type);
        json_close(b, '}');
}

static void write_parameters(struct buf *b, const struct route *r) {
        json_key(b, "parameters");
        json_open(b, '[');
        for (const char *open = r->template; (open = strchr(open, '{')); open++) {
                _cleanup_buf_ struct buf name = { 0 };

                buf_add(&name, open + 1, strcspn(open + 1, "}"));
                write_parameter(b, name.data, "path", "string", "Which one");
        }
        for (size_t i = 0; i < _PARAM_N; i++) {
                bool header = strcmp(params[i].type, "header") == 0;

                if (r->params & UINT64_C(1) << i)
                        write_parameter(b, params[i].name, header ? "header" : "query",
                                        header ? "string" : params[i].type, params[i].what);
        }
        json_close(b, ']');
}

static void open_content(struct buf *b, const char *type) {
        json_key(b, "content");
        json_open(b, '{');
        json_key(b, type);
        json_open(b, '{');
        json_key(b, "schema");
}

static void close_content(struct buf *b) {
        json_close(b, '}');
        json_close(b, '}');
}

static void write_bytes(struct buf *b) {
        json_raw(b, "{\"type\":\"string\",\"format\":\"binary\"}");
}

static void write_request_body(struct buf *b, const struct route *r) {
        if (r->body == BODY_NONE)
                return;
        json_key(b, "requestBody");
        json_open(b, '{');
        json_key(b, "required");
        json_bool(b, true);
        open_content(b, r->body == BODY_RAW ? "application/octet-stream" : "application/json");
        if (r->body == BODY_RAW) {
                write_bytes(b);
        } else if (r->body == BODY_ARRAY) {
                json_open(b, '{');
                put(b, "type", "array");
                json_key(b, "items");
                write_ref(b, r->schema, strlen(r->schema));
                json_close(b, '}');
        } else {
                write_ref(b, r->schema, strlen(r->schema));
        }
        close_content(b);
        json_close(b, '}');
}

/* {"items": [X], "next": cursor or null} */
static void write_page_schema(struct buf *b, const char *list) {
        json_open(b, '{');
        put(b, "type", "object");
        json_key(b, "properties");
        json_open(b, '{');
        json_key(b, "items");
        write_type(b, list);
        json_key(b, "next");
        write_type(b, "string?");
        json_close(b, '}');
        json_raw(b, "\"required\":[\"items\",\"next\"]");
        json_close(b, '}');
}

/* The number that TEXT, three digits of ours, is. */
static int status_of(const char *text) {
        return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

static const char *title_of(int status) {
        static const struct {
                int status;
                const char *title;
        } titles[] = {
                { 101, "The WebSocket begins" },
                { 200, "Done" },
                { 201, "Made" },
                { 202, "Accepted" },
                { 204, "Done; there is nothing to say" },
                { 304, "Not changed" },
#define ERR(id, http, code, t) { http, t },
#include "base/errors.def"
        };

        for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
                if (titles[i].status == status)
                        return titles[i].title;
        return "";
}

/* WORD is "200:Instance", "200:[Instance]", "200:text", "200:html", "200:file", "200:events" or
 * "404". */
static void write_answer(struct buf *b, const char *word, enum dialect dialect) {
        static const char *const refusals[] = {
                [DIALECT_OWN] = NULL, [DIALECT_CRE] = "CreAnswer", [DIALECT_CTFG] = "CtfgError"
        };
        char status[4] = { word[0], word[1], word[2], '\0' };
        const char *type = word[3] ? word + 4 : NULL;
        bool file = type && strcmp(type, "file") == 0, events = type && strcmp(type, "events") == 0;
        bool html = type && strcmp(type, "html") == 0;
        bool text = events || html || (type && strcmp(type, "text") == 0);

        json_key(b, status);
        json_open(b, '{');
        put(b, "description", title_of(status_of(status)));
        if (!type && *status >= '4' && strcmp(status, "413") != 0) /* that is the server's */
                type = refusals[dialect];
        if (type || *status >= '4') {
                open_content(b, events ? "text/event-stream" :
                                html   ? "text/html" :
                                text   ? "text/plain" :
                                file   ? "application/octet-stream" :
                                type   ? "application/json" :
                                         "application/problem+json");
                if (file)
                        write_bytes(b);
                else if (type && strcmp(type, "array") == 0)
                        write_type(b, "[object]");
                else if (type && *type == '[')
                        write_page_schema(b, type);
                else
                        write_type(b, text ? "string" : type ? type : "Problem");
                close_content(b);
        }
        json_close(b, '}');
}

/* What a route may answer because of what it takes, whatever its handler does. */
static bool answers_anyway(const struct route *r, int status) {
        switch (status) {
        case 400:
                return r->body != BODY_NONE || r->params != 0;
        case 413:
                return r->body != BODY_NONE;
        case 415:
                return r->body != BODY_NONE && r->body != BODY_RAW;
        case 409:
                return r->params & UINT64_C(1) << PARAM_KEY;
        case 429:
                return r->permission != PERMISSION_PUBLIC || r->limit != LIMIT_NONE;
        default: /* 401, 403 */
                return r->permission != PERMISSION_PUBLIC;
        }
}

static void write_answers(struct buf *b, const struct route *r) {
        static const char *const others[] = { "400", "401", "403", "409", "413", "415", "429" };
        enum dialect dialect = router_dialect(r->template);
        const char *at = r->answers;

        json_key(b, "responses");
        json_open(b, '{');
        while (*at) {
                size_t n = strcspn(at, " ");
                _cleanup_buf_ struct buf word = { 0 };

                buf_add(&word, at, n);
                write_answer(b, word.data, dialect);
                at += n + (at[n] == ' ');
        }
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                if (answers_anyway(r, status_of(others[i])) && !strstr(r->answers, others[i]))
                        write_answer(b, others[i], dialect);
        json_close(b, '}');
}

static const char *key_of(enum http_method m) {
        static const char *const keys[] = { [HTTP_GET] = "get",
                                            [HTTP_POST] = "post",
                                            [HTTP_PUT] = "put",
                                            [HTTP_PATCH] = "patch",
                                            [HTTP_DELETE] = "delete" };

        return keys[m];
}

/* What lets a request in; {} stands for nothing at all. */
static void write_security(struct buf *b, const struct route *r) {
        if (r->permission == PERMISSION_PUBLIC)
                return;
        json_key(b, "security");
        json_open(b, '[');
        json_raw(b, "{\"token\":[]}");
        json_raw(b, "{\"session\":[]}");
        if (r->permission == PERMISSION_OPEN || r->permission == PERMISSION_BOARD)
                json_raw(b, "{}");
        json_close(b, ']');
}

static void write_operation(struct buf *b, const struct route *r) {
        json_key(b, key_of(r->method));
        json_open(b, '{');
        put(b, "operationId", r->handler);
        put(b, "summary", r->summary);
        put(b, "x-permission", permission_name(r->permission));
        put(b, "x-rate-limit", limit_rules[r->limit].name);
        write_security(b, r);
        write_parameters(b, r);
        write_request_body(b, r);
        write_answers(b, r);
        json_close(b, '}');
}

static bool is_first_of_path(const struct route *r) {
        for (const struct route *x = routes; x < r; x++)
                if (strcmp(x->template, r->template) == 0)
                        return false;
        return true;
}

static void write_paths(struct buf *b) {
        json_key(b, "paths");
        json_open(b, '{');
        for (const struct route *r = routes; r < routes + n_routes; r++) {
                if (!is_first_of_path(r))
                        continue;
                json_key(b, r->template);
                json_open(b, '{');
                for (const struct route *x = r; x < routes + n_routes; x++)
                        if (strcmp(x->template, r->template) == 0)
                                write_operation(b, x);
                json_close(b, '}');
        }
        json_close(b, '}');
}

void openapi_write(struct buf *b, const char *version) {
        json_open(b, '{');
        put(b, "openapi", "3.1.0");
        json_key(b, "info");
        json_open(b, '{');
        put(b, "title", "Berth");
        put(b, "version", version);
        put(b, "description",
            "Leases containers to the players of a CTF, and runs the game around them. A request "
            "needs "
            "a bearer token or the cookie of a session, where its security says so; one with the "
            "cookie "
            "that changes something needs the header X-Berth-CSRF: 1 as well. Idempotency keys are "
            "kept in memory by each daemon, for 24 "
            "hours and until it restarts.");
        json_raw(b, "\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"}");
        json_close(b, '}');
        write_paths(b);
        write_components(b);
        json_close(b, '}');
}
