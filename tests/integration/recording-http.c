/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording-http.h"

HttpAnswer *
api_ask (RecordingServer *server, const char *method, const char *path, const char *headers)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (recording_server_port (server));
  g_autofree char *request = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", method, path, headers);

  return ws_client_request (client, request);
}

HttpAnswer *
api_ask_about (RecordingServer *server, const char *method, const char *id, const char *path, const char *headers)
{
  g_autofree char *whole = g_strconcat (SESSIONS_PATH "/", id, path, NULL);

  return api_ask (server, method, whole, headers);
}

guint
api_status (RecordingServer *server, const char *method, const char *id, const char *path)
{
  g_autoptr (HttpAnswer) answer = api_ask_about (server, method, id, path, "");

  return answer != NULL ? answer->status : 0;
}

JsonObject *
api_expect_object (const HttpAnswer *answer, guint status, JsonParser *parser)
{
  g_autofree char *type = http_answer_header (answer, "Content-Type");
  g_autofree char *cache = http_answer_header (answer, "Cache-Control");
  JsonObject *object = parse_object (parser, answer->body);

  g_assert_cmpuint (answer->status, ==, status);
  g_assert_cmpstr (type, ==, "application/json");
  g_assert_cmpstr (cache, ==, "no-store");
  g_assert_nonnull (object);
  return object;
}

const char *
api_text (JsonObject *object, const char *name)
{
  return json_object_get_string_member_with_default (object, name, NULL);
}

gint64
api_number (JsonObject *object, const char *name)
{
  return json_object_get_int_member_with_default (object, name, -1);
}

guint8 *
make_pattern (gsize length, guint32 seed)
{
  guint8 *bytes = g_malloc (length);

  fill_pattern (bytes, length, seed);
  return bytes;
}

Recorder *
recorder_record (RecordingServer *server, guint rate, guint channels, gconstpointer samples, gsize length)
{
  Recorder *recorder = recorder_create (server, NULL, rate, channels);

  recorder_send (recorder, samples, length);
  recorder_expect_ack (recorder, length, (Figures){ 1, length, length / channels / 2 });
  return recorder;
}

gboolean
recording_file_exists (RecordingServer *server, const char *id, const char *suffix)
{
  g_autofree char *path = g_strdup_printf ("%s/recordings/%s%s", recording_server_folder (server), id, suffix);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

char *
recording_index_path (RecordingServer *server)
{
  return g_strconcat (recording_server_folder (server), "/recordings/index.sqlite", NULL);
}
