/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many sockets in one epoll set: who is served, who is left out of a round, and the end of each round. */
#include "net/ap-poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS 8

typedef struct _Fixture Fixture;

typedef struct {
  ApPollerWatch watch; /* first, so that a watch is its pair */
  Fixture *fixture;
  int peer;
  guint served;
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
  pair->events = events;
  for (guint i = 0; removes != NULL && i < removes->len; i++)
    remove_pair (fixture, GPOINTER_TO_UINT (g_ptr_array_index (removes, i)));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->context = g_main_context_new ();
  fixture->poller = ap_poller_new (fixture->context, on_round_end, fixture);
  for (guint i = 0; i < PAIRS; i++) {
    Pair *pair = fixture->pairs[i] = g_new0 (Pair, 1);
    int fds[2];

    g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), ==, 0);
    *pair = (Pair){ .watch = { on_ready, fds[0] }, .fixture = fixture, .peer = fds[1] };
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

#define ADD(name, test) g_test_add ("/poller/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("ready", test_ready);
  ADD ("modify", test_modify);
  ADD ("remove-inside", test_remove_inside);
  ADD ("refused", test_refused);
  return g_test_run ();
}
