/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recordings' paths of HTTP: what they tell, close, delete and list, and why they do not. */
#include "recording-http.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "test-wait.h"

#define UNKNOWN "00000000-0000-4000-8000-000000000000"
#define HEADER  80

static RecordingServer *server;

/* ---- what is not there ---- */

static const struct {
  const char *method, *path;
} paths[] = {
  { "GET", "" }, { "DELETE", "" }, { "POST", "/close" }, { "GET", "/audio" }, { "HEAD", "/audio" }, { "GET", "/peaks" },
};

static void
expect_not_found (const char *method, const char *escaped, const char *path, const char *id)
{
  g_autoptr (HttpAnswer) answer = api_ask_about (server, method, escaped, path, "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  g_test_message ("%s %s%s", method, escaped, path);
  g_assert_cmpuint (answer->status, ==, 404);
  if (g_str_equal (method, "HEAD"))
    return;
  object = api_expect_object (answer, 404, parser);
  g_assert_cmpstr (api_text (object, "error"), ==, "Session not found");
  g_assert_cmpstr (api_text (object, "session_id"), ==, id);
  g_assert_cmpstr (api_text (object, "detail"), ==, "Session not found");
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
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, "abcd", 4);
  g_autofree char *upper = g_ascii_strup (recorder->id, -1);

  if (!g_str_equal (upper, recorder->id))
    expect_not_found ("GET", upper, "", upper);
  recorder_finish (recorder, (Figures){ 1, 4, 2 });
}

static void
test_methods (void)
{
  g_autoptr (HttpAnswer) put = api_ask_about (server, "PUT", UNKNOWN, "", "");
  g_autoptr (HttpAnswer) get = api_ask_about (server, "GET", UNKNOWN, "/close", "");
  g_autoptr (HttpAnswer) large =
      api_ask_about (server, "POST", UNKNOWN, "/close", "Content-Length: 5000\r\nExpect: 100-continue\r\n");
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
  g_autofree guint8 *samples = make_pattern (64000, 1);
  g_autoptr (Recorder) recorder = recorder_record (server, 16000, 2, samples, 64000);
  g_autoptr (HttpAnswer) answer = api_ask_about (server, "GET", recorder->id, "", "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = api_expect_object (answer, 200, parser);
  g_autofree char *file = g_strconcat (recorder->id, ".wav", NULL);
  g_autoptr (GDateTime) created = g_date_time_new_from_iso8601 (api_text (object, "created_at"), NULL);

  g_assert_cmpstr (api_text (object, "session_id"), ==, recorder->id);
  g_assert_cmpstr (api_text (object, "status"), ==, "active");
  g_assert_cmpstr (api_text (object, "file_path"), ==, file);
  g_assert_cmpfloat (json_object_get_double_member (object, "duration_seconds"), ==, 1);
  g_assert_cmpint (api_number (object, "total_chunks"), ==, 1);
  g_assert_cmpint (api_number (object, "sample_rate"), ==, 16000);
  g_assert_cmpint (api_number (object, "channels"), ==, 2);
  g_assert_cmpstr (api_text (object, "format"), ==, "wav");
  g_assert_true (json_object_get_null_member (object, "user_id"));
  g_assert_cmpint (g_date_time_to_unix (created), >=, before);
  g_assert_cmpint (g_date_time_to_unix (created), <=, before + 60);
  g_assert_cmpstr (api_text (object, "updated_at"), >=, api_text (object, "created_at"));
  g_assert_true (json_object_get_null_member (object, "completed_at"));
  g_assert_cmpint (api_number (object, "bytes_received"), ==, 64000);
  g_assert_cmpint (api_number (object, "file_bytes"), ==, HEADER + 64000);
  recorder_finish (recorder, (Figures){ 1, 64000, 16000 });
}

/* The sockets are told, and who asks again gets the same. */
static void
test_close (void)
{
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, "abcdef", 6);
  g_autoptr (Recorder) other = recorder_join (server, recorder);
  g_autoptr (HttpAnswer) first = NULL, second = NULL, shown = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  recorder_check_status (other, (Figures){ 1, 6, 3 }); /* it has joined */
  first = api_ask_about (server, "POST", recorder->id, "/close", "Content-Length: 0\r\n");
  second = api_ask_about (server, "POST", recorder->id, "/close", "");
  shown = api_ask_about (server, "GET", recorder->id, "", "");
  object = api_expect_object (first, 200, parser);
  g_assert_true (json_object_get_boolean_member_with_default (object, "success", FALSE));
  g_assert_cmpstr (api_text (object, "status"), ==, "completed");
  g_assert_cmpint (api_number (object, "total_chunks"), ==, 1);
  g_assert_cmpint (api_number (object, "file_bytes"), ==, HEADER + 6);
  g_assert_cmpstr (api_text (object, "completed_at"), >=, api_text (object, "created_at"));
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
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, "abcdef", 6);
  g_autoptr (HttpAnswer) answer = api_ask_about (server, "DELETE", recorder->id, "", "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = api_expect_object (answer, 200, parser);

  g_assert_true (json_object_get_boolean_member_with_default (object, "success", FALSE));
  g_assert_cmpstr (api_text (object, "session_id"), ==, recorder->id);
  ws_client_expect_close (recorder->ws, 1008);
  g_assert_false (recording_file_exists (server, recorder->id, ".wav"));
  g_assert_false (recording_file_exists (server, recorder->id, ".jnl"));
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    expect_not_found (paths[i].method, recorder->id, paths[i].path, recorder->id);
}

static void
test_delete_completed (void)
{
  g_autoptr (Recorder) recorder = recorder_record (server, 8000, 1, "abcdef", 6);

  recorder_finish (recorder, (Figures){ 1, 6, 3 });
  recorder_wait_status (server, recorder->id, "completed");
  g_assert_cmpuint (api_status (server, "DELETE", recorder->id, ""), ==, 200);
  g_assert_false (recording_file_exists (server, recorder->id, ".wav"));
  g_assert_false (recording_file_exists (server, recorder->id, ".jnl"));
  g_assert_cmpuint (api_status (server, "DELETE", recorder->id, ""), ==, 404);
  g_assert_cmpuint (api_status (server, "GET", recorder->id, "/audio"), ==, 404);
}

/* ---- lists ---- */

/* Returns: how many there are; the ids on the page are expected to be @ids, NULL-terminated. */
static gint64
expect_list (const char *query, const char *const *ids)
{
  g_autofree char *path = g_strconcat (SESSIONS_PATH, query, NULL);
  g_autoptr (HttpAnswer) answer = api_ask (server, "GET", path, "");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = api_expect_object (answer, 200, parser);
  JsonArray *sessions = json_object_get_array_member (object, "sessions");

  g_test_message ("%s", query);
  g_assert_cmpuint (json_array_get_length (sessions), ==, g_strv_length ((char **)ids));
  for (guint i = 0; i < MIN (json_array_get_length (sessions), g_strv_length ((char **)ids)); i++)
    g_assert_cmpstr (api_text (json_array_get_object_element (sessions, i), "session_id"), ==, ids[i]);
  return api_number (object, "total");
}

static char *
create_for (const char *user)
{
  g_autofree char *path = g_strdup_printf (RECORDING_PATH "?user_id=%s", user);
  g_autoptr (WsClient) ws = ws_client_connect (recording_server_port (server), path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *greeting = recorder_read (ws, parser);

  return g_strdup (greeting != NULL ? api_text (greeting, "session_id") : "");
}

static void
test_list (void)
{
  char *a = create_for ("ann"), *b = create_for ("o%27hara%20%C3%A9"), *c = create_for ("ann");
  gint64 total = expect_list ("?limit=3", (const char *const[]){ c, b, a, NULL });

  g_assert_cmpuint (api_status (server, "POST", a, "/close"), ==, 200);
  g_assert_cmpint (expect_list ("?limit=2&offset=1", (const char *const[]){ b, a, NULL }), ==, total);
  g_assert_cmpint (expect_list ("?user_id=ann", (const char *const[]){ c, a, NULL }), ==, 2);
  g_assert_cmpint (expect_list ("?user_id=ann&status=active", (const char *const[]){ c, NULL }), ==, 1);
  g_assert_cmpint (expect_list ("?user_id=ann&status=completed", (const char *const[]){ a, NULL }), ==, 1);
  g_assert_cmpint (expect_list ("?user_id=ann&status=error", (const char *const[]){ NULL }), ==, 0);
  g_assert_cmpint (expect_list ("?user_id=ann&limit=1&offset=1", (const char *const[]){ a, NULL }), ==, 2);
  g_assert_cmpint (expect_list ("?user_id=o%27hara+%C3%A9", (const char *const[]){ b, NULL }), ==, 1);
  g_assert_cmpint (expect_list ("?user_id=nobody", (const char *const[]){ NULL }), ==, 0);
  g_assert_cmpuint (api_status (server, "DELETE", c, ""), ==, 200);
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
    { SESSIONS_PATH "?status=open",
      "{\"error\":\"Invalid status\",\"valid_values\":[\"active\",\"completed\",\"error\"],"
      "\"detail\":\"status is none of the valid values\"}" },
    { SESSIONS_PATH "?status=", NULL },
    { SESSIONS_PATH "?limit=0", "{\"error\":\"Invalid limit\",\"valid_range\":[1,1000],"
                                "\"detail\":\"limit must be a whole number from 1 to 1000\"}" },
    { SESSIONS_PATH "?limit=1001", NULL },
    { SESSIONS_PATH "?limit=-1", NULL },
    { SESSIONS_PATH "?limit=1.5", NULL },
    { SESSIONS_PATH "?limit=", NULL },
    { SESSIONS_PATH "?limit=99999999999999999999999", NULL },
    { SESSIONS_PATH "?offset=-1", NULL },
    { SESSIONS_PATH "?offset=x", "{\"error\":\"Invalid offset\",\"valid_range\":[0,1000000000],"
                                 "\"detail\":\"offset must be a whole number from 0 to 1000000000\"}" },
    { SESSIONS_PATH "?user_id=a%07b", NULL },
    { SESSIONS_PATH "/" UNKNOWN "/peaks?n=0", "{\"error\":\"Invalid n\",\"valid_range\":[1,10000],"
                                              "\"detail\":\"n must be a whole number from 1 to 10000\"}" },
    { SESSIONS_PATH "/" UNKNOWN "/peaks?n=10001", NULL },
    { SESSIONS_PATH "/" UNKNOWN "/peaks?n=+5", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (HttpAnswer) answer = api_ask (server, "GET", rows[i].path, "");
    g_autoptr (JsonParser) parser = json_parser_new ();
    JsonObject *object = api_expect_object (answer, 422, parser);

    g_test_message ("%s", rows[i].path);
    g_assert_true (g_str_has_prefix (api_text (object, "error"), "Invalid "));
    g_assert_nonnull (api_text (object, "detail"));
    if (rows[i].body != NULL)
      g_assert_cmpstr (answer->body, ==, rows[i].body);
  }
}

/* ---- the index is a cache ---- */

static void
expect_same_after_restart (const char *const *ids, const char *audio_of, const HttpAnswer *audio, gint64 total)
{
  g_autoptr (HttpAnswer) again = NULL;

  recording_server_restart (server);
  g_assert_cmpint (expect_list ("?limit=2", ids), ==, total);
  again = api_ask_about (server, "GET", audio_of, "/audio", "");
  g_assert_cmpmem (again->body, again->body_len, audio->body, audio->body_len);
}

static void
test_restart (void)
{
  g_autofree guint8 *samples = make_pattern (5000, 5);
  g_autoptr (Recorder) ended = recorder_record (server, 8000, 1, samples, 5000);
  g_autoptr (Recorder) active = recorder_record (server, 8000, 1, samples, 3000);
  const char *const ids[] = { active->id, ended->id, NULL };
  g_autofree char *path = recording_index_path (server);
  g_autoptr (HttpAnswer) audio = NULL, shown = NULL, again = NULL;
  gint64 total;

  recorder_finish (ended, (Figures){ 1, 5000, 2500 });
  recorder_hang_up (active);
  recorder_wait_status (server, ended->id, "completed");
  total = expect_list ("?limit=2", ids);
  audio = api_ask_about (server, "GET", ended->id, "/audio", "");
  shown = api_ask_about (server, "GET", ended->id, "", "");
  expect_same_after_restart (ids, ended->id, audio, total);
  g_assert_cmpint (g_unlink (path), ==, 0);
  expect_same_after_restart (ids, ended->id, audio, total);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (g_file_set_contents (path, "garbage", 7, NULL));
  expect_same_after_restart (ids, ended->id, audio, total);
  again = api_ask_about (server, "GET", ended->id, "", "");
  g_assert_cmpstr (again->body, ==, shown->body);
  g_assert_cmpuint (api_status (server, "POST", active->id, "/close"), ==, 200);
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
    g_autoptr (HttpAnswer) answer = i < G_N_ELEMENTS (paths)
                                        ? api_ask_about (server, paths[i].method, UNKNOWN, paths[i].path, "")
                                        : api_ask (server, "GET", SESSIONS_PATH, "");
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
    g_autoptr (HttpAnswer) answer = api_ask_about (server, "GET", id, "", "");
    g_autoptr (JsonParser) parser = json_parser_new ();

    g_assert_cmpstr (api_text (api_expect_object (answer, 200, parser), "file_path"), ==, expected);
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
  g_test_add_func ("/recording-api/list", test_list);
  g_test_add_func ("/recording-api/bad-values", test_bad_values);
  g_test_add_func ("/recording-api/restart", test_restart);
  g_test_add_func ("/recording-api/no-storage", test_no_storage);
  g_test_add_func ("/recording-api/file-path", test_file_path);

  server = recording_server_start ();
  result = g_test_run ();
  recording_server_stop (server);
  return result;
}
