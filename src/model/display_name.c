#include "model/display_name.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <unicase.h>

#include "base/str.h"

#define CHARACTERS_MIN 2
#define CHARACTERS_MAX 30
#define REPEATS_MAX    4

/* As whole words: inside of others ("Modern", "Beetroot") they say nothing. */
static const char *const reserved[] = {
        "admin", "admins", "administrator", "moderator", "mod",       "root",       "system",
        "ctfg",  "berth",  "official",      "support",   "staff",     "owner",      "operator",
        "judge", "judges", "gamemaster",    "organiser", "organizer", "organisers", "organizers",
};

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Drops outer blanks, makes inner runs one space.  False when RET is too small. */
static bool collapse(const char *text, char ret[DISPLAY_NAME_SIZE]) {
        size_t n = 0;

        for (; *text; text++) {
                char c = *text;

                if (is_blank(c))
                        c = ' ';
                if (c == ' ' && (n == 0 || ret[n - 1] == ' '))
                        continue;
                if (n + 1 == DISPLAY_NAME_SIZE)
                        return false;
                ret[n++] = c;
        }
        while (n > 0 && ret[n - 1] == ' ')
                n--;
        ret[n] = '\0';
        return true;
}

static size_t count_characters(const char *s) {
        size_t n = 0;

        for (; *s; s++)
                n += ((unsigned char)*s & 0xc0) != 0x80;
        return n;
}

static bool is_allowed(const char *s) {
        for (const char *p = s; *p; p++)
                if (!((unsigned char)*p >= 0x80 || isalnum((unsigned char)*p) ||
                      strchr(" -_.,'!?@#()", *p)))
                        return false;
        return str_is_name(s);
}

static bool is_reserved(const char *word, size_t n) {
        for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
                if (strlen(reserved[i]) == n && memcmp(word, reserved[i], n) == 0)
                        return true;
        return false;
}

/* A word is a run of letters: "admin42" and "the_admin" make believe as well. */
static bool has_reserved_word(const char *name) {
        char key[DISPLAY_NAME_KEY];
        const char *s = key;

        display_name_key(name, key);
        for (size_t n; *s; s += n ? n : 1) {
                for (n = 0; isalpha((unsigned char)s[n]) || (unsigned char)s[n] >= 0x80; n++)
                        ;
                if (is_reserved(s, n))
                        return true;
        }
        return false;
}

static bool has_repeats(const char *s) {
        size_t run = 1;

        for (; *s && s[1]; s++) {
                run = s[0] == s[1] && isalnum((unsigned char)*s) ? run + 1 : 1;
                if (run > REPEATS_MAX)
                        return true;
        }
        return false;
}

int display_name_clean(const char *text, char ret[DISPLAY_NAME_SIZE], struct err *err) {
        char name[DISPLAY_NAME_SIZE];

        if (!collapse(text, name) || count_characters(name) > CHARACTERS_MAX)
                return err_set(err, ERR_INVALID, "Display name cannot exceed %d characters",
                               CHARACTERS_MAX);
        if (!*name)
                return err_set(err, ERR_INVALID, "Display name cannot be empty");
        if (count_characters(name) < CHARACTERS_MIN)
                return err_set(err, ERR_INVALID, "Display name must be at least %d characters",
                               CHARACTERS_MIN);
        if (!is_allowed(name))
                return err_set(err, ERR_INVALID, "Display name contains invalid characters");
        if (has_reserved_word(name))
                return err_set(err, ERR_INVALID, "Display name contains restricted terms");
        if (has_repeats(name))
                return err_set(err, ERR_INVALID,
                               "Display name contains excessive character repetition");
        str_copy(ret, DISPLAY_NAME_SIZE, name);
        return 0;
}

void display_name_key(const char *name, char ret[DISPLAY_NAME_KEY]) {
        size_t n = DISPLAY_NAME_KEY - 1;
        const uint8_t *key = u8_casefold((const uint8_t *)name, strlen(name), NULL, UNINORM_NFKC,
                                         (uint8_t *)ret, &n);

        assert(key == (uint8_t *)ret);
        ret[n] = '\0';
}
