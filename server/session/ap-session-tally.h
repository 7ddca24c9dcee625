/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-metrics.h"

/* What a session counts: for its own line in the log, and in the metrics of its endpoint. Belongs to its worker. */
typedef struct {
  ApEndpointCounts *endpoint;
  gint64 opened_at; /* monotonic, microseconds */
  guint64 frames_in, frames_out;
  guint64 bytes_in, bytes_out;
  guint64 gaps, dropped;
} ApSessionTally;

/* How it ended. */
typedef struct {
  guint64 session;
  const char *path; /* of the endpoint */
  const char *peer;
  guint16 code;
  const char *reason;   /* (nullable) */
  const char *ended_by; /* peer, server or pipeline */
  const char *error;    /* (nullable): what failed */
} ApSessionEnd;

void ap_session_tally_begin (ApSessionTally *tally, const char *path);
void ap_session_tally_in (ApSessionTally *tally, gsize bytes);
void ap_session_tally_out (ApSessionTally *tally, gsize bytes);
void ap_session_tally_loss (ApSessionTally *tally, guint64 gaps, guint64 dropped);
/* Writes the one line that every session leaves. */
void ap_session_tally_end (ApSessionTally *tally, const ApSessionEnd *end);
