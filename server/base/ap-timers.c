/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-timers.h"

/* A binary heap: the earliest timer is at place 1, those at 2n and 2n + 1 are not before the one at n. */
struct _ApTimers {
  GPtrArray *heap;
  GSource *source;
  void (*round_end) (gpointer data);
  gpointer data;
};

static ApTimer *
timer_at (ApTimers *timers, guint place)
{
  return g_ptr_array_index (timers->heap, place);
}

static void
put (ApTimers *timers, guint place, ApTimer *timer)
{
  g_ptr_array_index (timers->heap, place) = timer;
  timer->place = place;
}

static guint
last_place (ApTimers *timers)
{
  return timers->heap->len - 1;
}

static void
rise (ApTimers *timers, ApTimer *timer, guint place)
{
  while (place > 1 && timer->at < timer_at (timers, place / 2)->at) {
    put (timers, place, timer_at (timers, place / 2));
    place /= 2;
  }
  put (timers, place, timer);
}

static void
sink (ApTimers *timers, ApTimer *timer, guint place)
{
  for (guint child = 2 * place; child <= last_place (timers); child = 2 * place) {
    if (child < last_place (timers) && timer_at (timers, child + 1)->at < timer_at (timers, child)->at)
      child++;
    if (timer->at <= timer_at (timers, child)->at)
      break;
    put (timers, place, timer_at (timers, child));
    place = child;
  }
  put (timers, place, timer);
}

static void
settle (ApTimers *timers, ApTimer *timer, guint place)
{
  rise (timers, timer, place);
  sink (timers, timer, timer->place);
}

static void
remove_from_heap (ApTimers *timers, ApTimer *timer)
{
  ApTimer *last = timer_at (timers, last_place (timers));
  guint place = timer->place;

  g_ptr_array_set_size (timers->heap, (gint)last_place (timers));
  if (last != timer)
    settle (timers, last, place);
  timer->place = 0;
}

static gint64
earliest (ApTimers *timers)
{
  return last_place (timers) > 0 ? timer_at (timers, 1)->at : G_MAXINT64;
}

typedef struct {
  GSource source;
  ApTimers *timers;
} TimersSource;

/* Each timer rings once a round at most, so that one that sets itself anew for now does not hold the worker. */
static gboolean
ring_due (gpointer data)
{
  ApTimers *timers = data;
  gint64 now = g_source_get_time (timers->source);

  for (guint left = last_place (timers); left > 0 && last_place (timers) > 0; left--) {
    ApTimer *timer = timer_at (timers, 1);

    if (timer->at > now)
      break;
    remove_from_heap (timers, timer);
    timer->ring (timer);
  }
  timers->round_end (timers->data);
  return G_SOURCE_CONTINUE;
}

/* The context asks before each wait. Telling it each change instead, by the source's ready time, would wake it up:
 * three calls of the system and a round of nothing. */
static gboolean
prepare (GSource *source, int *timeout_ms)
{
  gint64 at = earliest (((TimersSource *)source)->timers);
  gint64 wait_us = at - g_source_get_time (source);

  *timeout_ms = at == G_MAXINT64 ? -1 : (int)CLAMP ((wait_us + 999) / 1000, 0, G_MAXINT);
  return *timeout_ms == 0;
}

static gboolean
check (GSource *source)
{
  return earliest (((TimersSource *)source)->timers) <= g_source_get_time (source);
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

ApTimers *
ap_timers_new (GMainContext *context, void (*round_end) (gpointer data), gpointer data)
{
  static GSourceFuncs funcs = { .prepare = prepare, .check = check, .dispatch = dispatch };
  ApTimers *timers = g_new0 (ApTimers, 1);

  timers->heap = g_ptr_array_new ();
  g_ptr_array_add (timers->heap, NULL); /* place 0 is nobody's */
  timers->round_end = round_end;
  timers->data = data;
  timers->source = g_source_new (&funcs, sizeof (TimersSource));
  ((TimersSource *)timers->source)->timers = timers;
  g_source_set_callback (timers->source, ring_due, timers, NULL);
  g_source_attach (timers->source, context);
  return timers;
}

void
ap_timers_free (ApTimers *timers)
{
  g_source_destroy (timers->source);
  g_source_unref (timers->source);
  g_ptr_array_unref (timers->heap);
  g_free (timers);
}

void
ap_timers_set (ApTimers *timers, ApTimer *timer, gint64 at)
{
  timer->at = at;
  if (timer->place != 0) {
    settle (timers, timer, timer->place);
  } else {
    g_ptr_array_add (timers->heap, timer);
    rise (timers, timer, last_place (timers));
  }
}

void
ap_timers_clear (ApTimers *timers, ApTimer *timer)
{
  if (timer->place != 0)
    remove_from_heap (timers, timer);
}
