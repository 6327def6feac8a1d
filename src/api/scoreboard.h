/* The kept pages of the board, of one lane; and what the CTFtime feed shares. */
#pragma once

#include "api/view.h"

struct boards *scoreboard_new(void);
struct boards *scoreboard_free(struct boards *b);

/* Is C on the board for who asks?  What has to be solved first is. */
bool scoreboard_shows(const struct view *v, const struct challenge *c);
