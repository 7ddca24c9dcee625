/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-output-wait.h"

#include "base/ap-metrics.h"

/* Not each byte has a time, but two generations have: the older one waits since @since, and what came after it since
 * @younger_since at the earliest. When the older is gone the younger takes its place, so an age is never told too low
 * and too high by the time that one generation takes at most. */
struct _ApOutputWait {
  GList link;
  gsize length;
  gsize older; /* bytes of the older generation */
  gint64 since;
  gint64 younger_since; /* 0: there is no younger one */
};

static _Thread_local GQueue waiting; /* by age, the oldest first */

static void
publish_oldest (void)
{
  const ApOutputWait *oldest = g_queue_peek_head (&waiting);

  __atomic_store_n (&ap_metrics_mine ()->oldest_output, oldest != NULL ? oldest->since : 0, __ATOMIC_RELAXED);
}

static void
publish_length (gsize length)
{
  guint64 *highest = &ap_metrics_mine ()->queue_highest;

  if (length > *highest)
    __atomic_store_n (highest, length, __ATOMIC_RELAXED);
}

/* In its place by age, which is at or near the end. */
static void
insert (ApOutputWait *wait)
{
  GList *before = waiting.tail;

  while (before != NULL && ((ApOutputWait *)before->data)->since > wait->since)
    before = before->prev;
  if (before != NULL)
    g_queue_insert_after_link (&waiting, before, &wait->link);
  else
    g_queue_push_head_link (&waiting, &wait->link);
  publish_oldest ();
}

static void
begin (ApOutputWait **wait, gsize length)
{
  *wait = g_new0 (ApOutputWait, 1);
  (*wait)->link.data = *wait;
  (*wait)->length = (*wait)->older = length;
  (*wait)->since = g_get_monotonic_time ();
  ap_count (&ap_metrics_mine ()->counts.queued, length);
  insert (*wait);
}

static void
end (ApOutputWait **wait)
{
  ap_count (&ap_metrics_mine ()->counts.unqueued, (*wait)->length);
  g_queue_unlink (&waiting, &(*wait)->link);
  g_clear_pointer (wait, g_free);
  publish_oldest ();
}

static void
go_on (ApOutputWait *wait, gsize length, gsize taken)
{
  ApCounts *counts = &ap_metrics_mine ()->counts;
  gsize added = length + taken - wait->length;

  ap_count (&counts->queued, added);
  ap_count (&counts->unqueued, taken);
  wait->length = length;
  if (added > 0 && wait->younger_since == 0)
    wait->younger_since = g_get_monotonic_time ();
  if (taken < wait->older) {
    wait->older -= taken;
    return;
  }
  g_queue_unlink (&waiting, &wait->link);
  wait->older = length;
  wait->since = wait->younger_since;
  wait->younger_since = 0;
  insert (wait);
}

void
ap_output_wait_update (ApOutputWait **wait, gsize length, gsize taken)
{
  if (length > 0)
    publish_length (length);
  if (*wait != NULL && length == 0)
    end (wait);
  else if (*wait != NULL)
    go_on (*wait, length, taken);
  else if (length > 0)
    begin (wait, length);
}
