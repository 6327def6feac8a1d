/* berth serve, and berth init. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cli/output.h"
#include "daemon/bootstrap.h"
#include "daemon/lifeline.h"
#include "daemon/roster.h"

#define LEAVE_SECONDS 28 /* of the 30 that a stop may take */

/* Connections and doors are many: as many files as the system lets us have. */
static void raise_limits(void) {
        struct rlimit files;

        if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == files.rlim_max)
                return;
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
}

static int set_log_level(const char *name, struct err *err) {
        static const char *const names[] = { "debug", "info", "warn", "error" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                if (strcmp(name, names[i]) == 0) {
                        log_set_level((enum log_level)i);
                        return 0;
                }
        }
        return err_set(err, ERR_INVALID, "log-level: \"%s\" is none of debug, info, warn, error",
                       name);
}

/* Where a client on this host reaches the daemon. */
static const char *url_of(const struct parts *p, struct arena *arena) {
        const char *listen = p->settings->listen, *colon = strrchr(listen, ':');
        const char *host = arena_printf(arena, "%.*s", (int)(colon ? colon - listen : 0), listen);

        if (strcmp(host, "0.0.0.0") == 0 || !*host)
                host = "127.0.0.1";
        else if (strcmp(host, "[::]") == 0)
                host = "[::1]";
        return arena_printf(arena, "%s://%s:%u", *p->settings->tls_cert ? "https" : "http", host,
                            http_server_port(p->http));
}

/* Challenges and users out of files, where there are some. */
static int load_files(struct parts *p, bool demo, struct err *err) {
        const struct settings *s = p->settings;
        struct author_config config = { .engine = p->engine,
                                        .depot = p->depot,
                                        .status = p->source,
                                        .path = s->challenges,
                                        .max_file_bytes = s->max_file_bytes };
        struct tenant tenant;

        if (!*s->challenges && !*s->credentials)
                return 0;
        if (bootstrap_find(p->engine, *s->tenant || !demo ? s->tenant : "demo", &tenant, err) < 0)
                return err_wrap(err, "%s", *s->challenges ? "challenges" : "credentials");
        config.tenant = tenant.id;
        if (*s->challenges && author_new(&config, &p->author, err) < 0)
                return err_wrap(err, "challenges");
        if (*s->credentials && roster_load(p->engine, s->credentials, tenant.id, err) < 0)
                return err_wrap(err, "credentials");
        return 0;
}

/* The demo's tenant comes first, as the files may be its; its file last, as the address goes in
 * it. */
static int open_serving(struct parts *p, const struct settings *s, bool demo, struct err *err) {
        struct tenant tenant;

        if (parts_open(s, true, p, err) < 0)
                return -1;
        if ((demo && bootstrap_tenant(p->engine, "demo", false, &tenant, err) < 0) ||
            load_files(p, demo, err) < 0 || parts_listen(p, err) < 0) {
                parts_close(p);
                return -1;
        }
        return 0;
}

static int announce(struct parts *p, bool demo, struct err *err) {
        _cleanup_arena_ struct arena arena = { 0 };
        const char *url = url_of(p, &arena);
        const char *file = arena_printf(&arena, "%s/demo.env", p->settings->var);

        if (demo && bootstrap_demo(p->engine, file, url, err) < 0)
                return err_wrap(err, "%s", file);
        printf("Berth serves %s\n", url);
        if (demo)
                printf("Passwords and tokens of its demo are in %s\n", file);
        fflush(stdout);
        lifeline_tell("READY=1");
        return 0;
}

static void reload(struct parts *p) {
        lifeline_tell("RELOADING=1");
        if (p->author)
                author_reload(p->author);
        lifeline_tell("READY=1");
}

int command_serve(struct call *call) {
        bool demo = call->options[OPTION_DEMO];
        struct parts parts;
        struct err err;
        int r;

        umask(077); /* what the store holds is nobody else's to read */
        raise_limits();
        lifeline_init();
        if (set_log_level(call->settings.log_level, &err) < 0 ||
            open_serving(&parts, &call->settings, demo, &err) < 0)
                return output_fail(call, &err);
        r = announce(&parts, demo, &err);
        while (r == 0 && lifeline_wait(&parts) == WISH_RELOAD)
                reload(&parts);
        lifeline_tell("STOPPING=1");
        log_info("stopping", LOG_INT("pid", getpid()));
        lifeline_leave(LEAVE_SECONDS);
        parts_close(&parts);
        log_info("stopped", LOG_INT("pid", getpid()));
        return r < 0 ? output_fail(call, &err) : LEAVE_OK;
}

/* The tenant and its administrator, who must not be there yet. */
static int make_tenant(struct parts *p, const struct call *call, char token[TOKEN_TEXT],
                       struct err *err) {
        const char *slug = call->options[OPTION_SLUG], *admin = call->options[OPTION_ADMIN];
        struct tenant tenant;
        struct user user;

        slug = slug ? slug : "main";
        if (bootstrap_find(p->engine, slug, &tenant, err) == 0)
                return err_set(err, ERR_CONFLICT,
                               "the tenant \"%s\" exists already; berth token add makes tokens",
                               slug);
        if (bootstrap_tenant(p->engine, slug, call->options[OPTION_TEAM_MODE], &tenant, err) < 0 ||
            bootstrap_user(p->engine, tenant.id, admin ? admin : "admin", ROLE_ADMIN, &user, err) <
                    0)
                return -1;
        return bootstrap_token(p->engine, &user, "berth init", token, err);
}

static void print_token(const struct call *call, const char *token) {
        if (call->options[OPTION_JSON]) {
                _cleanup_json_ json_t *o = json_pack("{s:s}", "token", token);

                output_json(o);
                return;
        }
        printf("%s\n", token);
        fputs("berth: this token of the administrator is shown once; keep it, and set it as "
              "BERTH_TOKEN\n",
              stderr);
}

int command_init(struct call *call) {
        const struct settings *s = &call->settings;
        char token[TOKEN_TEXT] = "";
        struct parts parts;
        struct err err;
        int r;

        lifeline_init();
        umask(077);
        log_set_level(LOG_WARN);
        if (parts_open(s, false, &parts, &err) < 0)
                return output_fail(call, &err);
        if (call->options[OPTION_DEMO])
                r = bootstrap_demo(parts.engine, arena_printf(&call->arena, "%s/demo.env", s->var),
                                   arena_printf(&call->arena, "http://%s", s->listen), &err);
        else
                r = make_tenant(&parts, call, token, &err);
        lifeline_leave(LEAVE_SECONDS);
        parts_close(&parts);
        if (r < 0)
                return output_fail(call, &err);
        if (*token)
                print_token(call, token);
        else
                printf("%s/demo.env\n", s->var);
        return LEAVE_OK;
}
