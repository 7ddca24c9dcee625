/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-line-writer.h"

#include "base/ap-limits.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Lines gather for so long before they are written in one go. */
#define GATHER_US (20 * G_TIME_SPAN_MILLISECOND)

struct _ApLineWriter {
  int fd;
  void (*dropped_func) (guint64 lines);
  GThread *thread;

  GMutex lock; /* guards all below; held for a memcpy at most, never while writing */
  GCond wake;
  GByteArray *filling;
  guint64 dropped; /* and not reported yet */
  guint64 dropped_ever;
  gint64 stop_at; /* monotonic time; 0 while running */
};

static gboolean
past_deadline (ApLineWriter *writer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&writer->lock);

  return writer->stop_at != 0 && g_get_monotonic_time () >= writer->stop_at;
}

/* At most PIPE_BUF bytes after a poll: a pipe that polls writable takes that many without blocking, so a reader that
 * has stopped never keeps this thread from ending. Returns FALSE when there is nobody to write to. */
static gboolean
write_some (ApLineWriter *writer, const guint8 *data, gsize length, int wait_ms, gsize *written)
{
  struct pollfd poll_fd = { .fd = writer->fd, .events = POLLOUT };
  int ready = poll (&poll_fd, 1, wait_ms);
  gssize n;

  *written = 0;
  if (ready <= 0)
    return ready == 0 || errno == EINTR;
  if (!(poll_fd.revents & POLLOUT))
    return FALSE;
  n = write (writer->fd, data, MIN (length, PIPE_BUF));
  if (n < 0)
    return errno == EINTR || errno == EAGAIN;
  *written = (gsize)n;
  return TRUE;
}

/* When its time is up it waits no more, but writes on while the reader takes it: this thread, and not the reader, may
 * have been kept waiting. */
static void
write_all (ApLineWriter *writer, const guint8 *data, gsize length)
{
  while (length > 0) {
    gboolean late = past_deadline (writer);
    gsize written;

    if (!write_some (writer, data, length, late ? 0 : 100, &written) || (late && written == 0))
      return;
    data += written;
    length -= written;
  }
}

/* Waits for lines; returns FALSE when there are none and the writer is to end. */
static gboolean
wait_for_lines (ApLineWriter *writer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&writer->lock);
  gint64 until;

  while (writer->filling->len == 0 && writer->stop_at == 0)
    g_cond_wait (&writer->wake, &writer->lock);
  until = g_get_monotonic_time () + GATHER_US;
  while (writer->filling->len < AP_LINE_WRITER_BYTES / 2 && writer->stop_at == 0)
    if (!g_cond_wait_until (&writer->wake, &writer->lock, until))
      break;
  return writer->filling->len > 0;
}

static gpointer
writer_thread (gpointer data)
{
  ApLineWriter *writer = data;
  g_autoptr (GByteArray) writing = g_byte_array_sized_new (AP_LINE_WRITER_BYTES);

  while (wait_for_lines (writer)) {
    guint64 dropped;

    g_mutex_lock (&writer->lock);
    GByteArray *full = g_steal_pointer (&writer->filling);
    writer->filling = g_steal_pointer (&writing);
    dropped = writer->dropped;
    writer->dropped = 0;
    g_mutex_unlock (&writer->lock);

    writing = full;
    write_all (writer, writing->data, writing->len);
    g_byte_array_set_size (writing, 0);
    if (dropped > 0)
      writer->dropped_func (dropped);
  }
  return NULL;
}

ApLineWriter *
ap_line_writer_new (int fd, void (*dropped) (guint64 lines))
{
  ApLineWriter *writer = g_new0 (ApLineWriter, 1);

  writer->fd = fd;
  writer->dropped_func = dropped;
  writer->filling = g_byte_array_sized_new (AP_LINE_WRITER_BYTES);
  g_mutex_init (&writer->lock);
  g_cond_init (&writer->wake);
  writer->thread = g_thread_new ("line-writer", writer_thread, writer);
  return writer;
}

void
ap_line_writer_append (ApLineWriter *writer, const char *line, gsize length)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&writer->lock);
  guint before = writer->filling->len;

  if (before + length > AP_LINE_WRITER_BYTES) {
    writer->dropped++;
    writer->dropped_ever++;
    return;
  }
  g_byte_array_append (writer->filling, (const guint8 *)line, (guint)length);
  if (before == 0 || (before < AP_LINE_WRITER_BYTES / 2 && writer->filling->len >= AP_LINE_WRITER_BYTES / 2))
    g_cond_signal (&writer->wake);
}

guint64
ap_line_writer_get_dropped (ApLineWriter *writer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&writer->lock);

  return writer->dropped_ever;
}

void
ap_line_writer_free (ApLineWriter *writer)
{
  g_mutex_lock (&writer->lock);
  writer->stop_at = g_get_monotonic_time () + AP_STOP_LINES_MS * G_TIME_SPAN_MILLISECOND;
  g_cond_signal (&writer->wake);
  g_mutex_unlock (&writer->lock);

  g_thread_join (writer->thread);
  g_byte_array_unref (writer->filling);
  g_mutex_clear (&writer->lock);
  g_cond_clear (&writer->wake);
  g_free (writer);
}
