/*
 * CTFG's game-clusters.yaml: what @CONTROL_CLUSTER@ and @PLAYER_CLUSTER@ stand for.
 *
 *         control_cluster: control.example
 *         player_clusters: [one.example, two.example]
 *
 * Both have to be there, and nothing else.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define CLUSTERS_FILE_MAX 65536
#define CLUSTERS_MAX      1000

struct clusters {
        const char *control;
        const char *const *players;
        size_t n;
};

/* *ret is in ARENA.  Fails: INVALID, with "line N" in the message. */
_must_check_ int clusters_parse(const char *text, size_t n, struct arena *arena,
                                struct clusters *ret, struct err *err);
