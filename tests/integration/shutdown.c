/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGTERM and SIGINT: nobody new, what was taken is answered, every WebSocket hears 1001, exit code 0. */
#include "support.h"

#include <signal.h>
#include <string.h>

#include "test-wait.h"

#define FRAME   320
#define CLIENTS 20
#define FRAMES  50

static const int signals[] = { SIGTERM, SIGINT };

/* Where nothing may be lost, a busy machine has the time that it takes. */
#define PATIENT "--drain-seconds", "60"

static void
test_idle (gconstpointer data)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  WsClient *clients[CLIENTS];

  for (guint32 i = 0; i < CLIENTS; i++) {
    clients[i] = ws_client_connect (server_process_port (server), AUDIO_PATH);
    echo_pattern (clients[i], FRAME, i);
  }
  server_process_signal (server, *(const int *)data);
  for (guint32 i = 0; i < CLIENTS; i++)
    ws_client_expect_close (clients[i], 1001);
  for (guint32 i = 0; i < CLIENTS; i++)
    ws_client_free (clients[i]);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
}

static void
test_no_client (gconstpointer data)
{
  g_autoptr (ServerProcess) server = server_process_start ();

  server_process_signal (server, *(const int *)data);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
}

/* Returns: lines of the server's stdout */
static guint
frame_lines (ServerProcess *server)
{
  g_autofree char *text = server_process_stdout (server);
  guint lines = 0;

  for (const char *c = text; *c != '\0'; c++)
    lines += *c == '\n';
  return lines;
}

/* Frames that the server has taken (their lines say so) are all echoed before the close frame. */
static void
accepted_frames_are_echoed (const char *const *args)
{
  g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .args = args });
  WsClient *clients[CLIENTS];

  for (guint32 i = 0; i < CLIENTS; i++)
    clients[i] = ws_client_connect (server_process_port (server), AUDIO_PATH);
  for (guint32 k = 0; k < FRAMES; k++)
    for (guint32 i = 0; i < CLIENTS; i++)
      send_pattern (clients[i], FRAME, k << 16 | i);
  g_assert_true (test_wait_until (frame_lines (server) == CLIENTS * FRAMES));
  server_process_signal (server, SIGTERM);
  for (guint32 i = 0; i < CLIENTS; i++) {
    for (guint32 k = 0; k < FRAMES; k++)
      expect_pattern (clients[i], FRAME, k << 16 | i);
    ws_client_expect_close (clients[i], 1001);
  }
  for (guint32 i = 0; i < CLIENTS; i++)
    ws_client_free (clients[i]);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
}

static void
test_accepted_passthrough (void)
{
  static const char *const args[] = { PATIENT, NULL };

  accepted_frames_are_echoed (args);
}

static void
test_accepted_queued (void)
{
  static const char *const args[] = { PATIENT,           "--pipeline", "identity sleep-time=1000",
                                      "--pipeline-mode", "queued",     NULL };

  accepted_frames_are_echoed (args);
}

/* Reads what is echoed up to the close frame, which says 1001. Returns: the number of frames, each the one after the
 * last
 */
static guint32
read_echoes (WsClient *client)
{
  g_autoptr (WsFrame) frame = NULL;
  guint32 echoed = 0;

  while ((frame = ws_client_read_frame (client)) != NULL && frame->first_byte == (WS_FIN | WS_BINARY)) {
    guint8 expected[FRAME];

    fill_pattern (expected, sizeof expected, echoed++);
    g_assert_cmpmem (frame->data, frame->len, expected, sizeof expected);
    g_clear_pointer (&frame, ws_frame_free);
  }
  if (frame == NULL || frame->first_byte != (WS_FIN | WS_CLOSE) || frame->len < 2 ||
      memcmp (frame->data, "\003\351", 2) != 0)
    ws_client_fail (client, "no close frame with 1001");
  ws_client_send_close (client, 1001, NULL);
  return echoed;
}

typedef struct {
  WsClient *client;
  guint32 echoed;
} Reader;

static gpointer
read_all (gpointer data)
{
  Reader *reader = data;

  reader->echoed = read_echoes (reader->client);
  return NULL;
}

/* While frames of many stream in, in the middle of which the signal comes: each frame that the server has taken (its
 * line says so) is echoed, in order; then 1001 comes. */
static void
end_under_load (ServerProcess *server, int signal_number)
{
  enum { FRAMES_OF_EACH = 1000 };
  Reader readers[CLIENTS];
  GThread *threads[CLIENTS];
  guint32 echoed = 0;

  for (guint i = 0; i < CLIENTS; i++)
    readers[i] = (Reader){ ws_client_connect (server_process_port (server), AUDIO_PATH) };
  for (guint32 k = 0; k < FRAMES_OF_EACH; k++) {
    if (k == FRAMES_OF_EACH / 2)
      server_process_signal (server, signal_number);
    for (guint i = 0; i < CLIENTS; i++)
      send_pattern (readers[i].client, FRAME, k);
  }
  for (guint i = 0; i < CLIENTS; i++)
    threads[i] = g_thread_new ("reader", read_all, &readers[i]);
  for (guint i = 0; i < CLIENTS; i++) {
    g_thread_join (threads[i]);
    ws_client_free (readers[i].client);
    echoed += readers[i].echoed;
  }
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
  g_test_message ("%u frames were taken, and %u echoed", frame_lines (server), echoed);
  g_assert_cmpuint (frame_lines (server), ==, echoed);
}

static void
test_under_load (gconstpointer data)
{
  g_autoptr (ServerProcess) server = server_process_start (PATIENT);

  end_under_load (server, *(const int *)data);
}

static void
test_under_load_direct (void)
{
  g_autoptr (ServerProcess) server =
      server_process_start (PATIENT, "--pipeline", "identity", "--pipeline-mode", "direct");

  end_under_load (server, SIGTERM);
}

static void
test_under_load_queued (void)
{
  g_autoptr (ServerProcess) server =
      server_process_start (PATIENT, "--pipeline", "identity", "--pipeline-mode", "queued");

  end_under_load (server, SIGTERM);
}

/* A client that does not read holds the end up only for as long as --drain-seconds says. */
static void
test_drain_deadline (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--drain-seconds", "1");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  static const guint8 frame[] = { 0x82, 0x84, 0, 0, 0, 0, 'd', 'e', 'm', 'o' };

  while (ws_client_try_send (client, frame, sizeof frame) > 0)
    ;
  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
}

/* A second signal ends it without waiting for anybody. */
static void
test_second_signal (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--drain-seconds", "3600");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (WsFrame) frame = NULL;

  server_process_signal (server, SIGTERM);
  frame = ws_client_read_frame (client);
  g_assert_true (frame != NULL && frame->first_byte == (WS_FIN | WS_CLOSE));
  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), >=, 0);
}

/* Half requests and idle HTTP connections do not hold it up at all. */
static void
test_http_connections (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--drain-seconds", "3600");
  g_autoptr (WsClient) half = ws_client_connect_tcp (server_process_port (server));
  g_autoptr (WsClient) idle = ws_client_connect_tcp (server_process_port (server));
  g_autoptr (HttpAnswer) answer = ws_client_request (idle, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");

  ws_client_send_raw (half, "GET /hea", 8);
  g_assert_true (answer != NULL && answer->status == 200);
  server_process_signal (server, SIGTERM);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
}

/* Nobody is let in while the drain lasts. */
static void
test_nobody_new (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--drain-seconds", "3600");
  g_autoptr (WsClient) holder = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (WsClient) late = NULL;
  g_autoptr (WsFrame) frame = NULL;

  server_process_signal (server, SIGTERM);
  frame = ws_client_read_frame (holder);
  g_assert_true (frame != NULL && frame->first_byte == (WS_FIN | WS_CLOSE));
  g_assert_true (test_wait_until (!tcp_port_accepts (server_process_port (server))));
  ws_client_send_close (holder, 1001, NULL);
  ws_client_expect_eof (holder);
  g_clear_pointer (&holder, ws_client_free);
  g_assert_cmpint (server_process_wait_exit (server), ==, 0);
}

static void
add (const char *name, GTestDataFunc test)
{
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    g_autofree char *path = g_strdup_printf ("/shutdown/%s/%s", signals[i] == SIGTERM ? "sigterm" : "sigint", name);

    g_test_add_data_func (path, &signals[i], test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  add ("no-client", test_no_client);
  add ("idle", test_idle);
  add ("under-load", test_under_load);
  g_test_add_func ("/shutdown/under-load/direct", test_under_load_direct);
  g_test_add_func ("/shutdown/under-load/queued", test_under_load_queued);
  g_test_add_func ("/shutdown/accepted/passthrough", test_accepted_passthrough);
  g_test_add_func ("/shutdown/accepted/queued", test_accepted_queued);
  g_test_add_func ("/shutdown/deadline", test_drain_deadline);
  g_test_add_func ("/shutdown/second-signal", test_second_signal);
  g_test_add_func ("/shutdown/http-connections", test_http_connections);
  g_test_add_func ("/shutdown/nobody-new", test_nobody_new);
  return g_test_run ();
}
