/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What clients cannot do to the server: fill its memory, starve each other, leave threads or descriptors behind. */
#include "base/ap-limits.h"
#include "flood.h"

#include <string.h>

#include "test-wait.h"

#define FRAME  320
#define CYCLES 5000

static void
check_memory (ServerProcess *server)
{
  gsize rss = server_process_rss (server);

  if (rss_is_meaningful () && rss > RSS_LIMIT)
    g_test_fail_printf ("the server has %" G_GSIZE_FORMAT " bytes", rss);
}

/* Floods for a while; a second client is served all the time. */
static void
flood_and_drain (ServerProcess *server, guint clients, gsize frame_len)
{
  guint16 port = server_process_port (server);
  gint64 end = g_get_monotonic_time () + number_from_environment ("AP_TEST_FLOOD_SECONDS", 5) * G_USEC_PER_SEC;
  g_autoptr (WsClient) witness = ws_client_connect (port, AUDIO_PATH);
  g_autofree Flood *floods = g_new0 (Flood, clients);
  guint32 served = 0;

  for (guint i = 0; i < clients; i++)
    floods[i] = flood_open (port, frame_len);
  while (g_get_monotonic_time () < end && echo_pattern (witness, FRAME, served)) {
    for (guint i = 0; i < clients; i++)
      flood_send (&floods[i]);
    served++;
    check_memory (server);
  }
  g_test_message ("the witness had %u frames echoed; the server has %" G_GSIZE_FORMAT " KiB", served,
                  server_process_rss (server) / 1024);
  for (guint i = 0; i < clients; i++)
    g_test_message ("%u frames of the flood are to come back", floods[i].frames);
  flood_drain (floods, clients);
  for (guint i = 0; i < clients; i++)
    flood_close (&floods[i]);
  check_memory (server);
}

static void
test_flood_passthrough (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();

  flood_and_drain (server, 1, FRAME);
}

static void
test_flood_direct (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "identity", "--pipeline-mode", "direct");

  flood_and_drain (server, 1, FRAME);
}

static void
test_flood_queued (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "identity", "--pipeline-mode", "queued");

  flood_and_drain (server, 1, FRAME);
}

static void
test_flood_of_many (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1");

  flood_and_drain (server, 20, FRAME);
}

/* The largest frames, and the smallest, whose cost is not in their bytes. */
static void
test_flood_large (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();

  flood_and_drain (server, 4, 1024 * 1024);
}

static void
test_flood_tiny (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();

  flood_and_drain (server, 1, 4);
}

/* ---- clients that never read ---- */

enum { NEVER_READERS = 10 };

/* What a session may hold for a client that does not read: what is on its way up to the bound at which its socket is
 * not read, and what one more read brought; as buffers of GStreamer, which are up to three times their 320 bytes, or as
 * bytes in a queue that grows by doubling. With a queued pipeline of its own that holds as much again. */
#define HELD_FOR_ONE     (3 * (AP_SESSION_HIGH_WATER + AP_RECEIVE_BYTES))
#define HELD_IN_PIPELINE (3 * AP_SESSION_HIGH_WATER)

/* A first client is the server's warm-up: what is made once is made then. @most: bytes of the server; 0: any */
static void
never_read (ServerProcess *server, guint clients, gsize frame_len, gint64 seconds, gsize most)
{
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) witness = ws_client_connect (port, AUDIO_PATH);
  g_autofree Flood *floods = g_new0 (Flood, clients);
  gint64 end = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  gsize largest = 0;

  for (guint i = 0; i < clients; i++)
    floods[i] = flood_open (port, frame_len);
  for (guint32 served = 0; g_get_monotonic_time () < end && echo_pattern (witness, FRAME, served); served++) {
    for (guint i = 0; i < clients; i++)
      flood_send (&floods[i]);
    largest = MAX (largest, server_process_rss (server));
  }
  for (guint i = 0; i < clients; i++)
    flood_close (&floods[i]);
  g_test_message ("%u clients: at most %" G_GSIZE_FORMAT " KiB; allowed are %" G_GSIZE_FORMAT, clients, largest / 1024,
                  most / 1024);
  if (rss_is_meaningful () && most > 0 && largest > most)
    g_test_fail_printf ("the server had %" G_GSIZE_FORMAT " bytes", largest);
}

static void
test_never_read (gconstpointer data)
{
  const char *mode = data;
  g_autoptr (ServerProcess) server = *mode == '\0'
                                         ? server_process_start ()
                                         : server_process_start ("--pipeline", "identity", "--pipeline-mode", mode);
  guint16 port = server_process_port (server);
  gsize one = HELD_FOR_ONE + (g_str_equal (mode, "queued") ? HELD_IN_PIPELINE : 0);
  guint fds;

  never_read (server, 1, FRAME, 1, 0);
  g_assert_true (test_wait_until (active_connections (port) == 0));
  fds = server_process_fds (server);
  never_read (server, NEVER_READERS, FRAME, number_from_environment ("AP_TEST_FLOOD_SECONDS", 3),
              server_process_rss (server) + NEVER_READERS * one);
  g_assert_true (test_wait_until (active_connections (port) == 0));
  g_assert_true (test_wait_until (server_process_fds (server) <= fds));
}

/* The smallest frames that have a byte: of those, one read of a socket brings thousands, and each is a buffer. */
static void
test_never_read_tiny (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1");

  never_read (server, 40, 1, number_from_environment ("AP_TEST_FLOOD_SECONDS", 3), RSS_LIMIT);
}

/* Bodies of any length, sent as fast as the server takes them: it takes a bounded part, then ends the connection. */
static void
flood_bodies (ServerProcess *server, WsClient *witness)
{
  static const char head[] = "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n";
  static const guint8 body[64 * 1024] = { 0 };
  WsClient *clients[4];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    clients[i] = ws_client_connect_tcp (server_process_port (server));
    ws_client_send_raw (clients[i], head, strlen (head));
  }
  for (guint32 served = 0; served < 50; served++) {
    for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
      ws_client_try_send (clients[i], body, sizeof body);
    echo_pattern (witness, FRAME, served);
    check_memory (server);
  }
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    ws_client_expect_eof (clients[i]);
    ws_client_free (clients[i]);
  }
}

static void
test_flood_of_bodies (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1");
  g_autoptr (WsClient) witness = ws_client_connect (server_process_port (server), AUDIO_PATH);
  guint fds = server_process_fds (server);

  for (guint i = 0; i < 25 && !g_test_failed (); i++)
    flood_bodies (server, witness);
  g_assert_true (test_wait_until (server_process_fds (server) <= fds));
}

/* Clients that never come back to reading leave nothing behind when they go. */
static void
test_flood_and_vanish (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  guint16 port = server_process_port (server);
  guint fds;

  g_assert_cmpint (active_connections (port), ==, 0);
  fds = server_process_fds (server);
  for (guint i = 0; i < 20; i++) {
    Flood flood = flood_open (port, FRAME);

    flood_send (&flood);
    g_clear_pointer (&flood.frame, g_byte_array_unref);
    if (i % 2 == 0)
      ws_client_free (flood.client);
    else
      ws_client_reset (flood.client);
  }
  g_assert_true (test_wait_until (active_connections (port) == 0));
  g_assert_true (test_wait_until (server_process_fds (server) <= fds));
}

/* ---- connects and disconnects ---- */

static void
clean_close (guint16 port)
{
  g_autoptr (WsClient) client = ws_client_connect (port, AUDIO_PATH);

  echo_pattern (client, FRAME, 1);
  ws_client_send_close (client, 1000, "bye");
  ws_client_expect_close (client, 1000);
}

static void
abrupt_end (guint16 port)
{
  g_autoptr (WsClient) client = ws_client_connect (port, AUDIO_PATH);

  send_pattern (client, FRAME, 1);
}

static void
reset (guint16 port)
{
  WsClient *client = ws_client_connect (port, AUDIO_PATH);

  send_pattern (client, FRAME, 1);
  ws_client_reset (client);
}

static void
vanish_inside_frame (guint16 port)
{
  WsClient *client = ws_client_connect (port, AUDIO_PATH);
  g_autoptr (GByteArray) frame = ws_frame_bytes (WS_FIN | WS_BINARY, WS_PLAIN, "half of this", 12);

  ws_client_send_raw (client, frame->data, frame->len / 2);
  ws_client_reset (client);
}

static void
vanish_inside_message (guint16 port)
{
  g_autoptr (WsClient) client = ws_client_connect (port, AUDIO_PATH);

  ws_client_send_frame (client, FALSE, WS_BINARY, "the first part", 14);
}

static void
half_handshake (guint16 port)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port);
  static const char half[] = "GET " AUDIO_PATH " HTTP/1.1\r\nHost: x\r\nUpgr";

  ws_client_send_raw (client, half, strlen (half));
}

static void
handshake_and_reset (guint16 port)
{
  WsClient *client = ws_client_connect_tcp (port);
  static const char whole[] = "GET " AUDIO_PATH " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

  ws_client_send_raw (client, whole, strlen (whole));
  ws_client_reset (client);
}

static void
only_connect (guint16 port)
{
  WsClient *client = ws_client_connect_tcp (port);

  ws_client_reset (client);
}

static void
protocol_error (guint16 port)
{
  g_autoptr (WsClient) client = ws_client_connect (port, AUDIO_PATH);

  ws_client_send_frame (client, TRUE, WS_TEXT, "text", 4);
  ws_client_expect_close (client, 1003);
}

static void
cycle (ServerProcess *server)
{
  static void (*const kinds[]) (guint16 port) = {
    clean_close,    abrupt_end,          reset,        vanish_inside_frame, vanish_inside_message,
    half_handshake, handshake_and_reset, only_connect, protocol_error,      clean_close,
  };
  guint16 port = server_process_port (server);
  guint fds, threads;

  /* One of each first: what is made once is made now. */
  for (guint i = 0; i < 10 * G_N_ELEMENTS (kinds); i++)
    kinds[i % G_N_ELEMENTS (kinds)](port);
  g_assert_true (test_wait_until (active_connections (port) == 0));
  fds = server_process_fds (server);
  threads = server_process_threads (server);
  for (guint i = 0; i < CYCLES && !g_test_failed (); i++)
    kinds[i % G_N_ELEMENTS (kinds)](port);
  g_assert_true (test_wait_until (active_connections (port) == 0));
  g_assert_true (test_wait_until (server_process_fds (server) <= fds));
  g_assert_true (test_wait_until (server_process_threads (server) <= threads));
  check_memory (server);
}

static void
test_cycles (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();

  cycle (server);
}

static void
test_cycles_direct (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "identity", "--pipeline-mode", "direct");

  cycle (server);
}

static void
test_cycles_queued (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--pipeline", "identity", "--pipeline-mode", "queued");

  cycle (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/bounds/flood/passthrough", test_flood_passthrough);
  g_test_add_func ("/bounds/flood/direct", test_flood_direct);
  g_test_add_func ("/bounds/flood/queued", test_flood_queued);
  g_test_add_func ("/bounds/flood/of-many", test_flood_of_many);
  g_test_add_func ("/bounds/flood/large", test_flood_large);
  g_test_add_func ("/bounds/flood/tiny", test_flood_tiny);
  g_test_add_data_func ("/bounds/never-read/passthrough", "", test_never_read);
  g_test_add_data_func ("/bounds/never-read/direct", "direct", test_never_read);
  g_test_add_data_func ("/bounds/never-read/queued", "queued", test_never_read);
  g_test_add_func ("/bounds/never-read/tiny", test_never_read_tiny);
  g_test_add_func ("/bounds/flood/of-bodies", test_flood_of_bodies);
  g_test_add_func ("/bounds/flood/and-vanish", test_flood_and_vanish);
  g_test_add_func ("/bounds/cycles/passthrough", test_cycles);
  g_test_add_func ("/bounds/cycles/direct", test_cycles_direct);
  g_test_add_func ("/bounds/cycles/queued", test_cycles_queued);
  return g_test_run ();
}
