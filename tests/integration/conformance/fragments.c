/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6455, section 5.4: messages in fragments, and the limit over all of them. */
#include "conversation.h"

#define LIMIT "1000"

static const Conversation fragments[] = {
  { "/5.4/whole/two", "02:'a' 80:'b'", "82:'ab'" },
  { "/5.4/whole/three", "02:'a' 00:'b' 80:'c'", "82:'abc'" },
  { "/5.4/whole/ten", "02:'0' 00:'1' 00:'2' 00:'3' 00:'4' 00:'5' 00:'6' 00:'7' 00:'8' 80:'9'", "82:'0123456789'" },
  { "/5.4/whole/first-empty", "02: 80:'b'", "82:'b'" },
  { "/5.4/whole/middle-empty", "02:'a' 00: 80:'c'", "82:'ac'" },
  { "/5.4/whole/last-empty", "02:'a' 80:", "82:'a'" },
  { "/5.4/whole/both-empty", "02: 80:", "82:" },
  { "/5.4/whole/all-empty", "02: 10x00: 80:", "82:" },
  { "/5.4/whole/many-empty", "02: 2000x00: 80:'end'", "82:'end'" },
  { "/5.4/whole/of-one-byte", "02:'x' 198x00:'x' 80:'x'", "82:*200" },
  { "/5.4/whole/each-form-of-length", "02:*125 00:*126 00:*127 80:*128", "82:*506" },
  { "/5.4/whole/two-messages", "02:'a' 80:'b' 02:'c' 80:'d'", "82:'ab' 82:'cd'" },
  { "/5.4/whole/between-unfragmented", "82:'a' 02:'b' 80:'c' 82:'d'", "82:'a' 82:'bc' 82:'d'" },
  { "/5.4/whole/text", "01:'a' 80:'b'", "C1003" },
  { "/5.4/whole/text-empty", "01: 80:", "C1003" },
  { "/5.4/whole/text-many", "01:'a' 20x00:'b' 80:'c'", "C1003" },
  { "/5.4/whole/text-after-binary", "02:'a' 80:'b' 01:'c' 80:'d'", "82:'ab' C1003" },
  /* "Control frames MAY be injected in the middle of a fragmented message." */
  { "/5.4/control/ping-inside", "02:'a' 89:'p' 80:'b'", "8a:'p' 82:'ab'" },
  { "/5.4/control/empty-ping-inside", "02:'a' 89: 80:'b'", "8a: 82:'ab'" },
  { "/5.4/control/longest-ping-inside", "02:'a' 89:*125 80:'b'", "8a:*125 82:'ab'" },
  { "/5.4/control/ping-after-each", "02:'a' 89:'1' 00:'b' 89:'2' 00:'c' 89:'3' 80:'d'",
    "8a:'1' 8a:'2' 8a:'3' 82:'abcd'" },
  { "/5.4/control/pings-inside", "02:'a' 89:'1' 89:'2' 89:'3' 80:'b'", "8a:'1' 8a:'2' 8a:'3' 82:'ab'" },
  { "/5.4/control/pong-inside", "02:'a' 8a:'p' 80:'b'", "82:'ab'" },
  { "/5.4/control/ping-and-pong-inside", "02:'a' 8a: 89:'p' 80:'b'", "8a:'p' 82:'ab'" },
  { "/5.4/control/ping-between-empty", "02: 89:'p' 00: 89:'q' 80:", "8a:'p' 8a:'q' 82:" },
  { "/5.4/control/ping-without-the-rest", "02:'a' 89:'p'", "8a:'p'" },
  { "/5.4/control/close-inside", "02:'a' 88:03e8", "C1000" },
  { "/5.4/control/close-inside-then-the-rest", "02:'a' 88:03e9 80:'b'", "C1001" },
  { "/5.4/control/close-before-the-last", "02:'a' 00:'b' 88: 80:'c'", "C" },
  { "/5.4/control/ping-inside-text", "01:'a' 89:'p' 80:'b'", "8a:'p' C1003" },
  /* "Control frames themselves MUST NOT be fragmented." */
  { "/5.4/control-in-fragments/ping", "09:'a' 80:'b'", "C1002" },
  { "/5.4/control-in-fragments/ping-alone", "09:", "C1002" },
  { "/5.4/control-in-fragments/pong", "0a:'a' 80:'b'", "C1002" },
  { "/5.4/control-in-fragments/close", "08:03e8", "C1002" },
  { "/5.4/control-in-fragments/close-empty", "08: 80:03e8", "C1002" },
  { "/5.4/control-in-fragments/ping-inside", "02:'a' 09:'p' 80:'b'", "C1002" },
  { "/5.4/control-in-fragments/after-a-message", "82:'a' 09:'p' 82:'b'", "82:'a' C1002" },
  /* A continuation continues something. */
  { "/5.4/nothing-to-continue/last", "80:'a'", "C1002" },
  { "/5.4/nothing-to-continue/last-empty", "80:", "C1002" },
  { "/5.4/nothing-to-continue/first", "00:'a'", "C1002" },
  { "/5.4/nothing-to-continue/first-empty", "00:", "C1002" },
  { "/5.4/nothing-to-continue/then-a-message", "00:'a' 82:'b'", "C1002" },
  { "/5.4/nothing-to-continue/after-fragments", "02:'a' 80:'b' 80:'c' 82:'d'", "82:'ab' C1002" },
  { "/5.4/nothing-to-continue/after-a-message", "82:'a' 80:'b' 82:'c'", "82:'a' C1002" },
  { "/5.4/nothing-to-continue/after-an-empty-message", "82: 00:'b'", "82: C1002" },
  { "/5.4/nothing-to-continue/after-a-ping", "89:'p' 80:'a'", "8a:'p' C1002" },
  { "/5.4/nothing-to-continue/after-a-pong", "8a: 00:", "C1002" },
  /* "The fragments of one message MUST NOT be interleaved between the fragments of another message." */
  { "/5.4/message-inside/binary", "02:'a' 82:'b'", "C1002" },
  { "/5.4/message-inside/first-fragment", "02:'a' 02:'b' 80:'c'", "C1002" },
  { "/5.4/message-inside/text", "02:'a' 81:'b'", "C1002" },
  { "/5.4/message-inside/first-text-fragment", "02:'a' 01:'b'", "C1002" },
  { "/5.4/message-inside/binary-in-text", "01:'a' 82:'b'", "C1002" },
  { "/5.4/message-inside/text-in-text", "01:'a' 81:'b'", "C1002" },
  { "/5.4/message-inside/empty", "02: 82:", "C1002" },
  { "/5.4/message-inside/after-some", "02:'a' 00:'b' 00:'c' 82:'d' 80:'e'", "C1002" },
  { "/5.4/message-inside/after-a-ping", "02:'a' 89:'p' 82:'b'", "8a:'p' C1002" },
  { "/5.4/message-inside/of-the-second-message", "02:'a' 80:'b' 02:'c' 82:'d'", "82:'ab' C1002" },
};

/* 7.4.1: 1009 is for a message that is too big to process. */
static const Conversation limits[] = {
  { "/limit/one-below", "82:*999", "82:*999" },
  { "/limit/exactly", "82:*1000", "82:*1000" },
  { "/limit/one-over", "82:*1001", "C1009" },
  { "/limit/16-bit-length", "82:*65535", "C1009" },
  { "/limit/64-bit-length", "82:*65536", "C1009" },
  { "/limit/again-and-again", "5x82:*1000", "5x82:*1000" },
  { "/limit/after-a-message", "82:'a' 82:*1001 82:'b'", "82:'a' C1009" },
  { "/limit/after-a-ping", "89:'p' 82:*1001", "8a:'p' C1009" },
  { "/limit/told-by-the-first-byte", "82:*1001!9", "C1009" },
  { "/limit/text", "81:*1000", "C1003" },
  { "/limit/text-over", "81:*1001", "C1009" },
  { "/limit/fragments/exactly", "02:*500 80:*500", "82:*1000" },
  { "/limit/fragments/one-over", "02:*500 80:*501", "C1009" },
  { "/limit/fragments/one-over-without-end", "02:*500 00:*501", "C1009" },
  { "/limit/fragments/last-empty", "02:*1000 80:", "82:*1000" },
  { "/limit/fragments/last-of-one-byte", "02:*1000 80:'x'", "C1009" },
  { "/limit/fragments/first-empty", "02: 80:*1000", "82:*1000" },
  { "/limit/fragments/first-empty-one-over", "02: 80:*1001", "C1009" },
  { "/limit/fragments/first-over", "02:*1001", "C1009" },
  { "/limit/fragments/of-one-byte", "02:'x' 998x00:'x' 80:'x'", "82:*1000" },
  { "/limit/fragments/of-one-byte-one-over", "02:'x' 1000x00:'x'", "C1009" },
  { "/limit/fragments/told-by-the-first-byte", "02:*1000 00:*1000!9", "C1009" },
  { "/limit/fragments/text-over", "01:*1000 80:'x'", "C1009" },
  { "/limit/fragments/begin-anew", "02:*600 80:*400 02:*600 80:*400", "82:*1000 82:*1000" },
  { "/limit/fragments/pings-do-not-count", "02:*500 89:*125 89:*125 80:*500", "8a:*125 8a:*125 82:*1000" },
  { "/limit/fragments/after-a-ping", "02:*500 89:*125 80:*501", "8a:*125 C1009" },
};

/* A ping between fragments is answered before the message is whole. */
static void
test_answered_meanwhile (void)
{
  g_autoptr (WsClient) client = conformance_connect ();

  ws_client_send_frame (client, FALSE, WS_BINARY, "one", 3);
  for (guint i = 0; i < 10; i++) {
    ws_client_send_frame (client, TRUE, WS_PING, &i, sizeof i);
    ws_client_expect_frame (client, WS_FIN | WS_PONG, &i, sizeof i);
    ws_client_send_frame (client, FALSE, WS_CONTINUATION, NULL, 0);
  }
  ws_client_send_frame (client, TRUE, WS_CONTINUATION, "two", 3);
  ws_client_expect_frame (client, WS_FIN | WS_BINARY, "onetwo", 6);
}

static const Conversation arrivals[] = {
  { "/limit/arrives/large-message", "82:*8388608", "C1009" },
  { "/limit/arrives/large-messages", "8x82:*1048576", "C1009" },
  { "/limit/arrives/large-fragments", "02:'x' 8x00:*1048576", "C1009" },
  { "/limit/arrives/after-many-messages", "500x82:'x' 82:*2000000", "500x82:'x' C1009" },
  { "/limit/arrives/before-many-messages", "82:*1001 5000x82:'x'", "C1009" },
};

/* The close frame arrives however much the client has already sent, and while it goes on sending (section 7.1.1: a
 * server that closes with unread input would reset the connection, and destroy it). */
static void
test_arrives (gconstpointer data)
{
  const Conversation *row = data;
  g_autoptr (WsClient) client = conformance_connect ();
  g_autoptr (GByteArray) bytes = conversation_bytes (row->sent);

  ws_client_send_raw (client, bytes->data, bytes->len);
  conversation_check (client, row->expected);
  g_assert_false (ws_client_was_reset (client));
  g_clear_pointer (&client, ws_client_free);
  conformance_wait_gone ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  CONFORMANCE_ADD (fragments);
  CONFORMANCE_ADD (limits);
  g_test_add_func ("/5.4/control/answered-meanwhile", test_answered_meanwhile);
  for (gsize i = 0; i < G_N_ELEMENTS (arrivals); i++)
    g_test_add_data_func (arrivals[i].name, &arrivals[i], test_arrives);
  return conformance_run ("--max-frame-bytes", LIMIT);
}
