/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-index.h"

/**
 * ap_recording_scan:
 * @rebuild: the index is empty, and is filled
 * @unread: called for each recording that has not ended: with what the head of its journal says
 *
 * Looks through the folder when the server starts. Blocking.
 */
gboolean ap_recording_scan (int folder_fd, ApRecordingIndex *index, gboolean rebuild,
                            void (*unread) (const ApRecordingInfo *info, gpointer data), gpointer data, GError **error);
