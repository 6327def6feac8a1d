#include "model/marks.h"
#include "test.h"

static struct mark at(int line) { return (struct mark){ line, 10 * line }; }

TEST(nearest) {
        _cleanup_marks_ struct marks m = { 0 };

        CHECK(marks_find(&m, "a").line == 1 && marks_find(&m, "").column == 1);
        marks_put(&m, "", at(2));
        marks_put(&m, "hints", at(3));
        marks_put(&m, "hints[1]", at(4));
        marks_put(&m, "hints[1].cost", at(5));
        CHECK(marks_find(&m, "hints[1].cost").line == 5);
        CHECK(marks_find(&m, "hints[1].cost").column == 50);
        CHECK(marks_find(&m, "hints[1].text.x").line == 4);
        CHECK(marks_find(&m, "hints[10].cost").line == 3);
        CHECK(marks_find(&m, "hin").line == 2);
        CHECK(marks_find(&m, "[3].x").line == 2);
}

TEST(messages) {
        _cleanup_marks_ struct marks m = { 0 };

        marks_put(&m, "a.b", at(7));
        CHECK(marks_of_message(&m, "a.b: must be: so").line == 7);
        CHECK(marks_of_message(&m, "must be so").line == 1);
        marks_put(&m, "", at(2));
        CHECK(marks_of_message(&m, "must be so").line == 2);
        CHECK(marks_of_message(&m, "").line == 2);
}

TEST(the_last_one_counts) {
        _cleanup_marks_ struct marks m = { 0 };

        marks_put(&m, "a", at(1));
        marks_put(&m, "a", at(2));
        CHECK(marks_find(&m, "a").line == 2);
}
