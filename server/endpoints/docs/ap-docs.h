/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-room.h"

/* The server's own description: `/openapi.json` (its HTTP) and `/asyncapi.json` (its WebSockets), and pages that show
 * them: `/docs`, `/redoc`, `/redoc/websockets`. Open to everybody, since every copy of this version says the same. */
extern const ApRoom ap_docs_room;
