/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recording-support.h"

#include <glib/gstdio.h>
#include <string.h>

#include "test-wait.h"

/* Of our WAV files, whatever their size. */
#define HEADER_BYTES 80

struct _RecordingServer {
  ServerProcess *process;
  GPtrArray *env; /* and NULL */
  char *folder;
};

/* ---- the server ---- */

static void
launch (RecordingServer *self)
{
  self->process = server_process_start_with (&(ServerSetup){ .env = (const char *const *)self->env->pdata });
}

RecordingServer *
recording_server_start_with (const char *const *settings)
{
  RecordingServer *self = g_new0 (RecordingServer, 1);

  self->folder = g_dir_make_tmp ("ap-recording-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  self->env = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->env, g_strdup_printf ("AUDIO_STORAGE_PATH=%s/recordings", self->folder));
  for (; *settings != NULL; settings++)
    g_ptr_array_add (self->env, g_strdup (*settings));
  g_ptr_array_add (self->env, NULL);
  launch (self);
  return self;
}

void
recording_server_restart (RecordingServer *self)
{
  server_process_stop (self->process);
  launch (self);
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    if (g_file_test (file, G_FILE_TEST_IS_DIR))
      remove_folder (file);
    else
      g_unlink (file);
  }
  g_rmdir (path);
}

void
recording_server_stop (RecordingServer *self)
{
  server_process_stop (self->process);
  remove_folder (self->folder);
  g_ptr_array_unref (self->env);
  g_free (self->folder);
  g_free (self);
}

guint16
recording_server_port (RecordingServer *self)
{
  return server_process_port (self->process);
}

ServerProcess *
recording_server_process (RecordingServer *self)
{
  return self->process;
}

const char *
recording_server_folder (RecordingServer *self)
{
  return self->folder;
}

/* ---- what is said ---- */

void
recorder_send (Recorder *self, gconstpointer data, gsize len)
{
  ws_client_send_binary (self->ws, data, len);
}

void
recorder_say (Recorder *self, const char *text)
{
  ws_client_send_frame (self->ws, TRUE, WS_TEXT, text, strlen (text));
}

void
recorder_say_status (Recorder *self)
{
  recorder_say (self, "{\"type\":\"control\",\"action\":\"status\"}");
}

void
recorder_say_close (Recorder *self)
{
  recorder_say (self, "{\"type\":\"control\",\"action\":\"close_session\"}");
}

/* ---- what is answered ---- */

gboolean
recorder_expect_text (Recorder *self, const char *expected)
{
  return ws_client_expect_message (self->ws, WS_TEXT, expected, strlen (expected));
}

/* As the server writes it: microseconds, without zeros at the end. */
static char *
duration_text (const Recorder *self, guint64 frames)
{
  guint64 us = frames % self->rate * G_USEC_PER_SEC / self->rate;
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%" G_GUINT64_FORMAT ".%06u", frames / self->rate, (guint)us);
  while (g_str_has_suffix (text->str, "0"))
    g_string_truncate (text, text->len - 1);
  if (g_str_has_suffix (text->str, "."))
    g_string_truncate (text, text->len - 1);
  return g_string_free (text, FALSE);
}

static gboolean
expect_state (Recorder *self, const char *message, const char *status, Figures now, const char *rest)
{
  g_autofree char *duration = duration_text (self, now.frames);
  g_autofree char *expected = g_strdup_printf (
      "{\"message\":\"%s\",\"session_id\":\"%s\",\"chunk_count\":%" G_GUINT64_FORMAT ",\"status\":\"%s\","
      "\"bytes_received\":%" G_GUINT64_FORMAT ",\"duration_seconds\":%s,\"sample_rate\":%u,\"channels\":%u,"
      "\"format\":\"%s\"%s}",
      message, self->id, now.chunks, status, now.bytes, duration, self->rate, self->channels, self->format, rest);

  return recorder_expect_text (self, expected);
}

gboolean
recorder_expect_ack (Recorder *self, gsize chunk_bytes, Figures now)
{
  g_autofree char *duration = duration_text (self, now.frames);
  g_autofree char *expected = g_strdup_printf (
      "{\"message\":\"Chunk processed successfully\",\"session_id\":\"%s\",\"chunk_count\":%" G_GUINT64_FORMAT
      ",\"status\":\"active\",\"chunk_bytes\":%" G_GSIZE_FORMAT ",\"bytes_received\":%" G_GUINT64_FORMAT
      ",\"duration_seconds\":%s,\"durability\":\"synced\"}",
      self->id, now.chunks, chunk_bytes, now.bytes, duration);

  return recorder_expect_text (self, expected);
}

gboolean
recorder_expect_status (Recorder *self, Figures now)
{
  return expect_state (self, "Session status", "active", now, ",\"durability\":\"synced\"");
}

gboolean
recorder_check_status (Recorder *self, Figures now)
{
  recorder_say_status (self);
  return recorder_expect_status (self, now);
}

gboolean
recorder_expect_completed (Recorder *self, Figures now)
{
  return expect_state (self, "Session closed", "completed", now, "");
}

JsonObject *
recorder_read (WsClient *ws, JsonParser *parser)
{
  g_autoptr (WsFrame) frame = ws_client_read_frame (ws);
  g_autofree char *text = NULL;

  /* On a busy machine an answer takes so long that the server asks whether we are still there. */
  while (frame != NULL && frame->first_byte == (WS_FIN | WS_PING)) {
    ws_client_send_frame (ws, TRUE, WS_PONG, frame->data, frame->len);
    ws_frame_free (frame);
    frame = ws_client_read_frame (ws);
  }
  if (frame == NULL)
    return NULL;
  if (frame->first_byte != (WS_FIN | WS_TEXT)) {
    g_autofree char *what = ws_frame_describe (frame);

    ws_client_fail (ws, "text was expected, and %s came", what);
    return NULL;
  }
  text = g_strndup ((const char *)frame->data, frame->len);
  return parse_object (parser, text);
}

static const char *
text_of (JsonObject *told, const char *name)
{
  return json_object_get_string_member_with_default (told, name, "");
}

gboolean
recorder_expect_failure (Recorder *self, const char *error, guint64 chunks)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *told = recorder_read (self->ws, parser);

  if (told == NULL)
    return FALSE;
  g_assert_cmpstr (text_of (told, "message"), ==, "Failed to process chunk");
  g_assert_cmpstr (text_of (told, "session_id"), ==, self->id);
  g_assert_cmpstr (text_of (told, "status"), ==, "error");
  g_assert_cmpstr (text_of (told, "error"), ==, error);
  g_assert_cmpint (json_object_get_int_member_with_default (told, "chunk_count", -1), ==, (gint64)chunks);
  g_assert_cmpstr (text_of (told, "detail"), !=, "");
  return g_str_equal (text_of (told, "error"), error);
}

/* ---- connections ---- */

Recorder *
recorder_create (RecordingServer *server, const char *format, guint rate, guint channels)
{
  return recorder_create_for (server, "", format, rate, channels);
}

Recorder *
recorder_create_for (RecordingServer *server, const char *user, const char *format, guint rate, guint channels)
{
  Recorder *self = g_new0 (Recorder, 1);
  g_autofree char *path = g_strdup_printf (RECORDING_PATH "?user_id=%s&sample_rate=%u&channels=%u%s%s", user, rate,
                                           channels, format != NULL ? "&format=" : "", format != NULL ? format : "");
  g_autoptr (WsFrame) frame = NULL;

  self->ws = ws_client_connect (recording_server_port (server), path);
  self->rate = rate;
  self->channels = channels;
  self->format = format != NULL ? format : "wav";
  frame = ws_client_read_frame (self->ws);
  self->id = g_strndup (frame != NULL && frame->len > 66 ? (const char *)frame->data + 43 : "", 36);
  if (frame != NULL) {
    g_autofree char *greeting = g_strdup_printf (
        "{\"message\":\"Session created\",\"session_id\":\"%s\",\"chunk_count\":0,\"status\":\"active\","
        "\"bytes_received\":0,\"duration_seconds\":0,\"sample_rate\":%u,\"channels\":%u,\"format\":\"%s\"}",
        self->id, rate, channels, self->format);

    g_assert_cmpuint (frame->first_byte, ==, WS_FIN | WS_TEXT);
    g_assert_cmpmem (frame->data, frame->len, greeting, strlen (greeting));
  }
  return self;
}

Recorder *
recorder_join (RecordingServer *server, const Recorder *other)
{
  Recorder *self = g_memdup2 (other, sizeof *other);
  g_autofree char *path = g_strconcat (RECORDING_PATH "/", other->id, NULL);

  self->ws = ws_client_connect (recording_server_port (server), path);
  self->id = g_strdup (other->id);
  return self;
}

void
recorder_hang_up (Recorder *self)
{
  g_clear_pointer (&self->ws, ws_client_reset);
}

void
recorder_free (Recorder *self)
{
  g_clear_pointer (&self->ws, ws_client_free);
  g_free (self->id);
  g_free (self);
}

void
recorder_finish (Recorder *self, Figures total)
{
  recorder_say_close (self);
  recorder_expect_completed (self, total);
  ws_client_expect_close (self->ws, 1000);
}

/* ---- files ---- */

static guint32
get_u32 (const guint8 *bytes)
{
  return bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
}

GBytes *
recorder_samples (RecordingServer *server, const Recorder *self)
{
  g_autofree char *path = g_strdup_printf ("%s/recordings/%s.wav", server->folder, self->id);
  g_autofree char *data = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *bytes;
  gsize len = 0;

  g_file_get_contents (path, &data, &len, &error);
  g_assert_no_error (error);
  bytes = (const guint8 *)data;
  if (len < HEADER_BYTES || memcmp (data, "RIFF", 4) != 0 || memcmp (data + 8, "WAVEJUNK", 8) != 0) {
    g_test_fail_printf ("%s has no header", path);
    return g_bytes_new (NULL, 0);
  }
  g_assert_cmpuint (get_u32 (bytes + 4), ==, len - 8);
  g_assert_cmpmem (data + 48, 4, "fmt ", 4);
  g_assert_cmpuint (get_u32 (bytes + 56), ==, self->channels << 16 | 1);
  g_assert_cmpuint (get_u32 (bytes + 60), ==, self->rate);
  g_assert_cmpuint (get_u32 (bytes + 64), ==, self->rate * self->channels * 2);
  g_assert_cmpuint (get_u32 (bytes + 68), ==, 16 << 16 | self->channels * 2);
  g_assert_cmpmem (data + 72, 4, "data", 4);
  g_assert_cmpuint (get_u32 (bytes + 76), ==, len - HEADER_BYTES);
  return g_bytes_new (data + HEADER_BYTES, len - HEADER_BYTES);
}

void
recorder_assert_samples (RecordingServer *server, const Recorder *self, gconstpointer samples, gsize len)
{
  g_autoptr (GBytes) found = recorder_samples (server, self);

  g_assert_cmpuint (g_bytes_get_size (found), ==, len);
  if (len > 0 && g_bytes_get_size (found) == len)
    g_assert_true (memcmp (g_bytes_get_data (found, NULL), samples, len) == 0);
}

static gboolean
has_status (RecordingServer *server, const char *id, const char *status)
{
  g_autofree char *path = g_strconcat ("/api/audio/sessions/", id, NULL);
  g_autoptr (HttpAnswer) answer = http_get (recording_server_port (server), path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *info = answer != NULL && answer->status == 200 ? parse_object (parser, answer->body) : NULL;

  return info != NULL && g_strcmp0 (json_object_get_string_member (info, "status"), status) == 0;
}

void
recorder_wait_status (RecordingServer *server, const char *id, const char *status)
{
  if (!test_wait_until (has_status (server, id, status)))
    g_test_fail_printf ("%s does not become %s", id, status);
}
