/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings as their clients see them: raw samples in, answers to the byte, and the file. */
#include "recording-support.h"

#include <string.h>

#include "test-wait.h"

#define UNKNOWN "00000000-0000-4000-8000-000000000000"

static RecordingServer *server;

/* ---- chunks and their answers ---- */

/* All chunks are sent before the first answer is read. */
static void
test_acknowledgements (void)
{
  static const gsize sizes[] = { 1, 1, 2, 3, 640, 4096, 8820, 65535, 65536, 100001 };
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 44100, 1);
  g_autoptr (GByteArray) sent = g_byte_array_new ();
  Figures now = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    guint at = sent->len;

    g_byte_array_set_size (sent, at + (guint)sizes[i]);
    fill_pattern (sent->data + at, sizes[i], (guint32)i);
    recorder_send (recorder, sent->data + at, sizes[i]);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    now.chunks++;
    now.bytes += sizes[i];
    now.frames = now.bytes / 2;
    recorder_expect_ack (recorder, sizes[i], now);
  }
  recorder_finish (recorder, now);
  recorder_assert_samples (server, recorder, sent->data, sent->len / 2 * 2);
}

/* Pieces of @most bytes, or of 1 to @most by turns. */
static gsize
piece_at (gsize at, gsize len, gsize most, gboolean uneven)
{
  return MIN (len - at, uneven ? 1 + at % most : most);
}

/* The same bytes, however they are cut. */
static void
test_splits (void)
{
  static const gsize most[] = { 1, 2, 3, 7, 37, 4096 };
  guint8 samples[9000];

  fill_pattern (samples, sizeof samples, 11);
  for (gsize i = 0; i < G_N_ELEMENTS (most); i++) {
    g_autoptr (Recorder) recorder = recorder_create (server, "wav", 48000, 2);
    Figures now = { 0 };

    for (gsize at = 0, n; at < sizeof samples; at += n) {
      n = piece_at (at, sizeof samples, most[i], i > 2);
      recorder_send (recorder, samples + at, n);
    }
    for (gsize n; now.bytes < sizeof samples;) {
      n = piece_at (now.bytes, sizeof samples, most[i], i > 2);
      now = (Figures){ now.chunks + 1, now.bytes + n, (now.bytes + n) / 4 };
      if (!recorder_expect_ack (recorder, n, now))
        return;
    }
    recorder_finish (recorder, now);
    recorder_assert_samples (server, recorder, samples, sizeof samples);
  }
}

/* A refused chunk leaves nothing, and has no number. */
static void
test_empty_chunk (void)
{
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);

  recorder_send (recorder, "abcd", 4);
  recorder_send (recorder, "", 0);
  recorder_send (recorder, "efgh", 4);
  recorder_expect_ack (recorder, 4, (Figures){ 1, 4, 2 });
  recorder_expect_failure (recorder, "undecodable", 1);
  recorder_expect_ack (recorder, 4, (Figures){ 2, 8, 4 });
  recorder_finish (recorder, (Figures){ 2, 8, 4 });
  recorder_assert_samples (server, recorder, "abcdefgh", 8);
}

static void
test_without_chunks (void)
{
  g_autoptr (Recorder) recorder = recorder_create (server, "mp3", 16000, 2);

  recorder_check_status (recorder, (Figures){ 0 });
  recorder_finish (recorder, (Figures){ 0 });
  recorder_assert_samples (server, recorder, "", 0);
}

static void
test_fragments (void)
{
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);

  ws_client_send_frame (recorder->ws, FALSE, WS_BINARY, "ab", 2);
  ws_client_send_frame (recorder->ws, FALSE, WS_CONTINUATION, "cd", 2);
  ws_client_send_frame (recorder->ws, TRUE, WS_CONTINUATION, "ef", 2);
  recorder_expect_ack (recorder, 6, (Figures){ 1, 6, 3 });
}

/* ---- several connections ---- */

/* Each sees the answers to its own chunks, and the counts are the session's. */
static void
test_two_connections (void)
{
  g_autoptr (Recorder) one = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) two = recorder_join (server, one);

  recorder_send (two, "abcd", 4);
  recorder_expect_ack (two, 4, (Figures){ 1, 4, 2 });
  recorder_send (one, "efg", 3);
  recorder_expect_ack (one, 3, (Figures){ 2, 7, 3 });
  recorder_send (two, "h", 1);
  recorder_expect_ack (two, 1, (Figures){ 3, 8, 4 });
  recorder_check_status (one, (Figures){ 3, 8, 4 });
  recorder_check_status (two, (Figures){ 3, 8, 4 });
  recorder_finish (two, (Figures){ 3, 8, 4 });
  recorder_expect_completed (one, (Figures){ 3, 8, 4 });
  ws_client_expect_close (one->ws, 1000);
  recorder_assert_samples (server, one, "abcdefgh", 8);
}

/* Both send without waiting: whatever the order, chunks are whole. */
static void
test_two_at_once (void)
{
  enum { CHUNKS = 200, BYTES = 320 };
  g_autoptr (Recorder) one = recorder_create (server, NULL, 8000, 1);
  g_autoptr (Recorder) two = recorder_join (server, one);
  g_autoptr (GBytes) samples = NULL;
  guint8 chunk[BYTES];
  guint counts[2] = { 0 };
  const guint8 *found;
  Figures total = { 2 * CHUNKS, 2 * CHUNKS * BYTES, CHUNKS * BYTES };

  for (guint i = 0; i < 2 * CHUNKS; i++) {
    memset (chunk, (gint)(i % 2), BYTES);
    recorder_send (i % 2 ? two : one, chunk, BYTES);
  }
  for (guint i = 0; i < 2 * CHUNKS; i++) {
    g_autoptr (JsonParser) parser = json_parser_new ();

    if (recorder_read (i % 2 ? two->ws : one->ws, parser) == NULL)
      return;
  }
  recorder_finish (one, total);
  samples = recorder_samples (server, one);
  found = g_bytes_get_data (samples, NULL);
  for (gsize i = 0; i + BYTES <= g_bytes_get_size (samples); i += BYTES) {
    memset (chunk, found[i], BYTES);
    g_assert_cmpmem (found + i, BYTES, chunk, BYTES);
    counts[found[i] & 1]++;
  }
  g_assert_true (counts[0] == CHUNKS && counts[1] == CHUNKS);
}

/* Sessions at the same time, by turns, on whichever workers. */
static void
test_not_mixed (void)
{
  enum { SESSIONS = 12, ROUNDS = 20, BYTES = 1001 };
  Recorder *recorders[SESSIONS];
  g_autofree guint8 *samples = g_malloc (SESSIONS * ROUNDS * BYTES);

  fill_pattern (samples, SESSIONS * ROUNDS * BYTES, 5);
  for (guint i = 0; i < SESSIONS; i++)
    recorders[i] = recorder_create (server, NULL, 16000, 1);
  for (guint round = 0; round < ROUNDS; round++)
    for (guint i = 0; i < SESSIONS; i++)
      recorder_send (recorders[i], samples + (i * ROUNDS + round) * BYTES, BYTES);
  for (guint i = 0; i < SESSIONS; i++) {
    for (guint n = 1; n <= ROUNDS; n++)
      recorder_expect_ack (recorders[i], BYTES, (Figures){ n, n * BYTES, n * BYTES / 2 });
    recorder_finish (recorders[i], (Figures){ ROUNDS, ROUNDS * BYTES, ROUNDS * BYTES / 2 });
    recorder_assert_samples (server, recorders[i], samples + i * ROUNDS * BYTES, ROUNDS * BYTES / 2 * 2);
    recorder_free (recorders[i]);
  }
}

/* ---- control messages ---- */

static void
test_bad_control (void)
{
  static const char *const texts[] = {
    "close_session",
    "",
    "[]",
    "{}",
    "{\"type\":\"control\"}",
    "{\"type\":\"control\",\"action\":\"stop\"}",
    "{\"type\":\"audio\",\"action\":\"status\"}",
    "{\"type\":\"control\",\"action\":{\"action\":\"close_session\"}}",
    "{\"type\":\"control\",\"action\":\"close_session\"",
  };
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);
  g_autofree char *huge = g_strnfill (100000, '[');

  recorder_send (recorder, "abcd", 4);
  recorder_expect_ack (recorder, 4, (Figures){ 1, 4, 2 });
  for (gsize i = 0; i <= G_N_ELEMENTS (texts); i++) {
    g_autoptr (JsonParser) parser = json_parser_new ();
    JsonObject *told;

    recorder_say (recorder, i < G_N_ELEMENTS (texts) ? texts[i] : huge);
    told = recorder_read (recorder->ws, parser);
    if (told == NULL)
      return;
    g_assert_cmpstr (json_object_get_string_member (told, "error"), ==, "Invalid control message");
    g_assert_cmpstr (json_object_get_string_member (told, "session_id"), ==, recorder->id);
    g_assert_cmpuint (json_array_get_length (json_object_get_array_member (told, "valid_values")), ==, 2);
  }
  recorder_check_status (recorder, (Figures){ 1, 4, 2 });
}

/* The answer to `status` comes behind those to the chunks before it. */
static void
test_status_in_order (void)
{
  g_autoptr (Recorder) recorder = recorder_create (server, "wav", 22050, 1);
  guint8 chunk[4410] = { 0 };

  for (guint n = 1; n <= 20; n++)
    recorder_send (recorder, chunk, sizeof chunk);
  recorder_say_status (recorder);
  for (guint n = 1; n <= 20; n++)
    recorder_expect_ack (recorder, sizeof chunk, (Figures){ n, n * sizeof chunk, n * sizeof chunk / 2 });
  recorder_expect_status (recorder, (Figures){ 20, 20 * sizeof chunk, 10 * sizeof chunk });
}

/* ---- ends ---- */

/* A client that does not wait for the end of its recording gets it all the same. */
static void
test_leaves_after_close (void)
{
  guint8 chunk[3200];

  fill_pattern (chunk, sizeof chunk, 3);
  for (guint i = 0; i < 4; i++) {
    g_autoptr (Recorder) recorder = recorder_create (server, NULL, 16000, 1);

    recorder_send (recorder, chunk, sizeof chunk);
    recorder_say_close (recorder);
    if (i % 2 == 1)
      recorder_expect_ack (recorder, sizeof chunk, (Figures){ 1, sizeof chunk, sizeof chunk / 2 });
    if (i / 2 == 1)
      ws_client_send_close (recorder->ws, 1000, NULL);
    else
      ws_client_shutdown_write (recorder->ws);
    recorder_wait_status (server, recorder->id, "completed");
    recorder_assert_samples (server, recorder, chunk, sizeof chunk);
  }
}

/* What comes behind close_session is not recorded. */
static void
test_chunks_after_close (void)
{
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);

  recorder_send (recorder, "abcd", 4);
  recorder_say_close (recorder);
  recorder_send (recorder, "efgh", 4);
  recorder_expect_ack (recorder, 4, (Figures){ 1, 4, 2 });
  recorder_expect_completed (recorder, (Figures){ 1, 4, 2 });
  recorder_wait_status (server, recorder->id, "completed");
  recorder_assert_samples (server, recorder, "abcd", 4);
}

/* Who sends on while another ends the session is told of the end alone: a chunk that failed would be sent again. */
static void
test_chunks_while_ending (void)
{
  for (guint i = 0; i < 10; i++) {
    g_autoptr (Recorder) one = recorder_create (server, NULL, 8000, 1);
    g_autoptr (Recorder) two = recorder_join (server, one);
    const char *message;

    recorder_check_status (two, (Figures){ 0, 0, 0 });
    recorder_say_close (one);
    for (guint n = 0; n < 5; n++)
      recorder_send (two, "abcd", 4);
    do {
      g_autoptr (JsonParser) parser = json_parser_new ();
      JsonObject *told = recorder_read (two->ws, parser);

      if (told == NULL)
        return;
      message = g_intern_string (json_object_get_string_member (told, "message"));
      g_assert_cmpstr (message, !=, "Failed to process chunk");
    } while (!g_str_equal (message, "Session closed"));
    ws_client_expect_close (two->ws, 1000);
  }
}

/* Lost connections and a new server: the session waits. */
static void
test_resume (void)
{
  g_autoptr (Recorder) first = recorder_create (server, NULL, 8000, 2);
  g_autoptr (Recorder) second = NULL;
  g_autoptr (Recorder) third = NULL;

  recorder_send (first, "abcdefg", 7);
  recorder_expect_ack (first, 7, (Figures){ 1, 7, 1 });
  recorder_hang_up (first);
  second = recorder_join (server, first);
  recorder_check_status (second, (Figures){ 1, 7, 1 });
  recorder_send (second, "hi", 2);
  recorder_expect_ack (second, 2, (Figures){ 2, 9, 2 });
  recorder_hang_up (second);
  recording_server_restart (server);
  third = recorder_join (server, first);
  recorder_check_status (third, (Figures){ 2, 9, 2 });
  recorder_send (third, "jkl", 3);
  recorder_expect_ack (third, 3, (Figures){ 3, 12, 3 });
  recorder_finish (third, (Figures){ 3, 12, 3 });
  recorder_assert_samples (server, third, "abcdefghijkl", 12);
}

/* What the lost connection still has under way does not count, and it keeps nobody out. */
static void
test_take_over (void)
{
  g_autoptr (Recorder) lost = recorder_create (server, NULL, 8000, 1);
  g_autofree char *path = g_strconcat (RECORDING_PATH "/", lost->id, "?resume=1", NULL);
  g_autoptr (Recorder) back = recorder_join (server, lost);

  recorder_send (lost, "abcd", 4);
  recorder_expect_ack (lost, 4, (Figures){ 1, 4, 2 });
  for (guint i = 0; i < 8; i++) { /* more than there may be at once */
    recorder_hang_up (back);
    back->ws = ws_client_connect (recording_server_port (server), path);
    recorder_expect_status (back, (Figures){ 1, 4, 2 });
  }
  recorder_send (lost, "wxyz", 4);
  recorder_say_close (lost);
  ws_client_expect_close (lost->ws, 4001);
  recorder_send (back, "efgh", 4);
  recorder_expect_ack (back, 4, (Figures){ 2, 8, 4 });
  recorder_finish (back, (Figures){ 2, 8, 4 });
  recorder_assert_samples (server, back, "abcdefgh", 8);
}

/* ---- who is not let in ---- */

/* The message before a close with 1008. */
static void
expect_refusal (const char *path, const char *expected)
{
  g_autoptr (WsClient) ws = ws_client_connect (recording_server_port (server), path);

  g_test_message ("%.60s", path);
  ws_client_expect_message (ws, WS_TEXT, expected, strlen (expected));
  ws_client_expect_close (ws, 1008);
}

static void
test_bad_queries (void)
{
  static const char *const rows[][2] = {
    { "sample_rate=44101", "{\"error\":\"Invalid sample rate\",\"valid_values\":[8000,16000,22050,44100,48000,96000],"
                           "\"detail\":\"sample_rate is none of the valid values\"}" },
    { "sample_rate=", "{\"error\":\"Invalid sample rate\",\"valid_values\":[8000,16000,22050,44100,48000,96000],"
                      "\"detail\":\"sample_rate is none of the valid values\"}" },
    { "channels=3", "{\"error\":\"Invalid channels\",\"valid_values\":[1,2],"
                    "\"detail\":\"channels is none of the valid values\"}" },
    { "format=../wav",
      "{\"error\":\"Invalid format\",\"valid_values\":[\"wav\",\"mp3\",\"flac\",\"aac\",\"ogg\",\"webm\"],"
      "\"detail\":\"format is none of the valid values\"}" },
    { "user_id=a%0Ab", "{\"error\":\"Invalid user id\",\"detail\":\"user_id has a control character in it\"}" },
  };
  g_autofree char *name = g_strnfill (129, 'u');
  g_autofree char *long_name = g_strconcat (RECORDING_PATH "?user_id=", name, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat (RECORDING_PATH "?", rows[i][0], NULL);

    expect_refusal (path, rows[i][1]);
  }
  expect_refusal (long_name, "{\"error\":\"Invalid user id\",\"detail\":\"user_id has over 128 characters\"}");
}

/* As the server writes what came, in its answer. */
static void
expect_not_found (const char *segment, const char *as_json)
{
  g_autofree char *path = g_strconcat (RECORDING_PATH "/", segment, NULL);
  g_autofree char *expected = g_strdup_printf (
      "{\"error\":\"Session not found\",\"session_id\":\"%s\",\"detail\":\"there is no active session of this id\"}",
      as_json);

  expect_refusal (path, expected);
}

static void
test_unknown_sessions (void)
{
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);
  g_autofree char *upper = g_ascii_strup (recorder->id, -1);
  g_autofree char *bare = g_strdup_printf ("%.8s%.4s", recorder->id, recorder->id + 9);
  g_autofree char *braces = g_strdup_printf ("%%7B%s%%7D", recorder->id);
  g_autofree char *braces_json = g_strdup_printf ("{%s}", recorder->id);
  g_autofree char *file = g_strconcat (recorder->id, ".wav", NULL);
  g_autofree char *longest = g_strnfill (2000, 'a');

  expect_not_found (UNKNOWN, UNKNOWN);
  expect_not_found ("invalid-uuid", "invalid-uuid");
  expect_not_found (upper, upper);
  expect_not_found (bare, bare);
  expect_not_found (braces, braces_json);
  expect_not_found (file, file);
  expect_not_found ("..%2F..%2Fetc%2Fpasswd", "../../etc/passwd");
  expect_not_found ("%2e%2e%2frecordings", "../recordings");
  expect_not_found ("%22%0a%5c", "\\\"\\u000a\\\\");
  expect_not_found (longest, longest);
  recorder_check_status (recorder, (Figures){ 0 });
}

/* Addresses that are none of ours, or nobody's session once their dots are resolved. */
static void
test_path_tricks (void)
{
  static const char *const paths[] = {
    RECORDING_PATH "/../../../etc/passwd",
    RECORDING_PATH "/" UNKNOWN "%00",
    RECORDING_PATH "/" UNKNOWN "/",
    RECORDING_PATH "/" UNKNOWN "/../" UNKNOWN,
    RECORDING_PATH "/%ff",
    RECORDING_PATH "//" UNKNOWN,
  };
  static const char unknown[] = "{\"error\":\"Session not found\",\"session_id\":\"" UNKNOWN
                                "\",\"detail\":\"there is no active session of this id\"}";
  g_autoptr (GDir) folder = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (WsClient) ws = ws_client_connect_tcp (recording_server_port (server));
    g_autoptr (HttpAnswer) answer = ws_client_handshake (ws, paths[i], NULL);

    g_test_message ("%s", paths[i]);
    if (answer == NULL)
      return;
    if (answer->status == 101)
      ws_client_expect_message (ws, WS_TEXT, unknown, strlen (unknown));
    else
      g_assert_true (answer->status == 400 || answer->status == 404);
  }
  folder = g_dir_open (recording_server_folder (server), 0, NULL);
  g_assert_cmpstr (g_dir_read_name (folder), ==, "recordings");
  g_assert_null (g_dir_read_name (folder));
}

static void
test_closed_session (void)
{
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 1);

  recorder_finish (recorder, (Figures){ 0 });
  recorder_wait_status (server, recorder->id, "completed");
  expect_not_found (recorder->id, recorder->id);
}

/* Who says whose session it is has to be right. */
static void
test_other_user (void)
{
  g_autoptr (WsClient) ws = ws_client_connect (recording_server_port (server), RECORDING_PATH "?user_id=a%20b");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *greeting = recorder_read (ws, parser);
  static const char *const right[] = { "", "?user_id=", "?user_id=a+b" };
  static const char *const wrong[] = { "?user_id=a", "?user_id=A%20b" };
  g_autofree char *id = NULL;

  if (greeting == NULL)
    return;
  id = g_strdup (json_object_get_string_member (greeting, "session_id"));
  for (gsize i = 0; i < G_N_ELEMENTS (right); i++) {
    g_autofree char *path = g_strconcat (RECORDING_PATH "/", id, right[i], NULL);
    g_autoptr (WsClient) other = ws_client_connect (recording_server_port (server), path);

    ws_client_send_binary (other, "ab", 2);
    g_assert_nonnull (recorder_read (other, parser));
    ws_client_send_close (other, 1000, NULL);
    ws_client_expect_close (other, 1000);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree char *path = g_strconcat (RECORDING_PATH "/", id, wrong[i], NULL);
    g_autofree char *expected = g_strdup_printf (
        "{\"error\":\"Session not found\",\"session_id\":\"%s\",\"detail\":\"the session is another user's\"}", id);

    expect_refusal (path, expected);
  }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/recording/acknowledgements", test_acknowledgements);
  g_test_add_func ("/recording/splits", test_splits);
  g_test_add_func ("/recording/empty-chunk", test_empty_chunk);
  g_test_add_func ("/recording/without-chunks", test_without_chunks);
  g_test_add_func ("/recording/fragments", test_fragments);
  g_test_add_func ("/recording/two-connections", test_two_connections);
  g_test_add_func ("/recording/two-at-once", test_two_at_once);
  g_test_add_func ("/recording/not-mixed", test_not_mixed);
  g_test_add_func ("/recording/bad-control", test_bad_control);
  g_test_add_func ("/recording/status-in-order", test_status_in_order);
  g_test_add_func ("/recording/leaves-after-close", test_leaves_after_close);
  g_test_add_func ("/recording/chunks-after-close", test_chunks_after_close);
  g_test_add_func ("/recording/chunks-while-ending", test_chunks_while_ending);
  g_test_add_func ("/recording/resume", test_resume);
  g_test_add_func ("/recording/take-over", test_take_over);
  g_test_add_func ("/recording/bad-queries", test_bad_queries);
  g_test_add_func ("/recording/unknown-sessions", test_unknown_sessions);
  g_test_add_func ("/recording/path-tricks", test_path_tricks);
  g_test_add_func ("/recording/closed-session", test_closed_session);
  g_test_add_func ("/recording/other-user", test_other_user);

  server = recording_server_start ();
  result = g_test_run ();
  recording_server_stop (server);
  return result;
}
