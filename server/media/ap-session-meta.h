/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* Says which session a buffer belongs to, in a pipeline that several sessions share. */
typedef struct {
  GstMeta meta;
  guint64 session_id;
} ApSessionMeta;

void ap_session_meta_add (GstBuffer *buffer, guint64 session_id);
/* Of a buffer that carries one. */
void ap_session_meta_set_id (GstBuffer *buffer, guint64 session_id);
/* 0 when the buffer carries none. */
guint64 ap_session_meta_get_id (GstBuffer *buffer);
