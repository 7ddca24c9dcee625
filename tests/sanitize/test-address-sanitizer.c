/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shows that AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer are awake: each planted fault is caught.
 * Each case runs in a process of its own, under the environment that all tests of such a build have.
 */
#include <gio/gio.h>

static gpointer volatile kept;

/* Several, and made in a thread that is gone: a stale pointer in a register or on the stack hides a leak. */
static gpointer
lose_memory (gpointer data)
{
  for (int i = 0; i < 16; i++)
    kept = g_malloc0 (100);
  kept = NULL;
  return NULL;
}

static gpointer
lose_slices (gpointer data)
{
  for (int i = 0; i < 16; i++)
    kept = g_slice_alloc0 (48);
  kept = NULL;
  return NULL;
}

static gpointer
lose_objects (gpointer data)
{
  for (int i = 0; i < 16; i++)
    kept = g_cancellable_new ();
  kept = NULL;
  return NULL;
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
use_after_free (void)
{
  kept = g_malloc (8);
  g_free (kept);
  *(char *)kept = 1;
}

static void
overflow_int (void)
{
  volatile int number = G_MAXINT;
  number = number + 1;
}

static void
leak_memory (void)
{
  g_thread_join (g_thread_new ("loser", lose_memory, NULL));
}

static void
leak_slices (void)
{
  g_thread_join (g_thread_new ("loser", lose_slices, NULL));
}

static void
leak_objects (void)
{
  g_thread_join (g_thread_new ("loser", lose_objects, NULL));
}

static void
test_leak_is_found (gconstpointer leak)
{
  expect_report ((void (*) (void))leak, "*LeakSanitizer: detected memory leaks*");
}

static void
test_use_after_free_is_found (void)
{
  expect_report (use_after_free, "*AddressSanitizer: heap-use-after-free*");
}

static void
test_int_overflow_is_found (void)
{
  expect_report (overflow_int, "*runtime error: signed integer overflow*");
}

static void
add_tests (void)
{
  g_test_add_data_func ("/leak/malloc", (gconstpointer)leak_memory, test_leak_is_found);
  g_test_add_data_func ("/leak/slice", (gconstpointer)leak_slices, test_leak_is_found);
  g_test_add_data_func ("/leak/object", (gconstpointer)leak_objects, test_leak_is_found);
  g_test_add_func ("/use-after-free", test_use_after_free_is_found);
  g_test_add_func ("/int-overflow", test_int_overflow_is_found);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_tests ();
  return g_test_run ();
}
