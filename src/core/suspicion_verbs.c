/* Suspicions: found by the daemon, judged by organisers. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/metric.h"
#include "base/str.h"
#include "core/watch_impl.h"
#include "core/watch_verbs.h"
#include "store/game.h"
#include "store/suspicions.h"

/* Found. */

/* The submissions that S is about, each once, separated by blanks. */
static void write_submissions(const struct suspicion *s, struct buf *ret) {
        int64_t ids[2 * EVIDENCE_MAX];
        size_t n = 0;

        for (size_t i = 0; i < 2 * s->n_evidence; i++) {
                const struct evidence *e = &s->evidence[i / 2];
                int64_t id = i % 2 ? e->other : e->one;
                size_t k = 0;

                while (k < n && ids[k] != id)
                        k++;
                if (id == 0 || k < n)
                        continue;
                if (n > 0)
                        buf_char(ret, ' ');
                buf_int(ret, id);
                ids[n++] = id;
        }
}

static void event_pair(struct event *e, const struct suspicion *s) {
        char text[ACCOUNT_TEXT];

        e->challenge = s->challenge;
        event_int(e, "suspicion", s->id);
        event_text(e, "one", account_text(s->one, text));
        event_text(e, "other", account_text(s->other, text));
}

/* About nobody's account: it is in no player's own events. */
static int append_found(struct work *w, const struct origin *o, const struct suspicion *s,
                        struct err *err) {
        _cleanup_buf_ struct buf signals = { 0 }, submissions = { 0 };
        struct event e = work_event(w, o, ACTION_SUSPICION_FOUND);

        e.account = (struct account){ 0 };
        suspicion_signals(s, ' ', &signals);
        write_submissions(s, &submissions);
        event_pair(&e, s);
        event_int(&e, "certainty", s->certainty);
        event_text(&e, "signals", signals.data);
        event_text(&e, "submissions", submissions.data);
        metric_add(METRIC_SUSPICIONS, 1, risk_name(risk_of(s->certainty)));
        return work_append(w, &e, CHANGE_NONE, NULL, err);
}

/* Adds the evidence of FOUND to S.  Did S change? */
static bool merge(struct suspicion *s, const struct suspicion *found) {
        bool grew = false;

        for (size_t i = 0; i < found->n_evidence; i++) {
                const struct evidence *e = &found->evidence[i];

                grew |= suspicion_add(s, e->signal, s->one, e->one, e->other, e->at_ms);
        }
        return grew;
}

int suspicion_note(struct work *w, const struct origin *o, const struct suspicion *found,
                   struct err *err) {
        struct suspicion s;
        bool surer;

        if (suspicions_find(w->tx, found, &s, err) < 0) {
                if (err->kind != ERR_NOT_FOUND)
                        return -1;
                s = *found;
                s.at_ms = w->now_ms;
                return suspicions_insert(w->tx, &s, err) < 0 ? -1 : append_found(w, o, &s, err);
        }
        surer = found->certainty > s.certainty;
        if (!merge(&s, found) && !surer)
                return 0;
        if (surer)
                s.certainty = found->certainty;
        if (suspicions_raise(w->tx, &s, err) < 0)
                return -1;
        return surer ? append_found(w, o, &s, err) : 0;
}

struct suspect {
        struct command command;
        struct engine *engine;
        struct suspicion found;
};

/* Some may have been deleted, or the game was reset: then nothing was found. */
static int are_there(struct work *w, const struct suspicion *s, bool *ret, struct err *err) {
        struct submission row;

        *ret = true;
        for (size_t i = 0; i < 2 * s->n_evidence && *ret; i++) {
                const struct evidence *e = &s->evidence[i / 2];
                int64_t id = i % 2 ? e->other : e->one;

                if (submissions_get(w->tx, id, w->arena, &row, err) == 0)
                        *ret = row.challenge == s->challenge;
                else if (err->kind == ERR_NOT_FOUND)
                        *ret = false;
                else
                        return -1;
        }
        return 0;
}

static int suspect_run(struct command *cmd, struct work *w, struct err *err) {
        struct suspect *s = container_of(cmd, struct suspect, command);
        int64_t threshold = games_of(w->games, s->found.tenant)->rules.threshold;
        bool there;

        if (s->found.certainty < threshold)
                return 0;
        if (are_there(w, &s->found, &there, err) < 0)
                return -1;
        return there ? suspicion_note(w, &cmd->origin, &s->found, err) : 0;
}

/* On the commit thread, or where it was submitted when the engine has closed. */
static void suspect_done(struct command *cmd) {
        struct suspect *s = container_of(cmd, struct suspect, command);

        if (cmd->result < 0)
                watch_anew(s->engine);
        free(s);
}

void suspicion_submit(struct engine *e, const struct suspicion *found) {
        struct suspect *s = calloc(1, sizeof(*s));

        if (!s)
                abort();
        s->engine = e;
        s->found = *found;
        s->command.origin = work_system(found->tenant);
        s->command.run = suspect_run;
        s->command.done = suspect_done;
        engine_submit(e, &s->command);
}

/* Judged. */

static int check_review(const struct suspicion_review *r, struct err *err) {
        if (r->verdict == SUSPICION_PENDING)
                return err_set(err, ERR_INVALID,
                               "verdict: must be innocent, suspicious or confirmed");
        if (!suspicion_notes_fit(r->notes))
                return err_set(err, ERR_INVALID,
                               "notes: must be text without control characters, at most %d bytes",
                               SUSPICION_NOTES_SIZE - 1);
        return 0;
}

static struct event event_review(struct work *w, const struct suspicion_review *r,
                                 const struct suspicion *before) {
        struct event e = work_event(w, &r->command.origin, ACTION_SUSPICION_REVIEWED);
        size_t n;

        event_pair(&e, before);
        event_text(&e, "verdict", suspicion_verdict_name(r->verdict));
        event_text(&e, "before", suspicion_verdict_name(before->verdict));
        event_int(&e, "previous", before->review_seq);
        event_text(&e, "notes", r->notes);
        assert(event_member(&e, "notes", &n)); /* or the log would not have them */
        return e;
}

static int review_run(struct command *cmd, struct work *w, struct err *err) {
        struct suspicion_review *r = container_of(cmd, struct suspicion_review, command);
        struct suspicion s;
        struct event e;

        if (check_review(r, err) < 0 || suspicions_get(w->tx, r->suspicion, &s, err) < 0)
                return -1;
        if (s.tenant != cmd->origin.tenant)
                return err_set(err, ERR_NOT_FOUND, "no such suspicion");
        e = event_review(w, r, &s);
        if (work_append(w, &e, CHANGE_NONE, NULL, err) < 0)
                return -1;
        s.verdict = r->verdict;
        s.reviewer = cmd->origin.user;
        s.reviewed_ms = w->now_ms;
        s.review_seq = w->chain.seq;
        str_copy(s.notes, sizeof(s.notes), r->notes);
        if (suspicions_review(w->tx, &s, err) < 0)
                return -1;
        r->ret = s;
        return 0;
}

void suspicion_review_command(struct suspicion_review *r) { r->command.run = review_run; }
