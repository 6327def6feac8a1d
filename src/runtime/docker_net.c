#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "runtime/docker.h"

#define NETWORK_DEFAULT "berth"

/* "berth0"; of a name that is too long for an interface, a digest. */
void docker_bridge_name(const char *network, enum firewall_bridge kind, char ret[BRIDGE_NAME_MAX]) {
        uint32_t h = 2166136261u;

        if (strlen(network) <= BRIDGE_NAME_MAX - 2) {
                snprintf(ret, BRIDGE_NAME_MAX, "%.14s%d", network, (int)kind);
                return;
        }
        for (; *network; network++)
                h = (h ^ (unsigned char)*network) * 16777619u;
        snprintf(ret, BRIDGE_NAME_MAX, "br-%08" PRIx32 "%d", h, (int)kind);
}

void docker_net_init(struct docker_net *n, const struct runtime_config *config, bool local) {
        static const char *const suffix[] = {
                [FIREWALL_INNER] = "", [FIREWALL_OUT] = "-out", [FIREWALL_PUBLISH] = "-pub"
        };
        const char *network = config->network ? config->network : NETWORK_DEFAULT;

        *n = (struct docker_net){ .manage = config->manage_firewall, .local = local };
        pthread_mutex_init(&n->lock, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(n->bridges); i++) {
                struct docker_bridge *b = &n->bridges[i];

                b->kind = (enum firewall_bridge)i;
                snprintf(b->network, sizeof(b->network), "%s%s", network, suffix[i]);
                docker_bridge_name(network, b->kind, b->name);
        }
}

void docker_net_done(struct docker_net *n) { pthread_mutex_destroy(&n->lock); }

void docker_net_forget(struct docker_net *n) {
        pthread_mutex_lock(&n->lock);
        for (size_t i = 0; i < ARRAY_SIZE(n->bridges); i++)
                n->bridges[i].ready = false;
        pthread_mutex_unlock(&n->lock);
}

/* Fails NOT_FOUND where it is missing, INVALID where it would not isolate. */
static int look(struct docker *d, const struct docker_bridge *b, struct err *err) {
        _cleanup_buf_ struct buf answer = { 0 };
        char path[128];
        bool fits;

        snprintf(path, sizeof(path), "/networks/%s", b->network);
        if (docker_call(d, "GET", path, NULL, INSPECT_MS, &answer, err) < 0)
                return -1;
        if (docker_json_network(answer.data, answer.len, b->kind == FIREWALL_INNER, &fits, err) < 0)
                return -1;
        if (!fits)
                return err_set(err, ERR_INVALID,
                               "the network \"%s\" is there but does not isolate: remove it, or "
                               "configure another name",
                               b->network);
        return 0;
}

static void describe(const struct docker_bridge *b, struct buf *body) {
        json_open(body, '{');
        json_key(body, "Name");
        json_text(body, b->network);
        json_key(body, "CheckDuplicate");
        json_bool(body, true);
        json_key(body, "Driver");
        json_text(body, "bridge");
        json_key(body, "Internal");
        json_bool(body, b->kind == FIREWALL_INNER);
        json_key(body, "Options");
        json_open(body, '{');
        json_key(body, "com.docker.network.bridge.name");
        json_text(body, b->name);
        json_key(body, "com.docker.network.bridge.enable_icc");
        json_text(body, "false");
        json_key(body, "com.docker.network.bridge.enable_ip_masquerade");
        json_text(body, b->kind == FIREWALL_OUT ? "true" : "false");
        json_close(body, '}');
        json_key(body, "Labels");
        json_raw(body, "{\"berth.network\":\"1\"}");
        json_close(body, '}');
}

static int make(struct docker *d, const struct docker_bridge *b, struct err *err) {
        _cleanup_buf_ struct buf body = { 0 }, answer = { 0 };
        struct err why;

        if (look(d, b, err) == 0)
                return 0;
        if (err->kind != ERR_NOT_FOUND)
                return -1;
        describe(b, &body);
        if (docker_call(d, "POST", "/networks/create", &body, INSPECT_MS, &answer, &why) == 0)
                return 0;
        /* Another one may have made it meanwhile; the engine refuses in several ways. */
        if (err_may_pass(why.kind) || look(d, b, err) < 0) {
                *err = why;
                return -1;
        }
        return 0;
}

static int guard(const struct docker_net *n, const struct docker_bridge *b, bool set,
                 struct err *err) {
        if (!n->local)
                return err_set(err, ERR_INVALID, "the engine is on another host");
        return firewall_guard(b->name, b->kind, set, err);
}

static int ready(struct docker *d, struct docker_bridge *b, struct err *err) {
        struct docker_net *n = &d->net;
        char fix[512];
        struct err why;

        if (b->ready)
                return 0;
        if (make(d, b, err) < 0)
                return err_wrap(err, "network %s", b->network);
        if (guard(n, b, n->manage, &why) < 0) {
                firewall_fix(b->name, b->kind, fix, sizeof(fix));
                if (err_may_pass(why.kind)) {
                        *err = why;
                        return -1;
                }
                if (b->kind == FIREWALL_OUT)
                        return err_set(err, ERR_INVALID,
                                       "no egress: the firewall of %s is not in force (%s); "
                                       "see the doctor for the rules",
                                       b->name, why.msg);
                log_warn("instances may reach services of the host", LOG_TEXT("why", why.msg),
                         LOG_TEXT("fix", fix));
        }
        b->ready = true;
        return 0;
}

int docker_net_ensure(struct docker *d, const struct spec *spec, const char **network,
                      struct err *err) {
        enum firewall_bridge kind = spec->egress ? FIREWALL_OUT :
                                    d->publish   ? FIREWALL_PUBLISH :
                                                   FIREWALL_INNER;
        struct docker_bridge *b = &d->net.bridges[kind];
        int result;

        pthread_mutex_lock(&d->net.lock);
        result = ready(d, b, err);
        pthread_mutex_unlock(&d->net.lock);
        if (result == 0)
                *network = b->network;
        return result;
}

/* A rule that somebody flushed is set again here, where we manage the firewall. */
void docker_net_health(struct docker *d, struct runtime_health *ret) {
        struct docker_net *n = &d->net;
        struct err err = { 0 };

        ret->isolated = true;
        for (size_t i = 0; i < ARRAY_SIZE(n->bridges); i++) {
                const struct docker_bridge *b = &n->bridges[i];
                bool base = b->kind == (d->publish ? FIREWALL_PUBLISH : FIREWALL_INNER), used;

                pthread_mutex_lock(&n->lock);
                used = b->ready;
                pthread_mutex_unlock(&n->lock);
                if ((!base && !used) || guard(n, b, n->manage, &err) == 0)
                        continue;
                ret->isolated = false;
                firewall_fix(b->name, b->kind, ret->isolation_fix, sizeof(ret->isolation_fix));
                if (!ret->problem[0])
                        snprintf(ret->problem, sizeof(ret->problem), "firewall of %s: %.180s",
                                 b->name, err.msg);
        }
}
