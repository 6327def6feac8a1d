#include <stdio.h>
#include <string.h>

#include "api/json_lease.h"

int64_t json_lease_remaining(const struct lease *l, int64_t now_ms) {
        int64_t ms = l->expires_ms - now_ms;

        return l->state == LEASE_ENDED || ms <= 0 ? 0 : (ms + 999) / 1000;
}

const char *json_lease_error(const struct lease *l) {
        if (l->state != LEASE_STOPPING && l->state != LEASE_ENDED)
                return NULL;
        if (l->reason == REASON_FAILED_CREATE)
                return "The instance could not be started. Please try again or tell an organiser.";
        if (l->reason == REASON_LOST)
                return "The instance was lost. Please start it again.";
        return NULL;
}

void json_lease_url(enum protocol protocol, const char *host, uint16_t port, char ret[LEASE_URL]) {
        bool brackets = strchr(host, ':') != NULL;
        bool web = protocol == PROTOCOL_HTTP || protocol == PROTOCOL_HTTPS;

        snprintf(ret, LEASE_URL, "%s://%s%s%s:%u%s", protocol_name(protocol), brackets ? "[" : "",
                 host, brackets ? "]" : "", port, web ? "/" : "");
}

static void write_endpoint(struct buf *b, const struct endpoint *e, const char *host) {
        char url[LEASE_URL];

        json_open(b, '{');
        json_key(b, "name");
        json_text(b, e->name);
        json_key(b, "protocol");
        json_text(b, protocol_name(e->protocol));
        json_key(b, "host");
        json_text(b, host);
        json_key(b, "port");
        json_int(b, e->port);
        json_key(b, "url");
        json_lease_url(e->protocol, host, e->port, url);
        json_text(b, url);
        json_close(b, '}');
}

static void write_endpoints(struct buf *b, const struct lease_view *v) {
        json_open(b, '[');
        if (v->lease->state == LEASE_RUNNING)
                for (size_t i = 0; i < v->lease->n_endpoints; i++)
                        write_endpoint(b, &v->lease->endpoints[i], v->host);
        json_close(b, ']');
}

static void write_queue(struct buf *b, const struct lease *l) {
        if (l->state != LEASE_PENDING) {
                json_none(b);
                return;
        }
        json_open(b, '{');
        json_key(b, "place");
        json_int(b, l->place);
        json_key(b, "estimate_seconds");
        if (l->estimate_ms > 0)
                json_int(b, (l->estimate_ms + 999) / 1000);
        else
                json_none(b);
        json_close(b, '}');
}

static void write_staff(struct buf *b, const struct lease *l) {
        json_key(b, "account");
        json_open(b, '{');
        json_key(b, "kind");
        json_text(b, account_kind_name(l->owner.kind));
        json_key(b, "id");
        json_int(b, l->owner.id);
        json_close(b, '}');
        json_key(b, "user_id");
        json_int(b, l->user);
        json_key(b, "runtime");
        json_text(b, l->runtime);
        json_key(b, "problem");
        json_text(b, *l->problem ? l->problem : NULL);
}

void json_lease(struct buf *b, const struct lease_view *v) {
        const struct lease *l = v->lease;

        json_open(b, '{');
        json_key(b, "id");
        json_text(b, l->id);
        json_key(b, "challenge");
        json_text(b, v->slug);
        json_key(b, "challenge_id");
        json_int(b, l->challenge);
        json_key(b, "state");
        json_text(b, lease_state_name(l->state));
        json_key(b, "end_reason");
        json_text(b, l->reason == REASON_NONE ? NULL : end_reason_name(l->reason));
        json_key(b, "endpoints");
        write_endpoints(b, v);
        json_key(b, "created_at");
        json_time(b, l->created_ms);
        json_key(b, "expires_at");
        json_time(b, l->expires_ms);
        json_key(b, "remaining_seconds");
        json_int(b, json_lease_remaining(l, v->now_ms));
        json_key(b, "extensions");
        json_int(b, l->extensions);
        json_key(b, "max_extensions");
        json_int(b, l->policy.max_extensions);
        json_key(b, "queue");
        write_queue(b, l);
        json_key(b, "restarts");
        json_int(b, l->restarts);
        json_key(b, "error");
        json_text(b, json_lease_error(l));
        if (v->staff)
                write_staff(b, l);
        if (v->message) {
                json_key(b, "message");
                json_text(b, v->message);
        }
        json_close(b, '}');
}
