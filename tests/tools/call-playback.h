/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a telephone service does with what a server sends it in Twilio's words: checks every byte of it, plays the audio
 * in the order in which it came, and gives marks back when what was before them has been played. A pure machine: @now
 * is in microseconds on whatever clock. */
#pragma once

#include <glib.h>

/* A mark of the server, or its wish to clear, behind so many bytes of audio. */
typedef struct {
  char *name; /* NULL: a clear */
  gsize offset;
} CallEvent;

/**
 * CallPlayback:
 * @audio: every byte that came, cleared or not
 * @frames: messages with audio; @marks, @clears: of the other kinds
 * @events: of CallEvent, marks and clears in the order in which they came
 * @cleared_bytes: of @audio, that were not played because of a clear
 */
typedef struct {
  GByteArray *audio;
  guint frames, marks, clears;
  GPtrArray *events;
  gsize cleared_bytes;

  /*< private >*/
  char *stream_sid;
  gsize frame_bytes;
  guint bytes_per_second;
  gint64 dry_at;  /* when all that came will have been played */
  GQueue pending; /* of Pending: marks that have not been given back */
} CallPlayback;

/* @frame_bytes: of every message with audio */
CallPlayback *call_playback_new (const char *stream_sid, gsize frame_bytes, guint bytes_per_second);
void call_playback_free (CallPlayback *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallPlayback, call_playback_free)

/* Takes a text message. Returns: (transfer full) (nullable): what Twilio would find wrong with it */
char *call_playback_take (CallPlayback *self, const char *text, gsize length, gint64 now);

/* Returns: (transfer full) (nullable): the name of the next mark that is to be given back by @now */
char *call_playback_next_mark (CallPlayback *self, gint64 now);

/* When the next mark is due; G_MAXINT64: none waits. */
gint64 call_playback_next_at (const CallPlayback *self);
