/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The room of calls on two workers, as the whole server runs it, and clients of it. */
#pragma once

#include "endpoints/twilio/ap-call-room.h"

#include "ws-client.h"

typedef struct {
  ApCallSettings settings;
  ApCallRoom *room;
  guint16 port;
  struct _CallServerInside *inside;
} CallServer;

/* @settings: what is 0 and has a default that is not has that. @api_token: (nullable) */
CallServer *call_server_start (const ApCallSettings *settings, const char *api_token);
void call_server_stop (CallServer *server);

/* A request on a connection of its own; @headers are lines that end with CRLF. */
HttpAnswer *call_server_ask (CallServer *server, const char *method, const char *target, const char *headers,
                             const char *body, gsize length);
guint call_server_status (CallServer *server, const char *method, const char *target, const char *headers,
                          const char *body);
/* The status of a handshake, whose socket then ends. */
guint call_server_knock (CallServer *server, const char *path, const char *headers);

/* Twilio's first messages on a socket that is let in. @token: (nullable) */
void call_server_say_start (WsClient *client, const char *call_id, const char *stream_id, const char *tracks,
                            const char *token);
/* The same on a new socket, and waits until the call is in the table. */
WsClient *call_server_call (CallServer *server, const char *call_id, const char *stream_id, const char *tracks);
void call_server_say (WsClient *client, const char *json);
/* Streams of a call that are in the table. */
guint call_server_count (CallServer *server, const char *call_id);
