/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many timers behind one source: order, moving, clearing, and what a timer may do while it rings. */
#include "base/ap-timers.h"

#define MANY 1000

typedef struct _Fixture Fixture;

typedef struct {
  ApTimer timer; /* first, so that a timer is its bell */
  Fixture *fixture;
  guint rung;
  gint64 again_at; /* set anew for this time when it rings; 0: not */
  ApTimer *clears;
  gboolean frees_itself;
} Bell;

struct _Fixture {
  GMainContext *context;
  ApTimers *timers;
  gint64 last_at;
  guint rung;
  guint rounds;
};

static void
on_round_end (gpointer data)
{
  ((Fixture *)data)->rounds++;
}

static void
on_ring (ApTimer *timer)
{
  Bell *bell = (Bell *)timer;
  Fixture *fixture = bell->fixture;

  g_assert_cmpint (timer->at, >=, fixture->last_at);
  g_assert_cmpint (timer->at, <=, g_get_monotonic_time ());
  g_assert_cmpuint (timer->place, ==, 0);
  fixture->last_at = timer->at;
  fixture->rung++;
  bell->rung++;
  if (bell->again_at != 0)
    ap_timers_set (fixture->timers, timer, bell->again_at);
  if (bell->clears != NULL)
    ap_timers_clear (fixture->timers, bell->clears);
  if (bell->frees_itself)
    g_free (bell);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->context = g_main_context_new ();
  fixture->timers = ap_timers_new (fixture->context, on_round_end, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  ap_timers_free (fixture->timers);
  g_main_context_unref (fixture->context);
}

static Bell *
bell_at (Fixture *fixture, gint64 at)
{
  Bell *bell = g_new0 (Bell, 1);

  bell->timer.ring = on_ring;
  bell->fixture = fixture;
  if (at != 0)
    ap_timers_set (fixture->timers, &bell->timer, at);
  return bell;
}

static void
wait_for (Fixture *fixture, guint rung)
{
  while (fixture->rung < rung)
    g_main_context_iteration (fixture->context, TRUE);
}

/* A time that has passed, so that no test waits. */
static gint64
past (gint64 offset)
{
  return g_get_monotonic_time () - 1000000 + offset;
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  Bell *bells[MANY];

  for (guint i = 0; i < MANY; i++)
    bells[i] = bell_at (fixture, past (g_test_rand_int_range (0, 1000)));
  for (guint i = 0; i < MANY; i += 2)
    ap_timers_set (fixture->timers, &bells[i]->timer, past (g_test_rand_int_range (0, 1000)));
  for (guint i = 0; i < MANY; i += 5)
    ap_timers_clear (fixture->timers, &bells[i]->timer);
  wait_for (fixture, MANY - MANY / 5);
  g_assert_cmpuint (fixture->rounds, ==, 1);
  for (guint i = 0; i < MANY; i++) {
    g_assert_cmpuint (bells[i]->rung, ==, i % 5 == 0 ? 0 : 1);
    g_free (bells[i]);
  }
}

static void
test_future (Fixture *fixture, gconstpointer data)
{
  g_autofree Bell *late = bell_at (fixture, g_get_monotonic_time () + 20000);
  g_autofree Bell *never = bell_at (fixture, g_get_monotonic_time () + G_TIME_SPAN_HOUR);
  g_autofree Bell *early = bell_at (fixture, g_get_monotonic_time () + 10000);

  wait_for (fixture, 1);
  g_assert_cmpuint (early->rung, ==, 1);
  wait_for (fixture, 2);
  g_assert_cmpuint (late->rung, ==, 1);
  g_assert_cmpuint (never->rung, ==, 0);
}

static void
test_moved_earlier (Fixture *fixture, gconstpointer data)
{
  g_autofree Bell *bell = bell_at (fixture, g_get_monotonic_time () + G_TIME_SPAN_HOUR);

  ap_timers_set (fixture->timers, &bell->timer, past (0));
  wait_for (fixture, 1);
}

/* One that sets itself anew for a time that has come rings in the next round, after others had their turn. */
static void
test_set_while_ringing (Fixture *fixture, gconstpointer data)
{
  g_autofree Bell *again = bell_at (fixture, past (0));

  again->again_at = past (1);
  wait_for (fixture, 1);
  g_assert_cmpuint (fixture->rounds, ==, 1);
  again->again_at = 0;
  wait_for (fixture, 2);
  g_assert_cmpuint (fixture->rounds, ==, 2);
}

static void
test_clear_while_ringing (Fixture *fixture, gconstpointer data)
{
  g_autofree Bell *first = bell_at (fixture, past (0));
  g_autofree Bell *second = bell_at (fixture, past (1));
  g_autofree Bell *third = bell_at (fixture, past (2));

  first->clears = &second->timer;
  wait_for (fixture, 2);
  g_assert_cmpuint (second->rung, ==, 0);
  g_assert_cmpuint (third->rung, ==, 1);
}

static void
test_free_while_ringing (Fixture *fixture, gconstpointer data)
{
  bell_at (fixture, past (0))->frees_itself = TRUE;
  wait_for (fixture, 1);
}

static void
test_clear_unset (Fixture *fixture, gconstpointer data)
{
  g_autofree Bell *bell = bell_at (fixture, 0);

  ap_timers_clear (fixture->timers, &bell->timer);
  g_assert_false (g_main_context_pending (fixture->context));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/timers/order", test_order);
  ADD ("/timers/future", test_future);
  ADD ("/timers/moved-earlier", test_moved_earlier);
  ADD ("/timers/set-while-ringing", test_set_while_ringing);
  ADD ("/timers/clear-while-ringing", test_clear_while_ringing);
  ADD ("/timers/free-while-ringing", test_free_while_ringing);
  ADD ("/timers/clear-unset", test_clear_unset);
  return g_test_run ();
}
