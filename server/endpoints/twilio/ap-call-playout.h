/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-marks.h"
#include "media/ap-pacer.h"

/* What goes to the caller: audio of any size in, frames of one size out, paced, with marks in their places. A pure
 * machine: no clock, no I/O; @now is monotonic time in microseconds. One thread. Nothing is allocated per frame.
 *
 * Clearing begins a new generation. Audio is put with the generation that was current when its making began, and that
 * of an old one is refused: nothing from before a clear goes after it. Positions count the bytes that the caller has
 * heard or is to hear, padding included: what is dropped or cleared takes no room. */
typedef struct _ApCallPlayout ApCallPlayout;

typedef enum {
  AP_CALL_PLAYOUT_REFUSE,      /* takes what fits: for who can wait with the rest (a file, a synthesizer) */
  AP_CALL_PLAYOUT_DROP_OLDEST, /* keeps the newest, by whole frames: for a live source */
} ApCallPlayoutOverflow;

typedef struct {
  guint frame_bytes; /* of 20 ms, say; bytes go out in such pieces only, and the lead is at least one */
  guint8 silence;    /* what a short tail is padded with: 0xFF for mu-law, 0xD5 for A-law, 0 for linear PCM */
  ApPacerConfig pace;
  /* The bound of the queue. It empties at a fixed rate, so its length is also the age at which its last byte leaves. */
  gint64 queue_us;
  ApCallPlayoutOverflow overflow;
  gint64 tail_us; /* a tail shorter than a frame is padded and sent after so long without more audio */
  gint64 mark_margin_us;
} ApCallPlayoutConfig;

/* 20 ms of mu-law at 8 kHz, a queue of 30 s that refuses more. */
extern const ApCallPlayoutConfig ap_call_playout_mulaw;

typedef enum { AP_CALL_SEND_NOTHING, AP_CALL_SEND_AUDIO, AP_CALL_SEND_MARK, AP_CALL_SEND_CLEAR } ApCallSend;
typedef struct {
  ApCallSend what;
  const guint8 *audio; /* valid until the next call, as is @name */
  gsize length;
  const char *name;
} ApCallItem;

typedef struct {
  guint64 sent_bytes, dropped_bytes, stale_bytes; /* dropped: not those cleared; stale: put with an old generation */
  gint64 queued_us;                               /* what waits here: the age of a byte put now when it leaves */
  gint64 ahead_us;                                /* what the peer has not played yet, computed */
  guint64 confirmed, heard; /* the positions that the caller has heard by marks, and as computed: at least that */
  gint64 round_trip_us;     /* see ap_call_marks_round_trip_us() */
  guint marks;              /* queued or sent */
} ApCallPlayoutFigures;

/* @ended must not call the playout. */
ApCallPlayout *ap_call_playout_new (const ApCallPlayoutConfig *config, ApCallMarkEnded ended, gpointer owner);
void ap_call_playout_free (ApCallPlayout *playout);
guint ap_call_playout_generation (const ApCallPlayout *playout);

/* Nothing, @length 0, says that more is on its way: a short tail waits for it. Returns: how many bytes were taken: all,
 * or with AP_CALL_PLAYOUT_REFUSE those that fit; none of an old generation. */
gsize ap_call_playout_put (ApCallPlayout *playout, guint generation, const guint8 *data, gsize length, gint64 now);

/* For a live source, before each put of @length bytes: what waits here all the time, while as much comes as goes, makes
 * all that follows late and has no other use. After a second of that its oldest is dropped. */
void ap_call_playout_keep_up (ApCallPlayout *playout, gsize length, gint64 now);

/* A mark behind all that was put; it goes after the frame with the last byte of that. Returns: its id; 0: too many. */
guint64 ap_call_playout_mark (ApCallPlayout *playout, const char *name);
ApCallMarkReturn ap_call_playout_mark_returned (ApCallPlayout *playout, const char *name, gint64 now);

/* Nothing follows soon: a tail shorter than a frame is padded to one. */
void ap_call_playout_end_of_utterance (ApCallPlayout *playout);

/* Drops all that waits, asks the peer to do the same, and begins a new generation. */
void ap_call_playout_clear (ApCallPlayout *playout, gint64 now);

/* What is to be sent now; it counts as sent. To be called until it is NOTHING. */
ApCallSend ap_call_playout_take (ApCallPlayout *playout, gint64 now, ApCallItem *item);
/* After NOTHING: when to call take() again if nothing is put before; G_MAXINT64: then only. */
gint64 ap_call_playout_next_at (const ApCallPlayout *playout, gint64 now);
void ap_call_playout_figures (const ApCallPlayout *playout, gint64 now, ApCallPlayoutFigures *figures);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApCallPlayout, ap_call_playout_free)
