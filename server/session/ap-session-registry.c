/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ap-session-registry.h"

struct _ApSessionRegistry {
  GHashTable *sessions; /* id (in the ApSession, whose key it is) -> ApSession */
  gint count;           /* atomic; what other threads see of the table's size */
  guint64 last_id;      /* that was looked up: frames of one session come in a row; 0: none */
  ApSession *last;
};

ApSessionRegistry *
ap_session_registry_new (void)
{
  ApSessionRegistry *registry = g_new0 (ApSessionRegistry, 1);

  registry->sessions = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  return registry;
}

void
ap_session_registry_free (ApSessionRegistry *registry)
{
  g_hash_table_unref (registry->sessions);
  g_free (registry);
}

static void
publish_count (ApSessionRegistry *registry)
{
  g_atomic_int_set (&registry->count, (gint)g_hash_table_size (registry->sessions));
}

void
ap_session_registry_add (ApSessionRegistry *registry, guint64 id, ApSession *session)
{
  g_hash_table_insert (registry->sessions, g_memdup2 (&id, sizeof id), g_object_ref (session));
  publish_count (registry);
}

void
ap_session_registry_remove (ApSessionRegistry *registry, guint64 id)
{
  if (id == registry->last_id)
    registry->last_id = 0;
  g_hash_table_remove (registry->sessions, &id);
  publish_count (registry);
}

ApSession *
ap_session_registry_lookup (ApSessionRegistry *registry, guint64 id)
{
  if (id == registry->last_id && id != 0)
    return registry->last;
  registry->last = g_hash_table_lookup (registry->sessions, &id);
  registry->last_id = registry->last != NULL ? id : 0;
  return registry->last;
}

guint
ap_session_registry_count (ApSessionRegistry *registry)
{
  return (guint)g_atomic_int_get (&registry->count);
}

void
ap_session_registry_foreach (ApSessionRegistry *registry, void (*func) (ApSession *session, gpointer data),
                             gpointer data)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, registry->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    g_ptr_array_add (all, g_object_ref (session));
  for (guint i = 0; i < all->len; i++)
    func (g_ptr_array_index (all, i), data);
}
