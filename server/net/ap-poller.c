/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-poller.h"

#include "base/ap-limits.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

struct _ApPoller {
  GSource *source;
  GPollFD epoll;     /* the set; G_IO_IN of @events only while it does not rest */
  guint n_prompt;    /* watches that are not patient */
  gint64 rest_until; /* 0: input begins the next round */
  void (*round_end) (gpointer data);
  gpointer data;

  struct epoll_event events[AP_ROUND_SOCKETS];
  int n_events; /* of the round under way; 0 outside one */
  gint64 round_began;
};

typedef struct {
  GSource source;
  ApPoller *poller;
} PollerSource;

/* A single socket after a long silence is not waited behind: what comes next will be as long in coming. */
static gint64
choose_rest (const ApPoller *poller, int n_served, gint64 since_last_us)
{
  gboolean much = n_served > 1 || since_last_us < AP_ROUND_REST_US / 2;

  if (poller->n_prompt > 0 || n_served == 0 || n_served > AP_ROUND_FEW || !much)
    return 0;
  return poller->round_began + AP_ROUND_REST_US;
}

static gboolean
serve_round (gpointer data)
{
  ApPoller *poller = data;
  gint64 last = poller->round_began;
  int n;

  poller->round_began = g_get_monotonic_time ();
  n = poller->n_events = epoll_wait (poller->epoll.fd, poller->events, AP_ROUND_SOCKETS, 0);
  for (int i = 0; i < poller->n_events; i++) {
    ApPollerWatch *watch = poller->events[i].data.ptr;

    if (watch != NULL)
      watch->ready (watch, poller->events[i].events);
  }
  poller->n_events = 0;
  poller->round_end (poller->data);
  poller->rest_until = choose_rest (poller, n, poller->round_began - last);
  return G_SOURCE_CONTINUE;
}

/* The context reads what to poll for behind this. To tell it by g_source_modify_unix_fd() would wake it up. */
static gboolean
prepare (GSource *source, int *timeout_ms)
{
  ApPoller *poller = ((PollerSource *)source)->poller;
  gint64 left_us = poller->rest_until - g_source_get_time (source);

  poller->epoll.events = poller->rest_until == 0 ? G_IO_IN : 0;
  *timeout_ms = poller->rest_until == 0 ? -1 : (int)(MAX (left_us, 0) + 999) / 1000;
  return *timeout_ms == 0;
}

static gboolean
check (GSource *source)
{
  ApPoller *poller = ((PollerSource *)source)->poller;

  return poller->rest_until == 0 ? (poller->epoll.revents & G_IO_IN) != 0
                                 : poller->rest_until <= g_source_get_time (source);
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

ApPoller *
ap_poller_new (GMainContext *context, void (*round_end) (gpointer data), gpointer data)
{
  static GSourceFuncs funcs = { .prepare = prepare, .check = check, .dispatch = dispatch };
  ApPoller *poller = g_new0 (ApPoller, 1);

  poller->epoll.fd = epoll_create1 (EPOLL_CLOEXEC);
  if (poller->epoll.fd < 0)
    g_error ("cannot make an epoll set: %s", g_strerror (errno));
  poller->round_end = round_end;
  poller->data = data;
  poller->source = g_source_new (&funcs, sizeof (PollerSource));
  ((PollerSource *)poller->source)->poller = poller;
  g_source_add_poll (poller->source, &poller->epoll);
  g_source_set_callback (poller->source, serve_round, poller, NULL);
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
  close (poller->epoll.fd);
  g_free (poller);
}

gboolean
ap_poller_add (ApPoller *poller, ApPollerWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  if (epoll_ctl (poller->epoll.fd, EPOLL_CTL_ADD, watch->fd, &event) != 0)
    return FALSE;
  poller->n_prompt += !watch->patient;
  return TRUE;
}

void
ap_poller_modify (ApPoller *poller, ApPollerWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  epoll_ctl (poller->epoll.fd, EPOLL_CTL_MOD, watch->fd, &event);
}

gint64
ap_poller_get_time (ApPoller *poller)
{
  return poller->round_began;
}

void
ap_poller_remove (ApPoller *poller, ApPollerWatch *watch)
{
  /* One that was refused is not there. */
  if (epoll_ctl (poller->epoll.fd, EPOLL_CTL_DEL, watch->fd, NULL) == 0)
    poller->n_prompt -= !watch->patient;
  /* The watch may be freed now, and the round under way may still hold an event for it. */
  for (int i = 0; i < poller->n_events; i++)
    if (poller->events[i].data.ptr == watch)
      poller->events[i].data.ptr = NULL;
}
