#include "model/game.h"
#include "test.h"

TEST(a_game_has_its_time) {
        struct game_rules r = { .starts_ms = 100, .ends_ms = 200, .freeze_ms = 150 };

        CHECK(game_phase(&r, 99) == GAME_NOT_STARTED);
        CHECK(game_phase(&r, 100) == GAME_OPEN);
        CHECK(game_phase(&r, 199) == GAME_OPEN);
        CHECK(game_phase(&r, 200) == GAME_ENDED);
        CHECK(!game_frozen(&r, 149) && game_frozen(&r, 150) && game_frozen(&r, 1000));
        r.paused = true;
        CHECK(game_phase(&r, 150) == GAME_PAUSED);
        CHECK(game_phase(&r, 99) == GAME_NOT_STARTED && game_phase(&r, 200) == GAME_ENDED);
        r = (struct game_rules){ 0 };
        CHECK(game_phase(&r, 1) == GAME_OPEN && !game_frozen(&r, INT64_MAX));
}

TEST(brackets) {
        struct game_rules r = { .brackets = { "students", "open" } };

        CHECK(game_has_bracket(&r, "students") && game_has_bracket(&r, "open"));
        CHECK(game_has_bracket(&r, "") && !game_has_bracket(&r, "Open"));
}

TEST(results_have_names) {
        CHECK(submission_result_parse("correct") == SUBMISSION_CORRECT);
        CHECK(submission_result_parse(submission_result_name(SUBMISSION_INCORRECT)) ==
              SUBMISSION_INCORRECT);
        CHECK(submission_result_parse("partial") == -1);
}
