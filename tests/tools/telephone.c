/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio as a telephone carries it. */
#include "telephone.h"

#include <math.h>

/* Of each of the 63 tones: together they stay below full scale. */
#define TONE_LEVEL 700

static void
on_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  Telephone *telephone = owner;
  gsize size = gst_buffer_get_size (buffer);
  guint at = telephone->out->len;

  g_byte_array_set_size (telephone->out, at + (guint)size);
  gst_buffer_extract (buffer, 0, telephone->out->data + at, size);
}

static void
on_nothing (gpointer owner)
{
}

static void
on_ended (gpointer owner, const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
  ((Telephone *)owner)->ended = TRUE;
}

Telephone *
telephone_new (const char *caps, const char *elements)
{
  static const ApPipelineCallbacks callbacks = { on_frame, on_nothing, on_nothing, on_ended };
  g_autoptr (GstCaps) parsed = gst_caps_from_string (caps);
  const ApPipelineSpec spec = { elements, parsed, AP_PIPELINE_MODE_DIRECT };
  g_autoptr (GError) error = NULL;
  Telephone *telephone = g_new0 (Telephone, 1);

  telephone->out = g_byte_array_new ();
  telephone->pipeline = ap_pipeline_new (&spec, &callbacks, telephone, &error);
  if (telephone->pipeline == NULL)
    g_error ("%s: %s", elements, error->message);
  return telephone;
}

void
telephone_free (Telephone *telephone)
{
  g_object_unref (telephone->pipeline);
  g_byte_array_unref (telephone->out);
  g_free (telephone);
}

void
telephone_push (Telephone *telephone, gconstpointer data, gsize length)
{
  ap_pipeline_push (telephone->pipeline, 1, data, length);
}

void
telephone_drain (Telephone *telephone)
{
  ap_pipeline_end (telephone->pipeline);
  if (!telephone->ended)
    g_error ("the elements hold back the end of the stream");
}

GByteArray *
telephone_run (const char *caps, const char *elements, gconstpointer data, gsize length, gsize frame)
{
  g_autoptr (Telephone) telephone = telephone_new (caps, elements);
  const guint8 *bytes = data;

  for (gsize at = 0; at < length; at += frame)
    telephone_push (telephone, bytes + at, MIN (frame, length - at));
  telephone_drain (telephone);
  return g_byte_array_ref (telephone->out);
}

gint16 *
telephone_band (gsize samples, guint rate, gsize fade, gdouble delay)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (300);
  g_autofree gdouble *sum = g_new0 (gdouble, samples);
  gint16 *out = g_new (gint16, samples);

  for (guint hz = 300; hz <= 3400; hz += 50) {
    gdouble phase = g_rand_double_range (random, 0, 2 * G_PI);

    for (gsize i = 0; i < samples; i++)
      sum[i] += TONE_LEVEL * sin (2 * G_PI * hz * ((gdouble)i - delay) / rate + phase);
  }
  for (gsize i = 0; i < samples; i++) {
    gdouble ramp = fade > 0 ? MIN (1.0, (gdouble)MIN (i, samples - 1 - i) / (gdouble)fade) : 1.0;

    out[i] = (gint16)lrint (CLAMP (sum[i] * ramp, G_MININT16, G_MAXINT16));
  }
  return out;
}

/* The phase of a tone in the middle half. */
static gdouble
phase_of (const gint16 *samples, gsize n, gdouble cycles_per_sample)
{
  gdouble real = 0, imaginary = 0;

  for (gsize i = n / 4; i < n - n / 4; i++) {
    real += samples[i] * cos (2 * G_PI * cycles_per_sample * (gdouble)i);
    imaginary -= samples[i] * sin (2 * G_PI * cycles_per_sample * (gdouble)i);
  }
  return atan2 (imaginary, real);
}

gdouble
telephone_delay (const gint16 *early, const gint16 *late, gsize samples, guint rate)
{
  gdouble cycles_per_sample = 1000.0 / rate;
  gdouble turn = phase_of (early, samples, cycles_per_sample) - phase_of (late, samples, cycles_per_sample);

  return remainder (turn, 2 * G_PI) / (2 * G_PI * cycles_per_sample);
}

gdouble
telephone_snr (const gint16 *clean, const gint16 *other, gsize samples)
{
  gdouble signal = 0;
  gdouble noise = 0;

  for (gsize i = 0; i < samples; i++) {
    gdouble difference = (gdouble)other[i] - clean[i];

    signal += (gdouble)clean[i] * clean[i];
    noise += difference * difference;
  }
  return 10 * log10 (signal / MAX (noise, 1e-9));
}

gdouble
telephone_correlation (const gint16 *a, const gint16 *b, gsize samples)
{
  gdouble n = (gdouble)samples, sum_a = 0, sum_b = 0, ab = 0, aa = 0, bb = 0;

  for (gsize i = 0; i < samples; i++) {
    sum_a += a[i];
    sum_b += b[i];
    ab += (gdouble)a[i] * b[i];
    aa += (gdouble)a[i] * a[i];
    bb += (gdouble)b[i] * b[i];
  }
  return (n * ab - sum_a * sum_b) / sqrt ((n * aa - sum_a * sum_a) * (n * bb - sum_b * sum_b));
}
