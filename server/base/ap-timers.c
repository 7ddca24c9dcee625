/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-timers.h"

/* The time stands beside the timer: those of a thousand calls are spread over as many pages, and to compare them there
 * would fetch each from memory. */
typedef struct {
  gint64 at;
  ApTimer *timer;
} Entry;

/* A binary heap: the earliest timer is at place 1, those at 2n and 2n + 1 are not before the one at n. */
struct _ApTimers {
  GArray *heap; /* of Entry; place 0 is nobody's */
  GSource *source;
  void (*round_end) (gpointer data);
  gpointer data;
};

static Entry *
entry_at (ApTimers *timers, guint place)
{
  return &g_array_index (timers->heap, Entry, place);
}

static void
put (ApTimers *timers, guint place, const Entry *entry)
{
  *entry_at (timers, place) = *entry;
  entry->timer->place = place;
}

static guint
last_place (ApTimers *timers)
{
  return timers->heap->len - 1;
}

static void
rise (ApTimers *timers, const Entry *entry, guint place)
{
  while (place > 1 && entry->at < entry_at (timers, place / 2)->at) {
    put (timers, place, entry_at (timers, place / 2));
    place /= 2;
  }
  put (timers, place, entry);
}

static void
sink (ApTimers *timers, const Entry *entry, guint place)
{
  for (guint child = 2 * place; child <= last_place (timers); child = 2 * place) {
    if (child < last_place (timers) && entry_at (timers, child + 1)->at < entry_at (timers, child)->at)
      child++;
    if (entry->at <= entry_at (timers, child)->at)
      break;
    put (timers, place, entry_at (timers, child));
    place = child;
  }
  put (timers, place, entry);
}

static void
settle (ApTimers *timers, ApTimer *timer, guint place)
{
  const Entry entry = { timer->at, timer };

  rise (timers, &entry, place);
  sink (timers, &entry, timer->place);
}

static void
remove_from_heap (ApTimers *timers, ApTimer *timer)
{
  ApTimer *last = entry_at (timers, last_place (timers))->timer;
  guint place = timer->place;

  g_array_set_size (timers->heap, last_place (timers));
  if (last != timer)
    settle (timers, last, place);
  timer->place = 0;
}

static gint64
earliest (ApTimers *timers)
{
  return last_place (timers) > 0 ? entry_at (timers, 1)->at : G_MAXINT64;
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
    ApTimer *timer = entry_at (timers, 1)->timer;

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

  timers->heap = g_array_new (FALSE, TRUE, sizeof (Entry));
  g_array_set_size (timers->heap, 1);
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
  g_array_unref (timers->heap);
  g_free (timers);
}

void
ap_timers_set (ApTimers *timers, ApTimer *timer, gint64 at)
{
  timer->at = at;
  if (timer->place == 0) {
    g_array_set_size (timers->heap, timers->heap->len + 1);
    timer->place = last_place (timers);
  }
  settle (timers, timer, timer->place);
}

void
ap_timers_clear (ApTimers *timers, ApTimer *timer)
{
  if (timer->place != 0)
    remove_from_heap (timers, timer);
}
