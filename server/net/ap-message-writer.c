/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-message-writer.h"

#include <string.h>

#define SMALLEST_CAPACITY 512
/* Memory over this is not kept for another queue. */
#define KEPT_CAPACITY (16 * 1024)
/* Two bytes and a length of eight; a server's frames carry no mask (RFC 6455, section 5.2). */
#define LONGEST_HEADER 10

static void
spare_free (gpointer data)
{
  g_free (((ApByteQueue *)data)->data);
  g_free (data);
}

/* The memory of a queue that was emptied, for the next one of the thread that is written to: sockets are served one
 * after the other, so one is enough, and it is still in the processor's cache. */
static ApByteQueue *
spare (void)
{
  static GPrivate stored = G_PRIVATE_INIT (spare_free);
  ApByteQueue *queue = g_private_get (&stored);

  if (queue == NULL) {
    queue = g_new0 (ApByteQueue, 1);
    g_private_set (&stored, queue);
  }
  return queue;
}

static void
allocate (ApByteQueue *queue, gsize capacity)
{
  ApByteQueue *kept = queue->data == NULL ? spare () : NULL;

  if (kept != NULL && kept->capacity >= capacity) {
    *queue = *kept;
    *kept = (ApByteQueue){ 0 };
    return;
  }
  queue->capacity = MAX (MAX (SMALLEST_CAPACITY, capacity), queue->capacity * 2);
  queue->data = g_realloc (queue->data, queue->capacity);
}

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
  if (queue->start + needed > queue->capacity)
    allocate (queue, queue->start + needed);
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
  ApByteQueue *kept = spare ();

  if (queue->capacity <= KEPT_CAPACITY && queue->capacity > kept->capacity) {
    g_free (kept->data);
    *kept = (ApByteQueue){ .data = queue->data, .capacity = queue->capacity };
  } else {
    g_free (queue->data);
  }
  *queue = (ApByteQueue){ 0 };
}

/* Returns its length. */
static gsize
write_header (guint8 *header, ApOpcode opcode, gsize length)
{
  gsize n_length_bytes = length < 126 ? 0 : length <= G_MAXUINT16 ? 2 : 8;

  header[0] = (guint8)(0x80 | opcode);
  header[1] = n_length_bytes == 0 ? (guint8)length : n_length_bytes == 2 ? 126 : 127;
  for (gsize i = 0; i < n_length_bytes; i++)
    header[2 + i] = (guint8)((guint64)length >> (8 * (n_length_bytes - 1 - i)));
  return 2 + n_length_bytes;
}

void
ap_message_write (ApByteQueue *queue, ApOpcode opcode, const guint8 *data, gsize length)
{
  gboolean control = opcode >= AP_OPCODE_CLOSE;
  guint8 *end;
  gsize n;

  g_assert (!control || length <= 125);
  make_room (queue, LONGEST_HEADER + length);
  end = queue->data + queue->start + queue->length;
  n = write_header (end, opcode, length);
  if (length > 0)
    memcpy (end + n, data, length);
  queue->length += n + length;
}
