/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Output that waits for its socket: its sum, its highest, and its age as generations go. */
#include "base/ap-metrics.h"
#include "base/ap-output-wait.h"

static guint64
bytes_waiting (void)
{
  const ApCounts *counts = &ap_metrics_mine ()->counts;

  return counts->queued - counts->unqueued;
}

static gint64
oldest (void)
{
  return ap_metrics_mine ()->oldest_output;
}

/* So that two times differ. */
static void
await_next_microsecond (void)
{
  gint64 now = g_get_monotonic_time ();

  while (g_get_monotonic_time () <= now)
    continue;
}

static void
test_nothing (void)
{
  ApOutputWait *wait = NULL;

  ap_output_wait_update (&wait, 0, 100);
  g_assert_null (wait);
  g_assert_cmpuint (bytes_waiting (), ==, 0);
  g_assert_cmpint (oldest (), ==, 0);
}

static void
test_life (void)
{
  ApOutputWait *wait = NULL;
  gint64 since;

  ap_output_wait_update (&wait, 1000, 50);
  g_assert_cmpuint (bytes_waiting (), ==, 1000);
  since = oldest ();
  g_assert_cmpint (since, !=, 0);
  await_next_microsecond ();
  ap_output_wait_update (&wait, 1500, 0); /* 500 more: the first ones are the oldest still */
  g_assert_cmpuint (bytes_waiting (), ==, 1500);
  g_assert_cmpint (oldest (), ==, since);
  ap_output_wait_update (&wait, 600, 900); /* 100 of the first are left */
  g_assert_cmpint (oldest (), ==, since);
  ap_output_wait_update (&wait, 500, 100); /* now what came later is the oldest */
  g_assert_cmpuint (bytes_waiting (), ==, 500);
  g_assert_cmpint (oldest (), >, since);
  ap_output_wait_update (&wait, 0, 500);
  g_assert_null (wait);
  g_assert_cmpuint (bytes_waiting (), ==, 0);
  g_assert_cmpint (oldest (), ==, 0);
  g_assert_cmpuint (ap_metrics_mine ()->queue_highest, >=, 1500);
}

/* The oldest of several, whichever ends first. */
static void
test_several (void)
{
  ApOutputWait *waits[3] = { NULL };
  gint64 since[3];

  for (guint i = 0; i < 3; i++) {
    ap_output_wait_update (&waits[i], 10, 0);
    since[i] = i == 0 ? oldest () : 0;
    await_next_microsecond ();
  }
  g_assert_cmpuint (bytes_waiting (), ==, 30);
  ap_output_wait_update (&waits[1], 0, 0); /* the end of a socket */
  g_assert_cmpuint (bytes_waiting (), ==, 20);
  g_assert_cmpint (oldest (), ==, since[0]);
  ap_output_wait_update (&waits[0], 20, 0);
  ap_output_wait_update (&waits[0], 10, 10); /* younger than the third now */
  g_assert_cmpint (oldest (), >, since[0]);
  since[2] = oldest ();
  ap_output_wait_update (&waits[0], 0, 10);
  g_assert_cmpint (oldest (), ==, since[2]);
  ap_output_wait_update (&waits[2], 0, 10);
  g_assert_cmpint (oldest (), ==, 0);
  g_assert_cmpuint (bytes_waiting (), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/output-wait/nothing", test_nothing);
  g_test_add_func ("/output-wait/life", test_life);
  g_test_add_func ("/output-wait/several", test_several);
  return g_test_run ();
}
