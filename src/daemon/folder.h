/* The folder of challenges: read, complained about, and made the tenant's challenges. */
#pragma once

#include "core/verbs.h"

/* What is wrong is logged with file, line and reason.  While a file is bad
 * nothing is hidden: its challenge stays as it was.  Fails when DIR cannot be read. */
_must_check_ int folder_sync(struct engine *e, const char *dir, int64_t tenant, struct err *err);
