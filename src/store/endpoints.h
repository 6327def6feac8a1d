/*
 * A lease's endpoints as one text column.
 *
 * "web/http/8080/30001/32768,ssh/ssh/22/30002/0": name, protocol, port inside,
 * port for players, port of the engine's host.  Bytes of a name other than
 * letters, digits, '.', '-' and '_' are written as %XX.
 */
#pragma once

#include "model/lease.h"

#define ENDPOINTS_TEXT 1024

void endpoints_write(const struct lease *lease, char ret[ENDPOINTS_TEXT]);
/* Fills the endpoints and host ports of *LEASE.  Fails INTERNAL when TEXT is damaged. */
_must_check_ int endpoints_read(const char *text, struct lease *lease, struct err *err);
