/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-session.h"

/* A session as other threads may know it: something to call it by, which stays valid when the session has gone. */
typedef struct _ApSessionHandle ApSessionHandle;

/* On the session's worker. */
ApSessionHandle *ap_session_handle_new (ApSession *session);
/* From any thread. */
ApSessionHandle *ap_session_handle_ref (ApSessionHandle *handle);
void ap_session_handle_unref (ApSessionHandle *handle);

/**
 * ap_session_handle_invoke:
 * @func: called on the session's worker, and with NULL if the session has gone
 * @destroy: (nullable): frees @data afterwards, on whatever thread; also if the worker ends before it comes to @func
 *
 * From any thread; @func is never called before this returns.
 */
void ap_session_handle_invoke (ApSessionHandle *handle, void (*func) (ApSession *session, gpointer data), gpointer data,
                               GDestroyNotify destroy);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApSessionHandle, ap_session_handle_unref)
