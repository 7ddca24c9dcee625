/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "session"

#include "session/ap-session-tally.h"

#include "base/ap-log.h"

void
ap_session_tally_begin (ApSessionTally *tally, const char *path)
{
  tally->opened_at = g_get_monotonic_time ();
  tally->endpoint = ap_metrics_endpoint (path);
  ap_count (&tally->endpoint->opened, 1);
}

void
ap_session_tally_in (ApSessionTally *tally, gsize bytes)
{
  tally->frames_in++;
  tally->bytes_in += bytes;
  ap_count (&tally->endpoint->frames_in, 1);
  ap_count (&tally->endpoint->bytes_in, bytes);
}

void
ap_session_tally_out (ApSessionTally *tally, gsize bytes)
{
  tally->frames_out++;
  tally->bytes_out += bytes;
  ap_count (&tally->endpoint->frames_out, 1);
  ap_count (&tally->endpoint->bytes_out, bytes);
}

void
ap_session_tally_loss (ApSessionTally *tally, guint64 gaps, guint64 dropped)
{
  tally->gaps += gaps;
  tally->dropped += dropped;
  ap_count (&tally->endpoint->frames_dropped, dropped);
}

void
ap_session_tally_end (ApSessionTally *tally, const ApSessionEnd *end)
{
  guint64 lasted = (guint64)(g_get_monotonic_time () - tally->opened_at);

  ap_metrics_count_close (tally->endpoint, end->code);
  ap_event (end->error != NULL ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO, "session ended",
            AP_LOG_NUMBER ("session", end->session), AP_LOG_TEXT ("endpoint", end->path),
            AP_LOG_TEXT ("peer", end->peer), AP_LOG_SECONDS ("seconds", lasted),
            AP_LOG_NUMBER ("frames_in", tally->frames_in), AP_LOG_NUMBER ("frames_out", tally->frames_out),
            AP_LOG_NUMBER ("bytes_in", tally->bytes_in), AP_LOG_NUMBER ("bytes_out", tally->bytes_out),
            AP_LOG_NUMBER ("gaps", tally->gaps), AP_LOG_NUMBER ("dropped", tally->dropped),
            AP_LOG_NUMBER ("code", end->code), AP_LOG_TEXT ("ended_by", end->ended_by),
            AP_LOG_TEXT ("reason", end->reason != NULL ? end->reason : ""),
            AP_LOG_TEXT ("error", end->error != NULL ? end->error : ""));
}
