/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The settings of the room, as its options fill them; see ap-recording-room.c for what each means. */
typedef struct {
  char *storage_path; /* NULL: `./audio_sessions` */
  char *default_sample_rate;
  gint64 default_channels;
  char *default_format;
  char *ffmpeg_loglevel;
  gint64 max_duration_hours;
  gint64 max_chunk_mb;
  gint64 max_sessions;
  gint64 max_connections;
  gint64 timeout_seconds;
  gint64 max_message_bytes;
  gint64 max_realtime_factor;
  gint64 max_user_sessions;
  gint64 max_user_mb;
  gint64 min_free_mb;
  gint64 retention_days;
  char *ack;  /* `synced`, `written` */
  char *sync; /* `pool`, `syncfs` */
  gint64 sync_interval_ms;
  char *sandbox; /* `session`, `pool`, `off` */
  gboolean expose_file_path;
} ApRecordingSettings;
