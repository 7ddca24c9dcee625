/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* The folder that recordings are kept in. Every function blocks on the disk. */

/**
 * ap_recording_folder_open:
 * @create: make it, with its parents, if it is not there
 *
 * Returns: a descriptor by which its files are opened; as long as it is open the folder is this server's alone. -1 with
 * @error
 */
int ap_recording_folder_open (const char *path, gboolean create, GError **error);

/* Whether @path leads to that folder still. @reason: (out) (optional): if not, why; static */
gboolean ap_recording_folder_is_at (int folder_fd, const char *path, const char **reason);
/* Whether a file system begins there, as far as the kernel tells: without it there is another folder in its place. */
gboolean ap_recording_folder_is_mount (int folder_fd);

/**
 * ap_recording_folder_list:
 * @suffix: `.jnl`
 *
 * Returns: (transfer full) (element-type utf8): the ids of all recordings that have such a file. NULL with @error
 */
GPtrArray *ap_recording_folder_list (int folder_fd, const char *suffix, GError **error);

/* NO_SPACE unless so much is free. */
gboolean ap_recording_folder_check_space (int folder_fd, guint64 min_free_bytes, GError **error);
