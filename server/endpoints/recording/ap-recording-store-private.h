/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording.h"

/* The store's fields, for the files that it is made of. */
struct _ApRecordingStore {
  const ApRecordingSettings *settings;
  const char *path;
  ApRecordingShared shared; /* what needs the folder is set by ap_recording_store_get_ready() */
  ApStrand *desk, *reading_desk;

  GMutex ready_lock; /* held while the folder is made ready, or is looked at; guards what follows up to the next */
  gint ready;        /* atomic: the folder can be used */
  gint away;         /* atomic: it could, or ought to; and cannot */
  gint checking;     /* atomic: a job to look at it waits */
  gboolean was_ready;
  gboolean was_mount; /* the folder that was ready */
  GPtrArray *leaving; /* of ApRecording: dropped, and not let go of by all */
  gboolean let_go;    /* nothing of that folder is open any more */
  gint stopping;      /* atomic */

  GMutex lock;            /* guards the rest, for a look */
  GHashTable *recordings; /* those that are live, by their ids */
  GPtrArray *unread;      /* of ids: to be read one after another, when nobody asks for them */
  GSource *ticker;
  gint64 retention_at; /* monotonic */
};

/* Blocking: opens the folder, and reads what is in it, once. */
gboolean ap_recording_store_get_ready (ApRecordingStore *store, gboolean create, GError **error);
gboolean ap_recording_store_is_ready (ApRecordingStore *store);
/* (transfer full) (element-type ApRecording): those that are live now */
GPtrArray *ap_recording_store_list_live (ApRecordingStore *store);

/* ---- ap-recording-presence.c ---- */

/* Blocking: looks whether the folder is where it was. Where it is not, every recording that is live is dropped, and one
 * that has not been read is in its place. Where it is back it is made ready. */
void ap_recording_store_check (ApRecordingStore *store);
/* With the lock: whether a folder may be opened, because nothing is left of the one before. */
gboolean ap_recording_store_let_go (ApRecordingStore *store, GError **error);
/* Whether it is what was there before, as far as can be seen. */
gboolean ap_recording_store_admit_folder (ApRecordingStore *store, int fd, GError **error);
/* For ApRecordingShared. */
gboolean ap_recording_store_is_reachable (gpointer store, GError **error);
gboolean ap_recording_store_has_dropped (gpointer store, ApRecording *recording);
