/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the system says of this process. */
typedef struct {
  double cpu_seconds; /* user and system, of all threads */
  guint64 resident_bytes;
  guint64 open_fds;
  guint64 max_fds;
  guint64 threads;
} ApProcess;

/* What cannot be read is 0. */
void ap_process_read (ApProcess *process);
