/* A lock that tells how far one has come. */
#include <string.h>

#include "../../lib/puzzle.h"

#define PORT   9000
#define DIGITS 6
#define TRIES  5

static char combination[DIGITS + 1];

static size_t clicks(const char *tried) {
        size_t n = 0;

        while (n < DIGITS && tried[n] == combination[n])
                n++;
        return n;
}

static void serve(int fd) {
        char line[64];
        size_t n;

        puzzle_say(fd, "A heavy door. Its lock has %d dials, from 0 to 9 each.\n", DIGITS);
        for (int left = TRIES; left > 0; left--) {
                puzzle_say(fd, "%d %s left> ", left, left == 1 ? "try" : "tries");
                if (!puzzle_line(fd, line, sizeof(line)))
                        return;
                if (strlen(line) != DIGITS || strspn(line, "0123456789") != DIGITS) {
                        puzzle_say(fd, "The dials want %d digits.\n", DIGITS);
                        continue;
                }
                n = clicks(line);
                if (n == DIGITS) {
                        puzzle_say(fd, "It opens. Inside: %s\n", puzzle_flag());
                        return;
                }
                puzzle_say(fd, "You hear %zu click%s, then nothing.\n", n, n == 1 ? "" : "s");
        }
        puzzle_say(fd, "A guard comes. You had better leave.\n");
}

int main(void) {
        static const struct door doors[] = { { PORT, serve } };
        uint8_t chance[DIGITS];

        puzzle_flag(); /* without one, say so at once */
        puzzle_chance(chance, sizeof(chance));
        for (size_t i = 0; i < DIGITS; i++)
                combination[i] = (char)('0' + chance[i] % 10);
        puzzle_open(doors, 1);
}
