/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-peaks.h"
#include "endpoints/recording/ap-recording-types.h"

/* Recordings as HTTP tells them, in JSON; docs/protocols/recording.md has an example of each. Pure; what is returned is
 * (transfer full). @folder: (nullable): where the files are, if the client may know; else `file_path` is a name alone.
 */

/* A recording. */
char *ap_recording_json_info (const ApRecordingInfo *info, const char *folder);

/* The same with `"success":true` before it: it was closed, or deleted. */
char *ap_recording_json_success (const ApRecordingInfo *info, const char *folder);

/* A page. @infos: (element-type ApRecordingInfo) */
char *ap_recording_json_list (GPtrArray *infos, guint64 total, guint limit, guint64 offset, const char *folder);

/* @peaks: of @parts parts, each of a recording's channels, from ap_peaks_read() */
char *ap_recording_json_peaks (const ApRecordingInfo *info, const ApPeak *peaks, guint parts, gboolean exact);

/* A number of the query that is out of its range. */
char *ap_recording_json_out_of_range (const char *name, guint64 min, guint64 max);
