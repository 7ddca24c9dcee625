/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Where audio of a caller is missing: compares the timestamps of frames with the samples that came, and tells how much
 * silence stands for what was lost. A pure machine of one track; to be embedded, all fields are its own. One thread.
 *
 * Only differences of timestamps count, so they may begin anywhere. What a frame is early or late by less than the
 * tolerance is jitter or rounding, and is slowly forgotten: a peer whose clock runs a little faster than its samples
 * loses nothing. Some peers count samples where others count time, which is seen from the first two frames. */
typedef struct {
  guint rate;          /* samples per second, over 0 */
  guint ticks;         /* of timestamps per second: 1000 for milliseconds, the rate for samples */
  gint64 tolerance_us; /* a gap is longer than this: less than a frame */
  gint64 longest_us;   /* of a gap that is filled; the rest of a longer one is not */
} ApCallGapsConfig;

#define AP_CALL_GAPS_TOLERANCE_US (15 * G_TIME_SPAN_MILLISECOND)
#define AP_CALL_GAPS_LONGEST_US   (10 * G_TIME_SPAN_SECOND)
/* A timestamp that is earlier than expected by more than this begins a new count. */
#define AP_CALL_GAPS_BACK_US (200 * G_TIME_SPAN_MILLISECOND)
/* Silence is at most one longest gap and so many times the audio that came: a peer cannot make much out of little. */
#define AP_CALL_GAPS_TIMES 4

typedef struct {
  ApCallGapsConfig config;
  guint ticks; /* as the peer seems to count: those of @config, or samples */
  gboolean started;
  guint64 anchor; /* a timestamp, and the samples since: audio and silence */
  guint64 count;
  gint64 drift_us;   /* how much the timestamps have run ahead meanwhile without a gap */
  guint64 last;      /* timestamp */
  guint64 audio;     /* samples that came */
  guint64 silence;   /* samples that were filled in */
  guint64 gaps;      /* seen */
  guint64 capped;    /* of these, not filled whole */
  guint64 backwards; /* timestamps before the one before, or the same again */
  guint64 missing;   /* frames without a timestamp */
} ApCallGaps;

void ap_call_gaps_init (ApCallGaps *gaps, const ApCallGapsConfig *config);

/* @timestamp: of the first sample of the frame; AP_CALL_GAPS_NO_TIMESTAMP: it has none, and follows the one before.
 * Returns: how many samples of silence stand before it. */
guint64 ap_call_gaps_frame (ApCallGaps *gaps, guint64 timestamp, guint64 samples);

#define AP_CALL_GAPS_NO_TIMESTAMP G_MAXUINT64
