/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many open connections. */
#include "load-crowd.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load-wire.h"

#define IN_BYTES    (256 * 1024)
#define LATE_NS     (20 * 1000 * 1000)
#define PATIENCE_NS (10 * G_GINT64_CONSTANT (1000000000))

Crowd *
crowd_new (const LoadPlan *plan, guint16 port)
{
  Crowd *crowd = g_new0 (Crowd, 1);

  crowd->plan = plan;
  crowd->members = g_new0 (CrowdMember, plan->connections);
  crowd->in = g_malloc (IN_BYTES);
  crowd->out = g_malloc (CROWD_ON_THE_WAY * (gsize)(WIRE_FRAME_HEAD + plan->frame_bytes));
  crowd->set = epoll_create1 (EPOLL_CLOEXEC);
  for (guint i = 0; i < plan->connections; i++) {
    CrowdMember *member = &crowd->members[i];

    member->number = i;
    member->sent_at = g_new0 (gint64, CROWD_ON_THE_WAY);
    member->part = g_malloc (WIRE_ECHO_HEAD + plan->frame_bytes);
    member->fd = wire_start (port, AUDIO_PATH);
  }
  for (guint i = 0; i < plan->connections; i++) {
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &crowd->members[i] };

    wire_finish (crowd->members[i].fd);
    epoll_ctl (crowd->set, EPOLL_CTL_ADD, crowd->members[i].fd, &event);
  }
  return crowd;
}

void
crowd_free (Crowd *crowd)
{
  for (guint i = 0; i < crowd->plan->connections; i++) {
    close (crowd->members[i].fd);
    g_free (crowd->members[i].sent_at);
    g_free (crowd->members[i].part);
  }
  close (crowd->set);
  g_free (crowd->members);
  g_free (crowd->out);
  g_free (crowd->in);
  g_free (crowd);
}

gboolean
crowd_send (Crowd *crowd, CrowdMember *member, guint count)
{
  gint64 now = wire_now_ns ();
  guint frame_bytes = crowd->plan->frame_bytes;
  gsize len = 0;
  gssize n;

  if (count == 0 || member->sent - member->received + count > CROWD_ON_THE_WAY)
    return FALSE;
  for (guint i = 0; i < count; i++) {
    member->sent_at[(member->sent + i) % CROWD_ON_THE_WAY] = crowd->counting ? now : 0;
    wire_build_frame (member->number, member->sent + i, frame_bytes, crowd->out + len);
    len += WIRE_FRAME_HEAD + frame_bytes;
  }
  n = send (member->fd, crowd->out, len, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN)
    return FALSE;
  /* What is on the way is far less than a socket's buffer. */
  if (n != (gssize)len)
    g_error ("connection %u: %" G_GSSIZE_FORMAT " bytes of frames were taken: %s", member->number, n,
             g_strerror (errno));
  member->sent += count;
  return TRUE;
}

static void
take_echo (Crowd *crowd, CrowdMember *member, const guint8 *echo, gint64 now)
{
  gint64 sent_at = member->sent_at[member->received % CROWD_ON_THE_WAY];

  if (!wire_is_echo (member->number, member->received, crowd->plan->frame_bytes, echo))
    g_error ("connection %u: the echo of frame %u is not that frame", member->number, member->received);
  member->received++;
  if (sent_at == 0)
    return;
  latency_add (&crowd->latency, now - sent_at);
  crowd->late += now - sent_at > LATE_NS;
  crowd->frames++;
  member->measured++;
}

static void
receive (Crowd *crowd, CrowdMember *member)
{
  gsize echo_len = WIRE_ECHO_HEAD + crowd->plan->frame_bytes;
  gssize n = recv (member->fd, crowd->in + member->part_len, IN_BYTES - member->part_len, 0);
  gint64 now = wire_now_ns ();
  gsize len, at = 0;

  if (n <= 0)
    g_error ("connection %u ended: %s", member->number, n < 0 ? g_strerror (errno) : "by the server");
  memcpy (crowd->in, member->part, member->part_len);
  for (len = member->part_len + (gsize)n; len - at >= echo_len; at += echo_len)
    take_echo (crowd, member, crowd->in + at, now);
  member->part_len = len - at;
  memcpy (member->part, crowd->in + at, member->part_len);
  if (crowd->on_echoes != NULL)
    crowd->on_echoes (crowd, member, (guint)(at / echo_len));
}

gboolean
crowd_turn (Crowd *crowd, gint64 timeout_ns)
{
  struct epoll_event events[64];
  struct timespec timeout = { .tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000 };
  int count = epoll_pwait2 (crowd->set, events, G_N_ELEMENTS (events), &timeout, NULL);

  for (int i = 0; i < count; i++)
    receive (crowd, events[i].data.ptr);
  return count > 0;
}

void
crowd_drain (Crowd *crowd)
{
  crowd->on_echoes = NULL;
  for (guint i = 0; i < crowd->plan->connections; i++) {
    CrowdMember *member = &crowd->members[i];

    while (member->received < member->sent)
      if (!crowd_turn (crowd, PATIENCE_NS))
        g_error ("connection %u: %u of %u echoes came", i, member->received, member->sent);
  }
}

void
crowd_measure_latency (const Crowd *crowd, LoadResult *result)
{
  result->p50 = latency_percentile (&crowd->latency, 50) / 1e3;
  result->p99 = latency_percentile (&crowd->latency, 99) / 1e3;
  result->p999 = latency_percentile (&crowd->latency, 99.9) / 1e3;
  result->max = latency_percentile (&crowd->latency, 100) / 1e3;
}
