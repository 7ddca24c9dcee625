/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients that take their time: that read slowly, send byte by byte, never come to an end, or never begin. Others are
 * served meanwhile: a witness is, between any two steps of theirs. */
#include "flood.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "test-wait.h"

#define FRAME 320

static const char request[] = "GET " AUDIO_PATH " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                              "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* ---- a client that reads slowly ---- */

/* Reads one piece of at most @most bytes. */
static void
read_piece (WsClient *client, GByteArray *bytes, gsize most)
{
  guint8 piece[4096];
  gssize n;

  g_assert (most <= sizeof piece);
  if (test_poll_fd (ws_client_fd (client), G_IO_IN, test_deadline ()) == 0)
    ws_client_fail (client, "nothing came in time");
  n = recv (ws_client_fd (client), piece, most, MSG_DONTWAIT);
  if (n <= 0)
    ws_client_fail (client, "the connection ended: %s", n < 0 ? g_strerror (errno) : "closed");
  else
    g_byte_array_append (bytes, piece, (guint)n);
}

/* Returns: how many frames stand at the start of @bytes, which are taken away; each must be the one after @first */
static guint32
take_frames (GByteArray *bytes, guint32 first)
{
  guint32 frames = 0;
  gsize taken;
  WsFrame *frame;

  while ((frame = ws_frame_parse (bytes->data, bytes->len, &taken)) != NULL) {
    guint8 expected[FRAME];

    fill_pattern (expected, sizeof expected, first + frames++);
    g_assert_cmpmem (frame->data, frame->len, expected, sizeof expected);
    ws_frame_free (frame);
    g_byte_array_remove_range (bytes, 0, (guint)taken);
  }
  return frames;
}

/* It floods until the server reads no more, then takes a KiB at a time, one for each message that the witness has
 * echoed: all of it comes, in order. */
static void
test_slow_reader (gconstpointer data)
{
  const char *const *args = data;
  g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .args = args });
  g_autoptr (WsClient) witness = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Flood flood = flood_open (server_process_port (server), FRAME);
  guint32 come = 0;

  /* Between two messages of the witness the server has had its turn to read on, if it wants to. */
  for (guint quiet = 0; quiet < 20 && echo_pattern (witness, FRAME, quiet); quiet++) {
    guint32 before = flood.frames;

    flood_send (&flood);
    if (flood.frames > before)
      quiet = 0;
  }
  for (guint32 i = 0; come < flood.frames && echo_pattern (witness, FRAME, i) && !g_test_failed (); i++) {
    read_piece (flood.client, bytes, 1024);
    come += take_frames (bytes, come);
  }
  g_test_message ("%u frames came slowly", come);
  flood_complete (&flood);
  expect_pattern (flood.client, FRAME, come);
  flood_close (&flood);
}

/* ---- byte by byte ---- */

/* As many as even a slow machine serves in a small part of the half minute that a request may take. */
enum { LORISES = 20 };

static void
send_byte_by_byte (WsClient *clients[], WsClient *witness, const void *data, gsize len)
{
  for (gsize at = 0; at < len && !g_test_failed (); at++) {
    for (guint i = 0; i < LORISES; i++)
      ws_client_send_raw (clients[i], (const char *)data + at, 1);
    echo_pattern (witness, FRAME, (guint32)at);
  }
}

static void
expect_101 (WsClient *client)
{
  /* The request is sent already; no more of it is needed for the answer to be read. */
  g_autoptr (HttpAnswer) answer = ws_client_request (client, "");

  if (answer == NULL || answer->status != 101)
    ws_client_fail (client, "the handshake was answered with %u", answer != NULL ? answer->status : 0);
}

/* The request, and then a frame. */
static void
test_bytes (gconstpointer data)
{
  const char *const *args = data;
  g_autoptr (ServerProcess) server = server_process_start_with (&(ServerSetup){ .args = args });
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) witness = ws_client_connect (port, AUDIO_PATH);
  g_autoptr (GByteArray) frame = NULL;
  guint8 payload[FRAME];
  WsClient *clients[LORISES];

  for (guint i = 0; i < LORISES; i++)
    clients[i] = ws_client_connect_tcp (port);
  send_byte_by_byte (clients, witness, request, sizeof request - 1);
  for (guint i = 0; i < LORISES; i++)
    expect_101 (clients[i]);
  fill_pattern (payload, sizeof payload, 9);
  frame = ws_frame_bytes (WS_FIN | WS_BINARY, WS_PLAIN, payload, sizeof payload);
  send_byte_by_byte (clients, witness, frame->data, frame->len);
  for (guint i = 0; i < LORISES; i++) {
    expect_pattern (clients[i], FRAME, 9);
    ws_client_free (clients[i]);
  }
}

/* ---- without an end ---- */

static gsize
rss_over (ServerProcess *server, gsize before)
{
  gsize rss = server_process_rss (server);

  return rss_is_meaningful () && rss > before ? rss - before : 0;
}

/* Fragments that carry nothing never reach the limit of a message: they cost nothing, either. The message is whole when
 * it ends at last. */
static void
test_empty_fragments (void)
{
  enum { FRAGMENTS = 200 * 1000, AT_ONCE = 1000 };
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1");
  g_autoptr (WsClient) witness = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autoptr (GByteArray) many = g_byte_array_new ();
  gsize before;

  echo_pattern (client, FRAME, 1);
  for (guint i = 0; i < AT_ONCE; i++) {
    g_autoptr (GByteArray) one = ws_frame_bytes (WS_CONTINUATION, WS_PLAIN, NULL, 0);
    g_byte_array_append (many, one->data, one->len);
  }
  ws_client_send_frame (client, FALSE, WS_BINARY, "begin", 5);
  echo_pattern (witness, FRAME, 2);
  before = server_process_rss (server);
  for (guint i = 0; i < FRAGMENTS / AT_ONCE && echo_pattern (witness, FRAME, i); i++)
    ws_client_send_raw (client, many->data, many->len);
  echo_pattern (witness, FRAME, 3);
  g_assert_cmpuint (rss_over (server, before), <, 1024 * 1024);
  ws_client_send_frame (client, TRUE, WS_CONTINUATION, "end", 3);
  ws_client_expect_binary (client, "beginend", 8);
}

/* Fragments with something in them end at the limit, and so does what is held of them. */
static void
test_endless_fragments (void)
{
  enum { PIECE = 16 * 1024, CLIENTS = 20 };
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1");
  g_autoptr (WsClient) witness = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autofree guint8 *piece = g_malloc0 (PIECE);

  for (guint i = 0; i < CLIENTS && echo_pattern (witness, FRAME, i); i++) {
    g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

    ws_client_send_frame (client, FALSE, WS_BINARY, piece, PIECE);
    for (gsize sent = PIECE; sent <= 1024 * 1024; sent += PIECE)
      ws_client_send_frame (client, FALSE, WS_CONTINUATION, piece, PIECE);
    ws_client_expect_close (client, 1009);
  }
}

/* Frames that stop in the middle: each costs what came of it and what a reader is, and all of it goes with the client.
 */
static void
test_half_frames (void)
{
  enum { CLIENTS = 200, HALF = 16 * 1024, READER = 16 * 1024 };
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1");
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) witness = ws_client_connect (port, AUDIO_PATH);
  g_autofree guint8 *payload = g_malloc0 (2 * HALF);
  g_autoptr (GByteArray) frame = ws_frame_bytes (WS_FIN | WS_BINARY, WS_PLAIN, payload, 2 * HALF);
  WsClient *clients[CLIENTS];
  guint fds;
  gsize before;

  echo_pattern (witness, 1024 * 1024, 1);
  fds = server_process_fds (server);
  before = server_process_rss (server);
  for (guint i = 0; i < CLIENTS; i++) {
    clients[i] = ws_client_connect (port, AUDIO_PATH);
    ws_client_send_raw (clients[i], frame->data, HALF);
    echo_pattern (witness, FRAME, i);
  }
  g_test_message ("%u half frames: %" G_GSIZE_FORMAT " KiB", CLIENTS, rss_over (server, before) / 1024);
  g_assert_cmpuint (rss_over (server, before), <, CLIENTS * (2 * HALF + READER));
  for (guint i = 0; i < CLIENTS; i++)
    ws_client_reset (clients[i]);
  g_assert_true (test_wait_until (active_connections (port) == 1));
  g_assert_true (test_wait_until (server_process_fds (server) <= fds));
}

/* ---- without a beginning ---- */

/* SILENT_COST: bytes of one, with libsoup's objects for it. */
enum { SILENT = 10000, SILENT_COST = 32 * 1024 };

/* Returns: whether this program may have so many descriptors */
static gboolean
allow_descriptors (guint n)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < n))
    return FALSE;
  limit.rlim_cur = MAX (limit.rlim_cur, n);
  return setrlimit (RLIMIT_NOFILE, &limit) == 0;
}

/* Connections that say nothing, or half of something. */
static void
open_silent (ServerProcess *server, WsClient *clients[], WsClient *witness)
{
  for (guint i = 0; i < SILENT; i++) {
    clients[i] = ws_client_connect_tcp (server_process_port (server));
    if (i % 2 == 0)
      ws_client_send_raw (clients[i], "GET /ws/audio HTTP/1.1\r\nHo", 26);
    if (i % 100 == 0)
      echo_pattern (witness, FRAME, i);
  }
}

static void
expect_silent_ended (WsClient *clients[])
{
  for (guint i = 0; i < SILENT; i++) {
    ws_client_expect_eof (clients[i]);
    ws_client_free (clients[i]);
  }
}

/* A header that grows by a byte now and then is never idle, and yet it ends: the request as a whole has a limit of
 * time.
 */
static void
grow_headers (guint16 port, WsClient *witness)
{
  gint64 deadline = test_deadline () + 60 * G_USEC_PER_SEC;
  WsClient *clients[LORISES];
  guint left = LORISES;

  for (guint i = 0; i < LORISES; i++) {
    clients[i] = ws_client_connect_tcp (port);
    ws_client_send_raw (clients[i], "GET /ws/audio HTTP/1.1\r\nHost: x\r\nX-Endless: ", 44);
  }
  while (left > 0 && g_get_monotonic_time () < deadline && echo_pattern (witness, FRAME, left))
    for (guint i = 0; i < LORISES; i++) {
      if (clients[i] == NULL)
        continue;
      /* Five bytes a second or so; the end of one is waited for in between. */
      if (test_poll_fd (ws_client_fd (clients[i]), G_IO_IN, g_get_monotonic_time () + 10000) == 0) {
        ws_client_try_send (clients[i], "x", 1);
        continue;
      }
      g_clear_pointer (&clients[i], ws_client_free);
      left--;
    }
  g_assert_cmpuint (left, ==, 0);
  for (guint i = 0; i < LORISES; i++)
    g_clear_pointer (&clients[i], ws_client_free);
}

/* Each of these costs a bounded sum while it is there, and the server ends it. */
static void
test_no_request (void)
{
  g_autoptr (ServerProcess) server = NULL;
  g_autoptr (WsClient) witness = NULL;
  g_autofree WsClient **silent = g_new0 (WsClient *, SILENT);
  guint fds;
  gsize before;

  if (!allow_descriptors (SILENT + 200)) {
    g_test_skip ("the limit of open files is too low");
    return;
  }
  server = server_process_start ();
  witness = ws_client_connect (server_process_port (server), AUDIO_PATH);
  echo_pattern (witness, FRAME, 1);
  fds = server_process_fds (server);
  before = server_process_rss (server);
  open_silent (server, silent, witness);
  g_test_message ("%u silent connections: %" G_GSIZE_FORMAT " KiB", SILENT, rss_over (server, before) / 1024);
  g_assert_cmpuint (rss_over (server, before), <, (gsize)SILENT * SILENT_COST);
  grow_headers (server_process_port (server), witness);
  expect_silent_ended (silent);
  g_assert_true (test_wait_until (server_process_fds (server) <= fds));
}

static void
add (const char *name, GTestDataFunc test)
{
  static const char *const passthrough[] = { "--workers", "1", NULL };
  static const char *const direct[] = { "--workers", "1", "--pipeline", "identity", NULL };
  static const char *const queued[] = { "--workers", "1", "--pipeline", "queue", NULL };
  static const struct {
    const char *name;
    const char *const *args;
  } modes[] = { { "passthrough", passthrough }, { "direct", direct }, { "queued", queued } };

  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_autofree char *path = g_strdup_printf ("/slow/%s/%s", name, modes[i].name);

    g_test_add_data_func (path, modes[i].args, test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  add ("reader", test_slow_reader);
  add ("bytes", test_bytes);
  g_test_add_func ("/slow/empty-fragments", test_empty_fragments);
  g_test_add_func ("/slow/endless-fragments", test_endless_fragments);
  g_test_add_func ("/slow/half-frames", test_half_frames);
  g_test_add_func ("/slow/no-request", test_no_request);
  return g_test_run ();
}
