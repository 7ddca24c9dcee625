/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The timers of one worker: any number of them behind one GSource, because GLib looks at every source of a context in
 * each of its rounds, and a thousand calls have a thousand deadlines. Belongs to the worker's thread. Setting a timer
 * costs O(log n) and no memory of its own. */
typedef struct _ApTimers ApTimers;

/* Part of what waits for it. All zero is a timer that is not set. */
typedef struct _ApTimer {
  void (*ring) (struct _ApTimer *timer); /* may set and clear any timer, and free this one */
  gint64 at;                             /* monotonic, microseconds */
  guint place;                           /* in the heap; 0: not set */
} ApTimer;

/* @round_end: called once after each round of timers that rang. */
ApTimers *ap_timers_new (GMainContext *context, void (*round_end) (gpointer data), gpointer data);
void ap_timers_free (ApTimers *timers);

/* Rings once, at @at or as soon as the worker has time after it. Setting a timer that is set moves it. */
void ap_timers_set (ApTimers *timers, ApTimer *timer, gint64 at);
void ap_timers_clear (ApTimers *timers, ApTimer *timer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApTimers, ap_timers_free)
