/* What the board and the CTFtime feed share. */
#pragma once

#include "api/view.h"

/* Is C on the board for who asks?  What has to be solved first is. */
bool scoreboard_shows(const struct view *v, const struct challenge *c);
