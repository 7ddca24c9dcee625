/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* What is known of all recordings, as rows of SQLite (`index.sqlite`), so that a list needs no look into every file. A
 * cache: the journals are what counts. An index that is missing, damaged or of another version is made anew, and after
 * a power cut the last changes may be missing from it.
 *
 * Thread-safe, by a lock of its own; every function blocks on the disk. Errors: AP_RECORDING_ERROR_STORAGE, NO_SPACE,
 * and NOT_FOUND where it is said. */
typedef struct _ApRecordingIndex ApRecordingIndex;

/* Which of them, and what part of the list. */
typedef struct {
  const ApRecordingStatus *status; /* NULL: any */
  const char *user_id;             /* NULL: anybody's */
  guint limit;
  guint64 offset;
} ApRecordingFilter;

/**
 * ap_recording_index_open:
 * @folder: where `index.sqlite` is; it exists
 * @rebuild: (out): the index is empty: it has to be filled with what the files say, and is then declared to be complete
 *
 * One that cannot be used is kept as `index.sqlite.damaged`, in place of an older one of that name.
 *
 * Returns: NULL with @error when no index can be made in @folder
 */
ApRecordingIndex *ap_recording_index_open (const char *folder, gboolean *rebuild, GError **error);
/* Whether one was put aside for it. */
gboolean ap_recording_index_replaces (const ApRecordingIndex *index);
void ap_recording_index_free (ApRecordingIndex *index);

/* Lets go of its files: from here on there is an empty table that is kept nowhere. */
void ap_recording_index_leave (ApRecordingIndex *index);
/* After that, as ap_recording_index_open(), in the same folder's place. */
gboolean ap_recording_index_return (ApRecordingIndex *index, gboolean *rebuild, GError **error);

/* Has been rebuilt: until this is said, each opening asks for it again. */
gboolean ap_recording_index_declare_complete (ApRecordingIndex *index, GError **error);

/* Inserts a row, or replaces that of the same id. FALSE: the disk is full, or another program has the file. The row is
 * kept and is written when that is over; until then more rows are kept likewise, without a wait or another error. */
gboolean ap_recording_index_put (ApRecordingIndex *index, const ApRecordingInfo *info, GError **error);

/* No row of that id is no error. */
gboolean ap_recording_index_remove (ApRecordingIndex *index, const char *id, GError **error);

/* @info: (out caller-allocates): for ap_recording_info_clear(). NOT_FOUND */
gboolean ap_recording_index_get (ApRecordingIndex *index, const char *id, ApRecordingInfo *info, GError **error);

/**
 * ap_recording_index_list:
 * @total: (out) (optional): how many there are that fit, whatever the page
 *
 * Returns: (transfer full) (element-type ApRecordingInfo): the newest first; freed with its last reference
 */
GPtrArray *ap_recording_index_list (ApRecordingIndex *index, const ApRecordingFilter *filter, guint64 *total,
                                    GError **error);

/* @bytes: (out): what the WAV files of the user's recordings hold that are not active, without headers */
gboolean ap_recording_index_sum_ended (ApRecordingIndex *index, const char *user_id, guint64 *bytes, GError **error);

/**
 * ap_recording_index_older_than:
 * @time_us: Unix time in microseconds
 * @limit: at most so many
 *
 * Returns: (transfer full): the ids of recordings that have ended and did not change since, the oldest first;
 * NULL-terminated
 */
char **ap_recording_index_older_than (ApRecordingIndex *index, gint64 time_us, guint limit, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApRecordingIndex, ap_recording_index_free)
