/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ap-session-handle.h"

#include "base/ap-invoke.h"

struct _ApSessionHandle {
  gatomicrefcount refs;
  GMainContext *context; /* the worker's */
  ApSessionHost *host;   /* likewise; not touched but by its thread */
  guint64 id;
};

/* Has no handle, which holds the context that holds this: one that is never come to goes with its worker. */
typedef struct {
  ApSessionHost *host;
  guint64 id;
  void (*func) (ApSession *session, gpointer data);
  gpointer data;
  GDestroyNotify destroy;
} Call;

ApSessionHandle *
ap_session_handle_new (ApSession *session)
{
  ApSessionHandle *handle = g_new0 (ApSessionHandle, 1);

  g_atomic_ref_count_init (&handle->refs);
  handle->context = g_main_context_ref_thread_default ();
  handle->host = ap_session_get_host (session);
  handle->id = ap_session_get_id (session);
  return handle;
}

ApSessionHandle *
ap_session_handle_ref (ApSessionHandle *handle)
{
  g_atomic_ref_count_inc (&handle->refs);
  return handle;
}

void
ap_session_handle_unref (ApSessionHandle *handle)
{
  if (!g_atomic_ref_count_dec (&handle->refs))
    return;
  g_main_context_unref (handle->context);
  g_free (handle);
}

static gboolean
on_call (gpointer data)
{
  Call *call = data;

  call->func (ap_session_registry_lookup (call->host->registry, call->id), call->data);
  ap_session_host_end_round (call->host); /* what it made came outside a round of the poller */
  return G_SOURCE_REMOVE;
}

static void
free_call (gpointer data)
{
  Call *call = data;

  if (call->destroy != NULL)
    call->destroy (call->data);
  g_free (call);
}

void
ap_session_handle_invoke (ApSessionHandle *handle, void (*func) (ApSession *session, gpointer data), gpointer data,
                          GDestroyNotify destroy)
{
  Call *call = g_new (Call, 1);

  *call = (Call){ handle->host, handle->id, func, data, destroy };
  ap_invoke (handle->context, on_call, call, free_call);
}
