/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Makes what GStreamer says of itself (by GST_DEBUG) lines of our log, whatever its least level is: GST_DEBUG has
 * chosen them. With GST_DEBUG_FILE they stay GStreamer's own. Before gst_init(). */
void ap_gst_log_init (void);
