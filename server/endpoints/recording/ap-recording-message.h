/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* What is said in text on a recording's sockets, as docs/protocols/recording.md tells it. Pure: no I/O, any thread.
 * What is formatted is (transfer full), one line of JSON in UTF-8. */

/* A control message is no longer than this. */
#define AP_RECORDING_CONTROL_BYTES 4096

typedef enum {
  AP_RECORDING_CONTROL_CLOSE_SESSION,
  AP_RECORDING_CONTROL_STATUS,
} ApRecordingControl;

/* @text need not be terminated. Members that mean nothing are passed over; of two with the same name the later counts.
 * Errors: AP_RECORDING_ERROR_BAD_CONTROL, which says what is wrong and what would be right */
gboolean ap_recording_control_parse (const char *text, gsize length, ApRecordingControl *control, GError **error);

/* The first thing on the socket that created the recording. */
char *ap_recording_format_greeting (const ApRecordingInfo *info);

/**
 * ap_recording_format_ack:
 * @info: as of this chunk, it included
 * @chunk_bytes: of this chunk
 * @synced: what its durability is: `synced`, else `written`
 *
 * The answer to a chunk that was taken. Fast: there are thousands in a second.
 */
char *ap_recording_format_ack (const ApRecordingInfo *info, guint64 chunk_bytes, gboolean synced);

/* The answer to a chunk that was not taken; the recording goes on. @error: one of AP_RECORDING_ERROR's */
char *ap_recording_format_failure (const ApRecordingInfo *info, const GError *error);

/* The answer to AP_RECORDING_CONTROL_STATUS: the chunk to go on with is the one behind @info's last. @synced: as for
 * acknowledgements; must be true of all chunks that @info counts */
char *ap_recording_format_status (const ApRecordingInfo *info, gboolean synced);

/* The last thing on each socket of a recording that is complete. */
char *ap_recording_format_completed (const ApRecordingInfo *info);

/* The answer to a text message that ap_recording_control_parse() refused. */
char *ap_recording_format_bad_control (const char *session_id, const GError *error);

/**
 * ap_recording_format_error:
 * @error: what went wrong: its title, and its message as `detail`, but for what the system says: it may name files
 * @session_id: (nullable): UTF-8, as the client wrote it
 *
 * Why a socket is closed, or the body of an HTTP error: `{"error":"Session not found","session_id":…,"detail":…}`.
 */
char *ap_recording_format_error (const GError *error, const char *session_id);

/**
 * ap_recording_format_invalid:
 * @title: `Invalid sample rate`
 * @valid_values: (nullable): the inside of a JSON array
 * @detail: what is wrong
 *
 * What is asked for cannot be: `{"error":…,"valid_values":[…],"detail":…}`.
 */
char *ap_recording_format_invalid (const char *title, const char *valid_values, const char *detail);

/* Appends `,"duration_seconds":1.875`: whole microseconds, rounded down, without zeros at the end. */
void ap_recording_append_duration (GString *out, const ApRecordingInfo *info);
