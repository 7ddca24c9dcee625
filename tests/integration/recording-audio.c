/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recording's audio over HTTP: while it is recorded, by range, as a waveform; downloads that are long, slow or given
 * up. */
#include "recording-http.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "test-wait.h"

#define HEADER 80
#define MIB    (1024 * 1024)

static RecordingServer *server;

/* ---- audio ---- */

static guint32
get_u32 (const char *bytes)
{
  const guint8 *b = (const guint8 *)bytes;

  return b[0] | (guint32)b[1] << 8 | (guint32)b[2] << 16 | (guint32)b[3] << 24;
}

static void
assert_wav (const HttpAnswer *answer, const guint8 *samples, gsize length)
{
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpuint (answer->body_len, ==, HEADER + length);
  g_assert_cmpmem (answer->body, 4, "RIFF", 4);
  g_assert_cmpuint (get_u32 (answer->body + 4), ==, HEADER - 8 + length);
  g_assert_cmpuint (get_u32 (answer->body + 76), ==, length);
  g_assert_true (memcmp (answer->body + HEADER, samples, length) == 0);
}

/* At every moment it is a whole file of what has been acknowledged. */
static void
test_audio_while_recording (void)
{
  g_autofree guint8 *samples = make_pattern (100000, 2);
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 44100, 2);

  for (gsize n = 1; n <= 5; n++) {
    g_autoptr (HttpAnswer) answer = NULL;
    g_autofree char *tag = NULL;
    g_autofree char *cache = NULL;

    recorder_send (recorder, samples + (n - 1) * 20000, 20000);
    recorder_expect_ack (recorder, 20000, (Figures){ n, n * 20000, n * 5000 });
    answer = api_ask_about (server, "GET", recorder->id, "/audio", "");
    assert_wav (answer, samples, n * 20000);
    tag = http_answer_header (answer, "ETag");
    cache = http_answer_header (answer, "Cache-Control");
    g_assert_null (tag);
    g_assert_cmpstr (cache, ==, "no-store");
  }
  recorder_finish (recorder, (Figures){ 5, 100000, 25000 });
}

static void
assert_headers (const HttpAnswer *answer, const char *id)
{
  g_autofree char *type = http_answer_header (answer, "Content-Type");
  g_autofree char *disposition = http_answer_header (answer, "Content-Disposition");
  g_autofree char *accepts = http_answer_header (answer, "Accept-Ranges");
  g_autofree char *sniff = http_answer_header (answer, "X-Content-Type-Options");
  g_autofree char *expected = g_strdup_printf ("attachment; filename=\"%s.wav\"", id);

  g_assert_cmpstr (type, ==, "audio/wav");
  g_assert_cmpstr (disposition, ==, expected);
  g_assert_cmpstr (accepts, ==, "bytes");
  g_assert_cmpstr (sniff, ==, "nosniff");
}

/* What is told is the file, to the byte. */
static void
test_audio_completed (void)
{
  g_autofree guint8 *samples = make_pattern (300001, 3);
  g_autoptr (Recorder) recorder = recorder_record (server, 48000, 1, samples, 300001);
  g_autofree char *path = g_strdup_printf ("%s/recordings/%s.wav", recording_server_folder (server), recorder->id);
  g_autoptr (HttpAnswer) answer = NULL, head = NULL;
  g_autofree char *file = NULL;
  g_autofree char *length = NULL;
  gsize file_length;

  recorder_finish (recorder, (Figures){ 1, 300001, 150000 });
  recorder_wait_status (server, recorder->id, "completed");
  answer = api_ask_about (server, "GET", recorder->id, "/audio", "");
  head = api_ask_about (server, "HEAD", recorder->id, "/audio", "");
  assert_wav (answer, samples, 300000);
  assert_headers (answer, recorder->id);
  assert_headers (head, recorder->id);
  length = http_answer_header (head, "Content-Length");
  g_assert_cmpstr (length, ==, "300080");
  g_assert_true (g_file_get_contents (path, &file, &file_length, NULL));
  g_assert_cmpuint (file_length, ==, answer->body_len);
  g_assert_true (memcmp (file, answer->body, file_length) == 0);
}

static void
assert_range (const char *id, const char *range, const char *more, guint status, const char *content_range,
              const guint8 *whole, gsize begin, gsize length)
{
  g_autofree char *headers = g_strdup_printf ("Range: bytes=%s\r\n%s", range, more);
  g_autoptr (HttpAnswer) answer = api_ask_about (server, "GET", id, "/audio", headers);
  g_autofree char *told = http_answer_header (answer, "Content-Range");

  g_test_message ("%s", headers);
  g_assert_cmpuint (answer->status, ==, status);
  g_assert_cmpstr (told, ==, content_range);
  if (status != 416)
    g_assert_cmpmem (answer->body, answer->body_len, whole + begin, length);
}

static void
test_ranges (void)
{
  g_autofree guint8 *samples = make_pattern (10000, 4);
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, samples, 10000);
  g_autoptr (HttpAnswer) whole = NULL;
  g_autofree char *tag = NULL;
  g_autofree char *same = NULL;
  const guint8 *bytes;

  recorder_finish (recorder, (Figures){ 1, 10000, 5000 });
  recorder_wait_status (server, recorder->id, "completed");
  whole = api_ask_about (server, "GET", recorder->id, "/audio", "");
  bytes = (const guint8 *)whole->body;
  tag = http_answer_header (whole, "ETag");
  same = g_strdup_printf ("If-Range: %s\r\n", tag);
  assert_range (recorder->id, "0-79", "", 206, "bytes 0-79/10080", bytes, 0, 80);
  assert_range (recorder->id, "78-81", "", 206, "bytes 78-81/10080", bytes, 78, 4); /* of both parts */
  assert_range (recorder->id, "80-", "", 206, "bytes 80-10079/10080", bytes, 80, 10000);
  assert_range (recorder->id, "-100", "", 206, "bytes 9980-10079/10080", bytes, 9980, 100);
  assert_range (recorder->id, "10080-", "", 416, "bytes */10080", bytes, 0, 0);
  assert_range (recorder->id, "0-1,5-6", "", 200, NULL, bytes, 0, 10080);
  assert_range (recorder->id, "5-6", same, 206, "bytes 5-6/10080", bytes, 5, 2);
  assert_range (recorder->id, "5-6", "If-Range: \"another\"\r\n", 200, NULL, bytes, 0, 10080);
}

static void
test_not_modified (void)
{
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, "abcd", 4);
  g_autoptr (HttpAnswer) first = NULL, second = NULL;
  g_autofree char *tag = NULL;
  g_autofree char *headers = NULL;

  recorder_finish (recorder, (Figures){ 1, 4, 2 });
  recorder_wait_status (server, recorder->id, "completed");
  first = api_ask_about (server, "HEAD", recorder->id, "/audio", "");
  tag = http_answer_header (first, "ETag");
  headers = g_strdup_printf ("If-None-Match: %s\r\n", tag);
  second = api_ask_about (server, "HEAD", recorder->id, "/audio", headers);
  g_assert_cmpuint (second->status, ==, 304);
}

/* ---- peaks ---- */

static void
assert_peaks (const Recorder *recorder, const char *query, const char *expected)
{
  g_autofree char *path = g_strconcat ("/peaks", query, NULL);
  g_autoptr (HttpAnswer) answer = api_ask_about (server, "GET", recorder->id, path, "");
  g_autofree char *end = g_strconcat (",\"exact\":true,", expected, "}", NULL);

  g_test_message ("%s", query);
  g_assert_cmpuint (answer->status, ==, 200);
  if (!g_str_has_suffix (answer->body, end))
    g_test_fail_printf ("%s does not end with %s", answer->body, end);
}

static void
test_peaks (void)
{
  static const gint16 samples[] = { 1, -1, 100, -100, 32767, -32768, 5, 7, 6, -7, 0, 0 }; /* of two channels */
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 8000, 2);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (HttpAnswer) answer = NULL;
  JsonObject *object;

  assert_peaks (recorder, "", "\"min\":[[],[]],\"max\":[[],[]]");
  recorder_send (recorder, samples, sizeof samples);
  recorder_expect_ack (recorder, sizeof samples, (Figures){ 1, sizeof samples, 6 });
  assert_peaks (recorder, "?n=1", "\"min\":[[0],[-32768]],\"max\":[[32767],[7]]");
  assert_peaks (recorder, "?n=2", "\"min\":[[1,0],[-32768,-7]],\"max\":[[32767,6],[-1,7]]");
  assert_peaks (recorder, "?n=10000",
                "\"min\":[[1,100,32767,5,6,0],[-1,-100,-32768,7,-7,0]],"
                "\"max\":[[1,100,32767,5,6,0],[-1,-100,-32768,7,-7,0]]");
  recorder_finish (recorder, (Figures){ 1, sizeof samples, 6 });
  recorder_wait_status (server, recorder->id, "completed");
  assert_peaks (recorder, "",
                "\"min\":[[1,100,32767,5,6,0],[-1,-100,-32768,7,-7,0]],"
                "\"max\":[[1,100,32767,5,6,0],[-1,-100,-32768,7,-7,0]]");
  answer = api_ask_about (server, "GET", recorder->id, "/peaks?n=3", "");
  object = api_expect_object (answer, 200, parser);
  g_assert_cmpint (api_number (object, "parts"), ==, 3);
  g_assert_cmpint (api_number (object, "frames"), ==, 6);
  g_assert_cmpstr (api_text (object, "status"), ==, "completed");
}

/* ---- long ones ---- */

/* A long recording that takes no room on the disk, as one that is found when the index is made anew. */
static void
put_large (const char *id, const char *like, gsize data_bytes)
{
  g_autofree char *folder = g_build_filename (recording_server_folder (server), "recordings", NULL);
  g_autofree char *from = g_strdup_printf ("%s/%s.wav", folder, like);
  g_autofree char *to = g_strdup_printf ("%s/%s.wav", folder, id);
  g_autofree char *path = recording_index_path (server);
  g_autofree char *header = NULL;
  guint32 riff = (guint32)(data_bytes + HEADER - 8), data = (guint32)data_bytes;
  int fd;

  g_assert_true (g_file_get_contents (from, &header, NULL, NULL));
  memcpy (header + 4, &riff, 4); /* tests run on little-endian machines */
  memcpy (header + 76, &data, 4);
  fd = open (to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  g_assert_cmpint (pwrite (fd, header, HEADER, 0), ==, HEADER);
  g_assert_cmpint (ftruncate (fd, (goffset)(HEADER + data_bytes)), ==, 0);
  g_assert_cmpint (pwrite (fd, "\x39\x30", 2, (goffset)(HEADER + data_bytes - 2)), ==, 2);
  close (fd);
  g_assert_cmpint (g_unlink (path), ==, 0);
  recording_server_restart (server);
}

#define LARGE_ID   "11111111-1111-4111-8111-111111111111"
#define LARGE_DATA ((gsize)768 * MIB)

static WsClient *
begin_download (const char *headers)
{
  WsClient *client = ws_client_connect_tcp (recording_server_port (server));
  g_autofree char *request =
      g_strdup_printf ("GET " SESSIONS_PATH "/" LARGE_ID "/audio HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);

  ws_client_send_raw (client, request, strlen (request));
  return client;
}

/* Returns: bytes; fewer than @most only at the end */
static gsize
read_some (WsClient *client, gsize most)
{
  static char bytes[256 * 1024];
  gsize total = 0;

  while (total < most) {
    gssize n;

    if (test_poll_fd (ws_client_fd (client), G_IO_IN, test_deadline ()) == 0)
      return total;
    n = read (ws_client_fd (client), bytes, MIN (sizeof bytes, most - total));
    if (n <= 0)
      return total;
    total += (gsize)n;
  }
  return total;
}

static void
assert_small (void)
{
  if (rss_is_meaningful ())
    g_assert_cmpuint (server_process_rss (recording_server_process (server)), <, RSS_LIMIT);
}

static gboolean
has_fds (guint fds)
{
  return server_process_fds (recording_server_process (server)) <= fds;
}

static void
test_long_downloads (void)
{
  g_autoptr (Recorder) like = recorder_record (server, 48000, 1, "ab", 2);
  g_autoptr (WsClient) slow = NULL, fast = NULL;
  g_autoptr (HttpAnswer) peaks = NULL;
  guint fds;

  recorder_finish (like, (Figures){ 1, 2, 1 });
  recorder_wait_status (server, like->id, "completed");
  put_large (LARGE_ID, like->id, LARGE_DATA);
  g_assert_cmpuint (api_status (server, "GET", LARGE_ID, ""), ==, 200);
  fds = server_process_fds (recording_server_process (server));
  slow = begin_download ("");
  fast = begin_download ("");
  for (guint i = 0; i < LARGE_DATA / (64 * MIB); i++) {
    g_assert_cmpuint (read_some (slow, 4 * MIB), ==, 4 * MIB); /* for who takes nothing at all is cut off in the end */
    g_assert_cmpuint (read_some (fast, 64 * MIB), ==, 64 * MIB);
    assert_small ();
  }
  g_assert_cmpuint (read_some (fast, LARGE_DATA), <, 1000); /* the headers' */
  peaks = api_ask_about (server, "GET", LARGE_ID, "/peaks?n=4", "");
  g_assert_nonnull (strstr (peaks->body, "\"exact\":false,\"min\":[[0,0,0,0]],"));
  for (guint i = 0; i < 20; i++) { /* who leave */
    g_autoptr (WsClient) client = begin_download ("");

    g_assert_cmpuint (read_some (client, 1 + i * 50000), ==, 1 + i * 50000);
    g_assert_cmpuint (read_some (slow, 4 * MIB), ==, 4 * MIB);
  }
  assert_small ();
  /* One that has begun goes on when there is no such recording any more. */
  g_assert_cmpuint (api_status (server, "DELETE", LARGE_ID, ""), ==, 200);
  g_assert_cmpuint (api_status (server, "GET", LARGE_ID, "/audio"), ==, 404);
  g_assert_cmpuint (read_some (slow, 64 * MIB), ==, 64 * MIB);
  g_clear_pointer (&slow, ws_client_free);
  g_clear_pointer (&fast, ws_client_free);
  g_assert_true (test_wait_until (has_fds (fds)));
}

/* A client that leaves while the server ends. */
static void
test_shutdown (void)
{
  g_autoptr (Recorder) like = recorder_record (server, 48000, 1, "ab", 2);
  g_autoptr (WsClient) client = NULL;

  recorder_finish (like, (Figures){ 1, 2, 1 });
  recorder_wait_status (server, like->id, "completed");
  put_large (LARGE_ID, like->id, LARGE_DATA);
  client = begin_download ("");
  g_assert_cmpuint (read_some (client, 1000), ==, 1000);
  recording_server_restart (server);
  g_assert_cmpuint (api_status (server, "DELETE", LARGE_ID, ""), ==, 200);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/recording-audio/audio-while-recording", test_audio_while_recording);
  g_test_add_func ("/recording-audio/audio-completed", test_audio_completed);
  g_test_add_func ("/recording-audio/ranges", test_ranges);
  g_test_add_func ("/recording-audio/not-modified", test_not_modified);
  g_test_add_func ("/recording-audio/peaks", test_peaks);
  g_test_add_func ("/recording-audio/long-downloads", test_long_downloads);
  g_test_add_func ("/recording-audio/shutdown", test_shutdown);

  server = recording_server_start ();
  result = g_test_run ();
  recording_server_stop (server);
  return result;
}
