/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pacer under a clock of ours: deadlines, stalls, pauses, hours. */
#include "media/ap-pacer.h"

#define MS     G_TIME_SPAN_MILLISECOND
#define SECOND G_TIME_SPAN_SECOND
#define FRAME  160
#define START  (12345 * SECOND + 678)

static ApPacer
pacer_of (guint rate, gint64 lead_us, gint64 catch_up_us)
{
  ApPacerConfig config = { rate, lead_us, catch_up_us };
  ApPacer pacer;

  ap_pacer_init (&pacer, &config);
  return pacer;
}

/* A sender that always has something: whole frames, as many as may go. */
static guint64
send_all (ApPacer *pacer, gsize frame, gint64 now)
{
  guint64 sent = 0;

  for (; ap_pacer_allowance (pacer, now) >= frame; sent += frame)
    ap_pacer_sent (pacer, frame, now);
  return sent;
}

static void
test_lead_goes_at_once (void)
{
  ApPacer pacer = pacer_of (8000, 200 * MS, AP_PACER_UNBOUNDED);

  g_assert_cmpint (ap_pacer_when (&pacer, FRAME), ==, G_MININT64);
  g_assert_cmpuint (ap_pacer_allowance (&pacer, START), ==, 1600);
  g_assert_cmpuint (send_all (&pacer, FRAME, START), ==, 1600);
  g_assert_cmpuint (ap_pacer_allowance (&pacer, START), ==, 0);
  g_assert_cmpint (ap_pacer_when (&pacer, FRAME), ==, START + 20 * MS);
  g_assert_cmpuint (send_all (&pacer, FRAME, START + 20 * MS - 1), ==, 0);
  g_assert_cmpuint (send_all (&pacer, FRAME, START + 20 * MS), ==, FRAME);
  g_assert_cmpint (ap_pacer_ahead_us (&pacer, START + 20 * MS), ==, 200 * MS);
  g_assert_cmpuint (ap_pacer_ahead_bytes (&pacer, START + 20 * MS), ==, 1600);
}

static void
test_a_stall_is_caught_up (void)
{
  ApPacer pacer = pacer_of (8000, 200 * MS, AP_PACER_UNBOUNDED);

  send_all (&pacer, FRAME, START);
  g_assert_cmpuint (send_all (&pacer, FRAME, START + 3 * SECOND), ==, 24000);
  g_assert_cmpint (ap_pacer_when (&pacer, FRAME), ==, START + 3 * SECOND + 20 * MS);
  /* The peer was silent meanwhile, and so has more to play than the lead. */
  g_assert_cmpint (ap_pacer_ahead_us (&pacer, START + 3 * SECOND), ==, 3 * SECOND);
}

static void
test_a_long_stall_begins_anew_if_asked (void)
{
  ApPacer pacer = pacer_of (8000, 200 * MS, 500 * MS);

  send_all (&pacer, FRAME, START);
  g_assert_cmpuint (send_all (&pacer, FRAME, START + 700 * MS), ==, 5600);
  g_assert_cmpuint (send_all (&pacer, FRAME, START + 700 * MS + 701 * MS), ==, 1600);
  g_assert_cmpint (ap_pacer_when (&pacer, FRAME), ==, START + 1401 * MS + 20 * MS);
}

/* What each row does after 200 ms of audio at START, and what may go then. */
static void
test_the_clock_begins_anew_when_dry (void)
{
  static const struct {
    gint64 at;
    gboolean idle, reset;
    gsize allowance;
    gint64 ahead_us;
  } rows[] = {
    { 100 * MS, FALSE, FALSE, 800, 100 * MS }, /* fed */
    { 100 * MS, TRUE, FALSE, 800, 100 * MS },  /* nothing left here, but the peer still plays */
    { 200 * MS, TRUE, FALSE, 1600, 0 },        /* just dry */
    { 5 * SECOND, FALSE, FALSE, 40000, 0 },    /* held up */
    { 5 * SECOND, TRUE, FALSE, 1600, 0 },      /* idle */
    { 100 * MS, FALSE, TRUE, 1600, 0 },        /* cleared */
    { 5 * SECOND, FALSE, TRUE, 1600, 0 },      { 100 * MS, TRUE, TRUE, 1600, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    ApPacer pacer = pacer_of (8000, 200 * MS, AP_PACER_UNBOUNDED);

    g_test_message ("row %zu", i);
    send_all (&pacer, FRAME, START);
    if (rows[i].idle)
      ap_pacer_set_idle (&pacer);
    if (rows[i].reset)
      ap_pacer_reset (&pacer, START + rows[i].at);
    g_assert_cmpint (ap_pacer_ahead_us (&pacer, START + rows[i].at), ==, rows[i].ahead_us);
    g_assert_cmpuint (ap_pacer_allowance (&pacer, START + rows[i].at), ==, rows[i].allowance);
    g_assert_cmpuint (pacer.total, ==, 1600);
  }
}

static void
test_sending_more_than_allowed_is_paid_back (void)
{
  ApPacer pacer = pacer_of (8000, 200 * MS, AP_PACER_UNBOUNDED);

  ap_pacer_sent (&pacer, 8000, START);
  g_assert_cmpuint (ap_pacer_allowance (&pacer, START + 800 * MS), ==, 0);
  g_assert_cmpint (ap_pacer_when (&pacer, FRAME), ==, START + 820 * MS);
  g_assert_cmpuint (ap_pacer_allowance (&pacer, START + 820 * MS), ==, FRAME);
}

/* Rates and frames: also ones with which a frame is no whole number of microseconds. */
static const struct {
  guint rate;
  gsize frame;
} streams[] = {
  { 8000, 160 }, { 16000, 320 }, { 48000, 960 }, { 44100, 441 }, { 88200, 882 }, { 11025, 221 }, { 7, 1 }
};

/* Asked each time at the time it told, for twelve hours. */
static void
test_no_drift_over_hours (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++) {
    ApPacer pacer = pacer_of (streams[i].rate, 300 * MS, AP_PACER_UNBOUNDED);
    guint64 frames = 12 * 3600 * (guint64)streams[i].rate / streams[i].frame;
    gint64 now = START;

    for (guint64 n = 0; n < frames; n++) {
      now = MAX (now, ap_pacer_when (&pacer, streams[i].frame));
      g_assert_cmpuint (ap_pacer_allowance (&pacer, now), >=, streams[i].frame);
      ap_pacer_sent (&pacer, streams[i].frame, now);
    }
    g_assert_cmpuint (pacer.total, ==, frames * streams[i].frame);
    g_assert_cmpint (now - START, >=, (gint64)(pacer.total * SECOND / streams[i].rate) - 300 * MS);
    g_assert_cmpint (now - START, <=, (gint64)(pacer.total * SECOND / streams[i].rate) - 300 * MS + 1);
    g_assert_cmpint (ap_pacer_ahead_us (&pacer, now), <=, 300 * MS + 1);
    g_assert_cmpint (ap_pacer_ahead_us (&pacer, now), >=, 300 * MS - 1);
  }
}

/* Whoever is fed and held up at random is never more than the lead ahead, and at most a frame behind it when asked. */
static void
test_random_stalls (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20);

  for (guint round = 0; round < 300; round++) {
    guint rate = (guint)g_rand_int_range (random, 1000, 200000);
    gsize frame = (gsize)g_rand_int_range (random, 1, (gint)(rate / 10));
    gint64 lead = g_rand_int_range (random, 100 * MS, 1 * SECOND);
    ApPacer pacer = pacer_of (rate, lead, AP_PACER_UNBOUNDED);
    gint64 now = START;

    for (guint step = 0; step < 200; step++) {
      guint64 bound = (guint64)(now - START + lead) * rate / SECOND;

      send_all (&pacer, frame, now);
      g_assert_cmpuint (pacer.total, <=, bound);
      g_assert_cmpuint (pacer.total + frame, >, bound);
      now += g_rand_int_range (random, 0, 10) > 0 ? g_rand_int_range (random, 0, 40 * MS)
                                                  : g_rand_int_range (random, 0, 4 * SECOND);
    }
  }
}

/* With pauses of the source too: the peer, played through in a model, never holds more than the lead if stalls end
 * runs, and the figure of what is ahead is that of the model. */
static void
test_random_pauses_against_a_peer (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (21);
  ApPacer pacer = pacer_of (8000, 200 * MS, 0);
  gint64 now = START;
  gint64 peer_us = 0; /* audio in the peer */

  for (guint step = 0; step < 100000; step++) {
    gint64 pause = g_rand_int_range (random, 0, 20) > 0 ? g_rand_int_range (random, 0, 30 * MS)
                                                        : g_rand_int_range (random, 0, SECOND);

    if (g_rand_int_range (random, 0, 4) == 0)
      ap_pacer_set_idle (&pacer);
    else
      peer_us += (gint64)send_all (&pacer, FRAME, now) * SECOND / 8000;
    g_assert_cmpint (peer_us, <=, 200 * MS);
    g_assert_cmpint (ap_pacer_ahead_us (&pacer, now), ==, peer_us);
    now += pause;
    peer_us = MAX (0, peer_us - pause);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pacer/lead", test_lead_goes_at_once);
  g_test_add_func ("/pacer/stall", test_a_stall_is_caught_up);
  g_test_add_func ("/pacer/long-stall", test_a_long_stall_begins_anew_if_asked);
  g_test_add_func ("/pacer/dry", test_the_clock_begins_anew_when_dry);
  g_test_add_func ("/pacer/too-much", test_sending_more_than_allowed_is_paid_back);
  g_test_add_func ("/pacer/hours", test_no_drift_over_hours);
  g_test_add_func ("/pacer/random-stalls", test_random_stalls);
  g_test_add_func ("/pacer/random-pauses", test_random_pauses_against_a_peer);
  return g_test_run ();
}
