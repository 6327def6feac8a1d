/* One keystream for every message, behind two doors. */
#include <stdio.h>
#include <string.h>

#include "../../lib/puzzle.h"

#define WEB_PORT    8080
#define SEAL_PORT   7000
#define MESSAGE_MAX 256

static uint8_t keystream[MESSAGE_MAX];

/* The whole mistake: the stream begins anew for each message. */
static void seal(const char *text, char ret[2 * MESSAGE_MAX + 1]) {
        size_t n = strlen(text);

        ret[0] = '\0';
        for (size_t i = 0; i < n && i < MESSAGE_MAX; i++)
                snprintf(ret + 2 * i, 3, "%02x", (unsigned char)text[i] ^ keystream[i]);
}

static void serve_web(int fd) {
        char sealed[2 * MESSAGE_MAX + 1], body[2048];
        struct page_request r;

        if (!page_read(fd, &r))
                return;
        if (strcmp(r.path, "/") != 0) {
                page_answer(fd, &r, "404 Not Found", "", "text/plain", "No such page.\n");
                return;
        }
        seal(puzzle_flag(), sealed);
        snprintf(body, sizeof(body),
                 "<!doctype html><title>Two doors</title><h1>Sealed messages</h1>"
                 "<p>Bring yours to the other door: it seals any text, one a line. The key is as "
                 "long as the message and drawn by chance, so no one can break it.</p>"
                 "<p>Left for the owner, sealed:</p><pre>%s</pre>\n",
                 sealed);
        page_answer(fd, &r, "200 OK", "", "text/html", body);
}

static void serve_seal(int fd) {
        char line[MESSAGE_MAX + 1], sealed[2 * MESSAGE_MAX + 1];

        puzzle_say(fd, "Say what to seal, one message a line of at most %d bytes.\n", MESSAGE_MAX);
        for (;;) {
                puzzle_say(fd, "seal> ");
                if (!puzzle_line(fd, line, sizeof(line)))
                        return;
                seal(line, sealed);
                puzzle_say(fd, "%s\n", sealed);
        }
}

int main(void) {
        static const struct door doors[] = { { WEB_PORT, serve_web }, { SEAL_PORT, serve_seal } };

        puzzle_flag(); /* without one, say so at once */
        puzzle_chance(keystream, sizeof(keystream));
        puzzle_open(doors, 2);
}
