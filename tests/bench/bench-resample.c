/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each resampler costs a call, and what it leaves of the audio: 8 kHz to 16 kHz and back. The
 * source of the table in docs/protocols/twilio-audio.md. usage: bench-resample [--quick] */
#include "endpoints/twilio/ap-call-elements.h"

#include "telephone.h"

#include <malloc.h>
#include <stdio.h>
#include <time.h>

#define PCM8    AP_CALL_PCM_CAPS ("8000")
#define FRAME   160 /* samples of 20 ms */
#define SAMPLES (8000 * 4)
#define FADE    800
#define CALLS   50 /* for the memory of one */

static const char *const resamplers[] = {
  AP_CALL_RESAMPLER,
  "audioresample resample-method=linear",
  "audioresample resample-method=cubic",
  "audioresample resample-method=blackman-nuttall quality=4 sinc-filter-mode=full",
  "audioresample quality=0 sinc-filter-mode=full",
  "audioresample quality=2 sinc-filter-mode=full",
  "audioresample quality=3 sinc-filter-mode=full",
  "audioresample quality=4 sinc-filter-mode=full",
  "audioresample quality=4 sinc-filter-mode=interpolated",
  "audioresample quality=5 sinc-filter-mode=full",
  "audioresample quality=6 sinc-filter-mode=full",
  "audioresample quality=7 sinc-filter-mode=full",
  "audioresample quality=8 sinc-filter-mode=full",
  "audioresample quality=9 sinc-filter-mode=full",
  "audioresample quality=10 sinc-filter-mode=full",
};

static char *
there_and_back (const char *resampler)
{
  return g_strdup_printf ("%s ! " AP_CALL_PCM_CAPS ("16000") " ! %s ! capsfilter caps=" PCM8, resampler, resampler);
}

/* A delay by a part of a sample, the same for the whole band, is no noise. */
static gdouble
snr_of (const char *elements, const gint16 *clean)
{
  g_autoptr (GByteArray) out = telephone_run (PCM8, elements, clean, SAMPLES * 2, FRAME * 2);
  g_autofree gint16 *delayed = NULL;
  const gint16 *samples;

  if (out->len != SAMPLES * 2)
    g_error ("%s: %u bytes came out of %u", elements, out->len, SAMPLES * 2);
  samples = (const gint16 *)(gconstpointer)out->data;
  delayed = telephone_band (SAMPLES, 8000, FADE, telephone_delay (clean, samples, SAMPLES, 8000));
  return telephone_snr (delayed, samples, SAMPLES);
}

/* How much the elements hold back in the middle of a stream. */
static gdouble
delay_ms (const char *elements, const gint16 *clean)
{
  g_autoptr (Telephone) telephone = telephone_new (PCM8, elements);

  for (gsize frame = 0; frame < 100; frame++)
    telephone_push (telephone, clean + frame * FRAME, FRAME * 2);
  return (100 * FRAME - telephone->out->len / 2.0) / 8;
}

static gdouble
cpu_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gdouble)now.tv_sec * 1e6 + (gdouble)now.tv_nsec / 1e3;
}

/* The least of several rounds: what others on the machine take is not ours. */
static gdouble
us_per_frame (const char *caps, const char *elements, const gint16 *clean, gsize frame_bytes, guint rounds)
{
  gdouble best = G_MAXDOUBLE;

  for (guint round = 0; round < rounds; round++) {
    g_autoptr (Telephone) telephone = telephone_new (caps, elements);
    gdouble start;

    telephone_push (telephone, clean, frame_bytes);
    start = cpu_us ();
    for (gsize frame = 1; frame < SAMPLES / FRAME; frame++)
      telephone_push (telephone, clean + frame * FRAME, frame_bytes);
    best = MIN (best, (cpu_us () - start) / (SAMPLES / FRAME - 1));
  }
  return best;
}

static gdouble
kib_of_a_call (const char *caps, const char *elements, const gint16 *clean, gsize frame_bytes)
{
  Telephone *calls[CALLS];
  struct mallinfo2 before = mallinfo2 ();
  struct mallinfo2 after;

  for (guint i = 0; i < CALLS; i++) {
    calls[i] = telephone_new (caps, elements);
    telephone_push (calls[i], clean, frame_bytes);
  }
  after = mallinfo2 ();
  for (guint i = 0; i < CALLS; i++)
    telephone_free (calls[i]);
  return (gdouble)(after.uordblks - before.uordblks) / CALLS / 1024;
}

static void
print_resampler (const char *resampler, const gint16 *clean, guint rounds)
{
  g_autofree char *elements = there_and_back (resampler);

  printf ("%-79s %8.1f %9.2f %12.2f %10.1f\n", resampler, snr_of (elements, clean), delay_ms (elements, clean),
          us_per_frame (PCM8, elements, clean, FRAME * 2, rounds), kib_of_a_call (PCM8, elements, clean, FRAME * 2));
}

/* With the codec: the same samples taken for mu-law are as much work as speech. */
static void
print_call (const gint16 *clean, guint rounds)
{
  const char *elements = AP_CALL_TO_MODEL " ! " AP_CALL_FROM_MODEL;

  printf ("%-79s %8s %9s %12.2f %10.1f\n", "a call: mu-law, 16 kHz, mu-law, with the one chosen", "", "",
          us_per_frame (AP_CALL_MULAW_CAPS, elements, clean, FRAME, rounds),
          kib_of_a_call (AP_CALL_MULAW_CAPS, elements, clean, FRAME));
}

int
main (int argc, char **argv)
{
  guint rounds = argc > 1 && g_str_equal (argv[1], "--quick") ? 2 : 20;
  g_autofree gint16 *clean = telephone_band (SAMPLES, 8000, FADE, 0);

  gst_init (&argc, &argv);
  printf ("8 kHz to 16 kHz and back, frames of 20 ms\n%-79s %8s %9s %12s %10s\n", "resampler", "SNR, dB", "delay, ms",
          "us per frame", "KiB a call");
  for (gsize i = 0; i < G_N_ELEMENTS (resamplers); i++)
    print_resampler (resamplers[i], clean, rounds);
  print_call (clean, rounds);
  return 0;
}
