#include "api/places.h"

#include "test.h"

TEST(there_are_so_many_in_all_and_for_each) {
        _cleanup_(places_freep) struct places *p = places_new(5, 2);

        CHECK(places_take(p, 1) == PLACES_TAKEN && places_take(p, 1) == PLACES_TAKEN);
        CHECK(places_take(p, 1) == PLACES_USER_FULL);
        CHECK(places_take(p, 0) == PLACES_TAKEN && places_take(p, 0) == PLACES_TAKEN);
        CHECK(places_take(p, 2) == PLACES_TAKEN);
        CHECK(places_take(p, 0) == PLACES_FULL && places_take(p, 1) == PLACES_FULL);
        places_give_back(p, 1);
        CHECK(places_take(p, 1) == PLACES_TAKEN);
        places_give_back(p, 1);
        places_give_back(p, 1);
        places_give_back(p, 0);
        CHECK(places_take(p, 3) == PLACES_TAKEN && places_take(p, 3) == PLACES_TAKEN);
        CHECK(places_take(p, 3) == PLACES_USER_FULL);
}
