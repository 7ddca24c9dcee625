/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writing side of a WebSocket: a server's frames (RFC 6455, section 5), and the queue they wait in. */
#include "net/ap-message-writer.h"

#include <string.h>

static void
assert_queued (const ApByteQueue *queue, const void *bytes, gsize length)
{
  g_assert_cmpmem (queue->data + queue->start, queue->length, bytes, length);
}

static void
assert_empty (const ApByteQueue *queue)
{
  g_assert_null (queue->data);
  g_assert_cmpuint (queue->start + queue->length + queue->capacity, ==, 0);
}

/* RFC 6455, section 5.7: the examples of what a server sends. */
static void
test_examples (void)
{
  static const guint8 text[] = { 0x81, 0x05, 'H', 'e', 'l', 'l', 'o' };
  static const guint8 ping[] = { 0x89, 0x05, 'H', 'e', 'l', 'l', 'o' };
  static const guint8 binary_256[] = { 0x82, 0x7e, 0x01, 0x00 };
  static const guint8 binary_64k[] = { 0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0 };
  g_autofree guint8 *payload = g_malloc0 (65536);
  ApByteQueue queue = { 0 };

  ap_message_write (&queue, AP_OPCODE_TEXT, (const guint8 *)"Hello", 5);
  assert_queued (&queue, text, sizeof text);
  ap_byte_queue_clear (&queue);
  ap_message_write (&queue, AP_OPCODE_PING, (const guint8 *)"Hello", 5);
  assert_queued (&queue, ping, sizeof ping);
  ap_byte_queue_clear (&queue);
  ap_message_write (&queue, AP_OPCODE_BINARY, payload, 256);
  g_assert_cmpuint (queue.length, ==, 4 + 256);
  g_assert_cmpmem (queue.data, 4, binary_256, 4);
  ap_byte_queue_clear (&queue);
  ap_message_write (&queue, AP_OPCODE_BINARY, payload, 65536);
  g_assert_cmpuint (queue.length, ==, 10 + 65536);
  g_assert_cmpmem (queue.data, 10, binary_64k, 10);
  ap_byte_queue_clear (&queue);
  assert_empty (&queue);
}

static gsize
header_length (gsize length)
{
  return length < 126 ? 2 : length <= G_MAXUINT16 ? 4 : 10;
}

/* Frames of all lengths behind each other, empty ones too: the header of each is where the one before ends. */
static void
test_lengths (void)
{
  static const gsize lengths[] = { 0, 1, 0, 0, 125, 126, 65535, 65536, 0, 200000, 3 };
  g_autofree guint8 *payload = g_malloc (200000);
  ApByteQueue queue = { 0 };

  for (guint i = 0; i < 200000; i++)
    payload[i] = (guint8)(i * 7 >> 2);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    ap_message_write (&queue, AP_OPCODE_BINARY, payload, lengths[i]);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    const guint8 *frame = queue.data + queue.start;
    gsize header = header_length (lengths[i]);

    g_assert_cmphex (frame[0], ==, 0x82);
    g_assert_cmpuint (frame[1], ==, header == 2 ? lengths[i] : header == 4 ? 126 : 127);
    g_assert_cmpmem (frame + header, lengths[i], payload, lengths[i]);
    ap_byte_queue_consume (&queue, header + lengths[i]);
  }
  assert_empty (&queue);
}

static void
test_control_frames (void)
{
  guint8 payload[125] = { 0 };
  ApByteQueue queue = { 0 };

  ap_message_write (&queue, AP_OPCODE_PONG, payload, 125);
  g_assert_cmpuint (queue.length, ==, 127);
  ap_byte_queue_clear (&queue);
  if (g_test_subprocess ()) {
    ap_message_write (&queue, AP_OPCODE_CLOSE, payload, 126);
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
}

/* Whatever is appended and taken, in whatever portions, comes out in order; the model is a plain array. */
static void
test_queue_keeps_order (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (6455);
  ApByteQueue queue = { 0 };
  guint8 next_in = 0;
  guint8 next_out = 0;

  for (guint round = 0; round < 2000; round++) {
    guint8 bytes[700];
    gsize n = (gsize)g_rand_int_range (random, 1, sizeof bytes);
    gsize taken = (gsize)g_rand_int_range (random, 0, (gint32)(queue.length + n) + 1);

    for (gsize i = 0; i < n; i++)
      bytes[i] = next_in++;
    ap_byte_queue_append (&queue, bytes, n);
    for (gsize i = 0; i < taken; i++)
      g_assert_cmpuint (queue.data[queue.start + i], ==, (guint8)(next_out + i));
    next_out += (guint8)taken;
    ap_byte_queue_consume (&queue, taken);
    g_assert_cmpuint (queue.start + queue.length, <=, queue.capacity);
  }
  ap_byte_queue_clear (&queue);
}

/* A peer that always leaves a little does not make the queue grow: what was taken is used again. */
static void
test_queue_uses_room_again (void)
{
  ApByteQueue queue = { 0 };
  guint8 bytes[1000] = { 0 };

  ap_byte_queue_append (&queue, bytes, 10);
  for (guint i = 0; i < 10000; i++) {
    ap_byte_queue_append (&queue, bytes, sizeof bytes);
    ap_byte_queue_consume (&queue, sizeof bytes);
  }
  g_assert_cmpuint (queue.length, ==, 10);
  g_assert_cmpuint (queue.capacity, <=, 4096);
  ap_byte_queue_consume (&queue, 10);
  assert_empty (&queue);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/message-writer/examples", test_examples);
  g_test_add_func ("/message-writer/lengths", test_lengths);
  g_test_add_func ("/message-writer/control-frames", test_control_frames);
  g_test_add_func ("/message-writer/queue-keeps-order", test_queue_keeps_order);
  g_test_add_func ("/message-writer/queue-uses-room-again", test_queue_uses_room_again);
  return g_test_run ();
}
