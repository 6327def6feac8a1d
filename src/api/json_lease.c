#include <string.h>

#include "api/json_lease.h"
#include "base/clock.h"

int64_t json_lease_remaining(const struct lease *l, int64_t now_ms) {
        int64_t ms = l->expires_ms - now_ms;

        return l->state == LEASE_ENDED || ms <= 0 ? 0 : (ms + 999) / 1000;
}

/* What to tell a player about a lease that ended badly; NULL when there is nothing to say. */
static const char *error_of(const struct lease *l) {
        if (l->state != LEASE_STOPPING && l->state != LEASE_ENDED)
                return NULL;
        if (l->reason == REASON_FAILED_CREATE)
                return "The instance could not be started. Please try again or tell an organiser.";
        if (l->reason == REASON_LOST)
                return "The instance was lost. Please start it again.";
        return NULL;
}

static char *copy(char *to, const char *end, const char *s) {
        while (*s && to < end)
                *to++ = *s++;
        return to;
}

void json_lease_url(enum protocol protocol, const char *host, uint16_t port, char ret[LEASE_URL]) {
        bool brackets = strchr(host, ':') != NULL;
        bool web = protocol == PROTOCOL_HTTP || protocol == PROTOCOL_HTTPS;
        char digits[8] = "", *p = digits + sizeof(digits) - 1, *end = ret + LEASE_URL - 1, *at;

        for (unsigned n = port; n || !*p; n /= 10)
                *--p = (char)('0' + n % 10);
        at = copy(ret, end, protocol_name(protocol));
        at = copy(at, end, brackets ? "://[" : "://");
        at = copy(at, end, host);
        at = copy(at, end, brackets ? "]:" : ":");
        at = copy(at, end, p);
        at = copy(at, end, web ? "/" : "");
        *at = '\0';
}

/* Leases are what is read most: their keys are written as they stand, commas and all. */
#define LITERAL(b, s) buf_add((b), (s), sizeof(s) - 1)

static void write_time(struct buf *b, int64_t ms) {
        char text[CLOCK_TEXT + 2] = "\"";

        clock_text(ms, text + 1);
        buf_add(b, text, 25);
        buf_char(b, '"');
}

static void write_endpoint(struct buf *b, const struct endpoint *e, const char *host) {
        char url[LEASE_URL];

        json_lease_url(e->protocol, host, e->port, url);
        LITERAL(b, "{\"name\":");
        json_text(b, e->name);
        LITERAL(b, ",\"protocol\":\"");
        buf_str(b, protocol_name(e->protocol));
        LITERAL(b, "\",\"host\":");
        json_text(b, host);
        LITERAL(b, ",\"port\":");
        buf_int(b, e->port);
        LITERAL(b, ",\"url\":");
        json_text(b, url);
        buf_char(b, '}');
}

static void write_endpoints(struct buf *b, const struct lease_view *v) {
        if (v->lease->state != LEASE_RUNNING)
                return;
        for (size_t i = 0; i < v->lease->n_endpoints; i++) {
                if (i)
                        buf_char(b, ',');
                write_endpoint(b, &v->lease->endpoints[i], v->host);
        }
}

static void write_queue(struct buf *b, const struct lease *l) {
        if (l->state != LEASE_PENDING) {
                LITERAL(b, "null");
                return;
        }
        LITERAL(b, "{\"place\":");
        buf_int(b, l->place);
        LITERAL(b, ",\"estimate_seconds\":");
        if (l->estimate_ms > 0)
                buf_int(b, (l->estimate_ms + 999) / 1000);
        else
                LITERAL(b, "null");
        buf_char(b, '}');
}

static void write_error(struct buf *b, const struct lease *l) {
        const char *error = error_of(l);

        if (error)
                json_text(b, error);
        else
                LITERAL(b, "null");
}

static void write_reason(struct buf *b, enum end_reason reason) {
        if (reason == REASON_NONE) {
                LITERAL(b, "null");
                return;
        }
        buf_char(b, '"');
        buf_str(b, end_reason_name(reason));
        buf_char(b, '"');
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

        if (b->len && b->data[b->len - 1] == '}')
                buf_char(b, ',');
        buf_reserve(b, 1024);
        LITERAL(b, "{\"id\":\"");
        buf_str(b, l->id);
        LITERAL(b, "\",\"challenge\":");
        if (v->slug)
                json_text(b, v->slug);
        else
                LITERAL(b, "null");
        LITERAL(b, ",\"challenge_id\":");
        buf_int(b, l->challenge);
        LITERAL(b, ",\"state\":\"");
        buf_str(b, lease_state_name(l->state));
        LITERAL(b, "\",\"end_reason\":");
        write_reason(b, l->reason);
        LITERAL(b, ",\"endpoints\":[");
        write_endpoints(b, v);
        LITERAL(b, "],\"created_at\":");
        write_time(b, l->created_ms);
        LITERAL(b, ",\"expires_at\":");
        write_time(b, l->expires_ms);
        LITERAL(b, ",\"remaining_seconds\":");
        buf_int(b, json_lease_remaining(l, v->now_ms));
        LITERAL(b, ",\"extensions\":");
        buf_int(b, l->extensions);
        LITERAL(b, ",\"max_extensions\":");
        buf_int(b, l->policy.max_extensions);
        LITERAL(b, ",\"queue\":");
        write_queue(b, l);
        LITERAL(b, ",\"restarts\":");
        buf_int(b, l->restarts);
        LITERAL(b, ",\"error\":");
        write_error(b, l);
        if (v->staff)
                write_staff(b, l);
        if (v->message) {
                json_key(b, "message");
                json_text(b, v->message);
        }
        buf_char(b, '}');
}
