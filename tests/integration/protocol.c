/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6455 from the side of a client that keeps its rules, or breaks one of them. */
#include "support.h"

#include <string.h>

#include "test-wait.h"

typedef struct {
  const char *name;
  guint16 code;      /* with which the server closes */
  guint8 first_byte; /* of the offending frame */
  WsFlags flags;
  const char *payload; /* of the offending frame */
  gsize len;
} Offence;

static const char long_payload[126] = "longer than a control frame may be";

static const Offence offences[] = {
  { "text", 1003, WS_FIN | WS_TEXT, WS_PLAIN, "hello", 5 },
  { "text-empty", 1003, WS_FIN | WS_TEXT, WS_PLAIN, "", 0 },
  { "unmasked", 1002, WS_FIN | WS_BINARY, WS_UNMASKED, "audio", 5 },
  { "unmasked-ping", 1002, WS_FIN | WS_PING, WS_UNMASKED, "", 0 },
  { "rsv1", 1002, WS_FIN | WS_RSV1 | WS_BINARY, WS_PLAIN, "audio", 5 },
  { "rsv2", 1002, WS_FIN | WS_RSV2 | WS_BINARY, WS_PLAIN, "audio", 5 },
  { "rsv3", 1002, WS_FIN | WS_RSV3 | WS_BINARY, WS_PLAIN, "audio", 5 },
  { "rsv-ping", 1002, WS_FIN | WS_RSV1 | WS_PING, WS_PLAIN, "", 0 },
  { "opcode-3", 1002, WS_FIN | 3, WS_PLAIN, "audio", 5 },
  { "opcode-7", 1002, WS_FIN | 7, WS_PLAIN, "", 0 },
  { "opcode-11", 1002, WS_FIN | 11, WS_PLAIN, "audio", 5 },
  { "opcode-15", 1002, WS_FIN | 15, WS_PLAIN, "", 0 },
  { "continuation-of-nothing", 1002, WS_FIN | WS_CONTINUATION, WS_PLAIN, "audio", 5 },
  { "ping-in-fragments", 1002, WS_PING, WS_PLAIN, "", 0 },
  { "ping-too-long", 1002, WS_FIN | WS_PING, WS_PLAIN, long_payload, sizeof long_payload },
  { "close-too-long", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, long_payload, sizeof long_payload },
  { "close-of-one-byte", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\003", 1 },
  { "close-0", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\000\000", 2 },
  { "close-999", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\347", 2 },
  { "close-1004", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\354", 2 },
  { "close-1005", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\355", 2 },
  { "close-1006", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\356", 2 },
  { "close-1015", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\367", 2 },
  { "close-1016", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\370", 2 },
  { "close-2999", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\013\267", 2 },
  { "close-5000", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\023\210", 2 },
  { "close-65535", 1002, WS_FIN | WS_CLOSE, WS_PLAIN, "\377\377", 2 },
  { "close-bad-utf8", 1007, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\350\303\050", 4 },
  { "close-cut-utf8", 1007, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\350\342\202", 4 },
  { "close-surrogate", 1007, WS_FIN | WS_CLOSE, WS_PLAIN, "\003\350\355\240\200", 5 },
};

static ServerProcess *server;

static WsClient *
connect_client (void)
{
  return ws_client_connect (server_process_port (server), AUDIO_PATH);
}

/* What came before the offence is still answered, what follows it is not, and nobody else notices. */
static void
test_offence (gconstpointer data)
{
  const Offence *offence = data;
  g_autoptr (WsClient) witness = connect_client ();
  g_autoptr (WsClient) client = connect_client ();

  send_pattern (client, 320, 1);
  send_pattern (client, 321, 2);
  ws_client_send_bits (client, offence->first_byte, offence->flags, offence->payload, offence->len);
  send_pattern (client, 322, 3);
  expect_pattern (client, 320, 1);
  expect_pattern (client, 321, 2);
  ws_client_expect_close (client, offence->code);
  echo_pattern (witness, 320, 4);
}

static void
test_new_message_inside_fragments (void)
{
  g_autoptr (WsClient) client = connect_client ();

  ws_client_send_frame (client, FALSE, WS_BINARY, "one", 3);
  ws_client_send_frame (client, TRUE, WS_BINARY, "two", 3);
  ws_client_expect_close (client, 1002);
}

static void
test_text_fragment (void)
{
  g_autoptr (WsClient) client = connect_client ();

  ws_client_send_frame (client, FALSE, WS_TEXT, "one", 3);
  ws_client_send_frame (client, TRUE, WS_CONTINUATION, "two", 3);
  ws_client_expect_close (client, 1003);
}

/* The reason is for a person: it is there, and is not only the code again. */
static void
test_text_reason (void)
{
  g_autoptr (WsClient) client = connect_client ();
  g_autoptr (WsFrame) frame = NULL;

  ws_client_send_frame (client, TRUE, WS_TEXT, "hello", 5);
  frame = ws_client_read_frame (client);
  if (frame == NULL) {
    ws_client_fail (client, "no close frame");
    return;
  }
  g_assert_cmpuint (frame->first_byte, ==, WS_FIN | WS_CLOSE);
  g_assert_cmpuint (frame->len, >, 2 + 4);
  g_test_message ("reason: %s", frame->data + 2);
}

/* The code of the client comes back (section 5.5.1). */
static void
test_close_codes (void)
{
  static const guint16 codes[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999 };

  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++) {
    g_autoptr (WsClient) client = connect_client ();

    send_pattern (client, 320, codes[i]);
    ws_client_send_close (client, codes[i], i % 2 == 0 ? NULL : "gr\303\274n");
    expect_pattern (client, 320, codes[i]);
    ws_client_expect_close (client, codes[i]);
  }
}

/* Registered with IANA after the RFC: service restart, try again later, bad gateway. */
static void
test_close_codes_registered_later (void)
{
  for (guint16 code = 1012; code <= 1014; code++) {
    g_autoptr (WsClient) client = connect_client ();

    ws_client_send_close (client, code, NULL);
    ws_client_expect_close (client, code);
  }
}

static void
test_close_empty (void)
{
  g_autoptr (WsClient) client = connect_client ();

  ws_client_send_frame (client, TRUE, WS_CLOSE, NULL, 0);
  ws_client_expect_close (client, WS_NO_STATUS);
}

/* After a close frame nothing counts any more (section 5.5.1). */
static void
test_nothing_after_close (void)
{
  g_autoptr (WsClient) client = connect_client ();

  ws_client_send_close (client, 1000, NULL);
  send_pattern (client, 320, 1);
  ws_client_send_frame (client, TRUE, WS_PING, "x", 1);
  ws_client_expect_close (client, 1000);
}

/* A client that does not answer a close frame holds its connection only for a while. */
static void
test_close_unanswered (void)
{
  guint16 port = server_process_port (server);
  g_autoptr (WsClient) client = connect_client ();
  g_autoptr (WsFrame) frame = NULL;

  ws_client_send_frame (client, TRUE, WS_TEXT, "hello", 5);
  frame = ws_client_read_frame (client);
  if (frame == NULL) {
    ws_client_fail (client, "no close frame");
    return;
  }
  g_assert_cmpuint (frame->first_byte, ==, WS_FIN | WS_CLOSE);
  ws_client_expect_eof (client);
  g_assert_true (test_wait_until (active_connections (port) == 0));
}

static void
test_pings (void)
{
  g_autoptr (WsClient) client = connect_client ();
  guint8 payload[125];

  fill_pattern (payload, sizeof payload, 1);
  for (gsize len = 0; len <= sizeof payload; len += 25) {
    ws_client_send_frame (client, TRUE, WS_PING, payload, len);
    ws_client_expect_frame (client, WS_FIN | WS_PONG, payload, len);
  }
  /* A pong that nobody asked for is not answered (section 5.5.3). */
  ws_client_send_frame (client, TRUE, WS_PONG, payload, sizeof payload);
  echo_pattern (client, 320, 2);
}

/* A length may not be written longer than it is (section 5.2). Nobody is let do it. */
static void
test_long_lengths (void)
{
  static const WsFlags flags[] = { WS_LENGTH_16, WS_LENGTH_64 };

  for (gsize i = 0; i < G_N_ELEMENTS (flags); i++) {
    g_autoptr (WsClient) client = connect_client ();

    ws_client_send_bits (client, WS_FIN | WS_BINARY, flags[i], "audio", 5);
    ws_client_expect_close (client, 1002);
  }
}

/* The most significant bit of a 64-bit length must be 0 (section 5.2). */
static void
test_negative_length (void)
{
  static const guint8 head[] = { 0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4 };
  g_autoptr (WsClient) client = connect_client ();

  ws_client_send_raw (client, head, sizeof head);
  ws_client_expect_close (client, 1002);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  for (gsize i = 0; i < G_N_ELEMENTS (offences); i++) {
    g_autofree char *path = g_strdup_printf ("/protocol/offence/%s", offences[i].name);

    g_test_add_data_func (path, &offences[i], test_offence);
  }
  g_test_add_func ("/protocol/new-message-inside-fragments", test_new_message_inside_fragments);
  g_test_add_func ("/protocol/text-fragment", test_text_fragment);
  g_test_add_func ("/protocol/text-reason", test_text_reason);
  g_test_add_func ("/protocol/close-codes", test_close_codes);
  g_test_add_func ("/protocol/close-codes-registered-later", test_close_codes_registered_later);
  g_test_add_func ("/protocol/close-empty", test_close_empty);
  g_test_add_func ("/protocol/nothing-after-close", test_nothing_after_close);
  g_test_add_func ("/protocol/close-unanswered", test_close_unanswered);
  g_test_add_func ("/protocol/pings", test_pings);
  g_test_add_func ("/protocol/long-lengths", test_long_lengths);
  g_test_add_func ("/protocol/negative-length", test_negative_length);

  server = server_process_start ();
  result = g_test_run ();
  server_process_stop (server);
  return result;
}
