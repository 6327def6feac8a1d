#include <stdlib.h>

#include "api/openapi.h"
#include "api/router.h"
#include "base/json.h"
#include "test.h"

static json_t *document(void) {
        _cleanup_buf_ struct buf b = { 0 };
        json_t *o = NULL;
        struct err err;

        openapi_write(&b, "1.2.3");
        CHECK_OK(json_parse(b.data, b.len, &o, &err));
        return o;
}

TEST(it_says_what_it_is) {
        _cleanup_json_ json_t *o = document();

        CHECK_STR(json_string_value(json_object_get(o, "openapi")), "3.1.0");
        CHECK_STR(json_string_value(json_object_get(json_object_get(o, "info"), "version")),
                  "1.2.3");
}

TEST(every_route_is_in_it) {
        static const char *const keys[] = { [HTTP_GET] = "get",
                                            [HTTP_POST] = "post",
                                            [HTTP_PUT] = "put",
                                            [HTTP_PATCH] = "patch",
                                            [HTTP_DELETE] = "delete" };
        _cleanup_json_ json_t *o = document();
        const json_t *paths = json_object_get(o, "paths");

        for (const struct route *r = routes; r < routes + n_routes; r++) {
                const json_t *op =
                        json_object_get(json_object_get(paths, r->template), keys[r->method]);
                const json_t *answers = json_object_get(op, "responses");

                CHECK(op && json_object_size(answers) > 0);
                CHECK_STR(json_string_value(json_object_get(op, "operationId")), r->handler);
                CHECK(!!json_object_get(op, "requestBody") == (r->body != BODY_NONE));
                CHECK(json_object_get(answers, "401") || r->permission == PERMISSION_PUBLIC);
        }
}

/* Does every $ref below V lead to one of SCHEMAS?  Counts them. */
static size_t check_refs(json_t *v, const json_t *schemas) {
        static const char prefix[] = "#/components/schemas/";
        const char *key, *ref;
        size_t n = 0, i;
        json_t *x;

        json_object_foreach(v, key, x) {
                ref = json_string_value(x);
                if (strcmp(key, "$ref") == 0) {
                        CHECK(strncmp(ref, prefix, strlen(prefix)) == 0);
                        CHECK(json_object_get(schemas, ref + strlen(prefix)));
                        n++;
                }
                n += check_refs(x, schemas);
        }
        json_array_foreach(v, i, x) n += check_refs(x, schemas);
        return n;
}

TEST(every_reference_leads_somewhere) {
        _cleanup_json_ json_t *o = document();

        CHECK(check_refs(o, json_object_get(json_object_get(o, "components"), "schemas")) > 50);
}

TEST(every_answer_has_a_description) {
        _cleanup_json_ json_t *o = document();
        const char *path, *method, *status;
        json_t *item, *op, *answer;

        json_object_foreach(json_object_get(o, "paths"), path, item) {
                json_object_foreach(item, method, op) {
                        json_object_foreach(json_object_get(op, "responses"), status, answer) {
                                CHECK(strlen(status) == 3);
                                CHECK(*json_string_value(json_object_get(answer, "description")));
                        }
                }
        }
}
