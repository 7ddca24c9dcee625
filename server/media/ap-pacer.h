/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* When audio may go out, so that the peer's buffer stays short. A pure machine: no timer, no clock, no I/O; @now is
 * monotonic time in microseconds and never goes back. To be embedded; all fields are its own. One thread.
 *
 * Deadlines are absolute: byte n of a run is due at the start of the run + n / rate, and may go @lead_us before. So
 * what is late is caught up, and nothing adds up over hours. A run lasts until the sender has nothing left and the peer
 * has played what it got (the line is idle); the next byte begins a new run. */
typedef struct {
  guint rate;     /* bytes per second, over 0 */
  gint64 lead_us; /* how far ahead of real time bytes may go; at least the length of what is sent in one piece */
  /* A sender that had something to send and is further behind than this (it was held up) sends the rest in real time
   * instead of at once. G_MAXINT64: it always catches up, so that a live source keeps its delay. */
  gint64 catch_up_us;
} ApPacerConfig;

typedef struct {
  ApPacerConfig config;
  gint64 origin;     /* when the first byte of this run is due; AP_PACER_NO_RUN: with the next byte */
  guint64 run;       /* bytes of this run */
  guint64 total;     /* bytes ever */
  gboolean idle;     /* there was nothing left to send */
  gint64 heard_from; /* when the peer began to play, and what it got since, without having run dry */
  guint64 heard_run;
} ApPacer;

#define AP_PACER_NO_RUN    G_MININT64
#define AP_PACER_LEAD_US   (200 * G_TIME_SPAN_MILLISECOND)
#define AP_PACER_UNBOUNDED G_MAXINT64

void ap_pacer_init (ApPacer *pacer, const ApPacerConfig *config);

/* How many bytes may go at @now. May begin a new run: to be called only by who has something to send. */
gsize ap_pacer_allowance (ApPacer *pacer, gint64 now);

/* @bytes have gone at @now. More than was allowed is accounted for, not refused. */
void ap_pacer_sent (ApPacer *pacer, gsize bytes, gint64 now);

/* When @bytes more may go; it may be past, and is G_MININT64 before the first byte of a run. */
gint64 ap_pacer_when (const ApPacer *pacer, gsize bytes);

/* There is nothing left to send. */
void ap_pacer_set_idle (ApPacer *pacer);

/* The peer has thrown away what it had not played. */
void ap_pacer_reset (ApPacer *pacer, gint64 now);

/* What the peer has not played yet, as far as one can tell from here: no network, no buffer before its player. */
gint64 ap_pacer_ahead_us (const ApPacer *pacer, gint64 now);
guint64 ap_pacer_ahead_bytes (const ApPacer *pacer, gint64 now);
