#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/endpoints.h"

static bool plain(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_';
}

static void write_name(const char *name, char ret[3 * sizeof(((struct endpoint *)0)->name)]) {
        static const char hex[] = "0123456789abcdef";

        for (; *name; name++) {
                if (plain(*name)) {
                        *ret++ = *name;
                        continue;
                }
                *ret++ = '%';
                *ret++ = hex[(uint8_t)*name >> 4];
                *ret++ = hex[(uint8_t)*name & 15];
        }
        *ret = '\0';
}

void endpoints_write(const struct lease *lease, char ret[ENDPOINTS_TEXT]) {
        char name[3 * sizeof(lease->endpoints[0].name)];
        size_t len = 0;

        assert(lease->n_endpoints <= LEASE_PORTS_MAX);
        ret[0] = '\0';
        for (size_t i = 0; i < lease->n_endpoints; i++) {
                const struct endpoint *e = &lease->endpoints[i];

                write_name(e->name, name);
                len += (size_t)snprintf(ret + len, ENDPOINTS_TEXT - len, "%s%s/%s/%u/%u/%u",
                                        i ? "," : "", name, protocol_name(e->protocol), e->inner,
                                        e->port, lease->host_ports[i]);
                assert(len < ENDPOINTS_TEXT);
        }
}

static int digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A name up to '/', or NULL. */
static const char *read_name(const char *s, char *ret, size_t room) {
        size_t n = 0;

        for (; plain(*s) || *s == '%'; s++) {
                int c = (uint8_t)*s;

                if (*s == '%') {
                        int high = digit(s[1]), low = high < 0 ? -1 : digit(s[2]);

                        c = high * 16 + low;
                        if (high < 0 || low < 0 || c == 0)
                                return NULL;
                        s += 2;
                }
                if (n + 1 >= room)
                        return NULL;
                ret[n++] = (char)c;
        }
        ret[n] = '\0';
        return *s == '/' ? s + 1 : NULL;
}

static const char *read_protocol(const char *s, enum protocol *ret) {
        char word[16];
        size_t n = strcspn(s, "/");
        int p;

        if (n >= sizeof(word) || s[n] != '/')
                return NULL;
        memcpy(word, s, n);
        word[n] = '\0';
        p = protocol_parse(word);
        if (p < 0)
                return NULL;
        *ret = (enum protocol)p;
        return s + n + 1;
}

/* A port that ends at one of ENDS. */
static const char *read_port(const char *s, const char *ends, uint16_t *ret) {
        size_t n = strspn(s, "0123456789");
        unsigned v = 0;

        if (n == 0 || n > 5 || !strchr(ends, s[n]))
                return NULL;
        for (size_t i = 0; i < n; i++)
                v = v * 10 + (unsigned)digit(s[i]);
        if (v > UINT16_MAX)
                return NULL;
        *ret = (uint16_t)v;
        return s + n + (s[n] == '/');
}

/* One endpoint and its host port, up to ',' or the end. */
static const char *read_one(const char *s, struct endpoint *e, uint16_t *host_port) {
        if (!(s = read_name(s, e->name, sizeof(e->name))) ||
            !(s = read_protocol(s, &e->protocol)) || !(s = read_port(s, "/", &e->inner)) ||
            !(s = read_port(s, "/", &e->port)))
                return NULL;
        return read_port(s, ",", host_port);
}

int endpoints_read(const char *text, struct lease *lease, struct err *err) {
        const char *s = text;
        size_t n = 0;

        while (*s) {
                if (n < LEASE_PORTS_MAX)
                        s = read_one(s, &lease->endpoints[n], &lease->host_ports[n]);
                if (n++ == LEASE_PORTS_MAX || !s || (*s == ',' && !s[1]))
                        return err_set(err, ERR_INTERNAL, "store: damaged endpoints \"%.100s\"",
                                       text);
                s += *s == ',';
        }
        lease->n_endpoints = n;
        return 0;
}
