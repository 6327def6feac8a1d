/*
 * Calls of the daemon's interface by the client commands.
 *
 * The address is --url, else $BERTH_URL, else http://127.0.0.1:8080; the
 * token --token, else $BERTH_TOKEN.  A problem document becomes an err of the
 * kind that its code names.
 */
#pragma once

#include "base/json.h"
#include "cli/command.h"

#define REMOTE_TIMEOUT_MS 75000 /* longer than the longest ?wait= */

/* One call; PATH from "/api/..." on.  BODY may be NULL.  The caller owns *ret, an empty object
 * where the answer has no body.  Fails: as client_do(), and as the problem's code says; GARBLED
 * when it is no JSON. */
_must_check_ int remote_call(const struct call *call, const char *method, const char *path,
                             const json_t *body, json_t **ret, struct err *err);

/* The same; where there are too many requests at once it waits, and tries again. */
_must_check_ int remote_insist(const struct call *call, const char *method, const char *path,
                               const json_t *body, json_t **ret, struct err *err);
/* The same with N bytes at DATA as they are (none for NULL). */
_must_check_ int remote_send(const struct call *call, const char *method, const char *path,
                             const void *data, size_t n, json_t **ret, struct err *err);

/* All items of a list, page after page, at most MAX (0: no limit), in one array.  PATH may have a
 * query.  The caller owns *ret. */
_must_check_ int remote_list(const struct call *call, const char *path, size_t max, json_t **ret,
                             struct err *err);

/* Prints all items of a list as a table, or as JSON: COLUMNS are the members of each item, under
 * HEADINGS.  Gives the exit code. */
int remote_print(struct call *call, const char *path, const char *const *headings,
                 const char *const *columns);

/* The answer's body as it comes, to standard output. */
_must_check_ int remote_stream(const struct call *call, const char *path, bool endless,
                               struct err *err);

/* TEXT fit for a path or a query, in ARENA. */
const char *remote_escape(const char *text, struct arena *arena);

/* A path with a query that grows: "?key=value", then "&key=value"; nothing when VALUE is NULL. */
void remote_query(struct buf *path, const char *key, const char *value);
