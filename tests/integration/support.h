/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the integration tests share beyond the client and the server process. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "server-process.h"
#include "ws-client.h"

#define AUDIO_PATH "/ws/audio"

/* The server's memory, whatever a client does. */
#define RSS_LIMIT (64 * 1024 * 1024)

/* Exit codes, of sysexits(3). */
enum { EXIT_USAGE = 64, EXIT_UNAVAILABLE = 69, EXIT_CONFIGURATION = 78 };

/* Under a sanitizer the server's memory says nothing of the server's own. */
gboolean rss_is_meaningful (void);

/* Fills @data with bytes that differ for every @seed and repeat late. */
void fill_pattern (guint8 *data, gsize len, guint32 seed);

/* Sends a binary message of such bytes, or expects it back. */
void send_pattern (WsClient *client, gsize len, guint32 seed);
gboolean expect_pattern (WsClient *client, gsize len, guint32 seed);

/* A message there and back. */
gboolean echo_pattern (WsClient *client, gsize len, guint32 seed);

/* Returns: (transfer none) (nullable): the object that @text is; it lives as long as @parser */
JsonObject *parse_object (JsonParser *parser, const char *text);

/* Returns: active_connections of /health, which must be well formed */
gint64 active_connections (guint16 port);

/* A positive number from the environment, else @fallback. */
guint number_from_environment (const char *name, guint fallback);

/* For servers that follow each other on one port: binds a socket to a port of 127.0.0.1 without listening, so that the
 * system gives it to nobody else; a server may be told to take it. Returns: the socket, to be closed in the end */
int hold_port (guint16 *port);
