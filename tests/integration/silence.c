/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients that say nothing: --ping-seconds asks them, and ends those who do not answer. */
#include "flood.h"
#include "metrics-text.h"

#include "test-wait.h"

#define FRAME 320
#define PING  (WS_FIN | WS_PING)

/* Reads up to the next ping, which is not answered. */
static gboolean
await_ping (WsClient *client)
{
  return ws_client_expect_frame (client, PING, NULL, 0);
}

static void
send_pong (WsClient *client)
{
  ws_client_send_frame (client, TRUE, WS_PONG, NULL, 0);
}

/* What a second client sees is the clock by which the first is looked at. */
static void
await_pings (guint16 port, guint n)
{
  g_autoptr (WsClient) clock = ws_client_connect (port, AUDIO_PATH);

  for (guint i = 0; i < n && await_ping (clock); i++)
    send_pong (clock);
}

static gboolean
has_input (WsClient *client)
{
  return test_poll_fd (ws_client_fd (client), G_IO_IN, g_get_monotonic_time ()) != 0;
}

static void
test_answers (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--ping-seconds", "1");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint i = 0; i < 4 && await_ping (client); i++)
    send_pong (client);
  echo_pattern (client, FRAME, 1);
}

/* Any word is a sign of life, not only the answer. */
static void
test_answers_otherwise (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--ping-seconds", "1");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint i = 0; i < 3 && await_ping (client); i++)
    echo_pattern (client, FRAME, i);
}

static gdouble
no_pongs (guint16 port)
{
  g_autoptr (HttpAnswer) answer = http_get (port, "/metrics");
  g_autoptr (GHashTable) metrics = metrics_text_parse (answer->body);
  const double *value = g_hash_table_lookup (metrics, "audio_pipeline_errors_total{kind=\"no_pong\"}");

  g_assert_nonnull (value);
  return *value;
}

static void
test_no_answer (gconstpointer data)
{
  const char *elements = data;
  g_autoptr (ServerProcess) server = elements == NULL
                                         ? server_process_start ("--ping-seconds", "1")
                                         : server_process_start ("--ping-seconds", "1", "--pipeline", elements);
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) client = ws_client_connect (port, AUDIO_PATH);
  g_autofree char *log = NULL;

  echo_pattern (client, FRAME, 1);
  await_ping (client);
  ws_client_expect_eof (client);
  g_assert_true (test_wait_until (active_connections (port) == 0));
  server_process_wait_stderr (server, "session ended");
  log = server_process_stderr (server);
  g_assert_true (
      g_regex_match_simple ("code=1006 ended_by=server reason=\"the peer has not answered a ping\"", log, 0, 0));
  g_assert_cmpfloat (no_pongs (port), ==, 1);
}

/* A client in the middle of its audio is not asked. */
static void
test_talks (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--ping-seconds", "3");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  gint64 end = g_get_monotonic_time () + 7 * G_USEC_PER_SEC;

  for (guint32 i = 0; g_get_monotonic_time () < end; i++) {
    guint8 payload[FRAME];

    fill_pattern (payload, sizeof payload, i);
    send_pattern (client, sizeof payload, i);
    if (!ws_client_expect_frame (client, WS_FIN | WS_BINARY, payload, sizeof payload))
      return;
    test_poll_fd (ws_client_fd (client), G_IO_IN, g_get_monotonic_time () + 100000);
  }
}

static void
test_off (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--ping-seconds", "1");
  g_autoptr (ServerProcess) quiet = server_process_start ("--ping-seconds", "0");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (quiet), AUDIO_PATH);

  await_pings (server_process_port (server), 3);
  g_assert_false (has_input (client));
  echo_pattern (client, FRAME, 1);
}

/* One that does not read is not read from either, so that nothing can be heard of it: that is for the limit on output
 * to end. */
static void
test_does_not_read (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--ping-seconds", "1");
  /* Large frames, so that all that waits for it is soon read: until then it cannot answer. */
  Flood flood = flood_open (server_process_port (server), 16 * 1024);

  for (guint round = 0; round < 4; round++) {
    flood_send (&flood);
    await_pings (server_process_port (server), 1);
  }
  flood_drain (&flood, 1);
  flood_close (&flood);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/silence/answers", test_answers);
  g_test_add_func ("/silence/answers-otherwise", test_answers_otherwise);
  g_test_add_data_func ("/silence/no-answer/passthrough", NULL, test_no_answer);
  g_test_add_data_func ("/silence/no-answer/direct", "identity", test_no_answer);
  g_test_add_data_func ("/silence/no-answer/queued", "queue", test_no_answer);
  g_test_add_func ("/silence/talks", test_talks);
  g_test_add_func ("/silence/off", test_off);
  g_test_add_func ("/silence/does-not-read", test_does_not_read);
  return g_test_run ();
}
