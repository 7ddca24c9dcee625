/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements of --pipeline that fail, wait, or swallow what they get. It is the matter of the one session that they
 * serve: others go on meanwhile, and nothing is left behind. test_fault is at fault when a frame's first byte says so.
 */
#include "support.h"

#include <string.h>

#include "test-wait.h"

#define FRAME 320

enum { FAULT_ERROR = 0xe0, FAULT_STALL = 0xe1, FAULT_DROP = 0xe2, FAULT_HANG = 0xe3 };

static void
send_fault (WsClient *client, guint8 fault)
{
  guint8 frame[FRAME] = { fault };

  ws_client_send_binary (client, frame, sizeof frame);
}

static ServerProcess *
start (const char *mode)
{
  return server_process_start ("--workers", "1", "--pipeline", "test_fault", "--pipeline-mode", mode);
}

/* What a server has when it serves nobody, after its first sessions. */
typedef struct {
  guint fds;
  guint threads;
} Idle;

static gboolean
is_readable (WsClient *client)
{
  GPollFD poll_fd = { .fd = ws_client_fd (client), .events = G_IO_IN };

  return g_poll (&poll_fd, 1, 0) > 0;
}

static Idle
idle_of (ServerProcess *server)
{
  guint16 port = server_process_port (server);

  for (guint i = 0; i < 3; i++) {
    g_autoptr (WsClient) client = ws_client_connect (port, AUDIO_PATH);
    echo_pattern (client, FRAME, i);
  }
  g_assert_true (test_wait_until (active_connections (port) == 0));
  return (Idle){ server_process_fds (server), server_process_threads (server) };
}

static void
expect_idle (ServerProcess *server, Idle idle)
{
  g_assert_true (test_wait_until (active_connections (server_process_port (server)) == 0));
  g_assert_true (test_wait_until (server_process_fds (server) <= idle.fds));
  g_assert_true (test_wait_until (server_process_threads (server) <= idle.threads));
}

/* Each failing session hears 1011, with what was echoed before; the witness hears nothing of it. */
static void
test_error (gconstpointer mode)
{
  enum { VICTIMS = 50 };
  g_autoptr (ServerProcess) server = start (mode);
  guint16 port = server_process_port (server);
  Idle idle = idle_of (server);
  WsClient *witness = ws_client_connect (port, AUDIO_PATH);

  for (guint32 i = 0; i < VICTIMS && echo_pattern (witness, FRAME, i); i++) {
    g_autoptr (WsClient) victim = ws_client_connect (port, AUDIO_PATH);

    send_pattern (victim, FRAME, 1);
    send_fault (victim, FAULT_ERROR);
    send_pattern (victim, FRAME, 2);
    expect_pattern (victim, FRAME, 1);
    ws_client_expect_close (victim, 1011);
  }
  ws_client_free (witness);
  expect_idle (server, idle);
}

/* What is swallowed is gone, and no more than that. */
static void
test_drop (gconstpointer mode)
{
  g_autoptr (ServerProcess) server = start (mode);
  guint16 port = server_process_port (server);
  Idle idle = idle_of (server);
  WsClient *client = ws_client_connect (port, AUDIO_PATH);

  for (guint32 i = 0; i < 1000; i++) {
    send_fault (client, FAULT_DROP);
    if (i % 10 == 0)
      send_pattern (client, FRAME, i % 200);
  }
  for (guint32 i = 0; i < 1000; i += 10)
    expect_pattern (client, FRAME, i % 200);
  ws_client_send_close (client, 1000, NULL);
  ws_client_expect_close (client, 1000);
  ws_client_free (client);
  expect_idle (server, idle);
}

/* A client may send more than any bound while its pipeline gives nothing: it is served on all the same. */
static void
test_drop_all (gconstpointer mode)
{
  g_autoptr (ServerProcess) server = start (mode);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint32 i = 0; i < 20000; i++)
    send_fault (client, FAULT_DROP);
  ws_client_expect_alive (client);
  echo_pattern (client, FRAME, 1);
}

/* Five seconds of one pipeline; meanwhile the others are served, and then its session goes on in order. */
static void
test_stall (void)
{
  g_autoptr (ServerProcess) server = start ("queued");
  guint16 port = server_process_port (server);
  Idle idle = idle_of (server);
  WsClient *witness = ws_client_connect (port, AUDIO_PATH);
  WsClient *victim = ws_client_connect (port, AUDIO_PATH);
  guint8 stalled[FRAME] = { FAULT_STALL };
  guint32 served = 0;

  send_pattern (victim, FRAME, 1);
  expect_pattern (victim, FRAME, 1);
  send_fault (victim, FAULT_STALL);
  for (guint32 i = 0; i < 100; i++)
    send_pattern (victim, FRAME, i);
  do
    served++;
  while (echo_pattern (witness, FRAME, served % 200) && !is_readable (victim));
  g_test_message ("the witness had %u frames echoed meanwhile", served);
  g_assert_cmpuint (served, >, 10); /* a witness that waits for the victim has had one or two */
  ws_client_expect_binary (victim, stalled, sizeof stalled);
  for (guint32 i = 0; i < 100; i++)
    expect_pattern (victim, FRAME, i);
  ws_client_free (witness);
  ws_client_free (victim);
  expect_idle (server, idle);
}

/* Clients that leave while their pipelines stall: those end when the elements let them. */
static void
test_stall_and_leave (void)
{
  enum { VICTIMS = 20 };
  g_autoptr (ServerProcess) server = start ("queued");
  guint16 port = server_process_port (server);
  Idle idle = idle_of (server);
  WsClient *witness = ws_client_connect (port, AUDIO_PATH);

  for (guint i = 0; i < VICTIMS && echo_pattern (witness, FRAME, i); i++) {
    WsClient *victim = ws_client_connect (port, AUDIO_PATH);

    send_fault (victim, FAULT_STALL);
    if (i % 2 == 0)
      ws_client_free (victim);
    else
      ws_client_reset (victim);
  }
  g_assert_true (test_wait_until (active_connections (port) == 1));
  for (guint32 i = 0; i < 100; i++)
    echo_pattern (witness, FRAME, i);
  ws_client_free (witness);
  expect_idle (server, idle);
}

/* An element that never comes back cannot hold up the end of the server. */
static void
test_hang_at_shutdown (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1", "--pipeline", "test_fault",
                                                           "--pipeline-mode", "queued", "--drain-seconds", "2");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  send_fault (client, FAULT_HANG);
  ws_client_expect_alive (client);
}

int
main (int argc, char **argv)
{
  static const char *const modes[] = { "direct", "queued" };

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_autofree char *error = g_strdup_printf ("/elements/error/%s", modes[i]);
    g_autofree char *drop = g_strdup_printf ("/elements/drop/%s", modes[i]);
    g_autofree char *drop_all = g_strdup_printf ("/elements/drop-all/%s", modes[i]);

    g_test_add_data_func (error, modes[i], test_error);
    g_test_add_data_func (drop, modes[i], test_drop);
    g_test_add_data_func (drop_all, modes[i], test_drop_all);
  }
  g_test_add_func ("/elements/stall", test_stall);
  g_test_add_func ("/elements/stall-and-leave", test_stall_and_leave);
  g_test_add_func ("/elements/hang-at-shutdown", test_hang_at_shutdown);
  return g_test_run ();
}
