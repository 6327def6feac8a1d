#include "model/flag.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

void flag_key(const uint8_t master[KEY_SIZE], int64_t tenant, uint8_t ret[KEY_SIZE]) {
        char text[64];
        int n = snprintf(text, sizeof(text), "berth flag key/%" PRId64, tenant);

        hmac_sha256(master, text, (size_t)n, ret);
}

/* What a placeholder is filled from. */
struct source {
        struct account who;
        uint8_t bytes[SHA256_SIZE]; /* of this occurrence only */
};

#define VALUE_MAX 40 /* a UUID's 36 characters are the longest */

static void fill_hex(const struct source *s, char ret[VALUE_MAX]) { hex_encode(s->bytes, 3, ret); }

static void fill_uuid(const struct source *s, char ret[VALUE_MAX]) {
        static const size_t groups[] = { 4, 2, 2, 2, 6 };
        uint8_t u[16];
        size_t from = 0;

        memcpy(u, s->bytes, sizeof(u));
        u[6] = (uint8_t)((u[6] & 0x0f) | 0x80); /* version 8 */
        u[8] = (uint8_t)((u[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
        for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
                if (i > 0)
                        *ret++ = '-';
                hex_encode(u + from, groups[i], ret);
                ret += 2 * groups[i];
                from += groups[i];
        }
}

static void fill_id(const struct source *s, enum account_kind kind, char ret[VALUE_MAX]) {
        snprintf(ret, VALUE_MAX, "%" PRId64, s->who.kind == kind ? s->who.id : (int64_t)0);
}

static void fill_user(const struct source *s, char ret[VALUE_MAX]) {
        fill_id(s, ACCOUNT_USER, ret);
}

static void fill_team(const struct source *s, char ret[VALUE_MAX]) {
        fill_id(s, ACCOUNT_TEAM, ret);
}

static const struct placeholder {
        const char *text;
        void (*fill)(const struct source *s, char ret[VALUE_MAX]);
} placeholders[] = {
        { "<hex>", fill_hex },
        { "<uuid>", fill_uuid },
        { "<user_id>", fill_user },
        { "<team_id>", fill_team },
};

static const struct placeholder *placeholder_at(const char *s) {
        for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++)
                if (strncmp(s, placeholders[i].text, strlen(placeholders[i].text)) == 0)
                        return &placeholders[i];
        return NULL;
}

static int refuse_placeholder(const char *s, struct err *err) {
        size_t n = strcspn(s, ">");

        return err_set(err, ERR_INVALID,
                       "unknown placeholder \"%.*s\"; there are <hex>, <uuid>, <user_id> and "
                       "<team_id>",
                       (int)(n < 24 ? n + (s[n] == '>') : 24), s);
}

int flag_derive(const uint8_t key[KEY_SIZE], const char *template, int64_t challenge,
                struct account who, int64_t generation, char ret[FLAG_MAX], struct err *err) {
        char flag[FLAG_MAX], text[128], value[VALUE_MAX];
        struct source source = { .who = who };
        size_t len = 0, n;
        unsigned occurrence = 0;
        int bytes;

        for (const char *s = template; *s; len += n) {
                const struct placeholder *p = *s == '<' ? placeholder_at(s) : NULL;

                if (*s == '<' && !p)
                        return refuse_placeholder(s, err);
                snprintf(value, sizeof(value), "%c", *s);
                if (p) {
                        bytes = snprintf(text, sizeof(text),
                                         "%" PRId64 "/%s/%" PRId64 "/%" PRId64 "/%u", challenge,
                                         account_kind_name(who.kind), who.id, generation,
                                         occurrence++);
                        hmac_sha256(key, text, (size_t)bytes, source.bytes);
                        p->fill(&source, value);
                }
                s += p ? strlen(p->text) : 1;
                n = strlen(value);
                if (len + n >= sizeof(flag))
                        return err_set(err, ERR_INVALID, "the flag is longer than %d bytes",
                                       FLAG_MAX - 1);
                memcpy(flag + len, value, n);
        }
        flag[len] = '\0';
        memcpy(ret, flag, len + 1);
        return 0;
}

int flag_template_check(const char *template, struct err *err) {
        static const uint8_t no_key[KEY_SIZE];
        char flag[FLAG_MAX];

        crypto_init(); /* tools check templates before anything else */
        if (!*template)
                return err_set(err, ERR_INVALID, "the flag is empty");
        for (const unsigned char *s = (const unsigned char *)template; *s; s++)
                if (*s < 0x20 || *s == 0x7f)
                        return err_set(err, ERR_INVALID, "the flag has a control character");
        /* The longest ids, as a user's and as a team's: what passes here never fails later. */
        if (flag_derive(no_key, template, INT64_MAX, (struct account){ ACCOUNT_USER, INT64_MAX },
                        INT64_MAX, flag, err) < 0)
                return -1;
        return flag_derive(no_key, template, INT64_MAX, (struct account){ ACCOUNT_TEAM, INT64_MAX },
                           INT64_MAX, flag, err);
}
