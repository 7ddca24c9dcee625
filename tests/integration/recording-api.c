/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recordings' paths of HTTP: what they tell, close and delete, audio by range and while it is recorded, waveforms,
 * lists, and downloads that are long, slow or given up. */
#include "recording-support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "test-wait.h"

#define API     "/api/audio/sessions"
#define UNKNOWN "00000000-0000-4000-8000-000000000000"
#define HEADER  80
#define MIB     (1024 * 1024)

static RecordingServer *server;

/* ---- asking ---- */

static HttpAnswer *
ask (const char *method, const char *path, const char *headers)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (recording_server_port (server));
  g_autofree char *request = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", method, path, headers);

  return ws_client_request (client, request);
}

/* @path: what comes behind the id. */
static HttpAnswer *
ask_about (const char *method, const char *id, const char *path, const char *headers)
{
  g_autofree char *whole = g_strconcat (API "/", id, path, NULL);

  return ask (method, whole, headers);
}

static guint
status_of (const char *method, const char *id, const char *path)
{
  g_autoptr (HttpAnswer) answer = ask_about (method, id, path, "");

  return answer->status;
}

/* The answer must have @status, and be an object of JSON. */
static JsonObject *
expect_object (HttpAnswer *answer, guint status, JsonParser *parser)
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

static const char *
text (JsonObject *object, const char *name)
{
  return json_object_get_string_member_with_default (object, name, NULL);
}

static gint64
number (JsonObject *object, const char *name)
{
  return json_object_get_int_member_with_default (object, name, -1);
}

/* Samples that none of the file's other places has. */
static guint8 *
make_samples (gsize length, guint32 seed)
{
  guint8 *samples = g_malloc (length);

  fill_pattern (samples, length, seed);
  return samples;
}

static Recorder *
record (const char *format, guint rate, guint channels, gconstpointer samples, gsize length)
{
  Recorder *recorder = recorder_create (server, format, rate, channels);

  recorder_send (recorder, samples, length);
  recorder_expect_ack (recorder, length, (Figures){ 1, length, length / channels / 2 });
  return recorder;
}

static gboolean
file_exists (const char *id, const char *suffix)
{
  g_autofree char *path = g_strdup_printf ("%s/recordings/%s%s", recording_server_folder (server), id, suffix);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* ---- what is not there ---- */

static const struct {
  const char *method, *path;
} paths[] = {
  { "GET", "" }, { "DELETE", "" }, { "POST", "/close" }, { "GET", "/audio" }, { "HEAD", "/audio" }, { "GET", "/peaks" },
};

static void
expect_not_found (const char *method, const char *escaped, const char *path, const char *id)
{
  g_autoptr (HttpAnswer) answer = ask_about (method, escaped, path, "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  g_test_message ("%s %s%s", method, escaped, path);
  g_assert_cmpuint (answer->status, ==, 404);
  if (g_str_equal (method, "HEAD"))
    return;
  object = expect_object (answer, 404, parser);
  g_assert_cmpstr (text (object, "error"), ==, "Session not found");
  g_assert_cmpstr (text (object, "session_id"), ==, id);
  g_assert_cmpstr (text (object, "detail"), ==, "Session not found");
}

static void
test_unknown (void)
{
  static const struct {
    const char *escaped, *id;
  } ids[] = {
    { UNKNOWN, UNKNOWN },
    { "invalid-uuid", "invalid-uuid" },
    { "%2e%2e%2frecordings%2findex.sqlite", "../recordings/index.sqlite" },
    { "..%2F..%2F..%2Fetc%2Fpasswd", "../../../etc/passwd" },
    { "index.sqlite", "index.sqlite" },
    { "00000000-0000-4000-8000-000000000000.wav", "00000000-0000-4000-8000-000000000000.wav" },
    { "0000000A-0000-4000-8000-000000000000", "0000000A-0000-4000-8000-000000000000" },
    { "%22%3E%3Cscript%3E%01", "\"><script>\001" },
    { "%C3%A9", "\xc3\xa9" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    for (guint j = 0; j < G_N_ELEMENTS (paths); j++)
      expect_not_found (paths[j].method, ids[i].escaped, paths[j].path, ids[i].id);
}

static void
test_upper_case (void)
{
  g_autoptr (Recorder) recorder = record (NULL, 8000, 1, "abcd", 4);
  g_autofree char *upper = g_ascii_strup (recorder->id, -1);

  if (!g_str_equal (upper, recorder->id))
    expect_not_found ("GET", upper, "", upper);
  recorder_finish (recorder, (Figures){ 1, 4, 2 });
}

static void
test_methods (void)
{
  g_autoptr (HttpAnswer) put = ask_about ("PUT", UNKNOWN, "", "");
  g_autoptr (HttpAnswer) get = ask_about ("GET", UNKNOWN, "/close", "");
  g_autoptr (HttpAnswer) large =
      ask_about ("POST", UNKNOWN, "/close", "Content-Length: 5000\r\nExpect: 100-continue\r\n");
  g_autofree char *allow = http_answer_header (put, "Allow");

  g_assert_cmpuint (put->status, ==, 405);
  g_assert_cmpstr (allow, ==, "GET, HEAD, DELETE");
  g_assert_cmpuint (get->status, ==, 405);
  g_assert_cmpuint (large->status, ==, 413);
}

/* ---- one session ---- */

static void
test_show (void)
{
  const gint64 before = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree guint8 *samples = make_samples (64000, 1);
  g_autoptr (Recorder) recorder = record ("wav", 16000, 2, samples, 64000);
  g_autoptr (HttpAnswer) answer = ask_about ("GET", recorder->id, "", "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = expect_object (answer, 200, parser);
  g_autofree char *file = g_strconcat (recorder->id, ".wav", NULL);
  g_autoptr (GDateTime) created = g_date_time_new_from_iso8601 (text (object, "created_at"), NULL);

  g_assert_cmpstr (text (object, "session_id"), ==, recorder->id);
  g_assert_cmpstr (text (object, "status"), ==, "active");
  g_assert_cmpstr (text (object, "file_path"), ==, file);
  g_assert_cmpfloat (json_object_get_double_member (object, "duration_seconds"), ==, 1);
  g_assert_cmpint (number (object, "total_chunks"), ==, 1);
  g_assert_cmpint (number (object, "sample_rate"), ==, 16000);
  g_assert_cmpint (number (object, "channels"), ==, 2);
  g_assert_cmpstr (text (object, "format"), ==, "wav");
  g_assert_true (json_object_get_null_member (object, "user_id"));
  g_assert_cmpint (g_date_time_to_unix (created), >=, before);
  g_assert_cmpint (g_date_time_to_unix (created), <=, before + 60);
  g_assert_cmpstr (text (object, "updated_at"), >=, text (object, "created_at"));
  g_assert_true (json_object_get_null_member (object, "completed_at"));
  g_assert_cmpint (number (object, "bytes_received"), ==, 64000);
  g_assert_cmpint (number (object, "file_bytes"), ==, HEADER + 64000);
  recorder_finish (recorder, (Figures){ 1, 64000, 16000 });
}

/* The sockets are told, and who asks again gets the same. */
static void
test_close (void)
{
  g_autoptr (Recorder) recorder = record (NULL, 8000, 1, "abcdef", 6);
  g_autoptr (Recorder) other = recorder_join (server, recorder);
  g_autoptr (HttpAnswer) first = ask_about ("POST", recorder->id, "/close", "Content-Length: 0\r\n");
  g_autoptr (HttpAnswer) second = ask_about ("POST", recorder->id, "/close", "");
  g_autoptr (HttpAnswer) shown = ask_about ("GET", recorder->id, "", "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = expect_object (first, 200, parser);

  g_assert_true (json_object_get_boolean_member_with_default (object, "success", FALSE));
  g_assert_cmpstr (text (object, "status"), ==, "completed");
  g_assert_cmpint (number (object, "total_chunks"), ==, 1);
  g_assert_cmpint (number (object, "file_bytes"), ==, HEADER + 6);
  g_assert_cmpstr (text (object, "completed_at"), >=, text (object, "created_at"));
  recorder_expect_completed (recorder, (Figures){ 1, 6, 3 });
  ws_client_expect_close (recorder->ws, 1000);
  recorder_expect_completed (other, (Figures){ 1, 6, 3 });
  ws_client_expect_close (other->ws, 1000);
  g_assert_cmpstr (second->body, ==, first->body);
  g_assert_cmpstr (shown->body + 1, ==, first->body + strlen ("{\"success\":true,"));
  recorder_assert_samples (server, recorder, "abcdef", 6);
}

static void
test_delete_active (void)
{
  g_autoptr (Recorder) recorder = record (NULL, 8000, 1, "abcdef", 6);
  g_autoptr (HttpAnswer) answer = ask_about ("DELETE", recorder->id, "", "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = expect_object (answer, 200, parser);

  g_assert_true (json_object_get_boolean_member_with_default (object, "success", FALSE));
  g_assert_cmpstr (text (object, "session_id"), ==, recorder->id);
  ws_client_expect_close (recorder->ws, 1008);
  g_assert_false (file_exists (recorder->id, ".wav"));
  g_assert_false (file_exists (recorder->id, ".jnl"));
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    expect_not_found (paths[i].method, recorder->id, paths[i].path, recorder->id);
}

static void
test_delete_completed (void)
{
  g_autoptr (Recorder) recorder = record (NULL, 8000, 1, "abcdef", 6);

  recorder_finish (recorder, (Figures){ 1, 6, 3 });
  recorder_wait_status (server, recorder->id, "completed");
  g_assert_cmpuint (status_of ("DELETE", recorder->id, ""), ==, 200);
  g_assert_false (file_exists (recorder->id, ".wav"));
  g_assert_false (file_exists (recorder->id, ".jnl"));
  g_assert_cmpuint (status_of ("DELETE", recorder->id, ""), ==, 404);
  g_assert_cmpuint (status_of ("GET", recorder->id, "/audio"), ==, 404);
}

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
  g_autofree guint8 *samples = make_samples (100000, 2);
  g_autoptr (Recorder) recorder = recorder_create (server, NULL, 44100, 2);

  for (gsize n = 1; n <= 5; n++) {
    g_autoptr (HttpAnswer) answer = NULL;
    g_autofree char *tag = NULL;
    g_autofree char *cache = NULL;

    recorder_send (recorder, samples + (n - 1) * 20000, 20000);
    recorder_expect_ack (recorder, 20000, (Figures){ n, n * 20000, n * 5000 });
    answer = ask_about ("GET", recorder->id, "/audio", "");
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
  g_autofree guint8 *samples = make_samples (300001, 3);
  g_autoptr (Recorder) recorder = record (NULL, 48000, 1, samples, 300001);
  g_autofree char *path = g_strdup_printf ("%s/recordings/%s.wav", recording_server_folder (server), recorder->id);
  g_autoptr (HttpAnswer) answer = NULL, head = NULL;
  g_autofree char *file = NULL;
  g_autofree char *length = NULL;
  gsize file_length;

  recorder_finish (recorder, (Figures){ 1, 300001, 150000 });
  recorder_wait_status (server, recorder->id, "completed");
  answer = ask_about ("GET", recorder->id, "/audio", "");
  head = ask_about ("HEAD", recorder->id, "/audio", "");
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
  g_autoptr (HttpAnswer) answer = ask_about ("GET", id, "/audio", headers);
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
  g_autofree guint8 *samples = make_samples (10000, 4);
  g_autoptr (Recorder) recorder = record (NULL, 8000, 1, samples, 10000);
  g_autoptr (HttpAnswer) whole = NULL;
  g_autofree char *tag = NULL;
  g_autofree char *same = NULL;
  const guint8 *bytes;

  recorder_finish (recorder, (Figures){ 1, 10000, 5000 });
  recorder_wait_status (server, recorder->id, "completed");
  whole = ask_about ("GET", recorder->id, "/audio", "");
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
  g_autoptr (Recorder) recorder = record (NULL, 8000, 1, "abcd", 4);
  g_autoptr (HttpAnswer) first = NULL, second = NULL;
  g_autofree char *tag = NULL;
  g_autofree char *headers = NULL;

  recorder_finish (recorder, (Figures){ 1, 4, 2 });
  recorder_wait_status (server, recorder->id, "completed");
  first = ask_about ("HEAD", recorder->id, "/audio", "");
  tag = http_answer_header (first, "ETag");
  headers = g_strdup_printf ("If-None-Match: %s\r\n", tag);
  second = ask_about ("HEAD", recorder->id, "/audio", headers);
  g_assert_cmpuint (second->status, ==, 304);
}

/* ---- peaks ---- */

static void
assert_peaks (const Recorder *recorder, const char *query, const char *expected)
{
  g_autofree char *path = g_strconcat ("/peaks", query, NULL);
  g_autoptr (HttpAnswer) answer = ask_about ("GET", recorder->id, path, "");
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
  answer = ask_about ("GET", recorder->id, "/peaks?n=3", "");
  object = expect_object (answer, 200, parser);
  g_assert_cmpint (number (object, "parts"), ==, 3);
  g_assert_cmpint (number (object, "frames"), ==, 6);
  g_assert_cmpstr (text (object, "status"), ==, "completed");
}

/* ---- lists ---- */

/* Returns: how many there are; the ids on the page are expected to be @ids, NULL-terminated. */
static gint64
expect_list (const char *query, const char *const *ids)
{
  g_autofree char *path = g_strconcat (API, query, NULL);
  g_autoptr (HttpAnswer) answer = ask ("GET", path, "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = expect_object (answer, 200, parser);
  JsonArray *sessions = json_object_get_array_member (object, "sessions");

  g_test_message ("%s", query);
  g_assert_cmpuint (json_array_get_length (sessions), ==, g_strv_length ((char **)ids));
  for (guint i = 0; i < MIN (json_array_get_length (sessions), g_strv_length ((char **)ids)); i++)
    g_assert_cmpstr (text (json_array_get_object_element (sessions, i), "session_id"), ==, ids[i]);
  return number (object, "total");
}

static char *
create_for (const char *user)
{
  g_autofree char *path = g_strdup_printf (RECORDING_PATH "?user_id=%s", user);
  g_autoptr (WsClient) ws = ws_client_connect (recording_server_port (server), path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *greeting = recorder_read (ws, parser);

  return g_strdup (greeting != NULL ? text (greeting, "session_id") : "");
}

static void
test_list (void)
{
  char *a = create_for ("ann"), *b = create_for ("o%27hara%20%C3%A9"), *c = create_for ("ann");
  gint64 total = expect_list ("?limit=3", (const char *const[]){ c, b, a, NULL });

  g_assert_cmpuint (status_of ("POST", a, "/close"), ==, 200);
  g_assert_cmpint (expect_list ("?limit=2&offset=1", (const char *const[]){ b, a, NULL }), ==, total);
  g_assert_cmpint (expect_list ("?user_id=ann", (const char *const[]){ c, a, NULL }), ==, 2);
  g_assert_cmpint (expect_list ("?user_id=ann&status=active", (const char *const[]){ c, NULL }), ==, 1);
  g_assert_cmpint (expect_list ("?user_id=ann&status=completed", (const char *const[]){ a, NULL }), ==, 1);
  g_assert_cmpint (expect_list ("?user_id=ann&status=error", (const char *const[]){ NULL }), ==, 0);
  g_assert_cmpint (expect_list ("?user_id=ann&limit=1&offset=1", (const char *const[]){ a, NULL }), ==, 2);
  g_assert_cmpint (expect_list ("?user_id=o%27hara+%C3%A9", (const char *const[]){ b, NULL }), ==, 1);
  g_assert_cmpint (expect_list ("?user_id=nobody", (const char *const[]){ NULL }), ==, 0);
  g_assert_cmpuint (status_of ("DELETE", c, ""), ==, 200);
  g_assert_cmpint (expect_list ("?user_id=ann", (const char *const[]){ a, NULL }), ==, 1);
  g_free (a);
  g_free (b);
  g_free (c);
}

static void
test_bad_values (void)
{
  static const struct {
    const char *path, *body;
  } rows[] = {
    { API "?status=open", "{\"error\":\"Invalid status\",\"valid_values\":[\"active\",\"completed\",\"error\"],"
                          "\"detail\":\"status is none of the valid values\"}" },
    { API "?status=", NULL },
    { API "?limit=0", "{\"error\":\"Invalid limit\",\"valid_range\":[1,1000],"
                      "\"detail\":\"limit must be a whole number from 1 to 1000\"}" },
    { API "?limit=1001", NULL },
    { API "?limit=-1", NULL },
    { API "?limit=1.5", NULL },
    { API "?limit=", NULL },
    { API "?limit=99999999999999999999999", NULL },
    { API "?offset=-1", NULL },
    { API "?offset=x", "{\"error\":\"Invalid offset\",\"valid_range\":[0,1000000000],"
                       "\"detail\":\"offset must be a whole number from 0 to 1000000000\"}" },
    { API "?user_id=a%07b", NULL },
    { API "/" UNKNOWN "/peaks?n=0", "{\"error\":\"Invalid n\",\"valid_range\":[1,10000],"
                                    "\"detail\":\"n must be a whole number from 1 to 10000\"}" },
    { API "/" UNKNOWN "/peaks?n=10001", NULL },
    { API "/" UNKNOWN "/peaks?n=+5", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (HttpAnswer) answer = ask ("GET", rows[i].path, "");
    g_autoptr (JsonParser) parser = json_parser_new ();
    JsonObject *object = expect_object (answer, 422, parser);

    g_test_message ("%s", rows[i].path);
    g_assert_true (g_str_has_prefix (text (object, "error"), "Invalid "));
    g_assert_nonnull (text (object, "detail"));
    if (rows[i].body != NULL)
      g_assert_cmpstr (answer->body, ==, rows[i].body);
  }
}

/* ---- the index is a cache ---- */

static char *
index_path (void)
{
  return g_strconcat (recording_server_folder (server), "/recordings/index.sqlite", NULL);
}

static void
expect_same_after_restart (const char *const *ids, const char *audio_of, const HttpAnswer *audio, gint64 total)
{
  g_autoptr (HttpAnswer) again = NULL;

  recording_server_restart (server);
  g_assert_cmpint (expect_list ("?limit=2", ids), ==, total);
  again = ask_about ("GET", audio_of, "/audio", "");
  g_assert_cmpmem (again->body, again->body_len, audio->body, audio->body_len);
}

static void
test_restart (void)
{
  g_autofree guint8 *samples = make_samples (5000, 5);
  g_autoptr (Recorder) ended = record (NULL, 8000, 1, samples, 5000);
  g_autoptr (Recorder) active = record (NULL, 8000, 1, samples, 3000);
  const char *const ids[] = { active->id, ended->id, NULL };
  g_autofree char *path = index_path ();
  g_autoptr (HttpAnswer) audio = NULL, shown = NULL, again = NULL;
  gint64 total;

  recorder_finish (ended, (Figures){ 1, 5000, 2500 });
  recorder_hang_up (active);
  recorder_wait_status (server, ended->id, "completed");
  total = expect_list ("?limit=2", ids);
  audio = ask_about ("GET", ended->id, "/audio", "");
  shown = ask_about ("GET", ended->id, "", "");
  expect_same_after_restart (ids, ended->id, audio, total);
  g_assert_cmpint (g_unlink (path), ==, 0);
  expect_same_after_restart (ids, ended->id, audio, total);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (g_file_set_contents (path, "garbage", 7, NULL));
  expect_same_after_restart (ids, ended->id, audio, total);
  again = ask_about ("GET", ended->id, "", "");
  g_assert_cmpstr (again->body, ==, shown->body);
  g_assert_cmpuint (status_of ("POST", active->id, "/close"), ==, 200);
}

/* ---- long ones ---- */

/* A recording of a GiB that takes no room on the disk, as one that is found when the index is made anew. */
static void
put_large (const char *id, const char *like, gsize data_bytes)
{
  g_autofree char *folder = g_build_filename (recording_server_folder (server), "recordings", NULL);
  g_autofree char *from = g_strdup_printf ("%s/%s.wav", folder, like);
  g_autofree char *to = g_strdup_printf ("%s/%s.wav", folder, id);
  g_autofree char *path = index_path ();
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
#define LARGE_DATA ((gsize)1024 * MIB)

static WsClient *
begin_download (const char *headers)
{
  WsClient *client = ws_client_connect_tcp (recording_server_port (server));
  g_autofree char *request = g_strdup_printf ("GET " API "/" LARGE_ID "/audio HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);

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
  g_autoptr (Recorder) like = record (NULL, 48000, 1, "ab", 2);
  g_autoptr (WsClient) slow = NULL, fast = NULL;
  g_autoptr (HttpAnswer) peaks = NULL;
  guint fds;

  recorder_finish (like, (Figures){ 1, 2, 1 });
  recorder_wait_status (server, like->id, "completed");
  put_large (LARGE_ID, like->id, LARGE_DATA);
  g_assert_cmpuint (status_of ("GET", LARGE_ID, ""), ==, 200);
  fds = server_process_fds (recording_server_process (server));
  slow = begin_download ("");
  g_assert_cmpuint (read_some (slow, 1000), ==, 1000);
  fast = begin_download ("");
  g_assert_cmpuint (read_some (fast, 512 * MIB), ==, 512 * MIB);
  assert_small ();
  peaks = ask_about ("GET", LARGE_ID, "/peaks?n=4", "");
  g_assert_nonnull (strstr (peaks->body, "\"exact\":false,\"min\":[[0,0,0,0]],"));
  g_assert_cmpuint (read_some (fast, LARGE_DATA), >, LARGE_DATA - 512 * MIB);
  assert_small ();
  for (guint i = 0; i < 20; i++) { /* who leave */
    g_autoptr (WsClient) client = begin_download ("");

    g_assert_cmpuint (read_some (client, 1 + i * 50000), ==, 1 + i * 50000);
  }
  assert_small ();
  /* One that has begun goes on when there is no such recording any more. */
  g_assert_cmpuint (status_of ("DELETE", LARGE_ID, ""), ==, 200);
  g_assert_cmpuint (status_of ("GET", LARGE_ID, "/audio"), ==, 404);
  g_assert_cmpuint (read_some (slow, 64 * MIB), ==, 64 * MIB);
  g_clear_pointer (&slow, ws_client_free);
  g_clear_pointer (&fast, ws_client_free);
  g_assert_true (test_wait_until (has_fds (fds)));
}

/* A client that leaves while the server ends. */
static void
test_shutdown (void)
{
  g_autoptr (Recorder) like = record (NULL, 48000, 1, "ab", 2);
  g_autoptr (WsClient) client = NULL;

  recorder_finish (like, (Figures){ 1, 2, 1 });
  recorder_wait_status (server, like->id, "completed");
  put_large (LARGE_ID, like->id, LARGE_DATA);
  client = begin_download ("");
  g_assert_cmpuint (read_some (client, 1000), ==, 1000);
  recording_server_restart (server);
  g_assert_cmpuint (status_of ("DELETE", LARGE_ID, ""), ==, 200);
}

/* ---- where nothing can be kept ---- */

static void
test_no_storage (void)
{
  g_autofree char *file = NULL;
  g_autofree char *setting = NULL;
  int fd = g_file_open_tmp ("ap-no-folder-XXXXXX", &file, NULL);
  RecordingServer *good = server;

  close (fd);
  setting = g_strconcat ("AUDIO_STORAGE_PATH=", file, NULL);
  server = recording_server_start (setting);
  for (guint i = 0; i <= G_N_ELEMENTS (paths); i++) {
    g_autoptr (HttpAnswer) answer =
        i < G_N_ELEMENTS (paths) ? ask_about (paths[i].method, UNKNOWN, paths[i].path, "") : ask ("GET", API, "");
    g_autofree char *retry = http_answer_header (answer, "Retry-After");

    g_assert_cmpuint (answer->status, ==, 503);
    g_assert_cmpstr (retry, ==, "5");
    g_assert_null (strstr (answer->body, file)); /* nobody's business */
  }
  recording_server_stop (server);
  server = good;
  g_unlink (file);
}

static void
test_file_path (void)
{
  RecordingServer *good = server;

  server = recording_server_start ("EXPOSE_FILE_PATH=1");
  {
    g_autofree char *id = create_for ("ann");
    g_autofree char *expected = g_strdup_printf ("%s/recordings/%s.wav", recording_server_folder (server), id);
    g_autoptr (HttpAnswer) answer = ask_about ("GET", id, "", "");
    g_autoptr (JsonParser) parser = json_parser_new ();

    g_assert_cmpstr (text (expect_object (answer, 200, parser), "file_path"), ==, expected);
  }
  recording_server_stop (server);
  server = good;
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/recording-api/unknown", test_unknown);
  g_test_add_func ("/recording-api/upper-case", test_upper_case);
  g_test_add_func ("/recording-api/methods", test_methods);
  g_test_add_func ("/recording-api/show", test_show);
  g_test_add_func ("/recording-api/close", test_close);
  g_test_add_func ("/recording-api/delete-active", test_delete_active);
  g_test_add_func ("/recording-api/delete-completed", test_delete_completed);
  g_test_add_func ("/recording-api/audio-while-recording", test_audio_while_recording);
  g_test_add_func ("/recording-api/audio-completed", test_audio_completed);
  g_test_add_func ("/recording-api/ranges", test_ranges);
  g_test_add_func ("/recording-api/not-modified", test_not_modified);
  g_test_add_func ("/recording-api/peaks", test_peaks);
  g_test_add_func ("/recording-api/list", test_list);
  g_test_add_func ("/recording-api/bad-values", test_bad_values);
  g_test_add_func ("/recording-api/restart", test_restart);
  g_test_add_func ("/recording-api/long-downloads", test_long_downloads);
  g_test_add_func ("/recording-api/shutdown", test_shutdown);
  g_test_add_func ("/recording-api/no-storage", test_no_storage);
  g_test_add_func ("/recording-api/file-path", test_file_path);

  server = recording_server_start ();
  result = g_test_run ();
  recording_server_stop (server);
  return result;
}
