/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Serial queues of jobs over a few threads. */
#include "base/ap-strand.h"

/* A strand that is ready for so long finds all threads in jobs that take long. */
#define LONG_US (G_USEC_PER_SEC / 10)

typedef struct {
  GList link;
  ApStrandFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Job;

struct _ApStrandPool {
  GMutex lock; /* of all below, and of the strands' queues */
  GCond changed;
  GQueue ready; /* strands that have jobs, and none under way; each with a reference */
  guint running;
  gint64 taken_at; /* when a strand was taken last, or came where none was ready; monotonic */
  gboolean ending;
  const char *name;
  guint most;
  GPtrArray *threads;
};

struct _ApStrand {
  GList link; /* in the pool's @ready */
  gatomicrefcount references;
  ApStrandPool *pool;
  GQueue jobs;
  gboolean busy; /* ready, or a job of it is under way */
};

static void
run (Job *job)
{
  job->func (job->data);
  if (job->destroy != NULL)
    job->destroy (job->data);
  g_free (job);
}

/* Waits for a strand that is ready; NULL when the pool ends. */
static ApStrand *
take (ApStrandPool *pool)
{
  while (g_queue_is_empty (&pool->ready)) {
    if (pool->ending && pool->running == 0)
      return NULL;
    g_cond_wait (&pool->changed, &pool->lock);
  }
  pool->running++;
  pool->taken_at = g_get_monotonic_time ();
  return g_queue_pop_head_link (&pool->ready)->data;
}

/* Behind the others, if it has more to do. TRUE: it has not, and its reference is the caller's to drop. */
static gboolean
put_back (ApStrandPool *pool, ApStrand *strand)
{
  pool->running--;
  strand->busy = !g_queue_is_empty (&strand->jobs);
  if (strand->busy)
    g_queue_push_tail_link (&pool->ready, &strand->link);
  if (pool->ending)
    g_cond_broadcast (&pool->changed);
  return !strand->busy;
}

static gpointer
work (gpointer data)
{
  ApStrandPool *pool = data;
  ApStrand *strand;

  g_mutex_lock (&pool->lock);
  while ((strand = take (pool)) != NULL) {
    Job *job = g_queue_pop_head_link (&strand->jobs)->data;
    gboolean idle;

    g_mutex_unlock (&pool->lock);
    run (job);
    g_mutex_lock (&pool->lock);
    idle = put_back (pool, strand);
    if (idle) {
      g_mutex_unlock (&pool->lock);
      ap_strand_unref (strand);
      g_mutex_lock (&pool->lock);
    }
  }
  g_mutex_unlock (&pool->lock);
  return NULL;
}

ApStrandPool *
ap_strand_pool_new (const char *name, guint threads, guint most)
{
  ApStrandPool *pool = g_new0 (ApStrandPool, 1);

  g_assert (threads > 0);
  g_mutex_init (&pool->lock);
  g_cond_init (&pool->changed);
  g_queue_init (&pool->ready);
  pool->name = name;
  pool->most = most;
  pool->threads = g_ptr_array_new ();
  for (guint i = 0; i < threads; i++)
    g_ptr_array_add (pool->threads, g_thread_new (name, work, pool));
  return pool;
}

void
ap_strand_pool_free (ApStrandPool *pool)
{
  g_mutex_lock (&pool->lock);
  pool->ending = TRUE;
  g_cond_broadcast (&pool->changed);
  g_mutex_unlock (&pool->lock);
  for (guint i = 0; i < pool->threads->len; i++)
    g_thread_join (g_ptr_array_index (pool->threads, i));
  g_ptr_array_unref (pool->threads);
  g_cond_clear (&pool->changed);
  g_mutex_clear (&pool->lock);
  g_free (pool);
}

ApStrand *
ap_strand_new (ApStrandPool *pool)
{
  ApStrand *strand = g_new0 (ApStrand, 1);

  strand->link.data = strand;
  strand->pool = pool;
  g_atomic_ref_count_init (&strand->references);
  g_queue_init (&strand->jobs);
  return strand;
}

ApStrand *
ap_strand_ref (ApStrand *strand)
{
  g_atomic_ref_count_inc (&strand->references);
  return strand;
}

void
ap_strand_unref (ApStrand *strand)
{
  if (g_atomic_ref_count_dec (&strand->references))
    g_free (strand);
}

/* Where the system gives no more threads, those that there are go on. */
void
ap_strand_pool_relieve (ApStrandPool *pool)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&pool->lock);

  if (pool->ending || g_get_monotonic_time () - pool->taken_at < LONG_US)
    return;
  for (guint i = pool->ready.length; i > 0 && pool->threads->len < pool->most; i--) {
    GThread *thread = g_thread_try_new (pool->name, work, pool, NULL);

    if (thread == NULL)
      return;
    g_ptr_array_add (pool->threads, thread);
  }
}

void
ap_strand_post (ApStrand *strand, ApStrandFunc func, gpointer data, GDestroyNotify destroy)
{
  ApStrandPool *pool = strand->pool;
  Job *job = g_new0 (Job, 1);

  *job = (Job){ { job, NULL, NULL }, func, data, destroy };
  g_mutex_lock (&pool->lock);
  g_queue_push_tail_link (&strand->jobs, &job->link);
  if (!strand->busy) {
    strand->busy = TRUE;
    if (g_queue_is_empty (&pool->ready))
      pool->taken_at = g_get_monotonic_time ();
    g_queue_push_tail_link (&pool->ready, &ap_strand_ref (strand)->link);
    g_cond_signal (&pool->changed);
  }
  g_mutex_unlock (&pool->lock);
}
