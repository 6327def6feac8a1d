/* Numbered migrations.  Only files in store/ include this. */
#pragma once

#include "store/db.h"
#include "store/migrations.h" /* generated: struct migration, migrations[] */

/* Applies those of the N migrations in LIST (by number, from 1) that DB has not. */
_must_check_ int migrate(struct db *db, const struct migration *list, int n, struct err *err);
/* Fails INVALID unless DB has exactly LIST. */
_must_check_ int migrate_check(struct db *db, const struct migration *list, int n, struct err *err);
