/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reading side of a WebSocket: RFC 6455 from a client's bytes to messages, however the bytes are cut. */
#include "client-frame.h"
#include "net/ap-message-reader.h"

#include <string.h>

#define LIMIT 1000

static const char *const kind_names[] = { "need-more", "text", "binary", "ping", "pong", "close", "error" };

/* What the reader makes of @bytes when they come in pieces of @piece: one word a message, `kind:length:crc` with the
 * code where there is one. */
static char *
transcribe (const GByteArray *bytes, gsize piece, gsize limit)
{
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();
  GString *words = g_string_new (NULL);
  ApMessage message = { 0 };

  for (gsize at = 0; at < bytes->len && message.kind != AP_MESSAGE_ERROR; at += piece) {
    gsize n = MIN (piece, bytes->len - at);
    g_autofree guint8 *copy = g_memdup2 (bytes->data + at, n);

    ap_message_reader_feed (reader, copy, n);
    do {
      g_autofree char *sum = NULL;

      message = ap_message_reader_next (reader, limit);
      if (message.kind == AP_MESSAGE_NEED_MORE)
        continue;
      sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, message.data, message.length);
      g_string_append_printf (words, "%s:%u:%zu:%.4s ", kind_names[message.kind], message.code, message.length, sum);
    } while (message.kind != AP_MESSAGE_NEED_MORE && message.kind != AP_MESSAGE_ERROR);
  }
  return g_string_free (words, FALSE);
}

/* The first message of @bytes, which come in one piece and are used up. Its data lives as long as @reader. */
static ApMessage
read_first (ApMessageReader *reader, const GByteArray *bytes, gsize limit)
{
  ap_message_reader_feed (reader, bytes->data, bytes->len);
  return ap_message_reader_next (reader, limit);
}

static void
assert_message (ApMessage message, ApMessageKind kind, const char *data, gsize length)
{
  g_assert_cmpstr (kind_names[message.kind], ==, kind_names[kind]);
  g_assert_cmpmem (message.data, message.length, data, length);
}

/* RFC 6455, section 5.7: the examples of what a client sends. */
static void
test_examples (void)
{
  guint8 hello[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
  guint8 pong[] = { 0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();

  ap_message_reader_feed (reader, hello, sizeof hello);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_TEXT, "Hello", 5);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_NEED_MORE, NULL, 0);
  ap_message_reader_feed (reader, pong, sizeof pong);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_PONG, "Hello", 5);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_NEED_MORE, NULL, 0);
  g_assert_true (ap_message_reader_is_idle (reader));
}

/* Lengths around each change of the header's form. */
static void
test_lengths (void)
{
  static const gsize lengths[] = { 0, 1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536, 70000 };
  g_autofree guint8 *payload = g_malloc0 (70000);
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();

  for (guint i = 0; i < 70000; i++)
    payload[i] = (guint8)(i * 31 >> 3);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();

    append_client_frame (bytes, FIN | BINARY, payload, lengths[i]);
    assert_message (read_first (reader, bytes, 70000), AP_MESSAGE_BINARY, (const char *)payload, lengths[i]);
    assert_message (ap_message_reader_next (reader, 70000), AP_MESSAGE_NEED_MORE, NULL, 0);
    g_assert_true (ap_message_reader_is_idle (reader));
  }
}

/* Of every kind, in fragments, with control frames between them, as one stream. */
static GByteArray *
long_stream (void)
{
  GByteArray *bytes = g_byte_array_new ();
  guint8 payload[700];

  memset (payload, 0xe7, sizeof payload);
  append_client_frame (bytes, FIN | BINARY, payload, sizeof payload);
  append_client_frame (bytes, TEXT, "caf\xc3", 4);
  append_client_frame (bytes, FIN | PING, "in between", 10);
  append_client_frame (bytes, CONTINUATION, "", 0);
  append_client_frame (bytes, FIN | PONG, "", 0);
  append_client_frame (bytes, FIN | CONTINUATION, "\xa9 \xf0\x9f\x8e\xa7", 6);
  append_client_frame (bytes, BINARY, "", 0);
  append_client_frame (bytes, FIN | CONTINUATION, "", 0);
  append_client_frame (bytes, FIN | TEXT, "a\0b", 3);
  append_client_frame (bytes, BINARY, payload, 500);
  append_client_frame (bytes, FIN | CONTINUATION, payload, 500);
  append_client_frame (bytes, FIN | CLOSE, "\x03\xe8why\0not", 9);
  return bytes;
}

static void
test_cuts (void)
{
  g_autoptr (GByteArray) bytes = long_stream ();
  g_autofree char *whole = transcribe (bytes, bytes->len, LIMIT);
  g_auto (GStrv) messages = g_strsplit (whole, " ", -1);

  g_assert_cmpuint (g_strv_length (messages), ==, 9);
  for (gsize piece = 1; piece < bytes->len; piece++) {
    g_autofree char *cut = transcribe (bytes, piece, LIMIT);
    g_assert_cmpstr (cut, ==, whole);
  }
}

static void
test_fragments (void)
{
  g_autoptr (GByteArray) bytes = long_stream ();
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();

  g_assert_cmpuint (read_first (reader, bytes, LIMIT).length, ==, 700);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_PING, "in between", 10);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_PONG, NULL, 0);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_TEXT, "caf\xc3\xa9 \xf0\x9f\x8e\xa7", 10);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_BINARY, NULL, 0);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_TEXT, "a\0b", 3);
  g_assert_cmpuint (ap_message_reader_next (reader, LIMIT).length, ==, 1000);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_CLOSE, "why\0not", 7);
  assert_message (ap_message_reader_next (reader, LIMIT), AP_MESSAGE_NEED_MORE, NULL, 0);
  g_assert_true (ap_message_reader_is_idle (reader));
}

/* A text is refused at the first byte that cannot be UTF-8, not at its end. */
static void
test_text_is_checked_early (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();
  ApMessage message;

  append_frame_header (bytes, TEXT, 0x80, 500);
  g_byte_array_append (bytes, (const guint8 *)"\0\0\0\0ab\xff", 7);
  message = read_first (reader, bytes, LIMIT);
  g_assert_cmpint (message.kind, ==, AP_MESSAGE_ERROR);
  g_assert_cmpuint (message.code, ==, 1007);
}

typedef struct {
  const char *name;
  guint16 code;
  const char
      *bytes; /* space between frames; a frame is FIRST-BYTE:PAYLOAD in hexadecimal; `=` before it: as it stands */
} BrokenRule;

static const BrokenRule broken_rules[] = {
  { "unmasked", 1002, "=8105 =48656c6c6f" },
  { "reserved bit 1", 1002, "c2:00" },
  { "reserved bit 2", 1002, "a2:00" },
  { "reserved bit 3", 1002, "92:00" },
  { "unknown data opcode", 1002, "83:00" },
  { "unknown control opcode", 1002, "8b:00" },
  { "continuation of nothing", 1002, "80:00" },
  { "message inside a message", 1002, "02:00 82:00" },
  { "text inside a binary message", 1002, "02:00 81:61" },
  { "ping in fragments", 1002, "09:00" },
  { "close in fragments", 1002, "08:" },
  { "ping with a 16-bit length", 1002, "=89fe007e00000000" },
  { "length of 16 bits that fits in 7", 1002, "=82fe007d00000000" },
  { "length of 16 bits that fits in 7, without a mask yet", 1002, "=82fe007d" },
  { "length of 64 bits that fits in 16", 1002, "=82ff000000000000ffff00000000" },
  { "length beyond 63 bits", 1002, "=82ff800000000000000000000000" },
  { "longest length there is", 1009, "=82ff7fffffffffffffff0000000000" },
  { "close with half a code", 1002, "88:03" },
  { "close with code 999", 1002, "88:03e7" },
  { "close with code 1004", 1002, "88:03ec" },
  { "close with code 1005", 1002, "88:03ed" },
  { "close with code 1006", 1002, "88:03ee" },
  { "close with code 1015", 1002, "88:03f7" },
  { "close with code 2999", 1002, "88:0bb7" },
  { "close with code 5000", 1002, "88:1388" },
  { "close with a reason that is not UTF-8", 1007, "88:03e8ff" },
  { "text that is not UTF-8", 1007, "81:c328" },
  { "text that ends inside a character", 1007, "81:e282" },
  { "text that ends inside a character, after a fragment", 1007, "01:e2 80:82" },
  { "NUL inside a character, in a fragment", 1007, "01:ec006162" },
  { "overlong text", 1007, "81:c080" },
  { "overlong, told by its second byte", 1007, "01:f08f" },
  { "surrogate, told by its second byte", 1007, "01:eda0" },
  { "beyond the last character, told by its second byte", 1007, "01:f490" },
  { "a byte that no character begins with", 1007, "01:f5" },
  { "surrogate in a text", 1007, "81:eda080" },
  { "beyond the last character", 1007, "81:f4908080" },
};

static void
append_hex (GByteArray *bytes, const char *hex)
{
  for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
    guint8 byte = (guint8)(g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
    g_byte_array_append (bytes, &byte, 1);
  }
}

static void
append_word (GByteArray *bytes, const char *word)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  if (*word == '=') {
    append_hex (bytes, word + 1);
    return;
  }
  append_hex (frame, word + 3);
  append_client_frame (bytes, (guint8)(g_ascii_xdigit_value (word[0]) << 4 | g_ascii_xdigit_value (word[1])),
                       frame->data, frame->len);
}

static void
test_broken_rule (gconstpointer data)
{
  const BrokenRule *rule = data;
  g_auto (GStrv) words = g_strsplit (rule->bytes, " ", -1);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (guint i = 0; words[i] != NULL; i++)
    append_word (bytes, words[i]);
  for (gsize piece = 1; piece <= bytes->len; piece++) {
    g_autofree char *heard = transcribe (bytes, piece, LIMIT);
    g_autofree char *expected = g_strdup_printf ("error:%u:", rule->code);

    g_test_message ("%s: %s", rule->name, heard);
    g_assert_true (g_str_has_prefix (heard, expected));
  }
}

/* The limit holds for a frame and for the sum of fragments. */
static void
test_limit (void)
{
  guint8 payload[LIMIT + 1] = { 0 };
  const struct {
    gsize first, second;
    const char *expected;
  } cases[] = {
    { LIMIT, 0, "binary:0:1000:" },  { LIMIT + 1, 0, "error:1009:" }, { LIMIT / 2, LIMIT / 2, "binary:0:1000:" },
    { LIMIT, 1, "error:1009:" },     { 1, LIMIT, "error:1009:" },     { 0, LIMIT, "binary:0:1000:" },
    { 0, LIMIT + 1, "error:1009:" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autofree char *heard = NULL;

    append_client_frame (bytes, BINARY, payload, cases[i].first);
    append_client_frame (bytes, FIN | CONTINUATION, payload, cases[i].second);
    heard = transcribe (bytes, 7, LIMIT);
    g_assert_true (g_str_has_prefix (heard, cases[i].expected));
  }
}

/* The length is enough. */
static void
test_limit_by_header (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();

  append_frame_header (bytes, FIN | BINARY, 0x80, LIMIT + 1);
  g_assert_cmpuint (read_first (reader, bytes, LIMIT).code, ==, 1009);
}

/* Every code that a peer may send is handed on. */
static void
test_close_codes (void)
{
  static const guint16 codes[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                   1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999 };
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();
  g_autoptr (GByteArray) empty = g_byte_array_new ();
  ApMessage message;

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    guint8 payload[2] = { (guint8)(codes[i] >> 8), (guint8)codes[i] };
    g_autoptr (GByteArray) bytes = g_byte_array_new ();

    append_client_frame (bytes, FIN | CLOSE, payload, 2);
    message = read_first (reader, bytes, LIMIT);
    g_assert_cmpint (message.kind, ==, AP_MESSAGE_CLOSE);
    g_assert_cmpuint (message.code, ==, codes[i]);
    g_assert_cmpuint (message.length, ==, 0);
  }
  append_client_frame (empty, FIN | CLOSE, "", 0);
  g_assert_cmpuint (read_first (reader, empty, LIMIT).code, ==, 1005);
}

/* A reader is idle exactly when giving it back loses nothing. */
static void
test_idle (void)
{
  g_autoptr (GByteArray) bytes = long_stream ();
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();
  guint n_idle = 0;

  g_assert_true (ap_message_reader_is_idle (reader));
  for (guint i = 0; i < bytes->len; i++) {
    ap_message_reader_feed (reader, bytes->data + i, 1);
    while (ap_message_reader_next (reader, LIMIT).kind != AP_MESSAGE_NEED_MORE)
      continue;
    n_idle += ap_message_reader_is_idle (reader);
  }
  g_assert_cmpuint (n_idle, ==, 6); /* after each whole message that no other one is inside of */
}

/* What is left of one connection never shows in the next that borrows the reader. */
static void
test_borrowed_readers (void)
{
  g_autoptr (GByteArray) whole = g_byte_array_new ();

  append_client_frame (whole, FIN | BINARY, "whole", 5);
  for (guint cut = 0; cut < 200; cut++) {
    g_autofree guint8 *copy = g_memdup2 (whole->data, whole->len);
    g_autoptr (GByteArray) again = g_byte_array_new ();
    ApMessageReader *first = ap_message_reader_acquire ();
    g_autoptr (ApMessageReader) second = NULL;
    guint8 broken[] = { 0xff, 0xff };

    ap_message_reader_feed (first, cut % 2 == 0 ? copy : broken, cut % 2 == 0 ? cut % whole->len : 2);
    while (ap_message_reader_next (first, LIMIT).kind == AP_MESSAGE_BINARY)
      continue;
    ap_message_reader_release (first);
    second = ap_message_reader_acquire ();
    g_byte_array_append (again, whole->data, whole->len);
    assert_message (read_first (second, again, LIMIT), AP_MESSAGE_BINARY, "whole", 5);
    assert_message (ap_message_reader_next (second, LIMIT), AP_MESSAGE_NEED_MORE, NULL, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/message-reader/examples", test_examples);
  g_test_add_func ("/message-reader/lengths", test_lengths);
  g_test_add_func ("/message-reader/cuts", test_cuts);
  g_test_add_func ("/message-reader/fragments", test_fragments);
  g_test_add_func ("/message-reader/text-is-checked-early", test_text_is_checked_early);
  for (guint i = 0; i < G_N_ELEMENTS (broken_rules); i++) {
    g_autofree char *path = g_strconcat ("/message-reader/broken-rules/", broken_rules[i].name, NULL);
    g_test_add_data_func (path, &broken_rules[i], test_broken_rule);
  }
  g_test_add_func ("/message-reader/limit", test_limit);
  g_test_add_func ("/message-reader/limit-by-header", test_limit_by_header);
  g_test_add_func ("/message-reader/close-codes", test_close_codes);
  g_test_add_func ("/message-reader/idle", test_idle);
  g_test_add_func ("/message-reader/borrowed-readers", test_borrowed_readers);
  return g_test_run ();
}
