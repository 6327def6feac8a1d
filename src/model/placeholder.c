#include "model/placeholder.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"

#define CRC_SIZE 4
#define UNSET    "[unset]"

/* As zlib and PNG have it: reflected, polynomial 0xEDB88320. */
static uint32_t crc32_of(const char *text, size_t n) {
        uint32_t crc = 0xffffffff;

        for (size_t i = 0; i < n; i++) {
                crc ^= (uint8_t)text[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
        return ~crc;
}

static void put_crc(uint32_t crc, char ret[CRC_SIZE]) {
        for (unsigned i = 0; i < CRC_SIZE; i++)
                ret[i] = (char)(crc >> (24 - 8 * i));
}

static void apply_key(char *data, size_t n, const char *key) {
        size_t len = strlen(key);

        assert(len > 0);
        for (size_t i = 0; i < n; i++)
                data[i] = (char)(data[i] ^ key[i % len]);
}

const char *placeholder_mask(const char *text, const char *key, struct arena *arena) {
        size_t n = strlen(text);
        char *data = arena_grow(arena, text, n, n + CRC_SIZE);
        char *hex = arena_alloc(arena, 2 * (n + CRC_SIZE) + 1);

        put_crc(crc32_of(text, n), data + n);
        apply_key(data, n + CRC_SIZE, key);
        hex_encode((uint8_t *)data, n + CRC_SIZE, hex);
        for (char *c = hex; *c; c++)
                if (*c >= 'a')
                        *c = (char)(*c - 'a' + 'A');
        return hex;
}

int placeholder_unmask(const char *hex, const char *key, struct arena *arena, const char **ret,
                       struct err *err) {
        size_t n = strlen(hex) / 2;
        char *data = arena_alloc(arena, n + 1), crc[CRC_SIZE];

        if (hex_decode(hex, (uint8_t *)data, n, err) < 0)
                return -1;
        if (n < CRC_SIZE)
                return err_set(err, ERR_INVALID, "is too short to be a masked text");
        apply_key(data, n, key);
        put_crc(crc32_of(data, n - CRC_SIZE), crc);
        if (memcmp(crc, data + n - CRC_SIZE, CRC_SIZE) != 0)
                return err_set(err, ERR_INVALID, "is no text masked with this key");
        data[n - CRC_SIZE] = '\0';
        *ret = data;
        return 0;
}

struct expansion {
        const struct placeholder_setting *setting;
        const struct user *user;
        struct arena *arena;
};

static const char *fill_name(const struct expansion *e) { return e->user->name; }

static const char *fill_id(const struct expansion *e) {
        return arena_printf(e->arena, "%" PRId64, e->user->id);
}

static const char *fill_display(const struct expansion *e) {
        return *e->user->display ? e->user->display : UNSET;
}

static const char *fill_masked(const struct expansion *e) {
        return placeholder_mask(fill_display(e), e->setting->mask_key, e->arena);
}

static const char *fill_control(const struct expansion *e) { return e->setting->control_cluster; }

static const char *fill_player(const struct expansion *e) {
        const struct placeholder_setting *s = e->setting;

        if (s->n_player_clusters == 0)
                return "";
        return s->player_clusters[(uint64_t)e->user->id % s->n_player_clusters];
}

static const struct filler {
        const char *text;
        const char *(*fill)(const struct expansion *e);
} fillers[] = {
        { "@USERNAME@", fill_name },           { "@USERID@", fill_id },
        { "@DISPLAYNAME@", fill_display },     { "@OBFUSCATED_DISPLAYNAME@", fill_masked },
        { "@CONTROL_CLUSTER@", fill_control }, { "@PLAYER_CLUSTER@", fill_player },
};

static const struct filler *filler_at(const char *s) {
        for (size_t i = 0; i < ARRAY_SIZE(fillers); i++)
                if (strncmp(s, fillers[i].text, strlen(fillers[i].text)) == 0)
                        return &fillers[i];
        return NULL;
}

bool placeholder_in(const char *text) {
        for (text = strchr(text, '@'); text; text = strchr(text + 1, '@'))
                if (filler_at(text))
                        return true;
        return false;
}

static void write_html(struct buf *b, const char *value) {
        static const char special[] = "&<>\"'";
        static const char *const escaped[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };

        while (*value) {
                size_t n = strcspn(value, special);

                buf_add(b, value, n);
                value += n;
                if (*value)
                        buf_str(b, escaped[strchr(special, *value++) - special]);
        }
}

/* Without the quotes around it: the placeholder stands inside a text. */
static void write_json(struct buf *b, const char *value) {
        _cleanup_buf_ struct buf text = { 0 };

        json_text(&text, value);
        buf_add(b, text.data + 1, text.len - 2);
}

static void write_value(struct buf *b, const char *value, enum placeholder_form form) {
        if (form == PLACEHOLDER_HTML)
                write_html(b, value);
        else if (form == PLACEHOLDER_JSON)
                write_json(b, value);
        else
                buf_str(b, value);
}

const char *placeholder_expand(const char *text, const struct placeholder_setting *setting,
                               const struct user *user, enum placeholder_form form,
                               struct arena *arena) {
        struct expansion e = { setting, user, arena };
        _cleanup_buf_ struct buf b = { 0 };
        const char *from = text;
        const struct filler *f;

        for (const char *s = strchr(text, '@'); s; s = strchr(s, '@')) {
                f = filler_at(s);
                if (!f) {
                        s++;
                        continue;
                }
                buf_add(&b, from, (size_t)(s - from));
                write_value(&b, f->fill(&e), form);
                s += strlen(f->text);
                from = s;
        }
        if (from == text)
                return text;
        buf_str(&b, from);
        return arena_grow(arena, b.data, b.len + 1, b.len + 1);
}
