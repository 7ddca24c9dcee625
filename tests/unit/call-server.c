/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "call-server.h"

#include "app/ap-worker.h"
#include "endpoints/twilio/ap-twilio.h"
#include "net/ap-listener.h"

#include <string.h>

#include "test-wait.h"

#define WORKERS 2

struct _CallServerInside {
  ApRunningRoom rooms[2];
  ApTokens *tokens;
  ApWorkerSettings settings;
  ApWorker *workers[WORKERS];
};

static guint
count_sessions (gpointer data)
{
  struct _CallServerInside *inside = data;
  guint count = 0;

  for (guint i = 0; i < WORKERS; i++)
    count += ap_worker_count_sessions (inside->workers[i]);
  return count;
}

static void
start_workers (CallServer *server)
{
  for (guint i = 0; i < WORKERS; i++) {
    g_autoptr (GSocketAddress) bound = NULL;
    int fd = ap_listener_open ("127.0.0.1", server->port, i == 0, &bound, NULL);

    g_assert_cmpint (fd, >=, 0);
    server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
    server->inside->workers[i] = ap_worker_new (i, fd, &server->inside->settings);
  }
  for (guint i = 0; i < WORKERS; i++)
    ap_worker_start (server->inside->workers[i]);
}

static void
take_default (gint64 *setting, gint64 value)
{
  if (*setting == 0)
    *setting = value;
}

CallServer *
call_server_start (const ApCallSettings *settings, const char *api_token)
{
  CallServer *server = g_new0 (CallServer, 1);
  struct _CallServerInside *inside = g_new0 (struct _CallServerInside, 1);
  g_autoptr (GError) error = NULL;

  server->settings = *settings;
  take_default (&server->settings.call_lead_ms, 200);
  take_default (&server->settings.call_queue_ms, 2000);
  take_default (&server->settings.call_start_seconds, 60);
  take_default (&server->settings.call_idle_seconds, 60);
  take_default (&server->settings.max_call_message_bytes, 256 * 1024);
  take_default (&server->settings.call_token_seconds, 60);
  server->room = ap_twilio_room.start (&server->settings, &error);
  g_assert_no_error (error);
  server->inside = inside;
  inside->rooms[0] = (ApRunningRoom){ &ap_twilio_room, server->room };
  inside->tokens = api_token != NULL ? ap_tokens_new (api_token, NULL) : NULL;
  inside->settings = (ApWorkerSettings){
    .rooms = inside->rooms,
    .max_frame_bytes = 1024 * 1024,
    .max_connections = 1000,
    .tokens = inside->tokens,
    .count_sessions = count_sessions,
    .data = inside,
  };
  start_workers (server);
  return server;
}

void
call_server_stop (CallServer *server)
{
  for (guint i = 0; i < WORKERS; i++)
    ap_worker_stop (server->inside->workers[i]);
  for (guint i = 0; i < WORKERS; i++)
    ap_worker_free (server->inside->workers[i]);
  /* However the calls ended, none is left. */
  g_assert_cmpuint (ap_call_table_count_places (server->room->table), ==, 0);
  ap_pipeline_await_stopped (test_deadline () - g_get_monotonic_time ());
  ap_twilio_room.stop (server->room);
  g_clear_pointer (&server->inside->tokens, ap_tokens_free);
  g_free (server->inside);
  g_free (server);
}

HttpAnswer *
call_server_ask (CallServer *server, const char *method, const char *target, const char *headers, const char *body,
                 gsize length)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (server->port);
  g_autofree char *head =
      g_strdup_printf ("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n%s\r\n", method,
                       target, length, headers);

  ws_client_send_raw (client, head, strlen (head));
  ws_client_send_raw (client, body, length);
  return ws_client_request (client, "");
}

guint
call_server_status (CallServer *server, const char *method, const char *target, const char *headers, const char *body)
{
  g_autoptr (HttpAnswer) answer = call_server_ask (server, method, target, headers, body, strlen (body));

  return answer != NULL ? answer->status : 0;
}

guint
call_server_knock (CallServer *server, const char *path, const char *headers)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (server->port);
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, path, headers);

  return answer != NULL ? answer->status : 0;
}

void
call_server_say (WsClient *client, const char *json)
{
  ws_client_send_frame (client, TRUE, WS_TEXT, json, strlen (json));
}

void
call_server_say_start (WsClient *client, const char *call_id, const char *stream_id, const char *tracks,
                       const char *token)
{
  g_autofree char *parameters = token != NULL ? g_strdup_printf ("\"token\":\"%s\"", token) : g_strdup ("");
  g_autofree char *json = g_strdup_printf (
      "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"streamSid\":\"%s\",\"start\":{\"accountSid\":\"AC1\","
      "\"streamSid\":\"%s\",\"callSid\":\"%s\",\"tracks\":[%s],\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
      "\"sampleRate\":8000,\"channels\":1},\"customParameters\":{%s}}}",
      stream_id, stream_id, call_id, tracks, parameters);

  call_server_say (client, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
  call_server_say (client, json);
}

guint
call_server_count (CallServer *server, const char *call_id)
{
  g_autoptr (GPtrArray) streams = ap_call_table_find (server->room->table, call_id);

  return streams->len;
}

WsClient *
call_server_call (CallServer *server, const char *call_id, const char *stream_id, const char *tracks)
{
  WsClient *client = ws_client_connect (server->port, "/ws");
  guint before = call_server_count (server, call_id);

  call_server_say_start (client, call_id, stream_id, tracks, NULL);
  g_assert_true (test_wait_until (call_server_count (server, call_id) == before + 1));
  return client;
}
