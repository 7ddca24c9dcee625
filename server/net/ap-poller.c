/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-poller.h"

#include "base/ap-limits.h"

#include <glib-unix.h>
#include <sys/epoll.h>
#include <unistd.h>

struct _ApPoller {
  int epoll_fd;
  GSource *source;
  void (*round_end) (gpointer data);
  gpointer data;

  struct epoll_event events[AP_ROUND_SOCKETS];
  int n_events; /* of the round under way; 0 outside one */
  gint64 round_began;
};

static gboolean
serve_round (int fd, GIOCondition condition, gpointer data)
{
  ApPoller *poller = data;

  poller->round_began = g_get_monotonic_time ();
  poller->n_events = epoll_wait (fd, poller->events, AP_ROUND_SOCKETS, 0);
  for (int i = 0; i < poller->n_events; i++) {
    ApPollerWatch *watch = poller->events[i].data.ptr;

    if (watch != NULL)
      watch->ready (watch, poller->events[i].events);
  }
  poller->n_events = 0;
  poller->round_end (poller->data);
  return G_SOURCE_CONTINUE;
}

ApPoller *
ap_poller_new (GMainContext *context, void (*round_end) (gpointer data), gpointer data)
{
  ApPoller *poller = g_new0 (ApPoller, 1);

  poller->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (poller->epoll_fd < 0)
    g_error ("cannot make an epoll set: %s", g_strerror (errno));
  poller->round_end = round_end;
  poller->data = data;
  poller->source = g_unix_fd_source_new (poller->epoll_fd, G_IO_IN);
  g_source_set_callback (poller->source, G_SOURCE_FUNC (serve_round), poller, NULL);
  /* It never does; but a source that may not is taken out of the set of the context's poll and put back for each
   * dispatch, which costs three calls of the system. */
  g_source_set_can_recurse (poller->source, TRUE);
  g_source_attach (poller->source, context);
  return poller;
}

void
ap_poller_free (ApPoller *poller)
{
  g_source_destroy (poller->source);
  g_source_unref (poller->source);
  close (poller->epoll_fd);
  g_free (poller);
}

gboolean
ap_poller_add (ApPoller *poller, ApPollerWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  return epoll_ctl (poller->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0;
}

void
ap_poller_modify (ApPoller *poller, ApPollerWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  epoll_ctl (poller->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

gint64
ap_poller_get_time (ApPoller *poller)
{
  return poller->round_began;
}

void
ap_poller_remove (ApPoller *poller, ApPollerWatch *watch)
{
  epoll_ctl (poller->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
  /* The watch may be freed now, and the round under way may still hold an event for it. */
  for (int i = 0; i < poller->n_events; i++)
    if (poller->events[i].data.ptr == watch)
      poller->events[i].data.ptr = NULL;
}
