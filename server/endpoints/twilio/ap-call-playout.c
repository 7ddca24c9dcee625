/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outbound side of a call: queue, frames, pace, marks and generations, joined. */
#include "endpoints/twilio/ap-call-playout.h"

#include <string.h>

/* The queue starts with so many frames and doubles as needed; what is larger is given back once it has run dry. */
#define SMALL_FRAMES 4

/* What does not get shorter for so long, while audio comes in real time, give or take a quarter, does not by itself. */
#define STANDING_US G_TIME_SPAN_SECOND

struct _ApCallPlayout {
  ApCallPlayoutConfig config;
  ApPacer pacer;
  ApCallMarks *marks;
  gint64 expire_at;
  guint generation;
  gboolean clear_pending;

  /* A ring of whole frames: the head is at the start of one, so that a frame is always in one piece. */
  guint8 *ring;
  gsize capacity, limit; /* bytes, multiples of a frame */
  gsize head, queued;

  guint64 gone; /* the position of the first byte that waits here */
  guint64 dropped, stale;
  gint64 last_put;

  /* Of ap_call_playout_keep_up(): since when, the least that waited, and what came. */
  gint64 watched_since;
  gsize least_queued;
  guint64 came;
};

const ApCallPlayoutConfig ap_call_playout_mulaw = {
  .frame_bytes = 160,
  .silence = 0xFF,
  .pace = { .rate = 8000, .lead_us = AP_PACER_LEAD_US, .catch_up_us = AP_PACER_UNBOUNDED },
  .queue_us = 30 * G_TIME_SPAN_SECOND,
  .overflow = AP_CALL_PLAYOUT_REFUSE,
  .tail_us = 100 * G_TIME_SPAN_MILLISECOND,
  .mark_margin_us = AP_CALL_MARKS_MARGIN_US,
};

static gint64
duration_us (const ApCallPlayout *playout, guint64 bytes)
{
  return (gint64)(bytes * G_USEC_PER_SEC / playout->config.pace.rate);
}

ApCallPlayout *
ap_call_playout_new (const ApCallPlayoutConfig *config, ApCallMarkEnded ended, gpointer owner)
{
  ApCallPlayout *playout;
  gsize bytes;

  g_return_val_if_fail (config->frame_bytes > 0 && config->pace.rate > 0 && config->queue_us >= 0, NULL);
  playout = g_new0 (ApCallPlayout, 1);
  playout->config = *config;
  /* With less, the first frame would wait to be due. */
  playout->config.pace.lead_us = MAX (config->pace.lead_us, duration_us (playout, config->frame_bytes) + 1);
  ap_pacer_init (&playout->pacer, &playout->config.pace);
  playout->marks = ap_call_marks_new (config->mark_margin_us, ended, owner);
  playout->expire_at = AP_CALL_MARKS_NONE;
  playout->generation = 1;
  bytes = (gsize)((guint64)config->queue_us * config->pace.rate / G_USEC_PER_SEC);
  playout->limit = MAX (bytes - bytes % config->frame_bytes, config->frame_bytes);
  return playout;
}

void
ap_call_playout_free (ApCallPlayout *playout)
{
  ap_call_marks_free (playout->marks);
  g_free (playout->ring);
  g_free (playout);
}

guint
ap_call_playout_generation (const ApCallPlayout *playout)
{
  return playout->generation;
}

/* ---- the ring ---- */

/* Makes room for @needed bytes, which are within the limit. */
static void
ring_grow (ApCallPlayout *playout, gsize needed)
{
  gsize capacity = MAX (playout->capacity, SMALL_FRAMES * (gsize)playout->config.frame_bytes);
  gsize first = MIN (playout->queued, playout->capacity - playout->head);
  guint8 *ring;

  while (capacity < needed)
    capacity = MIN (2 * capacity, playout->limit);
  if (capacity == playout->capacity)
    return;
  ring = g_malloc (capacity);
  if (playout->queued > 0) {
    memcpy (ring, playout->ring + playout->head, first);
    memcpy (ring + first, playout->ring, playout->queued - first);
  }
  g_free (playout->ring);
  playout->ring = ring;
  playout->capacity = capacity;
  playout->head = 0;
}

static void
ring_shrink (ApCallPlayout *playout)
{
  if (playout->queued > 0 || playout->capacity <= SMALL_FRAMES * (gsize)playout->config.frame_bytes)
    return;
  g_clear_pointer (&playout->ring, g_free);
  playout->capacity = playout->head = 0;
}

static void
ring_append (ApCallPlayout *playout, const guint8 *data, gsize length)
{
  gsize end;
  gsize first;

  ring_grow (playout, playout->queued + length);
  end = (playout->head + playout->queued) % playout->capacity;
  first = MIN (length, playout->capacity - end);
  memcpy (playout->ring + end, data, first);
  memcpy (playout->ring, data + first, length - first);
  playout->queued += length;
}

/* @length: whole frames, or all. */
static void
ring_skip (ApCallPlayout *playout, gsize length)
{
  playout->queued -= length;
  playout->head = playout->queued > 0 ? (playout->head + length) % playout->capacity : 0;
}

static gsize
tail_length (const ApCallPlayout *playout)
{
  return playout->queued % playout->config.frame_bytes;
}

/* ---- in ---- */

/* @length: whole frames, or all */
static void
drop (ApCallPlayout *playout, gsize length)
{
  ring_skip (playout, length);
  ap_call_marks_drop (playout->marks, playout->gone, length);
  playout->dropped += length;
}

/* Drops whole frames from the front of what waits and @length new bytes. Returns: how many of the new ones are dropped.
 */
static gsize
drop_oldest (ApCallPlayout *playout, gsize length)
{
  gsize frame = playout->config.frame_bytes;
  gsize excess = playout->queued + length - playout->limit;
  gsize all = (excess + frame - 1) / frame * frame;
  gsize here = MIN (all, playout->queued);
  gsize of_new = MIN (all - here, length);

  drop (playout, here);
  playout->dropped += of_new;
  return of_new;
}

static gboolean
came_in_real_time (const ApCallPlayout *playout, gint64 time_us)
{
  gint64 came_us = duration_us (playout, playout->came);

  return came_us >= time_us - time_us / 4 && came_us <= time_us + time_us / 4;
}

void
ap_call_playout_keep_up (ApCallPlayout *playout, gsize length, gint64 now)
{
  gint64 watched = now - playout->watched_since;

  playout->least_queued = MIN (playout->least_queued, playout->queued);
  if (watched >= STANDING_US) {
    if (came_in_real_time (playout, watched))
      drop (playout, playout->least_queued - playout->least_queued % playout->config.frame_bytes);
    playout->watched_since = now;
    playout->least_queued = playout->queued;
    playout->came = 0;
  }
  playout->came += length;
}

gsize
ap_call_playout_put (ApCallPlayout *playout, guint generation, const guint8 *data, gsize length, gint64 now)
{
  gsize room = playout->limit - playout->queued;
  gsize skipped = 0;

  if (generation != playout->generation) {
    playout->stale += length;
    return 0;
  }
  if (length > room && playout->config.overflow == AP_CALL_PLAYOUT_DROP_OLDEST)
    skipped = drop_oldest (playout, length);
  else
    length = MIN (length, room);
  if (length > skipped)
    ring_append (playout, data + skipped, length - skipped);
  playout->last_put = now;
  return length;
}

guint64
ap_call_playout_mark (ApCallPlayout *playout, const char *name)
{
  return ap_call_marks_add (playout->marks, name, playout->gone + playout->queued);
}

void
ap_call_playout_end_of_utterance (ApCallPlayout *playout)
{
  gsize tail = tail_length (playout);
  gsize pad = tail > 0 ? playout->config.frame_bytes - tail : 0;

  if (pad == 0)
    return;
  ring_grow (playout, playout->queued + pad);
  memset (playout->ring + (playout->head + playout->queued) % playout->capacity, playout->config.silence, pad);
  playout->queued += pad;
}

static guint64
heard (const ApCallPlayout *playout, gint64 now)
{
  return MAX (ap_call_marks_played_offset (playout->marks),
              playout->gone - ap_pacer_ahead_bytes (&playout->pacer, now));
}

void
ap_call_playout_clear (ApCallPlayout *playout, gint64 now)
{
  playout->gone = heard (playout, now); /* as if the rest had never been */
  ring_skip (playout, playout->queued);
  ap_call_marks_clear (playout->marks, now);
  ap_pacer_reset (&playout->pacer, now);
  playout->generation++;
  playout->clear_pending = TRUE;
}

ApCallMarkReturn
ap_call_playout_mark_returned (ApCallPlayout *playout, const char *name, gint64 now)
{
  return ap_call_marks_returned (playout->marks, name, now);
}

/* ---- out ---- */

static ApCallSend
take_mark (ApCallPlayout *playout, const ApCallMark *mark, gint64 now, ApCallItem *item)
{
  gint64 due_us = now + ap_pacer_ahead_us (&playout->pacer, now);

  ap_call_marks_sent (playout->marks, due_us);
  *item = (ApCallItem){ .what = AP_CALL_SEND_MARK, .name = mark->name };
  return item->what;
}

static ApCallSend
take_audio (ApCallPlayout *playout, gint64 now, ApCallItem *item)
{
  gsize frame = playout->config.frame_bytes;

  *item = (ApCallItem){ .what = AP_CALL_SEND_NOTHING };
  if (tail_length (playout) == playout->queued && now >= playout->last_put + playout->config.tail_us)
    ap_call_playout_end_of_utterance (playout);
  if (playout->queued < frame) {
    ap_pacer_set_idle (&playout->pacer);
    ring_shrink (playout);
    return item->what;
  }
  if (ap_pacer_allowance (&playout->pacer, now) < frame)
    return item->what;
  *item = (ApCallItem){ .what = AP_CALL_SEND_AUDIO, .audio = playout->ring + playout->head, .length = frame };
  ring_skip (playout, frame);
  playout->gone += frame;
  ap_pacer_sent (&playout->pacer, frame, now);
  return item->what;
}

ApCallSend
ap_call_playout_take (ApCallPlayout *playout, gint64 now, ApCallItem *item)
{
  ApCallMark mark;

  playout->expire_at = ap_call_marks_expire (playout->marks, now);
  if (playout->clear_pending) {
    playout->clear_pending = FALSE;
    *item = (ApCallItem){ .what = AP_CALL_SEND_CLEAR };
    return item->what;
  }
  if (ap_call_marks_next (playout->marks, playout->gone, &mark))
    return take_mark (playout, &mark, now, item);
  return take_audio (playout, now, item);
}

gint64
ap_call_playout_next_at (const ApCallPlayout *playout, gint64 now)
{
  gint64 at = playout->expire_at;

  if (playout->clear_pending)
    return now;
  if (playout->queued >= playout->config.frame_bytes)
    at = MIN (at, ap_pacer_when (&playout->pacer, playout->config.frame_bytes));
  else if (playout->queued > 0)
    at = MIN (at, playout->last_put + playout->config.tail_us);
  return MAX (at, now);
}

void
ap_call_playout_figures (const ApCallPlayout *playout, gint64 now, ApCallPlayoutFigures *figures)
{
  *figures = (ApCallPlayoutFigures){
    .sent_bytes = playout->pacer.total,
    .dropped_bytes = playout->dropped,
    .stale_bytes = playout->stale,
    .queued_us = duration_us (playout, playout->queued),
    .ahead_us = ap_pacer_ahead_us (&playout->pacer, now),
    .confirmed = ap_call_marks_played_offset (playout->marks),
    .heard = heard (playout, now),
    .round_trip_us = ap_call_marks_round_trip_us (playout->marks),
    .marks = ap_call_marks_count (playout->marks, AP_CALL_MARK_QUEUED) +
             ap_call_marks_count (playout->marks, AP_CALL_MARK_SENT),
  };
}
