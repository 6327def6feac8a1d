/* What ws_dial.c needs of ws.c. */
#pragma once

#include "net/ws.h"

struct loop *ws_loop(struct ws *ws);
/* What came in, read by somebody else. */
void ws_feed(struct ws_peer *p, const void *data, size_t n);
