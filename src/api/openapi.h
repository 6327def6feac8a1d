/* The OpenAPI 3.1 document, made from routes.def, params.def and schemas.def. */
#pragma once

#include "base/buf.h"

void openapi_write(struct buf *b, const char *version);
