/* A shop that signs its sessions with a checksum. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../lib/puzzle.h"

#define PORT        8080
#define SESSION_MAX 128

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The CRC-32 of zip and of Ethernet. */
static uint32_t checksum(const char *s) {
        uint32_t crc = 0xffffffff;

        for (; *s; s++) {
                crc ^= (unsigned char)*s;
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
        return ~crc;
}

static void encode(const char *text, char *ret) {
        uint32_t bits = 0;
        int have = 0;

        for (; *text; text++) {
                bits = bits << 8 | (unsigned char)*text;
                for (have += 8; have >= 6; have -= 6)
                        *ret++ = digits[bits >> (have - 6) & 63];
        }
        if (have)
                *ret++ = digits[bits << (6 - have) & 63];
        *ret = '\0';
}

static bool decode(const char *text, size_t n, char *ret, size_t room) {
        uint32_t bits = 0;
        size_t len = 0;
        int have = 0;

        for (size_t i = 0; i < n && text[i] != '='; i++) {
                const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

                if (!digit)
                        return false;
                bits = bits << 6 | (uint32_t)(digit - digits);
                have += 6;
                if (have < 8)
                        continue;
                have -= 8;
                if (len + 1 >= room)
                        return false;
                ret[len++] = (char)(bits >> have);
        }
        ret[len] = '\0';
        return true;
}

/* What the session says, if its checksum is right; else false. */
static bool read_session(const char *cookie, char user[32], char role[32]) {
        const char *session = strstr(cookie, "session="), *dot;
        char text[SESSION_MAX];
        uint32_t crc;

        if (!session)
                return false;
        session += strlen("session=");
        dot = strchr(session, '.');
        if (!dot || !decode(session, (size_t)(dot - session), text, sizeof(text)))
                return false;
        if (sscanf(dot + 1, "%8" SCNx32, &crc) != 1 || crc != checksum(text))
                return false;
        return sscanf(text, "user=%31[a-z]&role=%31[a-z]", user, role) == 2;
}

static void front(int fd, const struct page_request *r, bool known, const char *user,
                  const char *role) {
        static const char visitor[] = "user=guest&role=visitor";
        char headers[512] = "", session[SESSION_MAX], body[1024];

        if (!known) {
                encode(visitor, session);
                snprintf(headers, sizeof(headers),
                         "Set-Cookie: session=%s.%08" PRIx32 "; Path=/; SameSite=Lax\r\n", session,
                         checksum(visitor));
        }
        snprintf(body, sizeof(body),
                 "<!doctype html><title>The cookie shop</title><h1>The cookie shop</h1>"
                 "<p>Welcome, %s. Your role here is <b>%s</b>.</p>"
                 "<p><a href=\"/vault\">The vault</a> is for admins only.</p>"
                 "<!-- Robots, please keep out of where you are not wanted. -->\n",
                 known ? user : "guest", known ? role : "visitor");
        page_answer(fd, r, "200 OK", headers, "text/html", body);
}

static void vault(int fd, const struct page_request *r, bool admin) {
        char body[320];

        if (!admin) {
                page_answer(fd, r, "403 Forbidden", "", "text/plain",
                            "Only the role admin may open the vault.\n");
                return;
        }
        snprintf(body, sizeof(body), "%s\n", puzzle_flag());
        page_answer(fd, r, "200 OK", "", "text/plain", body);
}

static void serve(int fd) {
        char user[32] = "", role[32] = "";
        struct page_request r;
        bool known;

        if (!page_read(fd, &r))
                return;
        known = read_session(r.cookie, user, role);
        if (strcmp(r.method, "GET") != 0 && strcmp(r.method, "HEAD") != 0)
                page_answer(fd, &r, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", "text/plain",
                            "GET only.\n");
        else if (strcmp(r.path, "/") == 0)
                front(fd, &r, known, user, role);
        else if (strcmp(r.path, "/vault") == 0)
                vault(fd, &r, known && strcmp(role, "admin") == 0);
        else if (strcmp(r.path, "/up") == 0)
                page_answer(fd, &r, "200 OK", "", "text/plain", "ok\n");
        else if (strcmp(r.path, "/robots.txt") == 0)
                page_answer(fd, &r, "200 OK", "", "text/plain",
                            "User-agent: *\nDisallow: /notes.txt\n");
        else if (strcmp(r.path, "/notes.txt") == 0)
                page_answer(fd, &r, "200 OK", "", "text/plain",
                            "A session is user=NAME&role=ROLE in URL-safe base64, a dot, and its\n"
                            "CRC-32 in hexadecimal. Nobody can change one: the sum would be "
                            "wrong.\n");
        else
                page_answer(fd, &r, "404 Not Found", "", "text/plain", "No such page.\n");
}

int main(void) {
        static const struct door doors[] = { { PORT, serve } };

        puzzle_flag(); /* without one, say so at once */
        puzzle_open(doors, 1);
}
