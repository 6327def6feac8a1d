/*
 * The firewall on a bridge that instances sit on.
 *
 * Docker keeps instances on a bridge from each other and, where the bridge is
 * internal, from the outside; nothing keeps them from the host itself.  So:
 *
 *   INPUT        what enters the host from the bridge and answers nothing is dropped
 *   DOCKER-USER  from a bridge with a way out, what goes to a private, shared, link-local
 *                (metadata), multicast or reserved range is dropped; from a bridge that is there
 *                only to publish ports, all that answers nothing
 *
 * Works by running iptables, which needs root or CAP_NET_ADMIN, on the
 * engine's own host.  Idempotent; calls from several processes at once are
 * serialised by iptables' own lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum firewall_bridge { FIREWALL_INNER, FIREWALL_OUT, FIREWALL_PUBLISH };

/* Is every rule of BRIDGE in force?  With SET, makes it so first.
 * Fails: INVALID rules are missing, or this process may not ask; UNAVAILABLE iptables fails. */
_must_check_ int firewall_guard(const char *bridge, enum firewall_bridge kind, bool set,
                                struct err *err);
/* The commands that an operator would run instead, in one line. */
void firewall_fix(const char *bridge, enum firewall_bridge kind, char *ret, size_t room);
