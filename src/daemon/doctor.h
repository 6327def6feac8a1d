/*
 * berth doctor: is this machine ready, and what to do where it is not.
 *
 * Looks, and changes nothing.  Each check adds a finding; a fix is a command
 * or a setting that an operator can use as it stands.
 */
#pragma once

#include "base/arena.h"
#include "cli/settings.h"

enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_BROKEN };

struct finding {
        const char *what; /* "engine docker", "ports", ... */
        enum verdict verdict;
        const char *detail, *fix; /* fix NULL when ok */
};

#define FINDINGS_MAX 64
struct findings {
        struct arena *arena;
        struct finding list[FINDINGS_MAX];
        size_t n;
};

/* FIX may be NULL.  What is beyond FINDINGS_MAX is dropped. */
void findings_add(struct findings *f, const char *what, enum verdict verdict, const char *detail,
                  const char *fix);

/* The machine: files, ports, clock, the address of the interface. */
void doctor_host(const struct settings *s, struct findings *f);
