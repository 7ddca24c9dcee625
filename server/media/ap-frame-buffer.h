/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/**
 * ap_frame_buffer_new:
 *
 * A buffer with a copy of @length bytes and with the session's number (see ap_session_meta_get_id()). Those of the
 * usual sizes are used again, with all that belongs to them: the last unref gives them to a small store of the thread.
 * For pipelines that let go of their buffers on the thread that made them.
 */
GstBuffer *ap_frame_buffer_new (const guint8 *data, gsize length, guint64 session_id);
