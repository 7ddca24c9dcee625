/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shows that ThreadSanitizer is awake and knows GLib: a planted race is caught, also beside a lock and after a
 * hand-over, and data that GLib's locks and hand-overs guard is not taken for a race. Each case runs in a process of
 * its own, under the environment that all tests of such a build have.
 */
#include <gio/gio.h>

#define ROUNDS 1000

typedef struct {
  GMutex mutex;
  GCond cond;
  GAsyncQueue *queue;
  GMainContext *context;
  GMainLoop *loop;
  gint64 value; /* what the threads share */
  gboolean done;
} Shared;

/* Runs both sides at once, in the cases that share a counter. */
static void
in_two_threads (GThreadFunc func, Shared *shared)
{
  GThread *one = g_thread_new ("one", func, shared);
  GThread *two = g_thread_new ("two", func, shared);
  g_thread_join (one);
  g_thread_join (two);
}

static void
expect_report (void (*fault) (void), const char *report)
{
  if (g_test_subprocess ()) {
    fault ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (report);
}

static void
expect_silence (void (*clean) (void))
{
  if (g_test_subprocess ()) {
    clean ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr_unmatched ("*Sanitizer*");
}

static gpointer
count_without_lock (gpointer data)
{
  Shared *shared = data;
  for (int i = 0; i < ROUNDS; i++)
    shared->value++;
  return NULL;
}

static void
race (void)
{
  Shared shared = { 0 };
  in_two_threads (count_without_lock, &shared);
}

/* A race beside the lock: locked on one side only. */
static gpointer
count_with_lock_sometimes (gpointer data)
{
  Shared *shared = data;
  static gint turn;
  gboolean locks = g_atomic_int_add (&turn, 1) == 0;
  for (int i = 0; i < ROUNDS; i++) {
    if (locks)
      g_mutex_lock (&shared->mutex);
    shared->value++;
    if (locks)
      g_mutex_unlock (&shared->mutex);
  }
  return NULL;
}

static void
race_beside_lock (void)
{
  Shared shared = { 0 };
  in_two_threads (count_with_lock_sometimes, &shared);
}

static gboolean
read_value (gpointer data)
{
  Shared *shared = data;
  shared->done = shared->value == 1;
  g_main_loop_quit (shared->loop);
  return G_SOURCE_REMOVE;
}

/* The value is written after the hand-over: what the shim orders must not reach that far. */
static gpointer
write_after_hand_over (gpointer data)
{
  Shared *shared = data;
  g_idle_add (read_value, shared);
  shared->value = 1;
  return NULL;
}

static void
race_after_hand_over (void)
{
  Shared shared = { .loop = g_main_loop_new (NULL, FALSE) };
  GThread *thread = g_thread_new ("writer", write_after_hand_over, &shared);
  g_main_loop_run (shared.loop);
  g_thread_join (thread);
  g_main_loop_unref (shared.loop);
}

static gpointer
count_with_lock (gpointer data)
{
  Shared *shared = data;
  for (int i = 0; i < ROUNDS; i++) {
    g_mutex_lock (&shared->mutex);
    shared->value++;
    g_mutex_unlock (&shared->mutex);
  }
  return NULL;
}

static void
mutex (void)
{
  Shared shared = { 0 };
  in_two_threads (count_with_lock, &shared);
  g_assert_cmpint (shared.value, ==, 2 * ROUNDS);
}

static gpointer
set_done (gpointer data)
{
  Shared *shared = data;
  g_mutex_lock (&shared->mutex);
  shared->value = 1;
  shared->done = TRUE;
  g_cond_signal (&shared->cond);
  g_mutex_unlock (&shared->mutex);
  return NULL;
}

static void
cond (void)
{
  Shared shared = { 0 };
  g_mutex_lock (&shared.mutex);
  GThread *thread = g_thread_new ("signaller", set_done, &shared);
  while (!shared.done)
    g_cond_wait (&shared.cond, &shared.mutex);
  g_assert_cmpint (shared.value, ==, 1);
  g_mutex_unlock (&shared.mutex);
  g_thread_join (thread);
}

static gpointer
push_values (gpointer data)
{
  Shared *shared = data;
  for (int i = 0; i < ROUNDS; i++) {
    int *value = g_new (int, 1);
    *value = i;
    g_async_queue_push (shared->queue, value);
  }
  return NULL;
}

static void
queue (void)
{
  Shared shared = { .queue = g_async_queue_new () };
  GThread *thread = g_thread_new ("pusher", push_values, &shared);
  for (int i = 0; i < ROUNDS; i++) {
    g_autofree int *value = g_async_queue_pop (shared.queue);
    g_assert_cmpint (*value, ==, i);
    *value = -1;
  }
  g_thread_join (thread);
  g_async_queue_unref (shared.queue);
}

static gboolean
take_value (gpointer data)
{
  Shared *shared = data;
  g_assert_cmpint (shared->value++, <, 4);
  shared->done = shared->value == 4;
  return G_SOURCE_REMOVE;
}

/* Each way of handing over is waited for, so that it alone orders the value that goes with it. */
static gpointer
hand_over (gpointer data)
{
  Shared *shared = data;
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_callback (source, take_value, &shared[0], NULL);
  shared[0].value = 3;
  shared[1].value = 3;
  shared[2].value = 3;
  shared[3].value = 3;
  g_source_set_callback (source, take_value, &shared[0], NULL);
  g_source_attach (source, NULL);
  g_idle_add (take_value, &shared[1]);
  g_timeout_add (1, take_value, &shared[2]);
  g_main_context_invoke (NULL, take_value, &shared[3]);
  return NULL;
}

static void
hand_overs (void)
{
  Shared shared[4] = { 0 };
  /* Owned for the time, so that invoke() hands over, and does not call. */
  g_assert_true (g_main_context_acquire (NULL));
  GThread *thread = g_thread_new ("other", hand_over, shared);
  while (!shared[0].done || !shared[1].done || !shared[2].done || !shared[3].done)
    g_main_context_iteration (NULL, TRUE);
  g_main_context_release (NULL);
  g_thread_join (thread);
}

static void
work (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Shared *shared = data;
  shared->value++;
  g_task_return_boolean (task, TRUE);
}

static void
work_done (GObject *source, GAsyncResult *result, gpointer data)
{
  Shared *shared = data;
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  g_assert_cmpint (shared->value, ==, 2);
  shared->done = TRUE;
}

static void
task (void)
{
  Shared shared = { .value = 1 };
  GTask *one = g_task_new (NULL, NULL, work_done, &shared);
  g_task_set_task_data (one, &shared, NULL);
  g_task_run_in_thread (one, work);
  g_object_unref (one);
  while (!shared.done)
    g_main_context_iteration (NULL, TRUE);
}

static void
pool_work (gpointer item, gpointer data)
{
  Shared *shared = data;
  int *value = item;
  g_mutex_lock (&shared->mutex);
  shared->value += *value;
  g_mutex_unlock (&shared->mutex);
  g_free (value);
}

static void
pool (void)
{
  Shared shared = { 0 };
  GThreadPool *threads = g_thread_pool_new (pool_work, &shared, 2, TRUE, NULL);
  for (int i = 0; i < ROUNDS; i++) {
    int *value = g_new (int, 1);
    *value = 1;
    g_thread_pool_push (threads, value, NULL);
  }
  g_thread_pool_free (threads, FALSE, TRUE);
  g_mutex_lock (&shared.mutex);
  g_assert_cmpint (shared.value, ==, ROUNDS);
  g_mutex_unlock (&shared.mutex);
}

static gpointer
use_once (gpointer data)
{
  static int *made;
  static gsize once;
  if (g_once_init_enter (&once)) {
    made = g_new (int, 1);
    *made = 7;
    g_once_init_leave (&once, 1);
  }
  g_assert_cmpint (*made, ==, 7);
  return NULL;
}

static void
once (void)
{
  in_two_threads (use_once, NULL);
}

static void
clear_int (gpointer data)
{
  *(int *)data = 0;
}

static gpointer
drop_reference (gpointer data)
{
  int *box = data;
  g_assert_cmpint (*box, ==, 5);
  g_atomic_rc_box_release_full (box, clear_int);
  return NULL;
}

static void
references (void)
{
  int *box = g_atomic_rc_box_new (int);
  *box = 5;
  GThread *thread = g_thread_new ("other", drop_reference, g_atomic_rc_box_acquire (box));
  drop_reference (box);
  g_thread_join (thread);
}

typedef struct {
  gatomicrefcount count;
  int number;
} Counted;

static gpointer
drop_count (gpointer data)
{
  Counted *counted = data;

  g_assert_cmpint (counted->number, ==, 5);
  if (g_atomic_ref_count_dec (&counted->count)) {
    counted->number = 0;
    g_free (counted);
  }
  return NULL;
}

static void
counted_references (void)
{
  Counted *counted = g_new (Counted, 1);
  GThread *thread;

  g_atomic_ref_count_init (&counted->count);
  counted->number = 5;
  g_atomic_ref_count_inc (&counted->count);
  thread = g_thread_new ("other", drop_count, counted);
  drop_count (counted);
  g_thread_join (thread);
}

static void
test_races_are_found (gconstpointer fault)
{
  expect_report ((void (*) (void))fault, "*ThreadSanitizer: data race*");
}

static void
test_locks_are_known (gconstpointer clean)
{
  expect_silence ((void (*) (void))clean);
}

static void
add_tests (void)
{
  g_test_add_data_func ("/race/plain", (gconstpointer)race, test_races_are_found);
  g_test_add_data_func ("/race/beside-lock", (gconstpointer)race_beside_lock, test_races_are_found);
  g_test_add_data_func ("/race/after-hand-over", (gconstpointer)race_after_hand_over, test_races_are_found);
  g_test_add_data_func ("/ordered/mutex", (gconstpointer)mutex, test_locks_are_known);
  g_test_add_data_func ("/ordered/cond", (gconstpointer)cond, test_locks_are_known);
  g_test_add_data_func ("/ordered/queue", (gconstpointer)queue, test_locks_are_known);
  g_test_add_data_func ("/ordered/hand-over", (gconstpointer)hand_overs, test_locks_are_known);
  g_test_add_data_func ("/ordered/task", (gconstpointer)task, test_locks_are_known);
  g_test_add_data_func ("/ordered/pool", (gconstpointer)pool, test_locks_are_known);
  g_test_add_data_func ("/ordered/once", (gconstpointer)once, test_locks_are_known);
  g_test_add_data_func ("/ordered/references", (gconstpointer)references, test_locks_are_known);
  g_test_add_data_func ("/ordered/counted-references", (gconstpointer)counted_references, test_locks_are_known);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_tests ();
  return g_test_run ();
}
