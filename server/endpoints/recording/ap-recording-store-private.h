/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording.h"

/* The store's fields, for the files that it is made of. */
struct _ApRecordingStore {
  const ApRecordingSettings *settings;
  const char *path;
  ApRecordingShared shared; /* what needs the folder is set by ap_recording_store_get_ready() */
  ApStrand *desk, *reading_desk;

  GMutex ready_lock; /* held while the folder is made ready */
  gint ready;        /* atomic */
  gint stopping;     /* atomic */

  GMutex lock;            /* guards the rest, for a look */
  GHashTable *recordings; /* those that are live, by their ids */
  GPtrArray *unread;      /* of ids: to be read one after another, when nobody asks for them */
  GSource *ticker;
  gint64 retention_at; /* monotonic */
};

/* Blocking: opens the folder, and reads what is in it, once. */
gboolean ap_recording_store_get_ready (ApRecordingStore *store, gboolean create, GError **error);
gboolean ap_recording_store_is_ready (ApRecordingStore *store);

/* For who waits until so many strands have come to something. */
typedef struct {
  GMutex lock;
  GCond changed;
  guint waited_for;
} ApRecordingBarrier;

void ap_recording_barrier_arrive (gpointer barrier);
void ap_recording_barrier_wait (ApRecordingBarrier *barrier);
/* @until: monotonic. FALSE: some have not arrived by then */
gboolean ap_recording_barrier_wait_until (ApRecordingBarrier *barrier, gint64 until);
