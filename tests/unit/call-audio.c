/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The elements of a call: what they leave of telephone audio, that nothing is lost or gained, and that frames join. */
#include "endpoints/twilio/ap-call-elements.h"

#include "telephone.h"

#include <math.h>

#define SECONDS 2
#define SAMPLES (8000 * SECONDS)
#define FADE    400
#define PCM8    AP_CALL_PCM_CAPS ("8000")
#define PCM16   AP_CALL_PCM_CAPS ("16000")
#define UP      AP_CALL_RESAMPLER " ! capsfilter caps=" PCM16
#define DOWN    AP_CALL_RESAMPLER " ! capsfilter caps=" PCM8
#define UP_DOWN AP_CALL_RESAMPLER " ! " PCM16 " ! " DOWN
#define CALL    AP_CALL_TO_MODEL " ! " AP_CALL_FROM_MODEL

static const gint16 *
pcm (const GByteArray *bytes)
{
  return (const gint16 *)(gconstpointer)bytes->data;
}

static GByteArray *
mulaw_of (const gint16 *samples)
{
  return telephone_run (PCM8, "mulawenc_demo", samples, SAMPLES * 2, 320);
}

/* A band whose level is @shift times 6 dB lower. */
static gint16 *
quiet_band (guint shift)
{
  gint16 *samples = telephone_band (SAMPLES, 8000, FADE, 0);

  for (gsize i = 0; i < SAMPLES; i++)
    samples[i] = (gint16)(samples[i] / (1 << shift));
  return samples;
}

static void
test_mulaw_correlates (void)
{
  for (guint shift = 0; shift < 7; shift++) {
    g_autofree gint16 *clean = quiet_band (shift);
    g_autoptr (GByteArray) out = telephone_run (PCM8, "mulawenc_demo ! mulawdec_demo", clean, SAMPLES * 2, 320);
    gdouble correlation = telephone_correlation (clean, pcm (out), SAMPLES);

    g_test_message ("%u dB lower: correlation %.6f, SNR %.1f dB", 6 * shift, correlation,
                    telephone_snr (clean, pcm (out), SAMPLES));
    g_assert_cmpuint (out->len, ==, SAMPLES * 2);
    g_assert_cmpfloat (correlation, >, 0.999);
  }
}

/* Elements, bytes of an input sample, and how many bytes come out for each of them. */
static const struct {
  const char *caps, *elements;
  gsize in, out;
} paths[] = {
  { PCM8, UP, 2, 4 },
  { PCM16, DOWN, 4, 2 }, /* two samples */
  { PCM8, UP_DOWN, 2, 2 },
  { AP_CALL_MULAW_CAPS, AP_CALL_TO_MODEL, 1, 4 },
  { PCM16, AP_CALL_FROM_MODEL, 4, 1 },
  { AP_CALL_MULAW_CAPS, CALL, 1, 1 },
};

static void
test_lengths_are_kept (void)
{
  static const gsize frames[] = { 1, 7, 80, 160, 161, 800, 4000 };
  g_autofree guint8 *data = g_malloc0 (SAMPLES * 4);

  for (gsize path = 0; path < G_N_ELEMENTS (paths); path++) {
    for (gsize i = 0; i < G_N_ELEMENTS (frames); i++) {
      for (gsize samples = frames[i]; samples <= 8000; samples = samples * 5 + 3) {
        g_autoptr (GByteArray) out = telephone_run (paths[path].caps, paths[path].elements, data,
                                                    samples * paths[path].in, frames[i] * paths[path].in);

        g_test_message ("%s: %zu in frames of %zu", paths[path].elements, samples, frames[i]);
        g_assert_cmpuint (out->len, ==, samples * paths[path].out);
      }
    }
  }
}

/* What comes out does not depend on where one frame ends and the next begins: no border can be heard. */
static void
test_frames_join (void)
{
  static const gsize frames[] = { 160, 20, 333 };
  g_autofree gint16 *band = telephone_band (SAMPLES * 2, 16000, FADE, 0);

  for (gsize path = 0; path < G_N_ELEMENTS (paths); path++) {
    gsize length = 8000 * paths[path].in;
    g_autoptr (GByteArray) whole = telephone_run (paths[path].caps, paths[path].elements, band, length, length);

    for (gsize i = 0; i < G_N_ELEMENTS (frames); i++) {
      g_autoptr (GByteArray) out =
          telephone_run (paths[path].caps, paths[path].elements, band, length, frames[i] * paths[path].in);

      g_test_message ("%s in frames of %zu", paths[path].elements, frames[i]);
      g_assert_cmpmem (out->data, out->len, whole->data, whole->len);
    }
  }
}

/* No delay is made up for: there is none. */
static void
test_resampling_is_clean (void)
{
  g_autofree gint16 *clean = telephone_band (SAMPLES, 8000, FADE, 0);
  g_autoptr (GByteArray) out = telephone_run (PCM8, UP_DOWN, clean, SAMPLES * 2, 320);
  gdouble snr = telephone_snr (clean, pcm (out), SAMPLES);

  g_test_message ("SNR %.1f dB", snr);
  g_assert_cmpfloat (snr, >=, 70);
}

/* Up alone, against the same band made at 16 kHz. */
static void
test_upsampling_is_clean (void)
{
  g_autofree gint16 *clean = telephone_band (SAMPLES, 8000, FADE, 0);
  g_autofree gint16 *expected = telephone_band (SAMPLES * 2, 16000, 2 * FADE, 0);
  g_autoptr (GByteArray) out = telephone_run (PCM8, UP, clean, SAMPLES * 2, 320);
  gdouble snr = telephone_snr (expected, pcm (out), SAMPLES * 2 - 1);

  g_test_message ("SNR %.1f dB", snr);
  g_assert_cmpfloat (snr, >=, 70);
}

/* What a telephone does not carry must not come back as something else. */
static void
test_what_is_too_high_is_gone (void)
{
  g_autofree gint16 *tone = g_new (gint16, SAMPLES);
  g_autoptr (GByteArray) out = NULL;

  for (guint hz = 4600; hz < 8000; hz += 300) {
    for (gsize i = 0; i < SAMPLES; i++)
      tone[i] = (gint16)lrint (16384 * MIN (1.0, (gdouble)MIN (i, SAMPLES - i) / 2000) *
                               sin (2 * G_PI * hz * (gdouble)i / 16000));
    g_clear_pointer (&out, g_byte_array_unref);
    out = telephone_run (PCM16, DOWN, tone, SAMPLES * 2, 640);
    for (gsize i = 0; i < SAMPLES / 2; i++)
      g_assert_cmpint (ABS (pcm (out)[i]), <, 16); /* 60 dB */
  }
}

/* A whole call: what companding leaves, once; the resamplers take nothing of it, and what they leave gets the same
 * codes again. */
static void
test_a_call_keeps_what_mulaw_has (void)
{
  g_autofree gint16 *clean = telephone_band (SAMPLES, 8000, FADE, 0);
  g_autoptr (GByteArray) in = mulaw_of (clean);
  g_autoptr (GByteArray) out = telephone_run (AP_CALL_MULAW_CAPS, CALL, in->data, in->len, 160);
  g_autoptr (GByteArray) heard = telephone_run (AP_CALL_MULAW_CAPS, "mulawdec_demo", out->data, out->len, 160);
  gdouble snr = telephone_snr (clean, pcm (heard), SAMPLES);

  g_test_message ("SNR %.1f dB, correlation %.6f", snr, telephone_correlation (clean, pcm (heard), SAMPLES));
  g_assert_cmpuint (out->len, ==, SAMPLES);
  g_assert_cmpfloat (snr, >, 35);
}

/* The filter holds back some of the first frame; that is no fault, and none of it is lost. */
static void
test_the_first_frame_is_short (void)
{
  g_autofree guint8 *frame = g_malloc0 (160);
  g_autoptr (Telephone) telephone = telephone_new (AP_CALL_MULAW_CAPS, AP_CALL_TO_MODEL);

  telephone_push (telephone, frame, 160);
  g_assert_cmpuint (telephone->out->len, <, 640);
  g_assert_cmpuint (telephone->out->len, >, 640 - 4 * 33); /* 2 ms */
  telephone_push (telephone, frame, 160);
  g_assert_cmpuint (telephone->out->len, >, 640);
  telephone_drain (telephone);
  g_assert_cmpuint (telephone->out->len, ==, 1280);
}

/* Both zeros of mu-law are silence, and stay so. */
static void
test_silence_stays_silent (void)
{
  g_autofree guint8 *silence = g_malloc (SAMPLES);
  g_autoptr (GByteArray) out = NULL;

  for (gsize i = 0; i < SAMPLES; i++)
    silence[i] = i % 3 == 0 ? 0x7F : 0xFF;
  out = telephone_run (AP_CALL_MULAW_CAPS, CALL, silence, SAMPLES, 160);
  g_assert_cmpuint (out->len, ==, SAMPLES);
  for (gsize i = 0; i < SAMPLES; i++)
    g_assert_cmpuint (out->data[i] | 0x80, ==, 0xFF);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/call-audio/mulaw", test_mulaw_correlates);
  g_test_add_func ("/call-audio/lengths", test_lengths_are_kept);
  g_test_add_func ("/call-audio/frames-join", test_frames_join);
  g_test_add_func ("/call-audio/resampling", test_resampling_is_clean);
  g_test_add_func ("/call-audio/upsampling", test_upsampling_is_clean);
  g_test_add_func ("/call-audio/too-high", test_what_is_too_high_is_gone);
  g_test_add_func ("/call-audio/call", test_a_call_keeps_what_mulaw_has);
  g_test_add_func ("/call-audio/first-frame", test_the_first_frame_is_short);
  g_test_add_func ("/call-audio/silence", test_silence_stays_silent);
  return g_test_run ();
}
