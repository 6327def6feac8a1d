#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "daemon/doctor.h"
#include "daemon/install.h"
#include "model/challenge_source.h"
#include "runtime/runtime.h"
#include "store/store.h"

void findings_add(struct findings *f, const char *what, enum verdict verdict, const char *detail,
                  const char *fix) {
        if (f->n < FINDINGS_MAX)
                f->list[f->n++] = (struct finding){ what, verdict, detail, fix };
}

/* Copies text that does not outlive its check. */
static const char *keep(struct findings *f, const char *text) {
        return arena_printf(f->arena, "%s", text);
}

static void check_store(const struct settings *s, struct findings *f) {
        _cleanup_(db_freep) struct db *db = NULL;
        const char *path = s->store + strcspn(s->store, ":") + 1;
        struct err err;

        if (strncmp(s->store, "sqlite:", 7) == 0 && access(path, F_OK) < 0)
                findings_add(f, "store", VERDICT_WARNING,
                             arena_printf(f->arena, "%s does not exist yet", s->store),
                             "berth init makes it, and berth serve --demo");
        else if (store_open_reader(s->store, &db, &err) < 0)
                findings_add(f, "store", VERDICT_BROKEN, keep(f, err.msg),
                             "mend it as the message says, or set BERTH_STORE");
        else
                findings_add(f, "store", VERDICT_OK,
                             arena_printf(f->arena, "%s, schema %d", db_name(db),
                                          store_schema_version()),
                             NULL);
}

static void check_keys(const struct settings *s, struct findings *f) {
        struct err err;

        if (install_check_keys(s->var, &err) == 0)
                findings_add(f, "keys", VERDICT_OK,
                             arena_printf(f->arena, "in %s, for their owner only", s->var), NULL);
        else if (err.kind == ERR_NOT_FOUND)
                findings_add(f, "keys", VERDICT_WARNING,
                             arena_printf(f->arena, "none in %s yet", s->var),
                             "berth init makes them, and berth serve");
        else
                findings_add(f, "keys", VERDICT_BROKEN, keep(f, err.msg),
                             arena_printf(f->arena, "chmod 600 %s/*.key", s->var));
}

static void check_firewall(const struct settings *s, const struct runtime *rt,
                           const struct runtime_health *h, struct findings *f) {
        const char *what = arena_printf(f->arena, "firewall %s", runtime_name(rt));
        bool ours = s->firewall && geteuid() == 0;

        if (h->isolated)
                findings_add(f, what, VERDICT_OK, "instances cannot reach this host", NULL);
        else
                findings_add(f, what, ours ? VERDICT_WARNING : VERDICT_BROKEN,
                             ours ? "its rule is not set; berth serve, as root, sets it with the "
                                    "first instance" :
                                    "instances can reach services of this host",
                             keep(f, h->isolation_fix));
}

/* *RET tells whether asking further makes sense. */
static bool check_engine(const struct settings *s, struct runtime *rt, struct findings *f) {
        const char *what = arena_printf(f->arena, "engine %s", runtime_name(rt));
        struct runtime_health h = { 0 };

        runtime_health(rt, &h);
        if (!h.up) {
                findings_add(f, what, VERDICT_BROKEN, keep(f, *h.problem ? h.problem : "no answer"),
                             "start it (systemctl start docker), see that this user may use its "
                             "socket, or set BERTH_RUNTIME");
                return false;
        }
        findings_add(f, what, VERDICT_OK, keep(f, h.version), NULL);
        check_firewall(s, rt, &h, f);
        return true;
}

static void check_image(struct runtime *rt, const char *image, struct findings *f) {
        const char *what = arena_printf(f->arena, "image %s", image);
        struct err err;
        bool there;

        if (runtime_has_image(rt, image, &there, &err) < 0)
                findings_add(f, what, VERDICT_BROKEN, keep(f, err.msg),
                             "ask again once the engine answers");
        else if (there)
                findings_add(f, what, VERDICT_OK, "there", NULL);
        else
                findings_add(
                        f, what, VERDICT_BROKEN, "not on the engine",
                        arena_printf(f->arena,
                                     "docker build -t %s FOLDER, or docker pull %s (the examples: "
                                     "tools/images.sh)",
                                     image, image));
}

/* Is challenge C played on RT, which is the DEFAULT_ONE? */
static bool plays_on(const struct challenge *c, const struct runtime *rt, bool default_one) {
        if (!c->has_instance)
                return false;
        return c->spec.runtime ? strcmp(c->spec.runtime, runtime_name(rt)) == 0 : default_one;
}

static void check_images(const struct settings *s, struct runtime *rt, bool default_one,
                         struct findings *f) {
        const struct source_config config = { .max_file_bytes = s->max_file_bytes };
        _cleanup_source_ struct challenge_source source = { 0 };
        struct err err;

        if (!*s->challenges)
                return;
        if (challenge_source_load(s->challenges, &config, &source, &err) < 0) {
                findings_add(
                        f, "challenges", VERDICT_BROKEN, keep(f, err.msg),
                        "set BERTH_CHALLENGES to a folder of challenges, or a challenges.json");
                return;
        }
        if (source.n_bad && default_one)
                findings_add(f, "challenges", VERDICT_BROKEN,
                             arena_printf(f->arena, "%zu things are wrong with them", source.n_bad),
                             arena_printf(f->arena, "berth challenge lint %s", s->challenges));
        for (size_t i = 0; i < source.n; i++)
                if (plays_on(source.set[i], rt, default_one))
                        check_image(rt, keep(f, source.set[i]->spec.image), f);
}

static void check_runtimes(const struct settings *s, struct findings *f) {
        struct runtime_config config = { .install = "doctor",
                                         .network = s->network,
                                         .publish_ports = !s->gate,
                                         .publish_host = s->gate ? NULL : s->public_host,
                                         .allowed_images = s->images };
        struct err err;

        for (size_t i = 0; s->runtimes[i]; i++) {
                _cleanup_(runtime_freep) struct runtime *rt = NULL;

                if (runtime_open(s->runtimes[i], &config, &rt, &err) < 0) {
                        findings_add(f, "engine", VERDICT_BROKEN, keep(f, err.msg),
                                     "set BERTH_RUNTIME as docs/configuration.md has it");
                        continue;
                }
                if (s->gate && runtime_remote(rt))
                        findings_add(f, "gate", VERDICT_BROKEN,
                                     "it cannot reach the bridge of a remote engine",
                                     "BERTH_GATE=off");
                if (check_engine(s, rt, f))
                        check_images(s, rt, i == 0, f);
        }
}

static const char *const words[] = { "ok", "warning", "broken" };

static void print_json(const struct findings *f) {
        _cleanup_json_ json_t *all = json_array();

        for (size_t i = 0; i < f->n; i++)
                json_array_append_new(all,
                                      json_pack("{s:s, s:s, s:s, s:s?}", "check", f->list[i].what,
                                                "verdict", words[f->list[i].verdict], "detail",
                                                f->list[i].detail, "fix", f->list[i].fix));
        output_json(all);
}

static void print_text(const struct findings *f) {
        for (size_t i = 0; i < f->n; i++) {
                printf("%-8s %s: %s\n", words[f->list[i].verdict], f->list[i].what,
                       f->list[i].detail);
                if (f->list[i].fix)
                        printf("         fix: %s\n", f->list[i].fix);
        }
}

int command_doctor(struct call *call) {
        struct findings f = { .arena = &call->arena };
        bool broken = false;

        {
                _cleanup_(progress_endp) struct progress *p = progress_begin("looking");

                doctor_host(&call->settings, &f);
                check_keys(&call->settings, &f);
                check_store(&call->settings, &f);
                check_runtimes(&call->settings, &f);
        }
        if (call->options[OPTION_JSON])
                print_json(&f);
        else
                print_text(&f);
        for (size_t i = 0; i < f.n; i++)
                broken |= f.list[i].verdict == VERDICT_BROKEN;
        return broken ? LEAVE_FAILED : LEAVE_OK;
}
