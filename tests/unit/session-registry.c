/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of live sessions: found by id, counted from any thread, and safe to end while it is walked. */
#include "session/ap-session-registry.h"

#include "session/ap-session.h"

static ApSession *
add (ApSessionRegistry *registry, guint64 id)
{
  g_autoptr (ApSession) session = g_object_new (AP_TYPE_SESSION, NULL);

  ap_session_registry_add (registry, id, session);
  return session; /* the registry's reference keeps it */
}

static void
test_lookup (void)
{
  g_autoptr (ApSessionRegistry) registry = ap_session_registry_new ();
  ApSession *one = add (registry, 1);
  ApSession *large = add (registry, G_MAXUINT64 - 1);

  g_assert_true (ap_session_registry_lookup (registry, 1) == one);
  g_assert_true (ap_session_registry_lookup (registry, G_MAXUINT64 - 1) == large);
  g_assert_null (ap_session_registry_lookup (registry, 2));
  g_assert_cmpuint (ap_session_registry_count (registry), ==, 2);
  g_assert_true (ap_session_registry_lookup (registry, 1) == one);
  ap_session_registry_remove (registry, 1);
  ap_session_registry_remove (registry, 1);
  g_assert_null (ap_session_registry_lookup (registry, 1));
  g_assert_null (ap_session_registry_lookup (registry, 0));
  g_assert_cmpuint (ap_session_registry_count (registry), ==, 1);
}

static void
test_references (void)
{
  ApSessionRegistry *registry = ap_session_registry_new ();
  ApSession *first = add (registry, 1);
  ApSession *second = add (registry, 2);

  g_object_add_weak_pointer (G_OBJECT (first), (gpointer *)&first);
  g_object_add_weak_pointer (G_OBJECT (second), (gpointer *)&second);
  ap_session_registry_remove (registry, 1);
  g_assert_null (first);
  ap_session_registry_free (registry);
  g_assert_null (second);
}

typedef struct {
  ApSessionRegistry *registry;
  guint visited;
} Walk;

static void
remove_all (ApSession *session, gpointer data)
{
  Walk *walk = data;

  walk->visited++;
  for (guint64 id = 1; id <= 10; id++)
    ap_session_registry_remove (walk->registry, id);
  g_assert_true (G_IS_OBJECT (session)); /* the walk holds what it has not visited yet */
}

static void
test_end_while_walking (void)
{
  g_autoptr (ApSessionRegistry) registry = ap_session_registry_new ();
  Walk walk = { registry, 0 };

  for (guint64 id = 1; id <= 10; id++)
    add (registry, id);
  ap_session_registry_foreach (registry, remove_all, &walk);
  g_assert_cmpuint (walk.visited, ==, 10);
  g_assert_cmpuint (ap_session_registry_count (registry), ==, 0);
}

static gpointer
count_to_zero (gpointer data)
{
  while (ap_session_registry_count (data) > 0)
    g_thread_yield ();
  return NULL;
}

static void
test_count_from_thread (void)
{
  g_autoptr (ApSessionRegistry) registry = ap_session_registry_new ();
  GThread *thread;

  for (guint64 id = 1; id <= 1000; id++)
    add (registry, id);
  thread = g_thread_new ("counter", count_to_zero, registry);
  for (guint64 id = 1; id <= 1000; id++)
    ap_session_registry_remove (registry, id);
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session-registry/lookup", test_lookup);
  g_test_add_func ("/session-registry/references", test_references);
  g_test_add_func ("/session-registry/end-while-walking", test_end_while_walking);
  g_test_add_func ("/session-registry/count-from-thread", test_count_from_thread);
  return g_test_run ();
}
