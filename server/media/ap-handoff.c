/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ap-handoff.h"

#include "base/ap-metrics.h"

struct _ApHandoff {
  gatomicrefcount refs;
  GMainContext *context;
  void (*take) (GPtrArray *items, gpointer data);
  gpointer data;
  GDestroyNotify free_item;
  GSource *source;
  GPtrArray *taken; /* the worker's; swapped with @posted */

  GMutex lock; /* guards all below; held to append or to swap */
  GPtrArray *posted;
  gint64 posted_at; /* monotonic; when the first of them was */
  gboolean stopped;
};

typedef struct {
  GSource source;
  ApHandoff *handoff;
} HandoffSource;

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_autoptr (ApHandoff) handoff = ap_handoff_ref (((HandoffSource *)source)->handoff);
  gint64 took;

  g_mutex_lock (&handoff->lock);
  g_source_set_ready_time (source, -1);
  GPtrArray *items = handoff->posted;
  handoff->posted = handoff->taken;
  handoff->taken = items;
  took = g_source_get_time (source) - handoff->posted_at;
  g_mutex_unlock (&handoff->lock);

  if (items->len > 0) {
    ap_histogram_add (&ap_metrics_mine ()->counts.handover, took);
    handoff->take (items, handoff->data);
  }
  g_ptr_array_set_size (items, 0);
  return G_SOURCE_CONTINUE;
}

static GSource *
handoff_source_new (ApHandoff *handoff)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };
  GSource *source = g_source_new (&funcs, sizeof (HandoffSource));

  ((HandoffSource *)source)->handoff = handoff;
  return source;
}

ApHandoff *
ap_handoff_new (GMainContext *context, void (*take) (GPtrArray *items, gpointer data), gpointer data,
                GDestroyNotify free_item)
{
  ApHandoff *handoff = g_new0 (ApHandoff, 1);

  g_atomic_ref_count_init (&handoff->refs);
  g_mutex_init (&handoff->lock);
  handoff->context = g_main_context_ref (context);
  handoff->take = take;
  handoff->data = data;
  handoff->free_item = free_item;
  handoff->posted = g_ptr_array_new ();
  handoff->taken = g_ptr_array_new ();
  handoff->source = handoff_source_new (handoff);
  g_source_attach (handoff->source, context);
  return handoff;
}

void
ap_handoff_post (ApHandoff *handoff, gpointer item)
{
  gboolean first;
  gboolean stopped;

  g_mutex_lock (&handoff->lock);
  stopped = handoff->stopped;
  first = handoff->posted->len == 0;
  if (first)
    handoff->posted_at = g_get_monotonic_time ();
  if (!stopped)
    g_ptr_array_add (handoff->posted, item);
  g_mutex_unlock (&handoff->lock);

  if (stopped)
    handoff->free_item (item);
  /* Setting the time wakes the worker; only the first item of a batch pays for it. Not under the lock, which is the
   * first thing that the worker takes. It may have taken the item already: then it is woken for nothing. */
  else if (first)
    g_source_set_ready_time (handoff->source, 0);
}

void
ap_handoff_stop (ApHandoff *handoff)
{
  g_mutex_lock (&handoff->lock);
  handoff->stopped = TRUE;
  g_mutex_unlock (&handoff->lock);
  g_source_destroy (handoff->source);
}

ApHandoff *
ap_handoff_ref (ApHandoff *handoff)
{
  g_atomic_ref_count_inc (&handoff->refs);
  return handoff;
}

static void
free_posted (gpointer item, gpointer data)
{
  ((ApHandoff *)data)->free_item (item);
}

void
ap_handoff_unref (ApHandoff *handoff)
{
  if (!g_atomic_ref_count_dec (&handoff->refs))
    return;
  g_source_destroy (handoff->source);
  g_source_unref (handoff->source);
  g_ptr_array_foreach (handoff->posted, free_posted, handoff);
  g_ptr_array_unref (handoff->posted);
  g_ptr_array_unref (handoff->taken);
  g_main_context_unref (handoff->context);
  g_mutex_clear (&handoff->lock);
  g_free (handoff);
}
