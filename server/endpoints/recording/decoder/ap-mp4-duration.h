/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Makes an MP4 that passes, cut anywhere, tell no duration of the whole movie: qtdemux ends each track there by its own
 * clock, which begins before what an edit list leaves out, and so loses as much of the end. What the tracks and their
 * edit lists tell stays.
 *
 * Layout: ISO/IEC 14496-12, sections 4.2 (boxes) and 8.2.2 (the movie's header). */
typedef struct {
  guint8 head[16]; /* of the box that begins */
  gsize have;
  guint64 left;     /* bytes of the box that is passed over */
  gsize at;         /* in a movie's header; 0: not there */
  gboolean is_long; /* its times have 64 bits */
} ApMp4Duration;

/* @duration: zeros at the beginning of a file. Changes @data in place. */
void ap_mp4_duration_remove (ApMp4Duration *duration, guint8 *data, gsize length);
