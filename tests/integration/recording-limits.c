/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings at their limits, and as the settings say: sizes, connections, sessions, time, durability, defaults; and
 * ended by HTTP. */
#include "recording-support.h"
#include "support.h"
#include "test-wait.h"

#include <string.h>

#define MIB (1024 * 1024)

/* The title of the error that comes first, and the code of the close behind it. What is sent meanwhile counts for
 * nothing. */
static void
expect_refused (RecordingServer *server, const char *path, const char *title, guint16 code)
{
  g_autoptr (WsClient) ws = ws_client_connect (recording_server_port (server), path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *told;

  ws_client_send_binary (ws, "zz", 2);
  told = recorder_read (ws, parser);
  if (told == NULL)
    return;
  g_assert_cmpstr (json_object_get_string_member (told, "error"), ==, title);
  g_assert_cmpstr (json_object_get_string_member (told, "detail"), !=, "");
  ws_client_expect_close (ws, code);
}

static void
test_large_chunk (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ("MAX_CHUNK_SIZE_MB=1");
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 96000, 2);
  g_autofree guint8 *chunk = g_malloc (MIB + 1);

  fill_pattern (chunk, MIB + 1, 1);
  recorder_send (recorder, chunk, MIB + 1);
  recorder_send (recorder, chunk, MIB);
  recorder_expect_failure (recorder, "too_large", 0);
  recorder_expect_ack (recorder, MIB, (Figures){ 1, MIB, MIB / 4 });
  recorder_finish (recorder, (Figures){ 1, MIB, MIB / 4 });
  recorder_assert_samples (server, recorder, chunk, MIB);
}

/* In one frame, and in several none of which is too large; the session goes on. */
static void
test_large_message (void)
{
  enum { MOST = 100000 };
  g_autoptr (RecordingServer) server = recording_server_start ("MAX_MESSAGE_SIZE_BYTES=100000");
  g_autoptr (Recorder) first = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) second = NULL;
  g_autoptr (Recorder) third = NULL;
  g_autofree guint8 *chunk = g_malloc0 (MOST + 1);
  Figures now = { 1, MOST, MOST / 2 };

  recorder_send (first, chunk, MOST);
  recorder_expect_ack (first, MOST, now);
  recorder_send (first, chunk, MOST + 1);
  ws_client_expect_close (first->ws, 1009);
  second = recorder_join (server, first);
  ws_client_send_frame (second->ws, FALSE, WS_BINARY, chunk, MOST / 2);
  ws_client_send_frame (second->ws, TRUE, WS_CONTINUATION, chunk, MOST / 2 + 1);
  ws_client_expect_close (second->ws, 1009);
  third = recorder_join (server, first);
  recorder_check_status (third, now);
  recorder_finish (third, now);
}

static void
test_connections (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ("MAX_CONNECTIONS_PER_SESSION=2");
  g_autoptr (Recorder) one = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) two = recorder_join (server, one);
  g_autoptr (Recorder) other = recorder_create (server, NULL, 8000, 1);
  g_autofree char *path = g_strconcat (RECORDING_PATH "/", one->id, NULL);
  g_autoptr (Recorder) again = NULL;

  recorder_check_status (two, (Figures){ 0 });
  expect_refused (server, path, "Limit reached", 1008);
  recorder_check_status (one, (Figures){ 0 });
  recorder_check_status (other, (Figures){ 0 });
  ws_client_send_close (two->ws, 1000, NULL);
  ws_client_expect_close (two->ws, 1000);
  g_assert_true (test_wait_until (active_connections (recording_server_port (server)) == 2));
  again = recorder_join (server, one);
  recorder_check_status (again, (Figures){ 0 });
}

/* A session counts until it is completed, with or without connections. */
static void
test_sessions (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ("MAX_CONCURRENT_SESSIONS=2");
  g_autoptr (Recorder) one = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) two = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) joined = recorder_join (server, one);
  g_autoptr (Recorder) three = NULL;

  expect_refused (server, RECORDING_PATH, "Limit reached", 1011);
  recorder_check_status (joined, (Figures){ 0 });
  recorder_hang_up (two);
  expect_refused (server, RECORDING_PATH, "Limit reached", 1011);
  recorder_finish (joined, (Figures){ 0 });
  recorder_wait_status (server, one->id, "completed");
  three = recorder_create (server, NULL, 8000, 1);
  recorder_check_status (three, (Figures){ 0 });
}

static void
test_idle (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ("CONNECTION_TIMEOUT_SECONDS=5");
  g_autoptr (Recorder) present = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) absent = recorder_create (server, NULL, 8000, 1);

  recorder_send (absent, "abcd", 4);
  recorder_expect_ack (absent, 4, (Figures){ 1, 4, 2 });
  recorder_hang_up (absent);
  recorder_send (present, "efgh", 4);
  recorder_expect_ack (present, 4, (Figures){ 1, 4, 2 });
  recorder_expect_completed (present, (Figures){ 1, 4, 2 });
  ws_client_expect_close (present->ws, 1001);
  recorder_wait_status (server, absent->id, "completed");
  recorder_assert_samples (server, absent, "abcd", 4);
  recorder_assert_samples (server, present, "efgh", 4);
}

/* (transfer full): a connection whose session has begun */
static WsClient *
begin_for (RecordingServer *server, const char *query)
{
  g_autofree char *path = g_strconcat (RECORDING_PATH, query, NULL);
  g_autoptr (WsClient) ws = ws_client_connect (recording_server_port (server), path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *greeting = recorder_read (ws, parser);

  if (greeting != NULL)
    g_assert_cmpstr (json_object_get_string_member (greeting, "message"), ==, "Session created");
  return g_steal_pointer (&ws);
}

/* Of one user; others, and those who say no name, have sessions of their own. */
static void
test_user_sessions (void)
{
  static const char close_session[] = "{\"type\":\"control\",\"action\":\"close_session\"}";
  g_autoptr (RecordingServer) server = recording_server_start ("MAX_USER_SESSIONS=1");
  g_autoptr (WsClient) ann = begin_for (server, "?user_id=ann");
  g_autoptr (WsClient) bob = begin_for (server, "?user_id=bob");
  g_autoptr (WsClient) one = begin_for (server, "");
  g_autoptr (WsClient) two = begin_for (server, "?user_id=");
  g_autoptr (WsClient) again = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();

  expect_refused (server, RECORDING_PATH "?user_id=ann", "Limit reached", 1011);
  ws_client_send_frame (ann, TRUE, WS_TEXT, close_session, sizeof close_session - 1);
  recorder_read (ann, parser);
  ws_client_expect_close (ann, 1000);
  again = begin_for (server, "?user_id=ann");
}

static void
test_least_free_space (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ("MIN_FREE_MB=1000000000");
  g_autofree char *recordings = g_build_filename (recording_server_folder (server), "recordings", NULL);
  g_autoptr (GDir) dir = NULL;
  const char *name;

  expect_refused (server, RECORDING_PATH, "No space left", 1011);
  dir = g_dir_open (recordings, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_assert_true (g_str_has_prefix (name, "index.sqlite"));
}

static gboolean
header_tells (const char *path, guint64 bytes)
{
  g_autofree char *data = NULL;
  gsize length;

  return g_file_get_contents (path, &data, &length, NULL) && length >= 80 &&
         GUINT32_FROM_LE (*(const guint32 *)(gconstpointer)(data + 76)) == bytes;
}

/* Whatever syncs the disk, chunks are acknowledged, and the file can be played while the session goes on. */
static void
test_syncs (gconstpointer how)
{
  g_autoptr (RecordingServer) server = recording_server_start (how);
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);
  g_autofree char *path = g_strdup_printf ("%s/recordings/%s.wav", recording_server_folder (server), recorder->id);

  for (guint i = 1; i <= 3; i++) {
    recorder_send (recorder, "abcd", 4);
    recorder_expect_ack (recorder, 4, (Figures){ i, 4 * i, 2 * i });
  }
  g_assert_true (test_wait_until (header_tells (path, 12)));
  recorder_finish (recorder, (Figures){ 3, 12, 6 });
}

static void
test_written (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ("RECORDING_ACK=written");
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);

  for (guint i = 0; i < 2; i++) {
    g_autoptr (JsonParser) parser = json_parser_new ();
    JsonObject *told;

    if (i == 0)
      recorder_send (recorder, "abcd", 4);
    else
      recorder_say_status (recorder);
    told = recorder_read (recorder->ws, parser);
    if (told == NULL)
      return;
    g_assert_cmpstr (json_object_get_string_member (told, "durability"), ==, "written");
    g_assert_cmpint (json_object_get_int_member (told, "chunk_count"), ==, 1);
  }
  recorder_finish (recorder, (Figures){ 1, 4, 2 });
}

static void
test_defaults (void)
{
  g_autoptr (RecordingServer) server =
      recording_server_start ("DEFAULT_SAMPLE_RATE=16000", "DEFAULT_CHANNELS=2", "DEFAULT_FORMAT=flac");
  g_autoptr (WsClient) ws = ws_client_connect (recording_server_port (server), RECORDING_PATH "?channels=1");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *greeting = recorder_read (ws, parser);

  if (greeting == NULL)
    return;
  g_assert_cmpint (json_object_get_int_member (greeting, "sample_rate"), ==, 16000);
  g_assert_cmpint (json_object_get_int_member (greeting, "channels"), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (greeting, "format"), ==, "flac");
}

/* ---- A user's share of the disk ---- */

enum { PART = 100000 };

static void remove_session (RecordingServer *server, const char *id);

/* In parts, of which all but the last are taken. Returns how many */
static guint
fill_share (Recorder *recorder, guint before)
{
  g_autofree guint8 *part = g_malloc0 (PART);

  for (guint parts = before;; parts++) {
    g_autoptr (JsonParser) parser = json_parser_new ();
    JsonObject *told;

    recorder_send (recorder, part, PART);
    told = recorder_read (recorder->ws, parser);
    if (told == NULL)
      return parts;
    if (json_object_has_member (told, "error")) {
      g_assert_cmpstr (json_object_get_string_member (told, "error"), ==, "quota");
      g_assert_cmpint (json_object_get_int_member (told, "chunk_count"), ==, parts);
      return parts;
    }
    g_assert_cmpuint (parts, <, 100);
  }
}

/* Raw samples are counted once, and all sessions of a user together, live or not; those of another by themselves. */
static void
test_share (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ("MAX_USER_MB=1");
  g_autoptr (Recorder) one = recorder_create_for (server, "ann", NULL, 8000, 1);
  g_autoptr (Recorder) two = recorder_create_for (server, "ann", NULL, 8000, 1);
  g_autoptr (Recorder) other = recorder_create_for (server, "bob", NULL, 8000, 1);
  g_autofree guint8 *half = g_malloc0 (5 * PART);

  recorder_send (one, half, 5 * PART);
  recorder_expect_ack (one, 5 * PART, (Figures){ 1, 5 * PART, 5 * PART / 2 });
  g_assert_cmpuint (fill_share (two, 0), ==, 5);
  g_assert_cmpuint (fill_share (other, 0), ==, 10);
  g_assert_cmpuint (fill_share (one, 1), ==, 1);
  recorder_finish (one, (Figures){ 1, 5 * PART, 5 * PART / 2 });
  g_assert_cmpuint (fill_share (two, 5), ==, 5);
  remove_session (server, one->id);
  g_assert_cmpuint (fill_share (two, 5), ==, 10);
  recorder_finish (two, (Figures){ 10, 10 * PART, 10 * PART / 2 });
}

/* What the server finds when it starts counts before it has been read. */
static void
test_share_again (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ("MAX_USER_MB=1");
  g_autoptr (Recorder) one = recorder_create_for (server, "ann", NULL, 8000, 1);
  g_autoptr (Recorder) two = NULL;

  g_assert_cmpuint (fill_share (one, 0), ==, 10);
  recorder_hang_up (one);
  recording_server_restart (server);
  two = recorder_create_for (server, "ann", NULL, 8000, 1);
  g_assert_cmpuint (fill_share (two, 0), ==, 0);
  remove_session (server, one->id);
  g_assert_cmpuint (fill_share (two, 0), ==, 10);
  recorder_finish (two, (Figures){ 10, 10 * PART, 10 * PART / 2 });
}

/* ---- floods ---- */

static const struct {
  const char *name;
  guint8 opcode;
  const char *payload;
} floods[] = {
  { "status", WS_TEXT, "{\"type\":\"control\",\"action\":\"status\"}" },
  { "bad-control", WS_TEXT, "x" },
  { "empty-chunks", WS_BINARY, "" },
  { "small-chunks", WS_BINARY, "ab" },
};

/* Sends the same small message for a second or more without reading one of the answers, each of which is many times as
 * long. The server's memory stays as it is, and another client is served. */
static void
test_flood (gconstpointer data)
{
  gsize row = GPOINTER_TO_SIZE (data);
  g_autoptr (RecordingServer) server = recording_server_start ();
  g_autoptr (Recorder) flooder = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) witness = recorder_create (server, NULL, 8000, 1);
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  gint64 end = g_get_monotonic_time () + number_from_environment ("AP_TEST_FLOOD_SECONDS", 1) * G_USEC_PER_SEC;
  gsize sent = 0;

  for (guint i = 0; i < 1000; i++) {
    g_autoptr (GByteArray) frame =
        ws_frame_bytes (WS_FIN | floods[row].opcode, WS_PLAIN, floods[row].payload, strlen (floods[row].payload));

    g_byte_array_append (frames, frame->data, frame->len);
  }
  while (g_get_monotonic_time () < end && recorder_check_status (witness, (Figures){ 0 })) {
    gsize at = sent % frames->len;

    sent += ws_client_try_send (flooder->ws, frames->data + at, frames->len - at);
    if (rss_is_meaningful () && server_process_rss (recording_server_process (server)) > RSS_LIMIT)
      g_test_fail ();
  }
  g_test_message ("%" G_GSIZE_FORMAT " KiB sent; the server has %" G_GSIZE_FORMAT " KiB", sent / 1024,
                  server_process_rss (recording_server_process (server)) / 1024);
  recorder_hang_up (flooder);
  recorder_check_status (witness, (Figures){ 0 });
}

/* ---- ended by HTTP ---- */

static guint
request (RecordingServer *server, const char *method, const char *id, const char *rest)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (recording_server_port (server));
  g_autofree char *text = g_strdup_printf (
      "%s /api/audio/sessions/%s%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", method, id, rest);
  g_autoptr (HttpAnswer) answer = ws_client_request (client, text);

  return answer != NULL ? answer->status : 0;
}

static void
remove_session (RecordingServer *server, const char *id)
{
  guint status = request (server, "DELETE", id, "");

  g_assert_true (status == 200 || status == 204);
}

static void
test_closed_by_http (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ();
  g_autoptr (Recorder) one = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) two = recorder_join (server, one);

  recorder_check_status (two, (Figures){ 0 });
  recorder_send (one, "abcd", 4);
  recorder_expect_ack (one, 4, (Figures){ 1, 4, 2 });
  g_assert_cmpuint (request (server, "POST", one->id, "/close"), ==, 200);
  recorder_expect_completed (one, (Figures){ 1, 4, 2 });
  recorder_expect_completed (two, (Figures){ 1, 4, 2 });
  ws_client_expect_close (one->ws, 1000);
  ws_client_expect_close (two->ws, 1000);
  recorder_assert_samples (server, one, "abcd", 4);
}

static void
test_deleted_by_http (void)
{
  g_autoptr (RecordingServer) server = recording_server_start ();
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);
  g_autofree char *path = g_strconcat (RECORDING_PATH "/", recorder->id, NULL);

  recorder_send (recorder, "abcd", 4);
  recorder_expect_ack (recorder, 4, (Figures){ 1, 4, 2 });
  remove_session (server, recorder->id);
  ws_client_expect_close (recorder->ws, 1008);
  expect_refused (server, path, "Session not found", 1008);
  g_assert_cmpuint (request (server, "GET", recorder->id, ""), ==, 404);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/recording-limits/large-chunk", test_large_chunk);
  g_test_add_func ("/recording-limits/large-message", test_large_message);
  g_test_add_func ("/recording-limits/connections", test_connections);
  g_test_add_func ("/recording-limits/sessions", test_sessions);
  g_test_add_func ("/recording-limits/user-sessions", test_user_sessions);
  g_test_add_func ("/recording-limits/least-free-space", test_least_free_space);
  g_test_add_func ("/recording-limits/idle", test_idle);
  g_test_add_data_func ("/recording-limits/synced-by-file", "RECORDING_SYNC=pool", test_syncs);
  g_test_add_data_func ("/recording-limits/synced-by-filesystem", "RECORDING_SYNC=syncfs", test_syncs);
  g_test_add_func ("/recording-limits/written", test_written);
  g_test_add_func ("/recording-limits/defaults", test_defaults);
  g_test_add_func ("/recording-limits/share", test_share);
  g_test_add_func ("/recording-limits/share-again", test_share_again);
  for (gsize i = 0; i < G_N_ELEMENTS (floods); i++) {
    g_autofree char *path = g_strdup_printf ("/recording-limits/flood/%s", floods[i].name);

    g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_flood);
  }
  g_test_add_func ("/recording-limits/closed-by-http", test_closed_by_http);
  g_test_add_func ("/recording-limits/deleted-by-http", test_deleted_by_http);
  return g_test_run ();
}
