/* The live stream's routes. */
#pragma once

#include "api/call.h"
#include "api/tickets.h"

/* For clients of CTFG's: what opens /scorestream?token= again and again, as long as the credential
 * that C came with is good. */
void stream_pass(struct call *c, char ret[PASS_TEXT]);
