/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

/* Answers GET /health: the server lives, and has so many open WebSockets. */
void ap_health_respond (SoupServerMessage *message, guint active_connections);
