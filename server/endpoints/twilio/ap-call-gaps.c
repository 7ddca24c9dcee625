/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gaps in what a caller says, seen from timestamps. */
#include "endpoints/twilio/ap-call-gaps.h"

/* A frame's jitter counts for so much of the drift: over about a second of frames it is forgotten. */
#define DRIFT_FRACTION 64
/* Nothing in a call is longer (12 days); what a timestamp says beyond that is not computed with. */
#define LONGEST_SECONDS (1 << 20)

void
ap_call_gaps_init (ApCallGaps *gaps, const ApCallGapsConfig *config)
{
  g_return_if_fail (config->rate > 0 && config->ticks > 0);
  *gaps = (ApCallGaps){ .config = *config, .ticks = config->ticks };
}

static gint64
to_us (guint64 count, guint64 per_second)
{
  guint64 seconds = MIN (count / per_second, LONGEST_SECONDS);

  return (gint64)(seconds * G_USEC_PER_SEC + count % per_second * G_USEC_PER_SEC / per_second);
}

/* How much later than expected @timestamp is. */
static gint64
error_of (const ApCallGaps *gaps, guint64 timestamp)
{
  gint64 elapsed = timestamp >= gaps->anchor ? to_us (timestamp - gaps->anchor, gaps->ticks)
                                             : -to_us (gaps->anchor - timestamp, gaps->ticks);

  return elapsed - to_us (gaps->count, gaps->config.rate) - gaps->drift_us;
}

static void
begin_count (ApCallGaps *gaps, guint64 timestamp)
{
  gaps->started = TRUE;
  gaps->anchor = timestamp;
  gaps->count = 0;
  gaps->drift_us = 0;
}

/* The second timestamp of all is later than the first by exactly the samples between. A peer that counts milliseconds,
 * and loses just so much, runs slow from here on, and is found out by that. */
static gboolean
counts_samples (const ApCallGaps *gaps, guint64 timestamp)
{
  return gaps->last == gaps->anchor && gaps->audio > 0 && gaps->count == gaps->audio &&
         timestamp - gaps->anchor == gaps->count;
}

/* Returns how much of a gap of @length_us is filled. */
static guint64
fill (ApCallGaps *gaps, guint64 timestamp, gint64 length_us)
{
  guint64 rate = gaps->config.rate;
  gint64 filled_us = MIN (length_us, gaps->config.longest_us);
  guint64 wanted = ((guint64)filled_us * rate + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;
  guint64 most = (guint64)gaps->config.longest_us * rate / G_USEC_PER_SEC + AP_CALL_GAPS_TIMES * gaps->audio;
  guint64 filled = MIN (wanted, most > gaps->silence ? most - gaps->silence : 0);

  gaps->gaps++;
  gaps->silence += filled;
  if (filled < wanted || filled_us < length_us) {
    gaps->capped++;
    begin_count (gaps, timestamp);
  } else {
    gaps->count += filled;
  }
  return filled;
}

static guint64
silence_before (ApCallGaps *gaps, guint64 timestamp)
{
  gint64 error;

  if (counts_samples (gaps, timestamp))
    gaps->ticks = gaps->config.rate;
  error = error_of (gaps, timestamp);
  gaps->backwards += timestamp <= gaps->last;
  if (error > gaps->config.tolerance_us)
    return fill (gaps, timestamp, error);
  if (error >= -AP_CALL_GAPS_BACK_US) {
    gaps->drift_us += error / DRIFT_FRACTION;
    return 0;
  }
  /* Taken for one that counts samples, it would have been found out within a quarter of a second. */
  if (gaps->audio < gaps->config.rate)
    gaps->ticks = gaps->config.ticks;
  begin_count (gaps, timestamp);
  return 0;
}

guint64
ap_call_gaps_frame (ApCallGaps *gaps, guint64 timestamp, guint64 samples)
{
  guint64 silence = 0;

  if (timestamp == AP_CALL_GAPS_NO_TIMESTAMP) {
    gaps->missing++;
  } else {
    if (gaps->started)
      silence = silence_before (gaps, timestamp);
    else
      begin_count (gaps, timestamp);
    gaps->last = timestamp;
  }
  gaps->count += samples;
  gaps->audio += samples;
  return silence;
}
