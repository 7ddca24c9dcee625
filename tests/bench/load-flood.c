/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flooding client. */
#include "load-flood.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load-wire.h"

#define FRAMES 128 /* sent again and again */

struct _LoadFlood {
  int fd;
  GThread *thread;
  guint8 *out; /* all the frames */
  gsize out_len, out_at;
  guint8 *expected; /* and their echoes, without an end */
  gsize expected_len, expected_at;
  gsize echo_bytes;
  guint64 received; /* bytes; atomic by the lock */
  gboolean stop;
  GMutex lock; /* guards received and stop */
};

static void
send_some (LoadFlood *flood)
{
  gssize n = send (flood->fd, flood->out + flood->out_at, flood->out_len - flood->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

  if (n < 0 && errno != EAGAIN)
    g_error ("the flooding connection ended: %s", g_strerror (errno));
  flood->out_at = (flood->out_at + (gsize)MAX (n, 0)) % flood->out_len;
}

static void
receive_some (LoadFlood *flood)
{
  guint8 in[64 * 1024];
  gssize n = recv (flood->fd, in, MIN (sizeof in, flood->expected_len - flood->expected_at), MSG_DONTWAIT);

  if (n == 0 || (n < 0 && errno != EAGAIN))
    g_error ("the flooding connection ended: %s", g_strerror (errno));
  if (n < 0)
    return;
  if (memcmp (in, flood->expected + flood->expected_at, (gsize)n) != 0)
    g_error ("the flooding connection got something else than its frames");
  flood->expected_at = (flood->expected_at + (gsize)n) % flood->expected_len;
  g_mutex_lock (&flood->lock);
  flood->received += (gsize)n;
  g_mutex_unlock (&flood->lock);
}

static gboolean
is_stopped (LoadFlood *flood)
{
  gboolean stop;

  g_mutex_lock (&flood->lock);
  stop = flood->stop;
  g_mutex_unlock (&flood->lock);
  return stop;
}

static gpointer
run (gpointer data)
{
  LoadFlood *flood = data;
  struct pollfd fd = { .fd = flood->fd, .events = POLLIN | POLLOUT };

  /* So that the paced connections are not measured in this one's time. */
  setpriority (PRIO_PROCESS, (id_t)gettid (), 19);
  while (!is_stopped (flood)) {
    poll (&fd, 1, 100);
    if ((fd.revents & POLLIN) != 0)
      receive_some (flood);
    if ((fd.revents & POLLOUT) != 0)
      send_some (flood);
  }
  return NULL;
}

static void
build_frames (LoadFlood *flood, guint frame_bytes)
{
  gsize frame_len = WIRE_FRAME_HEAD + frame_bytes;

  flood->echo_bytes = WIRE_ECHO_HEAD + frame_bytes;
  flood->out_len = FRAMES * frame_len;
  flood->out = g_malloc (flood->out_len);
  flood->expected_len = FRAMES * flood->echo_bytes;
  flood->expected = g_malloc (flood->expected_len);
  for (guint i = 0; i < FRAMES; i++) {
    guint8 *frame = flood->out + i * frame_len;
    guint8 *echo = flood->expected + i * flood->echo_bytes;

    wire_build_frame (G_MAXUINT32, i, frame_bytes, frame);
    memcpy (echo, frame, WIRE_ECHO_HEAD);
    echo[1] &= 0x7f;
    for (guint at = 0; at < frame_bytes; at++)
      echo[WIRE_ECHO_HEAD + at] = frame[WIRE_FRAME_HEAD + at] ^ frame[4 + at % 4];
  }
}

LoadFlood *
load_flood_start (guint16 port, guint frame_bytes)
{
  LoadFlood *flood = g_new0 (LoadFlood, 1);

  g_mutex_init (&flood->lock);
  build_frames (flood, frame_bytes);
  flood->fd = wire_start (port, AUDIO_PATH);
  wire_finish (flood->fd);
  flood->thread = g_thread_new ("flood", run, flood);
  return flood;
}

guint64
load_flood_frames (LoadFlood *flood)
{
  guint64 received;

  g_mutex_lock (&flood->lock);
  received = flood->received;
  g_mutex_unlock (&flood->lock);
  return received / flood->echo_bytes;
}

void
load_flood_stop (LoadFlood *flood)
{
  g_mutex_lock (&flood->lock);
  flood->stop = TRUE;
  g_mutex_unlock (&flood->lock);
  g_thread_join (flood->thread);
  close (flood->fd);
  g_mutex_clear (&flood->lock);
  g_free (flood->expected);
  g_free (flood->out);
  g_free (flood);
}
