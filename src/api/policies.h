/* Policies as JSON.  See policies.c. */
#pragma once

#include "base/json.h"
#include "model/lease.h"

void policy_write(struct buf *b, const struct policy *p);
