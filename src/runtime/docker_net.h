/*
 * The bridges that instances sit on, and their firewall.
 *
 * One bridge for all instances of a kind, since Docker's address pools end
 * after some 30 networks.  On none do instances reach each other.
 *
 *   NAME      internal: no way out; the host reaches instances by their address
 *   NAME-out  for instances that may go out; refused unless the firewall holds
 *   NAME-pub  where ports are published (gate off) and there is no way out: publishing does not
 *             work on an internal bridge, so this one does not masquerade
 *
 * Made on demand; whoever loses the race to make one uses the winner's.
 * Thread-safe.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "runtime/firewall.h"
#include "runtime/runtime.h"

#define NETWORK_NAME_MAX 64
#define BRIDGE_NAME_MAX  16 /* the kernel's limit for an interface, with its NUL */

struct docker;

struct docker_bridge {
        char network[NETWORK_NAME_MAX], name[BRIDGE_NAME_MAX];
        enum firewall_bridge kind;
        bool ready;
};

struct docker_net {
        pthread_mutex_t lock;            /* held while one is made */
        struct docker_bridge bridges[3]; /* by kind */
        bool manage, local;
};

void docker_net_init(struct docker_net *n, const struct runtime_config *config, bool local);
void docker_net_done(struct docker_net *n);

/* The network for SPEC, made where it is missing.
 * Fails: INVALID it is there but not as it must be, or the firewall for a way out is missing. */
_must_check_ int docker_net_ensure(struct docker *d, const struct spec *spec, const char **network,
                                   struct err *err);
/* The engine says that a network is gone: looks again at the next start. */
void docker_net_forget(struct docker_net *n);
/* Fills isolated and isolation_fix. */
void docker_net_health(struct docker *d, struct runtime_health *ret);

/* The interface's name of NETWORK's bridge of KIND. */
void docker_bridge_name(const char *network, enum firewall_bridge kind, char ret[BRIDGE_NAME_MAX]);
