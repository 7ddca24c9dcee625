/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-strand.h"
#include "endpoints/recording/ap-recording-index.h"
#include "endpoints/recording/ap-recording-settings.h"

/* All recordings, live and ended: what the paths of HTTP and the sockets ask. One for the process, thread-safe. Times
 * and figures are those of the moment; a recording that another thread deletes meanwhile is NOT_FOUND. Errors are of
 * AP_RECORDING_ERROR: NOT_FOUND, and STORAGE while the folder cannot be read or written. */
typedef struct _ApRecordingStore ApRecordingStore;
typedef struct _ApRecording ApRecording;

/**
 * ApRecordingDone:
 * @info: (nullable): the recording as it is now; NULL with @error. Valid during the call only
 * @error: (nullable): why it could not be done
 *
 * Called once, on some thread of the store, and never from within the function that it was given to.
 */
typedef void (*ApRecordingDone) (const ApRecordingInfo *info, const GError *error, gpointer data);

/* On the main thread. A folder that cannot be used, or is taken away later, is told in the log and tried again. */
ApRecordingStore *ap_recording_store_new (const ApRecordingSettings *settings);
/* Live recordings are left on the disk as they are, to be gone on with. */
void ap_recording_store_free (ApRecordingStore *store);
const ApRecordingSettings *ap_recording_store_get_settings (ApRecordingStore *store);
/* Not blocking. Whether there is no folder where there ought to be one. */
gboolean ap_recording_store_is_away (ApRecordingStore *store);
const char *ap_recording_store_get_path (ApRecordingStore *store); /* where the files are, or would be */

/* Not blocking. @info: its format, rate, channels and user. Returns: (transfer full): LIMIT */
ApRecording *ap_recording_store_create (ApRecordingStore *store, const ApRecordingInfo *info, GError **error);
/* Not blocking. Returns: (transfer full) (nullable): a live recording */
ApRecording *ap_recording_store_find (ApRecordingStore *store, const char *id);

/* (transfer none): the strand on which HTTP's questions are asked; the functions that block are called there. */
ApStrand *ap_recording_store_get_desk (ApRecordingStore *store);
/* (transfer none): for what takes longer than a question: a look through a whole file. */
ApStrand *ap_recording_store_get_reading_desk (ApRecordingStore *store);

/* As ap_strand_post(), on the desk, when a live recording of @id has been read: that may take long. */
void ap_recording_store_ask (ApRecordingStore *store, const char *id, ApStrandFunc func, gpointer data,
                             GDestroyNotify destroy);

/* ---- Blocking; on a strand, not on a worker ---- */

/* @id: a valid one, by ap_uuid_is_valid(). @info: (out caller-allocates): of a live recording its figures as of now */
gboolean ap_recording_store_get_info (ApRecordingStore *store, const char *id, ApRecordingInfo *info, GError **error);

/**
 * ap_recording_store_list:
 * @total: (out): how many there are that fit, whatever the page
 *
 * Returns: (transfer full) (element-type ApRecordingInfo): a page of those that fit, the newest first; freed with its
 * last reference. NULL with @error
 */
GPtrArray *ap_recording_store_list (ApRecordingStore *store, const ApRecordingFilter *filter, guint64 *total,
                                    GError **error);

/**
 * ap_recording_store_open_audio:
 * @info: (out caller-allocates): of the same moment: @frames of the file are committed, and will not change
 *
 * The WAV, also while it is written: its header's sizes may be older than @info, and what follows its committed frames
 * may be taken back.
 *
 * Returns: a descriptor for reading, which is the caller's; it stays readable when the recording is deleted. -1 with
 * @error
 */
int ap_recording_store_open_audio (ApRecordingStore *store, const char *id, ApRecordingInfo *info, GError **error);

/* ---- Not blocking; from any thread ---- */

/* Ends a recording: its last samples are written, and its sockets learn of it. One that has ended already is a success,
 * with the information that it ended with. */
void ap_recording_store_close (ApRecordingStore *store, const char *id, ApRecordingDone done, gpointer data);

/* Closes a recording that is live, and removes its files and its row. @done has what it was. */
void ap_recording_store_delete (ApRecordingStore *store, const char *id, ApRecordingDone done, gpointer data);
