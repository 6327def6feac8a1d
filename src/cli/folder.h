/*
 * Folders of challenges, as commands read them: the set, or what is wrong with it.
 */
#pragma once

#include "cli/command.h"
#include "model/challenge_source.h"

/* What a daemon takes by default: berth challenge lint knows no daemon. */
#define FOLDER_FILE_MAX (INT64_C(64) << 20)

/* Reads PATH, a folder or CTFG's challenges.json.  Fails as challenge_source_load(). */
_must_check_ int folder_load(const char *path, struct challenge_source *ret, struct err *err);
/* FILE:LINE: REASON on standard error, as compilers write it, so that editors find it. */
void folder_complain(struct challenge_source *s);
/* Fails INVALID, after it complained, when anything is wrong, or when there is nothing. */
_must_check_ int folder_check(struct challenge_source *s, const char *doing, struct err *err);
