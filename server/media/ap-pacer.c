/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paces audio by absolute deadlines, by byte count. */
#include "media/ap-pacer.h"

/* Rounded up: no byte is ever early. Split so that no product overflows. */
static gint64
duration (const ApPacer *pacer, guint64 bytes)
{
  guint64 rate = pacer->config.rate;
  guint64 seconds = bytes / rate;
  guint64 rest = bytes % rate;

  return (gint64)(seconds * G_USEC_PER_SEC + (rest * G_USEC_PER_SEC + rate - 1) / rate);
}

/* Rounded down. */
static guint64
bytes_in (const ApPacer *pacer, gint64 time_us)
{
  guint64 rate = pacer->config.rate;
  guint64 time = time_us > 0 ? (guint64)time_us : 0;

  return time / G_USEC_PER_SEC * rate + time % G_USEC_PER_SEC * rate / G_USEC_PER_SEC;
}

void
ap_pacer_init (ApPacer *pacer, const ApPacerConfig *config)
{
  g_return_if_fail (config->rate > 0 && config->lead_us >= 0 && config->catch_up_us >= 0);
  *pacer = (ApPacer){ .config = *config, .origin = AP_PACER_NO_RUN };
}

static void
begin_run (ApPacer *pacer, gint64 now)
{
  pacer->origin = now;
  pacer->run = 0;
}

gsize
ap_pacer_allowance (ApPacer *pacer, gint64 now)
{
  gint64 behind;
  guint64 allowed;

  if (pacer->origin == AP_PACER_NO_RUN)
    begin_run (pacer, now);
  behind = now - pacer->origin - duration (pacer, pacer->run);
  if (behind > (pacer->idle ? 0 : pacer->config.catch_up_us))
    begin_run (pacer, now);
  pacer->idle = FALSE;
  allowed = bytes_in (pacer, now - pacer->origin + pacer->config.lead_us);
  return allowed > pacer->run ? (gsize)(allowed - pacer->run) : 0;
}

void
ap_pacer_sent (ApPacer *pacer, gsize bytes, gint64 now)
{
  if (pacer->origin == AP_PACER_NO_RUN)
    begin_run (pacer, now);
  pacer->run += bytes;
  pacer->total += bytes;
  if (ap_pacer_ahead_us (pacer, now) == 0) {
    pacer->heard_from = now;
    pacer->heard_run = 0;
  }
  pacer->heard_run += bytes;
}

gint64
ap_pacer_when (const ApPacer *pacer, gsize bytes)
{
  if (pacer->origin == AP_PACER_NO_RUN)
    return G_MININT64;
  return pacer->origin + duration (pacer, pacer->run + bytes) - pacer->config.lead_us;
}

void
ap_pacer_set_idle (ApPacer *pacer)
{
  pacer->idle = TRUE;
}

void
ap_pacer_reset (ApPacer *pacer, gint64 now)
{
  pacer->origin = AP_PACER_NO_RUN;
  pacer->run = 0;
  pacer->idle = FALSE;
  pacer->heard_run = 0;
}

gint64
ap_pacer_ahead_us (const ApPacer *pacer, gint64 now)
{
  gint64 ahead = pacer->heard_from + duration (pacer, pacer->heard_run) - now;

  return pacer->heard_run > 0 && ahead > 0 ? ahead : 0;
}

guint64
ap_pacer_ahead_bytes (const ApPacer *pacer, gint64 now)
{
  return MIN (bytes_in (pacer, ap_pacer_ahead_us (pacer, now)), pacer->heard_run);
}
