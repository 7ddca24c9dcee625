/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes, cut anywhere, make the same messages, none over the limit, and text is UTF-8. An input is two bytes of
 * limit, two that choose the cuts, and the peer's bytes. */
#include "net/ap-message-reader.h"

#include <string.h>

#include "fuzz.h"

static void
check_message (const ApMessage *message, gsize limit)
{
  gboolean data = message->kind == AP_MESSAGE_TEXT || message->kind == AP_MESSAGE_BINARY;

  g_assert_true (message->length <= (data ? limit : 125));
  g_assert_true (message->length == 0 || message->data != NULL);
  if (message->kind == AP_MESSAGE_CLOSE || message->kind == AP_MESSAGE_ERROR)
    g_assert_true (message->code >= 1000 && message->code < 5000);
  if (message->kind == AP_MESSAGE_TEXT || message->kind == AP_MESSAGE_CLOSE || message->kind == AP_MESSAGE_ERROR)
    for (gsize at = 0; at < message->length;
         at++) { /* GLib's check takes no NUL, so each stretch between two of them */
      gsize stretch = strnlen ((const char *)message->data + at, message->length - at);
      g_assert_true (g_utf8_validate_len ((const char *)message->data + at, stretch, NULL));
      at += stretch;
    }
}

/* All messages in one array: kind, code, length, data. @piece 0: pieces of random sizes. */
static GByteArray *
transcribe (const guint8 *bytes, gsize size, gsize limit, gsize piece, GRand *random)
{
  g_autoptr (ApMessageReader) reader = ap_message_reader_acquire ();
  GByteArray *transcript = g_byte_array_new ();
  ApMessage message = { AP_MESSAGE_NEED_MORE };

  for (gsize at = 0, n; at < size && message.kind == AP_MESSAGE_NEED_MORE; at += n) {
    g_autofree guint8 *copy = NULL;

    n = piece > 0 ? piece : (gsize)g_rand_int_range (random, 1, 300);
    n = MIN (n, size - at);
    copy = g_memdup2 (bytes + at, n);
    ap_message_reader_feed (reader, copy, n);
    while ((message = ap_message_reader_next (reader, limit)).kind != AP_MESSAGE_NEED_MORE) {
      guint head[3] = { message.kind, message.code, (guint)message.length };

      check_message (&message, limit);
      g_byte_array_append (transcript, (const guint8 *)head, sizeof head);
      g_byte_array_append (transcript, message.data, (guint)message.length);
      if (message.kind == AP_MESSAGE_ERROR)
        break;
    }
  }
  return transcript;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  gsize limit = size < 4 ? 0 : (gsize)(data[0] | data[1] << 8);
  g_autoptr (GRand) random = g_rand_new_with_seed (size < 4 ? 0 : (guint32)(data[2] | data[3] << 8));
  const gsize pieces[] = { 1, 0, 0 };
  g_autoptr (GByteArray) whole = NULL;

  if (size < 4)
    return 0;
  whole = transcribe (data + 4, size - 4, limit, size, random);
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autoptr (GByteArray) cut = transcribe (data + 4, size - 4, limit, pieces[i], random);
    g_assert_cmpmem (cut->data, cut->len, whole->data, whole->len);
  }
  return 0;
}
