/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio as a telephone carries it, sent through the elements of a call, and how much of it is left. */
#pragma once

#include "media/ap-pipeline.h"

/* A direct pipeline and all that came out of it. */
typedef struct {
  ApPipeline *pipeline;
  GByteArray *out;
  gboolean ended;
} Telephone;

/* @caps: of what goes in. Elements that cannot be had end the program. */
Telephone *telephone_new (const char *caps, const char *elements);
void telephone_free (Telephone *telephone);
void telephone_push (Telephone *telephone, gconstpointer data, gsize length);
/* Lets what the elements still hold come out. */
void telephone_drain (Telephone *telephone);

/* All of @data in frames of @frame bytes, drained. Returns: (transfer full): what came out. */
GByteArray *telephone_run (const char *caps, const char *elements, gconstpointer data, gsize length, gsize frame);

/* Tones at every 50 Hz of the telephone band, 300 to 3400 Hz, in random phases that are the same every time, at about
 * half of full scale, faded in and out over @fade samples, and later by @delay samples. Returns: (transfer full). */
gint16 *telephone_band (gsize samples, guint rate, gsize fade, gdouble delay);

/* By how many samples @late is later than @early, a band at @rate, as the phase of its tone at 1 kHz tells: less than
 * half of a period either way. */
gdouble telephone_delay (const gint16 *early, const gint16 *late, gsize samples, guint rate);

/* Of @other as @clean and noise, sample by sample: what changes the level, or the delay, of a part of the band is noise
 * too. In dB. */
gdouble telephone_snr (const gint16 *clean, const gint16 *other, gsize samples);
/* Pearson's. */
gdouble telephone_correlation (const gint16 *a, const gint16 *b, gsize samples);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Telephone, telephone_free)
