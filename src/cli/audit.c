/* berth audit ... */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/remote.h"
#include "os/file.h"
#include "store/events.h"
#include "store/store.h"

#define KEY_TEXT_MAX 4096
#define EXPORT_MAX   ((size_t)4 << 30)

/* "user:3", or the kind alone for the system. */
static const char *who(const json_t *o, struct arena *arena) {
        const json_t *id = json_object_get(o, "id");

        if (!json_is_object(o))
                return NULL;
        if (!json_is_integer(id))
                return output_text(json_object_get(o, "kind"), arena);
        return arena_printf(arena, "%s:%s", output_text(json_object_get(o, "kind"), arena),
                            output_text(id, arena));
}

/* "reason=expired took_ms=12" */
static const char *detail(json_t *o, struct arena *arena) {
        const char *text = "", *key;
        json_t *value;

        json_object_foreach(o, key, value) text = arena_printf(
                arena, "%s%s%s=%s", text, *text ? " " : "", key, output_text(value, arena));
        return text;
}

int command_audit_list(struct call *call) {
        static const char *const headings[] = { "SEQ",      "TIME",    "ACTION",
                                                "ACTOR",    "ACCOUNT", "CHALLENGE",
                                                "INSTANCE", "DETAIL",  NULL };
        _cleanup_buf_ struct buf path = { 0 };
        _cleanup_json_ json_t *all = NULL;
        _cleanup_table_ struct table t;
        int64_t max = 50;
        struct err err;
        json_t *o;
        size_t i;

        table_init(&t, headings);
        buf_str(&path, "/api/v2/events?order=desc");
        remote_query(&path, "user", call->options[OPTION_USER]);
        remote_query(&path, "challenge", call->options[OPTION_CHALLENGE]);
        remote_query(&path, "lease", call->options[OPTION_INSTANCE]);
        remote_query(&path, "action", call->options[OPTION_ACTION]);
        remote_query(&path, "from", call->options[OPTION_SINCE]);
        remote_query(&path, "to", call->options[OPTION_UNTIL]);
        if (call->options[OPTION_MAX] &&
            str_to_int(call->options[OPTION_MAX], 1, 1000000, &max, &err) < 0) {
                output_fail(call, &err);
                return LEAVE_USAGE;
        }
        if (remote_list(call, path.data, (size_t)max, &all, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_JSON]) {
                output_json(all);
                return LEAVE_OK;
        }
        json_array_foreach(all, i, o) {
                table_member(&t, o, "seq");
                table_member(&t, o, "at");
                table_member(&t, o, "action");
                table_add(&t, who(json_object_get(o, "actor"), &t.arena));
                table_add(&t, who(json_object_get(o, "account"), &t.arena));
                table_member(&t, o, "challenge_id");
                table_member(&t, o, "lease");
                table_add(&t, detail(json_object_get(o, "detail"), &t.arena));
        }
        table_print(&t);
        return LEAVE_OK;
}

/* The store that --store, the environment or the default names. */
static int open_store(struct call *call, struct db **ret, struct err *err) {
        const char *url = call->options[OPTION_STORE];

        if (!url) {
                settings_init(&call->settings);
                if (settings_from_env(&call->settings, err) < 0 ||
                    settings_finish(&call->settings, &call->arena, err) < 0)
                        return -1;
                url = call->settings.store;
        }
        if (store_open_reader(url, ret, err) < 0)
                return err_wrap(err, "opening %s", url);
        return 0;
}

/* Where the key of what is verified lies: beside a SQLite store that was named, else in the
 * daemon's folder.  NULL when nobody knows, as of an export. */
static const char *key_path(struct call *call) {
        const char *store = call->options[OPTION_STORE], *var = getenv("BERTH_VAR");
        const char *slash = store ? strrchr(store, '/') : NULL;

        if (call->options[OPTION_EXPORT])
                return NULL;
        if (store && slash && strncmp(store, "sqlite:", 7) == 0)
                return arena_printf(&call->arena, "%.*s/audit.pub", (int)(slash - store - 7),
                                    store + 7);
        if (store && (!var || !*var))
                return NULL;
        return arena_printf(&call->arena, "%s/audit.pub", var && *var ? var : "var");
}

/* The public key that must have signed: --key, else audit.pub.  *FOUND is false when there is
 * none: each checkpoint then vouches for itself only. */
static int read_key(struct call *call, uint8_t ret[SIGN_PUBLIC], bool *found, struct err *err) {
        const char *path = call->options[OPTION_KEY];
        char *text;
        size_t n;

        *found = false;
        if (!path) {
                path = key_path(call);
                if (!path || access(path, R_OK) < 0)
                        return 0;
        }
        if (file_read(path, KEY_TEXT_MAX, &call->arena, &text, &n, err) < 0)
                return -1;
        text[strcspn(text, "\r\n")] = '\0';
        if (hex_decode(text, ret, SIGN_PUBLIC, err) < 0)
                return err_wrap(err, "%s holds no public key of 64 hexadecimal digits", path);
        *found = true;
        return 0;
}

static int verify(struct call *call, const uint8_t *key, struct audit_report *ret,
                  struct err *err) {
        _cleanup_(progress_endp) struct progress *p = progress_begin("verifying the log");
        _cleanup_(db_freep) struct db *db = NULL;
        _cleanup_(tx_endp) struct tx *tx = NULL;
        const char *path = call->options[OPTION_EXPORT];
        char *text;
        size_t n;

        if (path)
                return file_read(path, EXPORT_MAX, &call->arena, &text, &n, err) < 0 ?
                               -1 :
                               audit_verify_export(text, n, key, ret, err);
        if (open_store(call, &db, err) < 0 || tx_begin(db, &tx, err) < 0)
                return -1;
        return audit_verify(tx, key, ret, err);
}

static void print_report(const struct call *call, const struct audit_report *r, bool key) {
        if (call->options[OPTION_JSON]) {
                _cleanup_json_ json_t *o = json_pack(
                        "{s:b, s:I, s:I, s:I, s:b, s:o, s:s}", "good", r->good, "rows",
                        (json_int_t)r->rows, "checkpoints", (json_int_t)r->checkpoints,
                        "unsigned_rows", (json_int_t)r->unsigned_rows, "key_given", key,
                        "first_bad_seq", r->good ? json_null() : json_integer(r->first_bad_seq),
                        "what", r->what);

                output_json(o);
                return;
        }
        if (r->good)
                printf("good: %" PRId64 " rows, %" PRId64 " signed checkpoints, %" PRId64
                       " rows after the last one\n",
                       r->rows, r->checkpoints, r->unsigned_rows);
        else
                printf("BAD at row %" PRId64 ": %s\n", r->first_bad_seq, r->what);
        if (!key)
                fputs("berth: no public key was given (--key audit.pub): a chain that was forged "
                      "as a "
                      "whole would pass\n",
                      stderr);
}

int command_audit_verify(struct call *call) {
        struct audit_report report = { 0 };
        uint8_t key[SIGN_PUBLIC];
        struct err err;
        bool found;

        if (read_key(call, key, &found, &err) < 0 ||
            verify(call, found ? key : NULL, &report, &err) < 0)
                return output_fail(call, &err);
        print_report(call, &report, found);
        return report.good ? LEAVE_OK : LEAVE_FAILED;
}

static int write_line(void *arg, const char *line, size_t n) {
        FILE *f = arg;

        return fwrite(line, 1, n, f) == n ? 0 : -1;
}

static int export(struct call *call, FILE *f, struct err *err) {
        _cleanup_(progress_endp) struct progress *p = progress_begin("writing the log");
        _cleanup_(db_freep) struct db *db = NULL;
        _cleanup_(tx_endp) struct tx *tx = NULL;

        if (open_store(call, &db, err) < 0 || tx_begin(db, &tx, err) < 0 ||
            audit_export(tx, write_line, f, err) < 0)
                return -1;
        return fflush(f) == 0 ?
                       0 :
                       err_set(err, ERR_NO_SPACE, "writing the export: %s", strerror(errno));
}

int command_audit_export(struct call *call) {
        const char *path = call->n_args ? call->args[0] : NULL;
        FILE *f = path ? fopen(path, "we") : stdout;
        struct err err;
        int r;

        if (!f) {
                err_set(&err, ERR_INTERNAL, "%s: %s", path, strerror(errno));
                return output_fail(call, &err);
        }
        r = export(call, f, &err);
        if (path && fclose(f) != 0 && r == 0)
                r = err_set(&err, ERR_NO_SPACE, "%s: %s", path, strerror(errno));
        return r < 0 ? output_fail(call, &err) : LEAVE_OK;
}
