/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How much memory the system still gives. GLib ends the program when it is refused memory, so the server turns clients
 * away before that. The limits are those of the address space (`ulimit -v`) and of the control group that a container
 * or a unit of systemd is in. */

/* Finds the limits; before there are threads. */
void ap_memory_init (void);

/**
 * ap_memory_room:
 * @reserve: bytes that are not to be given away
 *
 * Returns: the bytes that can be taken before only @reserve is left; G_MAXSIZE where there is no limit. From any
 * thread.
 */
gsize ap_memory_room (gsize reserve);

/**
 * ap_memory_group_limit:
 * @root: where the control groups are mounted
 * @membership: the text of /proc/self/cgroup
 *
 * Returns: the least of the limits of the process's group and of those around it (control groups, version 2), in bytes;
 * G_MAXSIZE: none
 */
gsize ap_memory_group_limit (const char *root, const char *membership);
