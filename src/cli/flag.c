#include <stdio.h>

#include "cli/flag.h"

static char letter(char c) {
        if (c == '_')
                return '-';
        if (c >= 'A' && c <= 'Z')
                return (char)(c - 'A' + 'a');
        return c;
}

bool flag_is(const char *name, const char *flag, size_t n) {
        size_t i = 0;

        while (i < n && name[i] && flag[i] == letter(name[i]))
                i++;
        return i == n && !name[i];
}

void flag_text(const char *name, char ret[FLAG_TEXT]) {
        snprintf(ret, FLAG_TEXT, "--%s", name);
        for (char *c = ret; *c; c++)
                *c = letter(*c);
}
