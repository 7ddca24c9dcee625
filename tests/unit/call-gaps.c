/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gaps seen from timestamps: what is filled, and what is only jitter. */
#include "endpoints/twilio/ap-call-gaps.h"

#define NONE AP_CALL_GAPS_NO_TIMESTAMP
#define END                                                                                                            \
  {                                                                                                                    \
    0, 0, 0                                                                                                            \
  }

static ApCallGaps
gaps_of (guint ticks)
{
  ApCallGapsConfig config = { 8000, ticks, AP_CALL_GAPS_TOLERANCE_US, AP_CALL_GAPS_LONGEST_US };
  ApCallGaps gaps;

  ap_call_gaps_init (&gaps, &config);
  return gaps;
}

/* ---- frames one by one ---- */

/* Each: timestamp, samples that come, samples of silence before them. */
static const struct {
  const char *what;
  guint ticks;
  struct {
    guint64 timestamp, samples, silence;
  } frames[12];
  guint64 gaps, capped, backwards, missing;
} cases[] = {
  { "from anywhere", 1000, { { 171, 160, 0 }, { 191, 160, 0 }, { 211, 160, 0 }, END }, 0, 0, 0, 0 },
  { "rounded, early and late",
    1000,
    { { 102, 160, 0 }, { 121, 160, 0 }, { 143, 160, 0 }, { 155, 160, 0 }, { 196, 160, 0 }, { 202, 160, 0 }, END },
    0,
    0,
    0,
    0 },
  { "any size",
    1000,
    { { 5, 80, 0 }, { 15, 800, 0 }, { 115, 1, 0 }, { 115, 7999, 0 }, { 1115, 160, 0 }, END },
    0,
    0,
    1,
    0 },
  { "one frame is lost", 1000, { { 0, 160, 0 }, { 40, 160, 160 }, { 60, 160, 0 }, END }, 1, 0, 0, 0 },
  { "a second is lost", 1000, { { 7, 160, 0 }, { 1027, 160, 8000 }, { 1047, 160, 0 }, END }, 1, 0, 0, 0 },
  { "ten seconds are lost", 1000, { { 0, 160, 0 }, { 10020, 160, 80000 }, { 10040, 160, 0 }, END }, 1, 0, 0, 0 },
  { "more is lost",
    1000,
    { { 0, 8000, 0 }, { 11001, 160, 80000 }, { 11021, 160, 0 }, { 11061, 160, 160 }, END },
    2,
    1,
    0,
    0 },
  { "an hour, again and again: silence is bounded by audio",
    1000,
    { { 0, 160, 0 }, { 3600000, 160, 80000 }, { 7200000, 160, 1280 }, { 10800000, 160, 640 }, END },
    3,
    3,
    0,
    0 },
  { "twice the same",
    1000,
    { { 0, 160, 0 }, { 20, 160, 0 }, { 20, 160, 0 }, { 40, 160, 0 }, { 60, 160, 0 }, END },
    0,
    0,
    1,
    0 },
  { "two are swapped",
    1000,
    { { 0, 160, 0 }, { 20, 160, 0 }, { 60, 160, 160 }, { 40, 160, 0 }, { 80, 160, 0 }, END },
    1,
    0,
    1,
    0 },
  { "it begins anew", 1000, { { 5000, 160, 0 }, { 0, 160, 0 }, { 20, 160, 0 }, { 60, 160, 160 }, END }, 1, 0, 1, 0 },
  { "always zero",
    1000,
    { { 0, 800, 0 }, { 0, 800, 0 }, { 0, 800, 0 }, { 0, 800, 0 }, { 0, 800, 0 }, { 0, 800, 0 }, END },
    0,
    0,
    5,
    0 },
  { "without",
    1000,
    { { NONE, 160, 0 }, { 40, 160, 0 }, { NONE, 160, 0 }, { 80, 160, 0 }, { NONE, 160, 0 }, { 140, 160, 160 }, END },
    1,
    0,
    0,
    3 },
  { "in samples", 8000, { { 1234, 160, 0 }, { 1394, 160, 0 }, { 1714, 160, 160 }, { 1874, 160, 0 }, END }, 1, 0, 0, 0 },
  { "in samples, unexpectedly",
    1000,
    { { 1234, 160, 0 }, { 1394, 160, 0 }, { 1554, 160, 0 }, { 1874, 160, 160 }, { 2034, 160, 0 }, END },
    1,
    0,
    0,
    0 },
  { "as much is lost as if it counted samples",
    1000,
    { { 0, 1600, 0 },
      { 1600, 1600, 0 },
      { 1800, 1600, 0 },
      { 2000, 1600, 0 },
      { 2200, 1600, 0 },
      { 2600, 1600, 1600 },
      END },
    1,
    0,
    0,
    0 },
  { "in samples, and anew after a while",
    1000,
    { { 16000, 4000, 0 },
      { 20000, 4000, 0 },
      { 24000, 4000, 0 },
      { 0, 160, 0 },
      { 160, 160, 0 },
      { 320, 160, 0 },
      END },
    0,
    0,
    1,
    0 },
  { "since 1970",
    1000,
    { { G_GUINT64_CONSTANT (1795000000000), 160, 0 },
      { G_GUINT64_CONSTANT (1795000000020), 160, 0 },
      { G_GUINT64_CONSTANT (1795000000140), 160, 800 },
      END },
    1,
    0,
    0,
    0 },
  { "absurd",
    1000,
    { { 0, 160, 0 }, { G_MAXUINT64 - 1, 160, 80000 }, { 0, 160, 0 }, { 20, 160, 0 }, END },
    1,
    1,
    1,
    0 },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    ApCallGaps gaps = gaps_of (cases[i].ticks);
    guint64 silence = 0;

    for (gsize k = 0; cases[i].frames[k].samples > 0; k++) {
      g_test_message ("%s, frame %zu", cases[i].what, k);
      g_assert_cmpuint (ap_call_gaps_frame (&gaps, cases[i].frames[k].timestamp, cases[i].frames[k].samples), ==,
                        cases[i].frames[k].silence);
      silence += cases[i].frames[k].silence;
    }
    g_assert_cmpuint (gaps.gaps, ==, cases[i].gaps);
    g_assert_cmpuint (gaps.capped, ==, cases[i].capped);
    g_assert_cmpuint (gaps.backwards, ==, cases[i].backwards);
    g_assert_cmpuint (gaps.missing, ==, cases[i].missing);
    g_assert_cmpuint (gaps.silence, ==, silence);
  }
}

/* ---- long ---- */

/* A peer's clock beside its samples, in parts of a million, with as much jitter as a real one shows. */
static void
test_skew_is_no_gap (void)
{
  static const gint64 skews[] = { -10000, -1500, 0, 1500, 10000 };
  g_autoptr (GRand) random = g_rand_new_with_seed (3);

  for (gsize i = 0; i < G_N_ELEMENTS (skews); i++) {
    ApCallGaps gaps = gaps_of (1000);

    for (gint64 frame = 0; frame < 3600 * 50; frame++) {
      gint64 ms = 155 + frame * 20 + frame * 20 * skews[i] / 1000000 + g_rand_int_range (random, -1, 2);

      g_assert_cmpuint (ap_call_gaps_frame (&gaps, (guint64)ms, 160), ==, 0);
    }
    g_assert_cmpuint (gaps.audio, ==, 3600 * 8000);
  }
}

/* Frames are lost at random; audio and silence together are as long as the timestamps say. */
static void
test_losses_keep_the_length (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  ApCallGaps gaps = gaps_of (1000);

  for (guint64 frame = 0; frame < 100000; frame++) {
    gint64 error;

    if (g_rand_int_range (random, 0, 10) == 0)
      frame += (guint64)g_rand_int_range (random, 1, 40);
    ap_call_gaps_frame (&gaps, 155 + frame * 20 + (guint64)g_rand_int_range (random, 0, 2), 160);
    error = (gint64)(gaps.audio + gaps.silence) - (gint64)(frame + 1) * 160;
    g_assert_cmpint (ABS (error), <, 120);
  }
  g_assert_cmpuint (gaps.gaps, >, 3000);
  g_assert_cmpuint (gaps.capped, ==, 0);
}

/* Any timestamps at all: silence stays within its bound. */
static void
test_silence_is_bounded (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (6);
  ApCallGaps gaps = gaps_of (1000);

  for (guint i = 0; i < 100000; i++) {
    guint64 timestamp = ((guint64)g_rand_int (random) << 32 | g_rand_int (random)) >> g_rand_int_range (random, 0, 64);
    guint64 silence = ap_call_gaps_frame (&gaps, timestamp, (guint64)g_rand_int_range (random, 0, 320));

    g_assert_cmpuint (silence, <=, 80000);
    g_assert_cmpuint (gaps.silence, <=, 80000 + AP_CALL_GAPS_TIMES * gaps.audio);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-gaps/cases", test_cases);
  g_test_add_func ("/call-gaps/skew", test_skew_is_no_gap);
  g_test_add_func ("/call-gaps/losses", test_losses_keep_the_length);
  g_test_add_func ("/call-gaps/bounded", test_silence_is_bounded);
  return g_test_run ();
}
