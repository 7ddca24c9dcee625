/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-endpoint.h"

/* The live sessions of one worker. Belongs to the worker's thread, but for the count. */
typedef struct _ApSessionRegistry ApSessionRegistry;

ApSessionRegistry *ap_session_registry_new (void);
void ap_session_registry_free (ApSessionRegistry *registry);

/* Keeps a reference until ap_session_registry_remove(). */
void ap_session_registry_add (ApSessionRegistry *registry, guint64 id, ApSession *session);
void ap_session_registry_remove (ApSessionRegistry *registry, guint64 id);
ApSession *ap_session_registry_lookup (ApSessionRegistry *registry, guint64 id);

/* From any thread. */
guint ap_session_registry_count (ApSessionRegistry *registry);

/* @func may end sessions. */
void ap_session_registry_foreach (ApSessionRegistry *registry, void (*func) (ApSession *session, gpointer data),
                                  gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApSessionRegistry, ap_session_registry_free)
