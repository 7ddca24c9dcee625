/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/**
 * ap_healthcheck:
 * @host: what the server was told to listen on; the address of all interfaces is asked on the loopback one
 *
 * Asks a server for GET /health, for a container that has no other client. Fails unless it answers 200 within 3
 * seconds.
 */
gboolean ap_healthcheck (const char *host, guint16 port, GError **error);
