/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the files of the room say of a recording. */

/* What a client says that it sends: the query's `format`. */
typedef enum {
  AP_RECORDING_FORMAT_WAV, /* and raw samples */
  AP_RECORDING_FORMAT_MP3,
  AP_RECORDING_FORMAT_FLAC,
  AP_RECORDING_FORMAT_AAC, /* ADTS, or in MP4 */
  AP_RECORDING_FORMAT_OGG,
  AP_RECORDING_FORMAT_WEBM,
} ApRecordingFormat;

/* What a part of the stream is. The numbers are written to disk. */
typedef enum {
  AP_CONTAINER_NONE,
  AP_CONTAINER_PCM, /* S16LE at the recording's rate and channels */
  AP_CONTAINER_WAV,
  AP_CONTAINER_MP3,
  AP_CONTAINER_FLAC,
  AP_CONTAINER_ADTS,
  AP_CONTAINER_MP4,
  AP_CONTAINER_OGG,
  AP_CONTAINER_WEBM,
} ApContainer;

typedef enum {
  AP_RECORDING_ACTIVE,
  AP_RECORDING_COMPLETED,
  AP_RECORDING_FAILED, /* its files cannot be written, or read, any more */
} ApRecordingStatus;

#define AP_RECORDING_ID_LENGTH 36

typedef struct {
  char id[AP_RECORDING_ID_LENGTH + 1];
  char *user_id; /* NULL: nobody's */
  ApRecordingFormat format;
  guint sample_rate, channels; /* Hz */
  ApRecordingStatus status;
  gint64 created_us, updated_us, completed_us; /* Unix time in microseconds; 0: not yet */
  guint64 total_chunks, bytes_received;
  guint64 frames;         /* samples of each channel in the WAV */
  guint64 damaged_chunks; /* of these chunks, those that the disk has lost: their audio is missing */
} ApRecordingInfo;

typedef enum {
  AP_RECORDING_ERROR_UNDECODABLE, /* bytes that are no audio of the format */
  AP_RECORDING_ERROR_NO_SPACE,
  AP_RECORDING_ERROR_QUOTA,
  AP_RECORDING_ERROR_TOO_LARGE,
  AP_RECORDING_ERROR_BUSY, /* another socket is sending */
  AP_RECORDING_ERROR_STORAGE,
  AP_RECORDING_ERROR_DECODER_DIED,
  AP_RECORDING_ERROR_NOT_FOUND,
  AP_RECORDING_ERROR_CLOSED,
  AP_RECORDING_ERROR_LIMIT, /* too many recordings, or sockets of one */
  AP_RECORDING_ERROR_BAD_CONTROL,
} ApRecordingErrorCode;
#define AP_RECORDING_ERROR (ap_recording_error_quark ())
GQuark ap_recording_error_quark (void);
/* The error's word on the wire: `no_space`; in words: `Session not found`; whether it may be over in a while. */
const char *ap_recording_error_name (const GError *error);
const char *ap_recording_error_title (const GError *error);
gboolean ap_recording_error_passes (const GError *error);

/* The words of the API: `wav`, `active` and so on. */
const char *ap_recording_format_to_string (ApRecordingFormat format);
gboolean ap_recording_format_parse (const char *text, ApRecordingFormat *format);
const char *ap_recording_status_to_string (ApRecordingStatus status);
gboolean ap_recording_status_parse (const char *text, ApRecordingStatus *status);

void ap_recording_info_copy (ApRecordingInfo *to, const ApRecordingInfo *from);
void ap_recording_info_clear (ApRecordingInfo *info);
void ap_recording_info_free (gpointer info); /* for lists of them */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ApRecordingInfo, ap_recording_info_clear)
