/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One client that sends as fast as it can, and reads, on a thread of its own that yields to the others. */
#pragma once

#include <glib.h>

typedef struct _LoadFlood LoadFlood;

LoadFlood *load_flood_start (guint16 port, guint frame_bytes);

/* Returns: frames that were echoed so far, each checked */
guint64 load_flood_frames (LoadFlood *flood);

void load_flood_stop (LoadFlood *flood);
