/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-http-request.h"

/* Answers GET /health: the server lives, and has so many open WebSockets. */
void ap_health_respond (ApHttpRequest *request, guint active_connections);
