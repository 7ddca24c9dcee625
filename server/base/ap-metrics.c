/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-metrics.h"

#include <string.h>

static _Thread_local ApMetrics *mine;

static GMutex blocks_lock; /* guards the list; never held while anything is counted, but for a thread's first count */
static GPtrArray *blocks;

ApMetrics *
ap_metrics_mine (void)
{
  if (G_LIKELY (mine != NULL))
    return mine;
  mine = g_new0 (ApMetrics, 1);
  g_mutex_lock (&blocks_lock);
  if (blocks == NULL)
    blocks = g_ptr_array_new ();
  g_ptr_array_add (blocks, mine);
  g_mutex_unlock (&blocks_lock);
  return mine;
}

static guint
find_endpoint (const ApMetrics *metrics, guint n, const char *path)
{
  guint i = 0;

  while (i < n && !g_str_equal (metrics->paths[i], path))
    i++;
  return i;
}

/* The index of @path's counts in a block that the calling thread owns. */
static guint
place_of_endpoint (ApMetrics *metrics, const char *path)
{
  guint n = metrics->n_endpoints;
  guint i = find_endpoint (metrics, n, path);

  if (i < n || n == AP_METRICS_ENDPOINTS)
    return MIN (i, AP_METRICS_ENDPOINTS - 1);
  metrics->paths[i] = i < AP_METRICS_ENDPOINTS - 1 ? path : "other";
  /* Who reads the number finds the path. */
  __atomic_store_n (&metrics->n_endpoints, n + 1, __ATOMIC_RELEASE);
  return i;
}

ApEndpointCounts *
ap_metrics_endpoint (const char *path)
{
  ApMetrics *metrics = ap_metrics_mine ();

  return &metrics->endpoints[place_of_endpoint (metrics, path)];
}

void
ap_metrics_count_failure (ApFailure failure)
{
  ap_count (&ap_metrics_mine ()->counts.failures[failure], 1);
}

void
ap_metrics_count_refusal (guint status)
{
  ap_count (&ap_metrics_mine ()->counts.refusals[ap_refusal_of_status (status)], 1);
}

void
ap_metrics_count_close (ApEndpointCounts *endpoint, guint16 code)
{
  ap_count (&endpoint->closes[ap_close_code_index (code)], 1);
  ap_count (&endpoint->closed, 1);
}

gint
ap_metrics_poll (GPollFD *fds, guint n_fds, gint timeout_ms)
{
  ApMetrics *metrics = ap_metrics_mine ();
  gint ready;

  if (metrics->round_began != 0)
    ap_histogram_add (&metrics->counts.rounds, g_get_monotonic_time () - metrics->round_began);
  __atomic_store_n (&metrics->round_began, 0, __ATOMIC_RELAXED);
  ready = g_poll (fds, n_fds, timeout_ms);
  __atomic_store_n (&metrics->round_began, g_get_monotonic_time (), __ATOMIC_RELAXED);
  metrics->sample_due = TRUE;
  return ready;
}

gint64
ap_metrics_take_sample (void)
{
  ApMetrics *metrics = ap_metrics_mine ();

  if (!metrics->sample_due)
    return 0;
  metrics->sample_due = FALSE;
  return metrics->round_began;
}

static void
sum_words (gpointer total, gconstpointer part, gsize size)
{
  guint64 *to = total;
  const guint64 *from = part;

  for (gsize i = 0; i < size / sizeof *to; i++)
    to[i] += __atomic_load_n (&from[i], __ATOMIC_RELAXED);
}

/* 0 stands for none. */
static gint64
earlier (gint64 time, const gint64 *other)
{
  gint64 value = __atomic_load_n (other, __ATOMIC_RELAXED);

  return time == 0 || (value != 0 && value < time) ? value : time;
}

static void
add_block (ApMetrics *total, const ApMetrics *block)
{
  guint n = __atomic_load_n (&block->n_endpoints, __ATOMIC_ACQUIRE);
  guint64 highest = __atomic_load_n (&block->queue_highest, __ATOMIC_RELAXED);

  sum_words (&total->counts, &block->counts, sizeof total->counts);
  for (guint i = 0; i < n; i++)
    sum_words (&total->endpoints[place_of_endpoint (total, block->paths[i])], &block->endpoints[i],
               sizeof block->endpoints[i]);
  total->queue_highest = MAX (total->queue_highest, highest);
  total->oldest_output = earlier (total->oldest_output, &block->oldest_output);
  total->round_began = earlier (total->round_began, &block->round_began);
}

void
ap_metrics_sum (ApMetrics *total)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&blocks_lock);

  memset (total, 0, sizeof *total);
  for (guint i = 0; blocks != NULL && i < blocks->len; i++)
    add_block (total, g_ptr_array_index (blocks, i));
}
