/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-message-writer.h"

#include <string.h>
#include <sys/types.h>
#include <wslay/wslay.h>

#define SMALLEST_CAPACITY 512
/* Two bytes and a length of eight; a server's frames carry no mask (RFC 6455, section 5.2). */
#define LONGEST_HEADER 10

static void
make_room (ApByteQueue *queue, gsize length)
{
  gsize needed = queue->length + length;

  if (queue->start + needed <= queue->capacity)
    return;
  /* Not at every append to a long queue that drains slowly: only when the move is small beside what was taken. */
  if (queue->start > 0 && (queue->start >= queue->length || needed > queue->capacity)) {
    memmove (queue->data, queue->data + queue->start, queue->length);
    queue->start = 0;
  }
  if (queue->start + needed <= queue->capacity)
    return;
  queue->capacity = MAX (MAX (SMALLEST_CAPACITY, queue->start + needed), queue->capacity * 2);
  queue->data = g_realloc (queue->data, queue->capacity);
}

void
ap_byte_queue_append (ApByteQueue *queue, const guint8 *bytes, gsize length)
{
  make_room (queue, length);
  memcpy (queue->data + queue->start + queue->length, bytes, length);
  queue->length += length;
}

void
ap_byte_queue_consume (ApByteQueue *queue, gsize length)
{
  queue->start += length;
  queue->length -= length;
  if (queue->length == 0)
    ap_byte_queue_clear (queue);
}

void
ap_byte_queue_clear (ApByteQueue *queue)
{
  g_free (queue->data);
  *queue = (ApByteQueue){ 0 };
}

/* What wslay appends to; it knows the context's user data from the moment the context is made. */
typedef struct {
  wslay_frame_context_ptr wslay;
  ApByteQueue *queue;
} Framer;

static ssize_t
append_to_queue (const uint8_t *data, size_t length, int flags, void *user_data)
{
  Framer *framer = user_data;

  ap_byte_queue_append (framer->queue, data, length);
  return (ssize_t)length;
}

static void
framer_free (gpointer data)
{
  Framer *framer = data;

  wslay_frame_context_free (framer->wslay);
  g_free (framer);
}

/* The queue always takes a frame whole, so the context holds nothing between two frames: one a thread will do. */
static Framer *
framer_get (void)
{
  static const struct wslay_frame_callbacks callbacks = { .send_callback = append_to_queue };
  static GPrivate stored = G_PRIVATE_INIT (framer_free);
  Framer *framer = g_private_get (&stored);

  if (framer != NULL)
    return framer;
  framer = g_new0 (Framer, 1);
  if (wslay_frame_context_init (&framer->wslay, &callbacks, framer) != 0)
    g_error ("out of memory");
  g_private_set (&stored, framer);
  return framer;
}

void
ap_message_write (ApByteQueue *queue, ApOpcode opcode, const guint8 *data, gsize length)
{
  Framer *framer = framer_get ();
  struct wslay_frame_iocb frame = {
    .fin = 1, .opcode = opcode, .payload_length = length, .data = data, .data_length = length
  };

  g_assert (!wslay_is_ctrl_frame (opcode) || length <= 125);
  make_room (queue, length + LONGEST_HEADER);
  framer->queue = queue;
  wslay_frame_send (framer->wslay, &frame);
}
