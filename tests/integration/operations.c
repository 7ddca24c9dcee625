/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What who runs the server sees beside /metrics: the line at the end of a session, the graphs of pipelines, and what
 * GStreamer says of itself. */
#include "support.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "test-wait.h"

#define FRAME 320

/* Ends the server in order. Returns: (transfer full): the lines of its log that hold @text */
static GPtrArray *
lines_with (ServerProcess *server, const char *text)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *log = NULL;
  g_auto (GStrv) lines = NULL;

  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
  log = server_process_stderr (server);
  lines = g_strsplit (log, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (strstr (lines[i], text) != NULL)
      g_ptr_array_add (found, g_strdup (lines[i]));
  return found;
}

/* The only session's only line, as JSON. */
static JsonObject *
end_of_session (ServerProcess *server, JsonParser *parser)
{
  g_autoptr (GPtrArray) lines = lines_with (server, "\"session\":");
  JsonObject *object = lines->len == 1 ? parse_object (parser, g_ptr_array_index (lines, 0)) : NULL;

  if (object == NULL)
    g_test_fail_printf ("%u lines of the session", lines->len);
  return object;
}

static gint64
number (JsonObject *object, const char *member)
{
  if (object != NULL && json_object_has_member (object, member))
    return json_object_get_int_member (object, member);
  g_test_fail_printf ("no %s", member);
  return -1;
}

static void
check_text (JsonObject *object, const char *member, const char *expected)
{
  if (object == NULL || !json_object_has_member (object, member))
    g_test_fail_printf ("no %s", member);
  else
    g_assert_cmpstr (json_object_get_string_member (object, member), ==, expected);
}

static void
test_end_by_peer (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--log-format", "json");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *end;

  echo_pattern (client, FRAME, 1);
  echo_pattern (client, 1, 2);
  ws_client_send_close (client, 1000, "bye");
  ws_client_expect_close (client, 1000);
  g_clear_pointer (&client, ws_client_free);
  end = end_of_session (server, parser);
  check_text (end, "level", "info");
  check_text (end, "message", "session ended");
  check_text (end, "endpoint", AUDIO_PATH);
  check_text (end, "ended_by", "peer");
  check_text (end, "reason", "bye");
  check_text (end, "error", "");
  g_assert_cmpint (number (end, "session"), >, 0);
  g_assert_cmpint (number (end, "frames_in"), ==, 2);
  g_assert_cmpint (number (end, "frames_out"), ==, 2);
  g_assert_cmpint (number (end, "bytes_in"), ==, FRAME + 1);
  g_assert_cmpint (number (end, "bytes_out"), ==, FRAME + 1);
  g_assert_cmpint (number (end, "gaps"), ==, 0);
  g_assert_cmpint (number (end, "dropped"), ==, 0);
  g_assert_cmpint (number (end, "code"), ==, 1000);
  if (end == NULL)
    return;
  g_assert_true (g_str_has_prefix (json_object_get_string_member (end, "peer"), "127.0.0.1:"));
  g_assert_cmpfloat (json_object_get_double_member (end, "seconds"), >=, 0);
  g_assert_cmpfloat (json_object_get_double_member (end, "seconds"), <, 60);
}

/* A peer that goes without a word. */
static void
test_end_by_leaving (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--log-format", "json");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *end;

  ws_client_free (ws_client_connect (server_process_port (server), AUDIO_PATH));
  server_process_wait_stderr (server, "session ended");
  end = end_of_session (server, parser);
  check_text (end, "ended_by", "peer");
  g_assert_cmpint (number (end, "code"), ==, 1006);
}

/* The server ends the session of a peer that breaks a rule. */
static void
test_end_by_server (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--log-format", "json");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *end;

  ws_client_send_bits (client, WS_FIN | WS_BINARY, WS_UNMASKED, "a", 1);
  ws_client_expect_close (client, 1002);
  g_clear_pointer (&client, ws_client_free);
  end = end_of_session (server, parser);
  check_text (end, "ended_by", "server");
  g_assert_cmpint (number (end, "code"), ==, 1002);
}

/* Once, with GStreamer's reason; as a warning. */
static void
end_by_pipeline (const char *mode)
{
  g_autoptr (ServerProcess) server = server_process_start (
      "--log-format", "json", "--pipeline", "identity name=breaker error-after=2", "--pipeline-mode", mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *end;

  echo_pattern (client, FRAME, 1);
  send_pattern (client, FRAME, 2);
  ws_client_expect_close (client, 1011);
  g_clear_pointer (&client, ws_client_free);
  end = end_of_session (server, parser);
  check_text (end, "level", "warning");
  check_text (end, "ended_by", "pipeline");
  check_text (end, "reason", "the pipeline failed");
  g_assert_cmpint (number (end, "code"), ==, 1011);
  if (end != NULL)
    g_assert_nonnull (strstr (json_object_get_string_member (end, "error"), "breaker: "));
}

static void
test_end_by_pipeline (void)
{
  end_by_pipeline ("direct");
  end_by_pipeline ("queued");
}

/* The same facts in a line for people. */
static void
test_end_as_text (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (GPtrArray) lines = NULL;

  echo_pattern (client, FRAME, 1);
  ws_client_send_close (client, 1001, "going \"home\"");
  ws_client_expect_close (client, 1001);
  g_clear_pointer (&client, ws_client_free);
  lines = lines_with (server, "session=");
  g_assert_cmpuint (lines->len, ==, 1);
  if (lines->len == 1)
    g_assert_true (g_regex_match_simple (
        " info +session: session ended session=\\d+ endpoint=" AUDIO_PATH " peer=127\\.0\\.0\\.1:\\d+ "
        "seconds=\\d+\\.\\d{3} frames_in=1 frames_out=1 bytes_in=320 bytes_out=320 gaps=0 dropped=0 code=1001 "
        "ended_by=peer reason=\"going \\\\\"home\\\\\"\"$",
        g_ptr_array_index (lines, 0), 0, 0));
}

/* Every session leaves one line, also those that a shutdown ends. */
static void
test_one_line_each (void)
{
  enum { SESSIONS = 50 };
  g_autoptr (ServerProcess) server = server_process_start ("--log-format", "json");
  g_autoptr (GPtrArray) lines = NULL;

  for (guint32 i = 0; i < SESSIONS; i++) {
    g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

    echo_pattern (client, FRAME, i);
    if (i % 3 == 0)
      ws_client_send_close (client, 1000, NULL);
    else if (i % 3 == 1)
      ws_client_reset (g_steal_pointer (&client));
  }
  lines = lines_with (server, "session ended");
  g_assert_cmpuint (lines->len, ==, SESSIONS);
}

/* Returns: (transfer full): the names in @folder, and its text if there is one file only; the folder is emptied */
static GPtrArray *
take_files (const char *folder, char **text)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    g_clear_pointer (text, g_free);
    g_assert_true (g_file_get_contents (path, text, NULL, NULL));
    g_assert_true (g_str_has_prefix (*text, "digraph "));
    g_assert_true (g_str_has_suffix (g_strchomp (*text), "}"));
    g_assert_true (g_str_has_suffix (name, ".dot"));
    g_ptr_array_add (names, g_strdup (name));
    g_unlink (path);
  }
  return names;
}

static void
draw (const char *mode, const char *elements, const char *expected)
{
  g_autofree char *folder = g_dir_make_tmp ("graphs-XXXXXX", NULL);
  g_autoptr (ServerProcess) server =
      server_process_start ("--pipeline", elements, "--pipeline-mode", mode, "--dot-dir", folder);
  g_autoptr (WsClient) first = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (WsClient) second = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *text = NULL;

  echo_pattern (first, FRAME, 1);
  echo_pattern (second, FRAME, 1);
  server_process_signal (server, SIGUSR1);
  server_process_wait_stderr (server, "wrote the graphs of pipelines written=2 pipelines=2");
  echo_pattern (first, FRAME, 2);
  names = take_files (folder, &text);
  g_assert_cmpuint (names->len, ==, 2);
  if (text == NULL || strstr (text, expected) == NULL)
    g_test_fail_printf ("no %s in the graph: %s", expected, text);
  g_rmdir (folder);
}

static void
test_graphs (void)
{
  draw ("queued", "identity name=one ! identity name=two", "two");
  draw ("direct", "identity name=one ! identity name=two", "two");
  draw ("direct", "identity name=alone", "alone\\nPLAYING\\nin: audio/x-raw");
}

/* The shared pipelines, one of each worker, in the folder that GStreamer's own variable names. */
static void
test_graphs_of_passthrough (void)
{
  g_autofree char *folder = g_dir_make_tmp ("graphs-XXXXXX", NULL);
  g_autofree char *setting = g_strconcat ("GST_DEBUG_DUMP_DOT_DIR=", folder, NULL);
  const char *const env[] = { setting, NULL };
  const char *const args[] = { "--workers", "2", NULL };
  g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .args = args, .env = env });
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *text = NULL;

  server_process_signal (server, SIGUSR1);
  server_process_wait_stderr (server, "written=2 pipelines=2");
  names = take_files (folder, &text);
  g_assert_cmpuint (names->len, ==, 2);
  g_rmdir (folder);
}

/* No more than 32, however many pipelines live. */
static void
test_graphs_are_bounded (void)
{
  g_autofree char *folder = g_dir_make_tmp ("graphs-XXXXXX", NULL);
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "identity", "--dot-dir", folder);
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *text = NULL;
  WsClient *clients[40];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_assert_true (test_wait_until (active_connections (server_process_port (server)) == G_N_ELEMENTS (clients)));
  server_process_signal (server, SIGUSR1);
  server_process_wait_stderr (server, "written=32 pipelines=40");
  names = take_files (folder, &text);
  g_assert_cmpuint (names->len, ==, 32);
  g_rmdir (folder);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    ws_client_free (clients[i]);
}

/* A folder that cannot be written is told of, and the audio goes on. */
static void
test_graphs_without_folder (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--dot-dir", "no/such/folder", "--log-level", "warning");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  server_process_signal (server, SIGUSR1);
  server_process_wait_stderr (server, "cannot write a pipeline's graph: ");
  echo_pattern (client, FRAME, 1);
}

/* GStreamer's own line on an element that fails, in our log, also where that holds back warnings. */
static void
test_gst_debug (void)
{
  static const char *const env[] = { "GST_DEBUG=2", NULL };
  static const char *const args[] = { "--pipeline",
                                      "identity name=breaker error-after=2",
                                      "--pipeline-mode",
                                      "queued",
                                      "--log-level",
                                      "error",
                                      "--log-format",
                                      "json",
                                      NULL };
  g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .args = args, .env = env });
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GPtrArray) lines = NULL;
  JsonObject *line;

  echo_pattern (client, FRAME, 1);
  send_pattern (client, FRAME, 2);
  ws_client_expect_close (client, 1011);
  g_clear_pointer (&client, ws_client_free);
  lines = lines_with (server, "\"gstreamer\"");
  g_assert_cmpuint (lines->len, >=, 1);
  line = lines->len > 0 ? parse_object (parser, g_ptr_array_index (lines, 0)) : NULL;
  check_text (line, "domain", "gstreamer");
  if (line != NULL)
    g_test_message ("%s", json_object_get_string_member (line, "message"));
}

/* Without GST_DEBUG it says nothing. */
static void
test_no_gst_debug (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "identity error-after=1000000");
  g_autoptr (GPtrArray) lines = lines_with (server, " gstreamer: ");

  g_assert_cmpuint (lines->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/operations/end/by-peer", test_end_by_peer);
  g_test_add_func ("/operations/end/by-leaving", test_end_by_leaving);
  g_test_add_func ("/operations/end/by-server", test_end_by_server);
  g_test_add_func ("/operations/end/by-pipeline", test_end_by_pipeline);
  g_test_add_func ("/operations/end/as-text", test_end_as_text);
  g_test_add_func ("/operations/end/one-line-each", test_one_line_each);
  g_test_add_func ("/operations/graphs/elements", test_graphs);
  g_test_add_func ("/operations/graphs/passthrough", test_graphs_of_passthrough);
  g_test_add_func ("/operations/graphs/bounded", test_graphs_are_bounded);
  g_test_add_func ("/operations/graphs/without-folder", test_graphs_without_folder);
  g_test_add_func ("/operations/gst-debug", test_gst_debug);
  g_test_add_func ("/operations/no-gst-debug", test_no_gst_debug);
  return g_test_run ();
}
