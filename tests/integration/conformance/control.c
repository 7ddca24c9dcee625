/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6455, sections 5.5 and 7: pings, pongs, close frames, and how a connection ends. */
#include "conversation.h"

#include <string.h>

#include "test-wait.h"

static const Conversation pings[] = {
  { "/5.5.2/ping/empty", "89:", "8a:" },
  { "/5.5.2/ping/1-byte", "89:00", "8a:00" },
  { "/5.5.2/ping/124-bytes", "89:*124", "8a:*124" },
  { "/5.5.2/ping/125-bytes", "89:*125", "8a:*125" },
  { "/5.5.2/ping/any-bytes", "89:00fffe80c0c1", "8a:00fffe80c0c1" },
  { "/5.5.2/ping/burst", "200x89:'p'", "200x8a:'p'" },
  { "/5.5.2/ping/burst-of-longest", "200x89:*125", "200x8a:*125" },
  { "/5.5.2/ping/in-order", "89:'1' 89:'2' 89:'3' 89:'4' 89:'5'", "8a:'1' 8a:'2' 8a:'3' 8a:'4' 8a:'5'" },
  { "/5.5.2/ping/among-messages", "82:'a' 89:'1' 82:'b' 89:'2' 82:'c' 89:'3'",
    "82:'a' 8a:'1' 82:'b' 8a:'2' 82:'c' 8a:'3'" },
  { "/5.5.2/ping/before-a-close", "89:'p' 88:03e8", "8a:'p' C1000" },
  { "/5.5.2/ping/before-a-broken-frame", "89:'p' 83:", "8a:'p' C1002" },
  /* "All control frames MUST have a payload length of 125 bytes or less." */
  { "/5.5/too-long/ping-126", "89:*126", "C1002" },
  { "/5.5/too-long/ping-127", "89:*127", "C1002" },
  { "/5.5/too-long/ping-1000", "89:*1000", "C1002" },
  { "/5.5/too-long/ping-65536", "89:*65536", "C1002" },
  { "/5.5/too-long/ping-told-by-two-bytes", "=89fe", "C1002" },
  { "/5.5/too-long/ping-told-by-two-bytes-64", "=89ff", "C1002" },
  { "/5.5/too-long/pong-126", "8a:*126", "C1002" },
  { "/5.5/too-long/pong-65536", "8a:*65536", "C1002" },
  { "/5.5/too-long/close-126", "88:03e8+*124", "C1002" },
  { "/5.5/too-long/close-65536", "88:03e8+*65534", "C1002" },
  { "/5.5/too-long/after-a-message", "82:'a' 89:*126 82:'b'", "82:'a' C1002" },
  /* "A response to an unsolicited Pong frame is not expected." */
  { "/5.5.3/pong/empty", "8a:", "" },
  { "/5.5.3/pong/payload", "8a:'p'", "" },
  { "/5.5.3/pong/125-bytes", "8a:*125", "" },
  { "/5.5.3/pong/many", "100x8a:'p'", "" },
  { "/5.5.3/pong/among-messages", "82:'a' 8a:'p' 82:'b' 8a:", "82:'a' 82:'b'" },
  { "/5.5.3/pong/and-a-ping", "8a:'p' 89:'q' 8a:'r'", "8a:'q'" },
};

/* The code comes back (section 5.5.1), and what was sent before is answered first. */
#define VALID(code, digits)                                                                                            \
  { "/7.4/code/" code, "88:" digits, "C" code },                                                                       \
  {                                                                                                                    \
    "/7.4/code/" code "-with-reason", "82:'a' 88:" digits "+'reason'", "82:'a' C" code                                 \
  }
/* Reserved: never in a frame (1005, 1006, 1015), for later (1004, 1016 to 2999), or no code at all. */
#define INVALID(code, digits)                                                                                          \
  { "/7.4/no-code/" code, "88:" digits, "C1002" },                                                                     \
  {                                                                                                                    \
    "/7.4/no-code/" code "-with-reason", "82:'a' 88:" digits "+'reason'", "82:'a' C1002"                               \
  }

static const Conversation codes[] = {
  VALID ("1000", "03e8"),
  VALID ("1001", "03e9"),
  VALID ("1002", "03ea"),
  VALID ("1003", "03eb"),
  VALID ("1007", "03ef"),
  VALID ("1008", "03f0"),
  VALID ("1009", "03f1"),
  VALID ("1010", "03f2"),
  VALID ("1011", "03f3"),
  /* Registered with IANA after the RFC. */
  VALID ("1012", "03f4"),
  VALID ("1013", "03f5"),
  VALID ("1014", "03f6"),
  /* For libraries and for private use. */
  VALID ("3000", "0bb8"),
  VALID ("3999", "0f9f"),
  VALID ("4000", "0fa0"),
  VALID ("4999", "1387"),
  INVALID ("0", "0000"),
  INVALID ("1", "0001"),
  INVALID ("999", "03e7"),
  INVALID ("1004", "03ec"),
  INVALID ("1005", "03ed"),
  INVALID ("1006", "03ee"),
  INVALID ("1015", "03f7"),
  INVALID ("1016", "03f8"),
  INVALID ("1100", "044c"),
  INVALID ("2000", "07d0"),
  INVALID ("2999", "0bb7"),
  INVALID ("5000", "1388"),
  INVALID ("5001", "1389"),
  INVALID ("65535", "ffff"),
};

static const Conversation closes[] = {
  { "/5.5.1/close/empty", "88:", "C" },
  { "/5.5.1/close/half-a-code", "88:03", "C1002" },
  { "/5.5.1/close/half-a-code-0", "88:00", "C1002" },
  { "/5.5.1/close/reason", "88:03e8+'bye'", "C1000" },
  { "/5.5.1/close/reason-of-1-byte", "88:03e8+'b'", "C1000" },
  { "/5.5.1/close/reason-of-122-bytes", "88:03e8+*122", "C1000" },
  { "/5.5.1/close/reason-of-123-bytes", "88:03e8+*123", "C1000" },
  { "/5.5.1/close/reason-of-124-bytes", "88:03e8+*124", "C1002" },
  { "/5.5.1/close/reason-not-ascii", "88:03e8+6772c3bc6ee282acf09f8ea7", "C1000" },
  { "/5.5.1/close/longest-reason-not-ascii", "88:03e8+*120+e282ac", "C1000" },
  { "/5.5.1/close/reason-with-nul", "88:03e8+'a'+00+'b'", "C1000" },
  { "/5.5.1/close/reason-of-nul", "88:03e8+00", "C1000" },
  { "/5.5.1/close/bad-code-and-bad-reason", "88:03e7+ff", "C1002" },
  { "/5.5.1/close/after-messages", "82:'a' 82:'b' 82:*1000 88:03e8", "82:'a' 82:'b' 82:*1000 C1000" },
  { "/5.5.1/close/after-many-messages", "300x82:*320 88:03e8", "300x82:*320 C1000" },
  /* After a close frame nothing counts any more. */
  { "/5.5.1/after-close/message", "88:03e8 82:'a'", "C1000" },
  { "/5.5.1/after-close/text", "88:03e8 81:'a'", "C1000" },
  { "/5.5.1/after-close/ping", "88:03e8 89:'p'", "C1000" },
  { "/5.5.1/after-close/another-close", "88:03e8 88:03e9", "C1000" },
  { "/5.5.1/after-close/another-close-after-empty", "88: 88:03e9", "C" },
  { "/5.5.1/after-close/unmasked", "88:03e8 u82:'a'", "C1000" },
  { "/5.5.1/after-close/reserved", "88:03e8 ff:'a'", "C1000" },
  { "/5.5.1/after-close/rubbish", "88:03e8 =ffffffffffffffff", "C1000" },
  { "/5.5.1/after-close/half-a-frame", "88:03e8 82:*100!20", "C1000" },
  { "/5.5.1/after-close/messages", "82:'a' 88:03e8 100x82:*1000", "82:'a' C1000" },
  /* One close frame, whatever follows the cause of the first. */
  { "/7.1/once/broken-twice", "83: 84:", "C1002" },
  { "/7.1/once/broken-then-message", "83: 82:'a'", "C1002" },
  { "/7.1/once/broken-then-close", "83: 88:03e8", "C1002" },
  { "/7.1/once/broken-then-text", "83: 81:'a'", "C1002" },
  { "/7.1/once/text-then-message", "81:'a' 82:'b'", "C1003" },
  { "/7.1/once/text-twice", "81:'a' 81:'b'", "C1003" },
  { "/7.1/once/text-then-broken", "81:'a' 83:", "C1003" },
  { "/7.1/once/text-then-unmasked", "81:'a' u82:'b'", "C1003" },
  { "/7.1/once/text-then-not-utf-8", "81:'a' 81:ff", "C1003" },
  /* Both sides close: each hears of the other's. */
  { "/7.1/both/text-then-close", "81:'a' 88:03e8", "C1003" },
  { "/7.1/both/text-then-empty-close", "81:'a' 88:", "C1003" },
  { "/7.1/both/text-then-bad-close", "81:'a' 88:03e7", "C1003" },
  { "/7.1/both/message-text-close", "82:'a' 81:'b' 88:03e8", "82:'a' C1003" },
};

/* Every length of a payload, in one conversation. */
static void
add_every_ping (void)
{
  g_autoptr (GString) sent = g_string_new (NULL);
  g_autoptr (GString) expected = g_string_new (NULL);

  for (guint n = 0; n <= 125; n++) {
    g_string_append_printf (sent, "%s89:*%u", n > 0 ? " " : "", n);
    g_string_append_printf (expected, "%s8a:*%u", n > 0 ? " " : "", n);
  }
  conformance_add ("/5.5.2/ping/every-length", sent->str, expected->str);
}

static void
add_numbered_pings (void)
{
  g_autoptr (GString) sent = g_string_new ("82:'a'");
  g_autoptr (GString) expected = g_string_new ("82:'a'");

  for (guint n = 0; n < 256; n++) {
    g_string_append_printf (sent, " 89:%02x", n);
    g_string_append_printf (expected, " 8a:%02x", n);
  }
  conformance_add ("/5.5.2/ping/burst-in-order", sent->str, expected->str);
}

/* Every code up to where the next range for later use begins, a hundred connections at a time. */
static void
test_every_code (void)
{
  for (guint first = 0; first < 1100; first += 100) {
    g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify)ws_client_free);

    for (guint code = first; code < first + 100; code++) {
      g_ptr_array_add (clients, conformance_connect ());
      ws_client_send_close (clients->pdata[code - first], (guint16)code, NULL);
    }
    for (guint code = first; code < first + 100; code++) {
      gboolean valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);

      if (!ws_client_expect_close (clients->pdata[code - first], valid ? (guint16)code : 1002))
        g_test_message ("of code %u", code);
    }
  }
  conformance_wait_gone ();
}

/* "the server MUST close the TCP connection immediately" (section 7.1.1): the client does nothing more. */
static void
expect_close_then_end (WsClient *client, guint16 code)
{
  g_autoptr (WsFrame) frame = ws_client_read_frame (client);

  if (frame == NULL || frame->first_byte != (WS_FIN | WS_CLOSE) || frame->len < 2)
    ws_client_fail (client, "no close frame with a code came");
  else
    g_assert_cmpuint (frame->data[0] << 8 | frame->data[1], ==, code);
  ws_client_expect_eof (client);
}

static void
test_server_ends_tcp (void)
{
  g_autoptr (WsClient) client = conformance_connect ();

  ws_client_send_close (client, 1000, "bye");
  expect_close_then_end (client, 1000);
  conformance_wait_gone ();
}

/* The client closes its side behind its close frame, or without one. */
static void
test_half_closed (void)
{
  g_autoptr (WsClient) closing = conformance_connect ();
  g_autoptr (WsClient) silent = conformance_connect ();
  g_autoptr (WsClient) in_a_message = conformance_connect ();

  ws_client_send_close (closing, 1000, NULL);
  ws_client_shutdown_write (closing);
  expect_close_then_end (closing, 1000);
  ws_client_shutdown_write (silent);
  ws_client_expect_eof (silent);
  ws_client_send_frame (in_a_message, FALSE, WS_BINARY, "a", 1);
  ws_client_shutdown_write (in_a_message);
  ws_client_expect_eof (in_a_message);
  conformance_wait_gone ();
}

/* A close frame of the server is answered with half of one, with something else, or not at all: the connection still
 * ends, and while it does, others are served. */
static void
test_closing_handshake_ends (void)
{
  static const char *const answers[] = { "81:'a'", "81:'a' 88:03e8!4", "81:'a' 82:*1000!500", "83:", "83: 82:*100!50" };
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify)ws_client_free);
  g_autoptr (WsClient) witness = conformance_connect ();

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autoptr (GByteArray) bytes = conversation_bytes (answers[i]);

    g_ptr_array_add (clients, conformance_connect ());
    ws_client_send_raw (clients->pdata[i], bytes->data, bytes->len);
  }
  for (guint i = 0; i < clients->len; i++) {
    expect_close_then_end (clients->pdata[i], g_str_has_prefix (answers[i], "83") ? 1002 : 1003);
    echo_pattern (witness, 320, i);
  }
  g_clear_pointer (&witness, ws_client_free);
  conformance_wait_gone ();
}

/* A client that only ever sends, after the close frame of the server as before it. */
static void
test_talking_on (void)
{
  g_autoptr (WsClient) client = conformance_connect ();
  g_autoptr (GByteArray) bytes = conversation_bytes ("81:'a' 20000x82:*320");

  ws_client_send_raw (client, bytes->data, bytes->len);
  ws_client_expect_close (client, 1003);
  conformance_wait_gone ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CONFORMANCE_ADD (pings);
  CONFORMANCE_ADD (codes);
  CONFORMANCE_ADD (closes);
  add_every_ping ();
  add_numbered_pings ();
  g_test_add_func ("/7.4/every-code", test_every_code);
  g_test_add_func ("/7.1/end/server-ends-tcp", test_server_ends_tcp);
  g_test_add_func ("/7.1/end/half-closed", test_half_closed);
  g_test_add_func ("/7.1/end/unanswered", test_closing_handshake_ends);
  g_test_add_func ("/7.1/end/talking-on", test_talking_on);
  return conformance_run (NULL, NULL);
}
