/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which file is synced when, and by whom. */
#include "endpoints/recording/files/ap-syncer.h"

#include <unistd.h>

enum {
  IDLE,
  WAITING, /* in the queue: the sync that comes covers what is requested now */
  UNDER_WAY,
  UNDER_WAY_AND_WANTED, /* what is requested now may have come too late for it */
};

struct _ApSyncer {
  GMutex lock; /* of all below, and of the targets' states */
  GCond changed;
  GQueue queue; /* of ApSyncTarget, by the time at which they are due */
  guint under_way;
  gboolean ending;
  gint64 interval; /* us */
  int dir_fd;      /* -1: each target by itself */
  guint failures;  /* of syncfs; the one thread's */
  guint n_threads;
  GThread *threads[];
};

/* Waits until a target is due; NULL when the syncer ends. */
static ApSyncTarget *
take (ApSyncer *syncer)
{
  for (;;) {
    ApSyncTarget *first = g_queue_peek_head (&syncer->queue);

    if (first != NULL && (syncer->ending || first->due <= g_get_monotonic_time ()))
      break;
    if (first != NULL)
      g_cond_wait_until (&syncer->changed, &syncer->lock, first->due);
    else if (syncer->ending && syncer->under_way == 0)
      return NULL;
    else
      g_cond_wait (&syncer->changed, &syncer->lock);
  }
  syncer->under_way++;
  return g_queue_pop_head_link (&syncer->queue)->data;
}

static void
put (ApSyncer *syncer, ApSyncTarget *target)
{
  gint64 interval = syncer->interval;

  target->state = WAITING;
  target->due = interval > 0 ? (g_get_monotonic_time () / interval + 1) * interval : 0;
  target->link = (GList){ target, NULL, NULL };
  g_queue_push_tail_link (&syncer->queue, &target->link);
  g_cond_signal (&syncer->changed);
}

/* After its done: into the queue once more, or out of sight. Unlocked for a moment, because the last reference may go.
 */
static void
put_back (ApSyncer *syncer, ApSyncTarget *target)
{
  gboolean wanted = target->state == UNDER_WAY_AND_WANTED;

  if (wanted)
    put (syncer, target);
  else
    target->state = IDLE;
  if (!wanted && target->unref != NULL) {
    g_mutex_unlock (&syncer->lock);
    target->unref (target);
    g_mutex_lock (&syncer->lock);
  }
  syncer->under_way--;
  if (syncer->ending)
    g_cond_broadcast (&syncer->changed);
}

static void
begin (ApSyncTarget *target)
{
  if (target->begin != NULL)
    target->begin (target);
}

static void
sync_one (ApSyncTarget *target)
{
  g_autoptr (GError) error = NULL;

  target->done (target, target->sync (target, &error) ? NULL : error);
}

static gpointer
sync_each (gpointer data)
{
  ApSyncer *syncer = data;
  ApSyncTarget *target;

  g_mutex_lock (&syncer->lock);
  while ((target = take (syncer)) != NULL) {
    target->state = UNDER_WAY;
    g_mutex_unlock (&syncer->lock);
    begin (target);
    sync_one (target);
    g_mutex_lock (&syncer->lock);
    put_back (syncer, target);
  }
  g_mutex_unlock (&syncer->lock);
  return NULL;
}

/* All that wait, due or not: @first is, and the rest is had for nothing. */
static GPtrArray *
take_rest (ApSyncer *syncer, ApSyncTarget *first)
{
  GPtrArray *targets = g_ptr_array_new ();
  GList *link;

  g_ptr_array_add (targets, first);
  while ((link = g_queue_pop_head_link (&syncer->queue)) != NULL)
    g_ptr_array_add (targets, link->data);
  for (guint i = 0; i < targets->len; i++)
    ((ApSyncTarget *)targets->pdata[i])->state = UNDER_WAY;
  syncer->under_way += targets->len - 1;
  return targets;
}

static void
begin_each (gpointer target, gpointer data)
{
  begin (target);
}

/* syncfs(2) tells once that something was lost, and not whose: it may be a file's that was not asked for then. So after
 * a failure each file speaks for itself once. */
static void
finish_one (ApSyncer *syncer, ApSyncTarget *target)
{
  gboolean covered = target->failures == syncer->failures;

  target->failures = syncer->failures;
  if (covered)
    target->done (target, NULL);
  else
    sync_one (target);
}

static gpointer
sync_all (gpointer data)
{
  ApSyncer *syncer = data;
  ApSyncTarget *first;

  g_mutex_lock (&syncer->lock);
  while ((first = take (syncer)) != NULL) {
    g_autoptr (GPtrArray) targets = take_rest (syncer, first);

    g_mutex_unlock (&syncer->lock);
    g_ptr_array_foreach (targets, begin_each, NULL);
    if (syncfs (syncer->dir_fd) < 0)
      syncer->failures++;
    for (guint i = 0; i < targets->len; i++) {
      ApSyncTarget *target = targets->pdata[i];

      finish_one (syncer, target);
      g_mutex_lock (&syncer->lock);
      put_back (syncer, target);
      g_mutex_unlock (&syncer->lock);
    }
    g_mutex_lock (&syncer->lock);
  }
  g_mutex_unlock (&syncer->lock);
  return NULL;
}

static ApSyncer *
syncer_new (guint threads, guint interval_ms, int dir_fd)
{
  ApSyncer *syncer = g_malloc0 (sizeof *syncer + threads * sizeof *syncer->threads);

  g_assert (threads > 0);
  g_mutex_init (&syncer->lock);
  g_cond_init (&syncer->changed);
  g_queue_init (&syncer->queue);
  syncer->interval = (gint64)interval_ms * 1000;
  syncer->dir_fd = dir_fd;
  syncer->n_threads = threads;
  for (guint i = 0; i < threads; i++)
    syncer->threads[i] = g_thread_new ("sync", dir_fd < 0 ? sync_each : sync_all, syncer);
  return syncer;
}

ApSyncer *
ap_syncer_new (guint threads, guint interval_ms)
{
  return syncer_new (threads, interval_ms, -1);
}

ApSyncer *
ap_syncer_new_syncfs (int dir_fd, guint interval_ms)
{
  return syncer_new (1, interval_ms, dir_fd);
}

void
ap_syncer_free (ApSyncer *syncer)
{
  g_mutex_lock (&syncer->lock);
  syncer->ending = TRUE;
  g_cond_broadcast (&syncer->changed);
  g_mutex_unlock (&syncer->lock);
  for (guint i = 0; i < syncer->n_threads; i++)
    g_thread_join (syncer->threads[i]);
  g_cond_clear (&syncer->changed);
  g_mutex_clear (&syncer->lock);
  g_free (syncer);
}

void
ap_syncer_request (ApSyncer *syncer, ApSyncTarget *target)
{
  g_mutex_lock (&syncer->lock);
  if (target->state == IDLE && target->ref != NULL)
    target->ref (target); /* before a thread of the syncer may drop it */
  if (target->state == IDLE)
    put (syncer, target);
  else if (target->state == UNDER_WAY)
    target->state = UNDER_WAY_AND_WANTED;
  g_mutex_unlock (&syncer->lock);
}
