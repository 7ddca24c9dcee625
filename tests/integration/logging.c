/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line per frame on stdout, and the log on stderr. */
#include "support.h"

#include <signal.h>
#include <string.h>

#include "test-wait.h"

#define FRAME 320

/* Ends the server in order, after its clients, for whose answer to its close frame it would wait. Returns: (transfer
 * full): the lines of its stdout, the last of them empty */
static GStrv
stop_and_read_stdout (ServerProcess *server)
{
  g_autofree char *text = NULL;

  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
  text = server_process_stdout (server);
  return g_strsplit (text, "\n", -1);
}

/* Returns: the session of a line that says @bytes; 0 when it is another line */
static guint64
session_of_line (const char *line, gsize bytes)
{
  g_autofree char *end = g_strdup_printf (" bytes=%" G_GSIZE_FORMAT, bytes);
  static const char start[] = AUDIO_PATH " session=";
  char *rest;
  guint64 session;

  if (!g_str_has_prefix (line, start) || !g_ascii_isdigit (line[strlen (start)]))
    return 0;
  session = g_ascii_strtoull (line + strlen (start), &rest, 10);
  return strcmp (rest, end) == 0 ? session : 0;
}

static void
test_frame_lines (void)
{
  static const gsize sizes[] = { 0, 1, FRAME, 65536, 1024 * 1024, FRAME };
  g_autoptr (ServerProcess) server = server_process_start ();
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_auto (GStrv) lines = NULL;
  guint64 session = 0;

  for (guint32 i = 0; i < G_N_ELEMENTS (sizes); i++)
    echo_pattern (client, sizes[i], i);
  g_clear_pointer (&client, ws_client_free);
  lines = stop_and_read_stdout (server);
  g_assert_cmpuint (g_strv_length (lines), ==, G_N_ELEMENTS (sizes) + 1);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes) && lines[i] != NULL; i++) {
    guint64 of_line = session_of_line (lines[i], sizes[i]);

    if (of_line == 0 || (i > 0 && of_line != session))
      g_test_fail_printf ("line %" G_GSIZE_FORMAT " is '%s'", i, lines[i]);
    session = of_line;
  }
}

/* Every connection has a number of its own. */
static void
test_sessions (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  g_autoptr (GHashTable) sessions = g_hash_table_new (g_int64_hash, g_int64_equal);
  guint64 numbers[10];
  g_auto (GStrv) lines = NULL;

  for (guint32 i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

    echo_pattern (client, FRAME, i);
  }
  lines = stop_and_read_stdout (server);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers) && lines[i] != NULL; i++) {
    numbers[i] = session_of_line (lines[i], FRAME);
    g_assert_cmpuint (numbers[i], !=, 0);
    g_assert_true (g_hash_table_add (sessions, &numbers[i]));
  }
  g_assert_cmpuint (g_hash_table_size (sessions), ==, G_N_ELEMENTS (numbers));
}

/* A fragmented message is one frame of audio; control frames are none. */
static void
test_fragments (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_auto (GStrv) lines = NULL;

  ws_client_send_frame (client, FALSE, WS_BINARY, "abc", 3);
  ws_client_send_frame (client, TRUE, WS_PING, "x", 1);
  ws_client_send_frame (client, TRUE, WS_CONTINUATION, "de", 2);
  ws_client_expect_frame (client, WS_FIN | WS_PONG, "x", 1);
  ws_client_expect_binary (client, "abcde", 5);
  g_clear_pointer (&client, ws_client_free);
  lines = stop_and_read_stdout (server);
  g_assert_cmpuint (g_strv_length (lines), ==, 2);
  g_assert_cmpuint (session_of_line (lines[0], 5), !=, 0);
}

static void
test_no_frame_lines (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--no-log-frames");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autofree char *text = NULL;

  for (guint32 i = 0; i < 100; i++)
    echo_pattern (client, FRAME, i);
  g_clear_pointer (&client, ws_client_free);
  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
  text = server_process_stdout (server);
  g_assert_cmpstr (text, ==, "");
}

/* The line of a frame comes while the conversation goes on, not at its end. */
static void
test_lines_come_soon (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  echo_pattern (client, 77, 1);
  server_process_wait_stdout (server, " bytes=77\n");
  echo_pattern (client, 78, 1);
  server_process_wait_stdout (server, " bytes=78\n");
}

/* Returns: the sum of the numbers in log lines that speak of dropped frame lines */
static guint64
dropped_lines (const char *log)
{
  g_autoptr (GRegex) regex = g_regex_new ("^.* were dropped.*$", G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GRegex) number = g_regex_new (": [^\\d\\n]*(\\d+)", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint64 sum = 0;

  for (g_regex_match (regex, log, 0, &match); g_match_info_matches (match); g_match_info_next (match, NULL)) {
    g_autofree char *line = g_match_info_fetch (match, 0);
    g_autoptr (GMatchInfo) in_line = NULL;
    g_autofree char *digits = NULL;

    g_test_message ("%s", line);
    if (!g_regex_match (number, line, 0, &in_line))
      continue;
    digits = g_match_info_fetch (in_line, 1);
    sum += g_ascii_strtoull (digits, NULL, 10);
  }
  return sum;
}

/* Nobody reads stdout: the audio goes on, the memory does not grow, and every line is written or counted as dropped. */
static void
test_stdout_full (void)
{
  enum { FRAMES = 100000 };
  g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .hold_stdout = TRUE });
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_auto (GStrv) lines = NULL;
  g_autofree char *log = NULL;
  guint64 dropped;

  for (guint32 i = 0; i < FRAMES && !g_test_failed (); i += 100) {
    for (guint32 k = 0; k < 100; k++)
      send_pattern (client, 16, i + k);
    for (guint32 k = 0; k < 100; k++)
      expect_pattern (client, 16, i + k);
  }
  if (rss_is_meaningful ())
    g_assert_cmpuint (server_process_rss (server), <, RSS_LIMIT);
  g_clear_pointer (&client, ws_client_free);
  server_process_release_stdout (server);
  lines = stop_and_read_stdout (server);
  log = server_process_stderr (server);
  dropped = dropped_lines (log);
  g_assert_cmpuint (dropped, >, 0);
  g_assert_cmpuint (dropped + g_strv_length (lines) - 1, ==, FRAMES);
  for (gsize i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    if (session_of_line (lines[i], 16) == 0)
      g_test_fail_printf ("line %" G_GSIZE_FORMAT " is '%s'", i, lines[i]);
}

/* A reader of stdout that has gone does not take the server with it. */
static void
test_stdout_closed (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  server_process_close_stdout (server);
  for (guint32 i = 0; i < 1000; i++)
    echo_pattern (client, FRAME, i);
}

/* One line of the log, and a long one: the reason is controls, which JSON writes with six characters each. */
static void
leave_with_long_reason (guint16 port)
{
  g_autofree char *reason = g_strnfill (123, '\001');
  g_autoptr (WsClient) client = ws_client_connect (port, AUDIO_PATH);

  ws_client_send_close (client, 1000, reason);
  ws_client_expect_close (client, 1000);
}

/* Nobody reads stderr, and more is logged than the pipe and the writer take: the audio goes on, the memory does not
 * grow, and the end is in order. */
static void
test_stderr_full (void)
{
  enum { CLIENTS = 3000 };
  g_autoptr (ServerProcess) server = server_process_start ("--log-format", "json");
  g_autoptr (WsClient) witness = ws_client_connect (server_process_port (server), AUDIO_PATH);

  server_process_hold_stderr (server);
  for (guint32 i = 0; i < CLIENTS && !g_test_failed (); i++) {
    leave_with_long_reason (server_process_port (server));
    echo_pattern (witness, FRAME, i);
  }
  if (rss_is_meaningful ())
    g_assert_cmpuint (server_process_rss (server), <, RSS_LIMIT);
  g_clear_pointer (&witness, ws_client_free);
  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
}

static void
test_text (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--log-level", "debug");
  g_autoptr (GRegex) line = g_regex_new (
      "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z (debug|info|warning|error) +[a-z0-9-]+: \\S.*$", 0, 0,
      NULL);
  g_autofree char *text = server_process_stderr (server);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  g_assert_cmpuint (g_strv_length (lines), >=, 2);
  for (gsize i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    if (!g_regex_match (line, lines[i], 0, NULL))
      g_test_fail_printf ("line %" G_GSIZE_FORMAT " is '%s'", i, lines[i]);
}

static void
check_json_line (const char *line)
{
  static const char *const members[] = { "time", "level", "domain", "message" };
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = parse_object (parser, line);

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (object == NULL || json_object_get_string_member_with_default (object, members[i], NULL) == NULL)
      g_test_fail_printf ("no '%s' in '%s'", members[i], line);
}

/* One object a line, whatever a pipeline's or a client's text has in it. */
static void
test_json (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--log-format", "json", "--log-level", "debug", "--pipeline",
                                                           "identity error-after=2 name=\"a\\\"b\"");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_auto (GStrv) lines = NULL;
  g_autofree char *text = NULL;

  echo_pattern (client, FRAME, 1);
  send_pattern (client, FRAME, 2);
  ws_client_expect_close (client, 1011);
  g_clear_pointer (&client, ws_client_free);
  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
  text = server_process_stderr (server);
  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    check_json_line (lines[i]);
}

/* A pipeline's failure is logged once, with its session. */
static void
test_failure_is_logged (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "identity error-after=2");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  echo_pattern (client, FRAME, 1);
  send_pattern (client, FRAME, 2);
  ws_client_expect_close (client, 1011);
  server_process_wait_stderr (server, "session");
}

/* Above level info an ordinary life says nothing but where the server listens. */
static void
test_level (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--log-level", "warning", "--twilio-auth-token", "t");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  echo_pattern (client, FRAME, 1);
  ws_client_send_close (client, 1000, NULL);
  ws_client_expect_close (client, 1000);
  g_clear_pointer (&client, ws_client_free);
  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
  text = server_process_stderr (server);
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 2);
  g_assert_nonnull (strstr (lines[0], "listening on http://"));
  g_assert_cmpstr (lines[1], ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/logging/frames/lines", test_frame_lines);
  g_test_add_func ("/logging/frames/sessions", test_sessions);
  g_test_add_func ("/logging/frames/fragments", test_fragments);
  g_test_add_func ("/logging/frames/none", test_no_frame_lines);
  g_test_add_func ("/logging/frames/soon", test_lines_come_soon);
  g_test_add_func ("/logging/frames/stdout-full", test_stdout_full);
  g_test_add_func ("/logging/frames/stdout-closed", test_stdout_closed);
  g_test_add_func ("/logging/stderr-full", test_stderr_full);
  g_test_add_func ("/logging/text", test_text);
  g_test_add_func ("/logging/json", test_json);
  g_test_add_func ("/logging/failure", test_failure_is_logged);
  g_test_add_func ("/logging/level", test_level);
  return g_test_run ();
}
