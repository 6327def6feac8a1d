/*
 * A folder of pages served as it is: index.html, css/, js/ and images/, as CTFG
 * lays them out.  Each loop keeps what it read, and looks at the file's time
 * and size each time; the tag is of the contents, so what is new is seen at the
 * next load.
 */
#pragma once

#include "api/call.h"

struct pages *pages_new(void); /* of a lane */
struct pages *pages_free(struct pages *p);
