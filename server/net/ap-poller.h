/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* All sockets of a worker in one epoll set, which is one GSource of the worker's context: what a round costs does not
 * grow with the number of idle sockets. Belongs to the worker's thread.
 *
 * Where all sockets are patient and much comes, but little at a time, it rests between two rounds: to fall asleep and
 * to be woken up costs more than a frame, here and in whoever sends it. */
typedef struct _ApPoller ApPoller;

/* Sits inside what is polled. @ready gets the epoll events; it may remove itself or any other watch. */
typedef struct _ApPollerWatch ApPollerWatch;
struct _ApPollerWatch {
  void (*ready) (ApPollerWatch *watch, guint32 events);
  int fd;
  gboolean
      patient; /* it may wait for AP_ROUND_REST_US, so that others are served in the same round; fixed once added */
};

/**
 * ap_poller_new:
 * @context: the worker's context
 * @round_end: called after all ready sockets of a round were served: what the round brought is complete
 */
ApPoller *ap_poller_new (GMainContext *context, void (*round_end) (gpointer data), gpointer data);
void ap_poller_free (ApPoller *poller);

/* @events is a set of EPOLL… bits, level-triggered. FALSE (errno tells): the system refused. */
gboolean ap_poller_add (ApPoller *poller, ApPollerWatch *watch, guint32 events);
void ap_poller_modify (ApPoller *poller, ApPollerWatch *watch, guint32 events);
/* When the round under way began; monotonic, microseconds. */
gint64 ap_poller_get_time (ApPoller *poller);
void ap_poller_remove (ApPoller *poller, ApPollerWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApPoller, ap_poller_free)
