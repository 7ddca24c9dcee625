/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way from streaming threads to the worker: order, batches, and what becomes of items after the stop. */
#include "media/ap-handoff.h"

#define POSTERS 4
#define ITEMS   20000

typedef struct {
  GMainContext *context;
  ApHandoff *handoff;
  GArray *taken; /* of guint, oldest first */
  guint batches;
  gboolean stop_when_taken;
} Fixture;

static gint freed; /* atomic */

static void
free_item (gpointer item)
{
  g_atomic_int_inc (&freed);
}

static void
take (GPtrArray *items, gpointer data)
{
  Fixture *fixture = data;

  fixture->batches++;
  for (guint i = 0; i < items->len; i++) {
    guint number = GPOINTER_TO_UINT (g_ptr_array_index (items, i));
    g_array_append_val (fixture->taken, number);
  }
  if (fixture->stop_when_taken)
    ap_handoff_stop (fixture->handoff);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->context = g_main_context_new ();
  fixture->taken = g_array_new (FALSE, FALSE, sizeof (guint));
  fixture->handoff = ap_handoff_new (fixture->context, take, fixture, free_item);
  g_atomic_int_set (&freed, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->handoff, ap_handoff_unref);
  g_array_unref (fixture->taken);
  g_main_context_unref (fixture->context);
}

static void
post (Fixture *fixture, guint first, guint n)
{
  for (guint i = 0; i < n; i++)
    ap_handoff_post (fixture->handoff, GUINT_TO_POINTER (first + i));
}

static void
run_until_quiet (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
}

static void
test_batch (Fixture *fixture, gconstpointer data)
{
  post (fixture, 1, 100);
  g_assert_cmpuint (fixture->batches, ==, 0);
  run_until_quiet (fixture);
  g_assert_cmpuint (fixture->batches, ==, 1);
  g_assert_cmpuint (fixture->taken->len, ==, 100);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (g_array_index (fixture->taken, guint, i), ==, i + 1);
  post (fixture, 101, 1);
  run_until_quiet (fixture);
  g_assert_cmpuint (fixture->batches, ==, 2);
  g_assert_cmpint (g_atomic_int_get (&freed), ==, 0);
}

typedef struct {
  Fixture *fixture;
  guint number;
} Poster;

static gpointer
post_from_thread (gpointer data)
{
  const Poster *poster = data;

  post (poster->fixture, poster->number * ITEMS, ITEMS);
  return NULL;
}

/* Nothing is lost or taken twice, and each thread's items stay in their order. */
static void
test_threads (Fixture *fixture, gconstpointer data)
{
  GThread *threads[POSTERS];
  Poster posters[POSTERS];
  guint seen[POSTERS] = { 0 };

  for (guint i = 0; i < POSTERS; i++) {
    posters[i] = (Poster){ fixture, i };
    threads[i] = g_thread_new ("poster", post_from_thread, &posters[i]);
  }
  while (fixture->taken->len < POSTERS * ITEMS)
    g_main_context_iteration (fixture->context, TRUE);
  for (guint i = 0; i < POSTERS; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < POSTERS * ITEMS; i++) {
    guint number = g_array_index (fixture->taken, guint, i);
    g_assert_cmpuint (number % ITEMS, ==, seen[number / ITEMS]++);
  }
}

static void
test_stop_frees (Fixture *fixture, gconstpointer data)
{
  post (fixture, 1, 3);
  ap_handoff_stop (fixture->handoff);
  post (fixture, 4, 2);
  g_assert_cmpint (g_atomic_int_get (&freed), ==, 2);
  run_until_quiet (fixture);
  g_assert_cmpuint (fixture->taken->len, ==, 0);
  g_clear_pointer (&fixture->handoff, ap_handoff_unref);
  g_assert_cmpint (g_atomic_int_get (&freed), ==, 5);
}

/* The call back may stop it and drop the last reference but the dispatcher's. */
static void
test_stop_inside (Fixture *fixture, gconstpointer data)
{
  fixture->stop_when_taken = TRUE;
  post (fixture, 1, 3);
  run_until_quiet (fixture);
  post (fixture, 4, 1);
  run_until_quiet (fixture);
  g_assert_cmpuint (fixture->taken->len, ==, 3);
  g_assert_cmpint (g_atomic_int_get (&freed), ==, 1);
}

/* Streaming threads may go on after the worker has stopped and gone: the last of them frees all. */
static gpointer
post_and_unref (gpointer data)
{
  g_autoptr (ApHandoff) handoff = data;

  for (guint i = 0; i < ITEMS; i++)
    ap_handoff_post (handoff, GUINT_TO_POINTER (i + 1));
  return NULL;
}

static void
test_outlived (Fixture *fixture, gconstpointer data)
{
  GThread *thread = g_thread_new ("poster", post_and_unref, ap_handoff_ref (fixture->handoff));

  while (fixture->taken->len == 0)
    g_main_context_iteration (fixture->context, TRUE);
  ap_handoff_stop (fixture->handoff);
  g_clear_pointer (&fixture->handoff, ap_handoff_unref);
  g_thread_join (thread);
  g_assert_cmpuint (fixture->taken->len + (guint)g_atomic_int_get (&freed), ==, ITEMS);
}

#define ADD(name, test) g_test_add ("/handoff/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("batch", test_batch);
  ADD ("threads", test_threads);
  ADD ("stop-frees", test_stop_frees);
  ADD ("stop-inside", test_stop_inside);
  ADD ("outlived", test_outlived);
  return g_test_run ();
}
