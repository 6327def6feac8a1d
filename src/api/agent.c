#include "api/agent.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"

#define HEADER_LOOKED_AT 512 /* bytes; what says who it is stands before */

struct mark {
        const char *token, *name;
};

#define PROGRAM(token, name) { token, name },
#define SYSTEM(token, name)
static const struct mark programs[] = {
#include "api/agents.def"
};

#define PROGRAM(token, name)
#define SYSTEM(token, name) { token, name },
static const struct mark systems[] = {
#include "api/agents.def"
};

static const char *find(const char *header, const struct mark *marks, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strstr(header, marks[i].token))
                        return marks[i].name;
        return "";
}

void agent_text(const char *header, char ret[AGENT_SIZE]) {
        char start[HEADER_LOOKED_AT];
        const char *program, *system;

        snprintf(start, sizeof(start), "%s", header ? header : "");
        program = find(start, programs, ARRAY_SIZE(programs));
        system = find(start, systems, ARRAY_SIZE(systems));
        snprintf(ret, AGENT_SIZE, "%s%s%s", program, *program && *system ? " on " : "", system);
}
