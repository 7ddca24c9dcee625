/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Syncs files on threads of its own, and no file more often than it can: a sync that begins covers all that was written
 * before, so requests that come while one is under way are answered together by the next. */
typedef struct _ApSyncer ApSyncer;
typedef struct _ApSyncTarget ApSyncTarget;

/* What is synced; embedded in its owner, who fills in the functions and sets the rest to 0. */
struct _ApSyncTarget {
  /* (nullable): on a thread of the syncer, before each sync of whatever kind: what has been written by now is what
   * @done may tell of. */
  void (*begin) (ApSyncTarget *target);
  /* On the same thread; never two of one target at once. */
  gboolean (*sync) (ApSyncTarget *target, GError **error);
  /* After each sync, on the same thread, with its error or NULL, and before the next sync of this target begins. May
   * request another. Each request is followed by one that began after it. */
  void (*done) (ApSyncTarget *target, const GError *error);
  /* (nullable): called by a request that finds the target idle, on the caller's thread and under the syncer's lock, so
   * that it may not request; and when it is idle again, on a thread of the syncer, which does not touch it any more. In
   * between the target must not be freed. */
  void (*ref) (ApSyncTarget *target);
  void (*unref) (ApSyncTarget *target);
  /*< private >*/
  GList link;
  gint64 due;
  int state;
  guint failures;
};

/* @interval_ms: 0: a sync begins as soon as a thread is free. Otherwise at multiples of it, so that a busy disk has
 * more to do at a time, and who waits waits for half of it on average. */
ApSyncer *ap_syncer_new (guint threads, guint interval_ms);

/* One thread, and one syncfs(2) for all targets that were requested before it began: for a filesystem that hundreds of
 * recordings have to themselves. @dir_fd: any descriptor in it; stays the caller's, open until the free. The targets'
 * own sync is called once after syncfs has failed, whenever their turn comes: that does not tell whose data were lost,
 * and does not tell it again. */
ApSyncer *ap_syncer_new_syncfs (int dir_fd, guint interval_ms);

/* Does what has been requested, without waiting for an interval, then ends the threads. */
void ap_syncer_free (ApSyncer *syncer);

/* From any thread, also from @done. */
void ap_syncer_request (ApSyncer *syncer, ApSyncTarget *target);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApSyncer, ap_syncer_free)
