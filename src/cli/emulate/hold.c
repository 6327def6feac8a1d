#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/emulate/throng_impl.h"
#include "cli/remote.h"

#define LOOK_MS    250 /* between two looks at one that does not run yet */
#define PATIENCE_S 120 /* with one that does not run */
#define CONNECT_MS 10000

static const char *text_of(const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        return text ? text : "";
}

static void ask_start(struct player *p) {
        const struct lesson *l = p->throng->config->course->lessons[p->place];

        p->hold = (struct hold){ .asked_us = clock_mono_us() };
        request_begin(&p->request, STEP_START, "POST", "/api/v2/instances");
        json_open(&p->request.body, '{');
        json_key(&p->request.body, "challenge");
        json_text(&p->request.body, l->slug);
        json_close(&p->request.body, '}');
        player_send(p);
}

static void ask_of(struct player *p, enum step step, const char *method) {
        request_begin(&p->request, step, method, "/api/v2/instances/");
        buf_str(&p->request.path, p->hold.id);
        player_send(p);
}

static void connect_to(struct player *p) {
        struct visit visit = {
                .method = "GET", .url = p->hold.url, .timeout_ms = CONNECT_MS, .connect_only = true
        };

        p->hold.connected = true; /* or not: it is tried once */
        request_begin(&p->request, STEP_CONNECT, "", "");
        player_visit(p, &visit);
}

void hold_go_on(struct player *p) {
        if (!p->hold.id[0])
                ask_start(p);
        else if (!p->hold.running)
                ask_of(p, STEP_POLL, "GET");
        else if (*p->hold.url && !p->hold.connected)
                connect_to(p);
        else
                play_advance(p, true);
}

void hold_stop(struct player *p) {
        if (p->hold.id[0])
                ask_of(p, STEP_STOP, "DELETE");
        else
                play_advance(p, true); /* it never came to be */
}

/* --- answers --- */

static void set_url(struct hold *h, const json_t *o) {
        const json_t *end = json_array_get(json_object_get(o, "endpoints"), 0);
        const char *host = text_of(end, "host");
        int64_t port = json_integer_value(json_object_get(end, "port"));

        if (!*host || port <= 0 || port > UINT16_MAX)
                return;
        snprintf(h->url, sizeof(h->url), strchr(host, ':') ? "http://[%s]:%d" : "http://%s:%d",
                 host, (int)port);
}

/* What the server says of the instance; it runs, ended, or is on its way. */
static void take_state(struct player *p, const json_t *o, const struct visit_answer *a) {
        struct measure *m = &p->throng->measure;
        const char *state = text_of(o, "state"), *why = text_of(o, "error");
        struct hold *h = &p->hold;

        if (strcmp(state, "running") == 0) {
                h->running = true;
                set_url(h, o);
                m->instances++;
                measure_took(m, STEP_RUNNING, h->asked_us, a->ended_us);
                player_wait(p, 0);
        } else if (strcmp(state, "ended") == 0 || strcmp(state, "stopping") == 0) {
                if (!*why)
                        why = text_of(o, "end_reason");
                measure_failed(m, STEP_RUNNING, a->ended_us, "it ended: %s", why);
                h->id[0] = '\0';
                play_advance(p, false);
        } else if (a->ended_us - h->asked_us > (int64_t)PATIENCE_S * 1000000) {
                measure_failed(m, STEP_RUNNING, a->ended_us, "it is %s after %d s", state,
                               PATIENCE_S);
                play_advance(p, false);
        } else {
                player_wait(p, LOOK_MS);
        }
}

int hold_started(struct player *p, const json_t *o, const struct visit_answer *a, struct err *err) {
        const char *id = text_of(o, "id");

        if (!*id || strlen(id) >= LEASE_TEXT || strchr(id, '/'))
                return err_set(err, ERR_GARBLED, "the answer names no instance");
        str_copy(p->hold.id, sizeof(p->hold.id), id);
        take_state(p, o, a);
        return 0;
}

int hold_seen(struct player *p, const json_t *o, const struct visit_answer *a,
              struct err *err _unused_) {
        take_state(p, o, a);
        return 0;
}

void hold_connected(struct player *p, const struct visit_answer *a) {
        struct measure *m = &p->throng->measure;

        if (a->trouble)
                measure_failed(m, STEP_CONNECT, a->ended_us, "%s", a->trouble);
        else
                measure_took(m, STEP_CONNECT, a->began_us, a->ended_us);
        play_advance(p, !a->trouble);
}
