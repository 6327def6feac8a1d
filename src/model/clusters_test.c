#include "model/clusters.h"
#include "test.h"

static void refused(const char *text, const char *reason) {
        _cleanup_arena_ struct arena arena = { 0 };
        struct clusters c = { 0 };
        struct err err;

        CHECK(clusters_parse(text, strlen(text), &arena, &c, &err) == -1 && !c.control);
        CHECK(err.kind == ERR_INVALID);
        if (!strstr(err.msg, reason))
                CHECK_STR(err.msg, reason);
}

TEST(both) {
        static const char text[] = "# of the game\ncontrol_cluster: control.example\n"
                                   "player_clusters:\n  - one.example\n  - two.example\n";
        _cleanup_arena_ struct arena arena = { 0 };
        struct clusters c;
        struct err err;

        CHECK_OK(clusters_parse(text, strlen(text), &arena, &c, &err));
        CHECK_STR(c.control, "control.example");
        CHECK(c.n == 2);
        CHECK_STR(c.players[0], "one.example");
        CHECK_STR(c.players[1], "two.example");
}

TEST(anything_else) {
        refused("", "line 1: the file is empty");
        refused("- a\n", "must be a mapping");
        refused("control_cluster: a\n", "line 1: player_clusters: must name at least one");
        refused("player_clusters: [a]\n", "line 1: control_cluster: is missing");
        refused("control_cluster: a\nplayer_clusters: []\n", "line 2: player_clusters: must name");
        refused("control_cluster: a\nplayer_clusters: [a]\nregion: x\n",
                "line 3: region: is unknown");
        refused("control_cluster: a\nplayer_clusters:\n  - a\n  - 7\n",
                "line 4: player_clusters[1]: must be text");
        refused("control_cluster: 7\nplayer_clusters: [a]\n",
                "line 1: control_cluster: must be text");
        refused("control_cluster: [\n", "line 2: not valid YAML");
}
