/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /ws/audio gives every binary frame back: unchanged, one for one, in order, to the client that sent it. */
#include "support.h"

#include <string.h>

#include "test-wait.h"

#define FRAME   320
#define LIMIT   (1024 * 1024)
#define CLIENTS 200

/* The three ways that a frame can take through the server. */
#define BYTES "audio/x-raw,format=U8,rate=16000,channels=1,layout=interleaved"

typedef struct {
  const char *name;
  const char *args[7];
} Way;

static const Way ways[] = {
  { "passthrough", { NULL } },
  /* Samples of one byte, so that every frame is whole: half samples would wait for the next. */
  { "direct", { "--pipeline", "identity", "--caps", BYTES, "--pipeline-mode", "direct", NULL } },
  { "queued", { "--pipeline", "identity", "--caps", BYTES, "--pipeline-mode", "queued", NULL } },
};

static ServerProcess *
start (const Way *way)
{
  return server_process_start_with (&(ServerSetup){ .args = way->args });
}

static void
test_sizes (gconstpointer data)
{
  static const gsize sizes[] = { 0,   1,   2,   125,  126,   127,   159,   160,       161,
                                 319, 320, 321, 1920, 65535, 65536, 65537, LIMIT - 1, LIMIT };
  g_autoptr (ServerProcess) server = start (data);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint32 i = 0; i < G_N_ELEMENTS (sizes); i++)
    echo_pattern (client, sizes[i], i);
  /* And with every frame on the way at once. */
  for (guint32 i = 0; i < G_N_ELEMENTS (sizes); i++)
    send_pattern (client, sizes[i], 100 + i);
  for (guint32 i = 0; i < G_N_ELEMENTS (sizes); i++)
    expect_pattern (client, sizes[i], 100 + i);
}

static void
test_order (gconstpointer data)
{
  g_autoptr (ServerProcess) server = start (data);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  for (guint32 i = 0; i < 10000; i++)
    send_pattern (client, FRAME + i % 7, i);
  for (guint32 i = 0; i < 10000; i++)
    if (!expect_pattern (client, FRAME + i % 7, i))
      break;
}

static void
test_many_clients (gconstpointer data)
{
  g_autoptr (ServerProcess) server = start (data);
  guint16 port = server_process_port (server);
  WsClient *clients[CLIENTS];

  for (guint32 i = 0; i < CLIENTS; i++)
    clients[i] = ws_client_connect (port, AUDIO_PATH);
  g_assert_true (test_wait_until (active_connections (port) == CLIENTS));
  for (guint32 round = 0; round < 20; round++)
    for (guint32 i = 0; i < CLIENTS; i++)
      send_pattern (clients[i], FRAME, round << 16 | i);
  for (guint32 round = 0; round < 20; round++)
    for (guint32 i = 0; i < CLIENTS; i++)
      expect_pattern (clients[i], FRAME, round << 16 | i);
  for (guint32 i = 0; i < CLIENTS; i++)
    ws_client_free (clients[i]);
  g_assert_true (test_wait_until (active_connections (port) == 0));
}

/* A passthrough costs no thread per client. */
static void
test_threads (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  guint16 port = server_process_port (server);
  WsClient *clients[CLIENTS] = { ws_client_connect (port, AUDIO_PATH) };
  guint threads;

  echo_pattern (clients[0], FRAME, 0);
  for (guint32 i = 1; i < CLIENTS / 2; i++)
    clients[i] = ws_client_connect (port, AUDIO_PATH);
  for (guint32 i = 0; i < CLIENTS / 2; i++)
    echo_pattern (clients[i], FRAME, i);
  threads = server_process_threads (server);
  for (guint32 i = CLIENTS / 2; i < CLIENTS; i++)
    clients[i] = ws_client_connect (port, AUDIO_PATH);
  for (guint32 i = 0; i < CLIENTS; i++)
    echo_pattern (clients[i], FRAME, i);
  g_assert_cmpuint (server_process_threads (server), ==, threads);
  for (guint32 i = 0; i < CLIENTS; i++)
    ws_client_free (clients[i]);
}

/* Control frames come between the fragments of a message and are answered at once (RFC 6455, section 5.4). */
static void
test_fragments (gconstpointer data)
{
  g_autoptr (ServerProcess) server = start (data);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  static const gsize cuts[] = { 0, 0, 1, 160, 160, 321, 1919, 1920 };
  guint8 message[1920];

  fill_pattern (message, sizeof message, 1);
  for (gsize i = 0; i + 1 < G_N_ELEMENTS (cuts); i++) {
    gboolean last = i + 2 == G_N_ELEMENTS (cuts);

    ws_client_send_frame (client, last, i == 0 ? WS_BINARY : WS_CONTINUATION, message + cuts[i], cuts[i + 1] - cuts[i]);
    if (!last) {
      ws_client_send_frame (client, TRUE, WS_PING, message, i);
      ws_client_expect_frame (client, WS_FIN | WS_PONG, message, i);
    }
  }
  ws_client_expect_binary (client, message, sizeof message);
  echo_pattern (client, FRAME, 2);
}

/* The network may cut anywhere: every byte of a frame arrives by itself. */
static void
test_byte_by_byte (gconstpointer data)
{
  g_autoptr (ServerProcess) server = start (data);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  guint8 message[200];
  g_autoptr (GByteArray) bytes = NULL;

  fill_pattern (message, sizeof message, 3);
  bytes = ws_frame_bytes (WS_FIN | WS_BINARY, WS_PLAIN, message, sizeof message);
  for (guint i = 0; i < bytes->len; i++)
    ws_client_send_raw (client, bytes->data + i, 1);
  ws_client_expect_binary (client, message, sizeof message);
}

/* Frames of one send() are all echoed, though the first of them came with the handshake. */
static void
test_frame_behind_handshake (void)
{
  g_autoptr (ServerProcess) server = server_process_start ();
  g_autoptr (WsClient) client = ws_client_connect_tcp (server_process_port (server));
  g_autoptr (GByteArray) bytes = ws_frame_bytes (WS_FIN | WS_BINARY, WS_PLAIN, "early", 5);
  g_autoptr (GByteArray) request = g_byte_array_new ();
  g_autoptr (HttpAnswer) answer = NULL;
  static const char head[] = "GET " AUDIO_PATH " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

  g_byte_array_append (request, (const guint8 *)head, strlen (head));
  g_byte_array_append (request, bytes->data, bytes->len);
  ws_client_send_raw (client, request->data, request->len);
  answer = ws_client_request (client, "");
  g_assert_true (answer != NULL && answer->status == 101);
  ws_client_expect_binary (client, "early", 5);
}

static void
test_over_limit (gconstpointer data)
{
  g_autoptr (ServerProcess) server = start (data);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  send_pattern (client, FRAME, 1);
  send_pattern (client, LIMIT + 1, 2);
  expect_pattern (client, FRAME, 1);
  ws_client_expect_close (client, 1009);
}

static void
test_over_limit_in_fragments (gconstpointer data)
{
  g_autoptr (ServerProcess) server = start (data);
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);
  g_autofree guint8 *half = g_malloc0 (LIMIT / 2);

  ws_client_send_frame (client, FALSE, WS_BINARY, half, LIMIT / 2);
  ws_client_send_frame (client, FALSE, WS_CONTINUATION, half, LIMIT / 2);
  ws_client_expect_alive (client);
  ws_client_send_frame (client, TRUE, WS_CONTINUATION, half, 1);
  ws_client_expect_close (client, 1009);
}

/* A claim is enough: the server does not wait for the bytes. */
static void
test_over_limit_claimed (void)
{
  /* With the first byte of the payload: the rest need not come for the answer. */
  static const guint8 heads[][15] = {
    { 0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1, 1, 2, 3, 4, 5 },
    { 0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5 },
  };
  g_autoptr (ServerProcess) server = server_process_start ();

  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++) {
    g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

    ws_client_send_raw (client, heads[i], sizeof heads[i]);
    ws_client_expect_close (client, 1009);
  }
}

static void
test_limit_option (void)
{
  g_autoptr (ServerProcess) server = server_process_start ("--max-frame-bytes", "160");
  g_autoptr (WsClient) client = ws_client_connect (server_process_port (server), AUDIO_PATH);

  echo_pattern (client, 160, 1);
  send_pattern (client, 161, 2);
  ws_client_expect_close (client, 1009);
}

static void
add (const char *name, GTestDataFunc test)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *path = g_strdup_printf ("/echo/%s/%s", ways[i].name, name);

    g_test_add_data_func (path, &ways[i], test);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  add ("sizes", test_sizes);
  add ("order", test_order);
  add ("many-clients", test_many_clients);
  add ("fragments", test_fragments);
  add ("byte-by-byte", test_byte_by_byte);
  add ("over-limit", test_over_limit);
  add ("over-limit-in-fragments", test_over_limit_in_fragments);
  g_test_add_func ("/echo/threads", test_threads);
  g_test_add_func ("/echo/frame-behind-handshake", test_frame_behind_handshake);
  g_test_add_func ("/echo/over-limit-claimed", test_over_limit_claimed);
  g_test_add_func ("/echo/limit-option", test_limit_option);
  return g_test_run ();
}
