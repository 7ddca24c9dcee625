/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many sockets in one epoll set: who is served, who is left out of a round, the end of each round, and the rest after
 * it.
 */
#include "net/ap-poller.h"

#include "base/ap-limits.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS (AP_ROUND_FEW + 1)

typedef struct _Fixture Fixture;

typedef struct {
  ApPollerWatch watch; /* first, so that a watch is its pair */
  Fixture *fixture;
  int peer;
  guint served;
  gint64 served_at; /* when its last round began */
  guint32 events;
  GPtrArray *removes; /* watches to remove and free when this one is served */
} Pair;

struct _Fixture {
  GMainContext *context;
  ApPoller *poller;
  Pair *pairs[PAIRS];
  guint rounds;
};

static void
on_round_end (gpointer data)
{
  ((Fixture *)data)->rounds++;
}

static void
pair_free (Pair *pair)
{
  close (pair->watch.fd);
  close (pair->peer);
  g_clear_pointer (&pair->removes, g_ptr_array_unref);
  g_free (pair);
}

static void
remove_pair (Fixture *fixture, guint i)
{
  ap_poller_remove (fixture->poller, &fixture->pairs[i]->watch);
  g_clear_pointer (&fixture->pairs[i], pair_free);
}

static void
on_ready (ApPollerWatch *watch, guint32 events)
{
  Pair *pair = (Pair *)watch;
  Fixture *fixture = pair->fixture;
  g_autoptr (GPtrArray) removes = g_steal_pointer (&pair->removes);

  pair->served++;
  pair->served_at = ap_poller_get_time (fixture->poller);
  pair->events = events;
  for (guint i = 0; removes != NULL && i < removes->len; i++)
    remove_pair (fixture, GPOINTER_TO_UINT (g_ptr_array_index (removes, i)));
}

/* @data: how many of the pairs are prompt */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->context = g_main_context_new ();
  fixture->poller = ap_poller_new (fixture->context, on_round_end, fixture);
  for (guint i = 0; i < PAIRS; i++) {
    Pair *pair = fixture->pairs[i] = g_new0 (Pair, 1);
    int fds[2];

    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), ==, 0);
    *pair = (Pair){ .watch = { on_ready, fds[0], i >= GPOINTER_TO_UINT (data) }, .fixture = fixture, .peer = fds[1] };
    g_assert_true (ap_poller_add (fixture->poller, &pair->watch, EPOLLIN));
  }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < PAIRS; i++)
    if (fixture->pairs[i] != NULL)
      remove_pair (fixture, i);
  ap_poller_free (fixture->poller);
  g_main_context_unref (fixture->context);
}

static void
make_readable (Fixture *fixture, guint i)
{
  g_assert_cmpint (send (fixture->pairs[i]->peer, "x", 1, 0), ==, 1);
}

static void
make_unreadable (Fixture *fixture, guint i)
{
  char byte;

  g_assert_cmpint (recv (fixture->pairs[i]->watch.fd, &byte, 1, 0), ==, 1);
}

static void
test_ready (Fixture *fixture, gconstpointer data)
{
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
  make_readable (fixture, 3);
  make_readable (fixture, 5);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  for (guint i = 0; i < PAIRS; i++)
    g_assert_cmpuint (fixture->pairs[i]->served, ==, i == 3 || i == 5 ? 1 : 0);
  g_assert_cmphex (fixture->pairs[3]->events, ==, EPOLLIN);
  g_assert_cmpuint (fixture->rounds, ==, 1);
  /* Level-triggered: not read, so served again. */
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpuint (fixture->pairs[3]->served, ==, 2);
}

static void
test_modify (Fixture *fixture, gconstpointer data)
{
  make_readable (fixture, 0);
  ap_poller_modify (fixture->poller, &fixture->pairs[0]->watch, 0);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
  ap_poller_modify (fixture->poller, &fixture->pairs[0]->watch, EPOLLOUT);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmphex (fixture->pairs[0]->events, ==, EPOLLOUT);
}

/* The first one served removes and frees all others and itself: none of them is served from this round's list. */
static void
test_remove_inside (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < PAIRS; i++) {
    fixture->pairs[i]->removes = g_ptr_array_new ();
    for (guint j = 0; j < PAIRS; j++)
      g_ptr_array_add (fixture->pairs[i]->removes, GUINT_TO_POINTER (j));
    make_readable (fixture, i);
  }
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  for (guint i = 0; i < PAIRS; i++)
    g_assert_null (fixture->pairs[i]);
  g_assert_cmpuint (fixture->rounds, ==, 1);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  ApPollerWatch watch = { on_ready, -1 };

  g_assert_false (ap_poller_add (fixture->poller, &watch, EPOLLIN));
  g_assert_cmpint (errno, ==, EBADF);
}

static void
iterate_until_served (Fixture *fixture, guint i, guint times)
{
  while (fixture->pairs[i]->served < times)
    g_main_context_iteration (fixture->context, TRUE);
}

/* Nobody is prompt: after a round of two the next one begins no sooner than the rest is over, whatever waits. */
static void
test_rest (Fixture *fixture, gconstpointer data)
{
  gint64 first;

  make_readable (fixture, 0);
  make_readable (fixture, 1);
  iterate_until_served (fixture, 0, 1);
  first = fixture->pairs[0]->served_at;
  g_assert_cmpint (fixture->pairs[1]->served_at, ==, first);
  iterate_until_served (fixture, 0, 2);
  g_assert_cmpint (fixture->pairs[0]->served_at, >=, first + AP_ROUND_REST_US);
}

/* A rest in which nothing came is the last one: then input is served as it comes. */
static void
test_after_rest (Fixture *fixture, gconstpointer data)
{
  make_readable (fixture, 0);
  make_readable (fixture, 1);
  iterate_until_served (fixture, 1, 1);
  make_unreadable (fixture, 0);
  make_unreadable (fixture, 1);
  while (fixture->rounds < 2)
    g_main_context_iteration (fixture->context, TRUE);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
  make_readable (fixture, 2);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpuint (fixture->pairs[2]->served, ==, 1);
}

/* Where there was more to do, there will be more. */
static void
test_no_rest_after_many (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < PAIRS; i++)
    make_readable (fixture, i);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpuint (fixture->pairs[PAIRS - 1]->served, ==, 2);
}

/* A single prompt socket is not kept waiting, be it silent; and what was refused is none. */
static void
test_one_is_prompt (Fixture *fixture, gconstpointer data)
{
  ApPollerWatch refused = { on_ready, -1 };
  gint64 last;

  make_readable (fixture, 1);
  make_readable (fixture, 2);
  for (guint i = 1; i <= 3; i++) {
    g_assert_true (g_main_context_iteration (fixture->context, FALSE));
    g_assert_cmpuint (fixture->pairs[1]->served, ==, i);
  }
  g_assert_false (ap_poller_add (fixture->poller, &refused, EPOLLIN));
  ap_poller_remove (fixture->poller, &refused);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  remove_pair (fixture, 0);
  iterate_until_served (fixture, 1, 6);
  last = fixture->pairs[1]->served_at;
  iterate_until_served (fixture, 1, 7);
  g_assert_cmpint (fixture->pairs[1]->served_at, >=, last + AP_ROUND_REST_US);
}

#define ADD_WITH(name, test, n_prompt)                                                                                 \
  g_test_add ("/poller/" name, Fixture, GUINT_TO_POINTER (n_prompt), set_up, test, tear_down)
#define ADD(name, test) ADD_WITH (name, test, PAIRS)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("ready", test_ready);
  ADD ("modify", test_modify);
  ADD ("remove-inside", test_remove_inside);
  ADD ("refused", test_refused);
  ADD_WITH ("rest", test_rest, 0);
  ADD_WITH ("after-rest", test_after_rest, 0);
  ADD_WITH ("no-rest-after-many", test_no_rest_after_many, 0);
  ADD_WITH ("one-is-prompt", test_one_is_prompt, 1);
  return g_test_run ();
}
