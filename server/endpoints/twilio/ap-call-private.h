/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-gaps.h"
#include "endpoints/twilio/ap-call-order.h"
#include "endpoints/twilio/ap-call-playout.h"
#include "endpoints/twilio/ap-call.h"

/* A call's fields, for the files that it is made of. */
struct _ApCall {
  ApSession *session; /* whose state this is */
  ApCallRoom *room;
  const ApCallDialect *dialect;
  gint64 now;        /* of the message or the timer that is being worked on; monotonic, microseconds */
  gint64 last_heard; /* any message */
  ApTimer deadline;  /* of the start, then of the next message */
  guint complaints;  /* a bit for each kind of mistake that was logged */
  gboolean ended;    /* closing: no more is sent */

  /* From the start on. */
  ApCallRecord *record; /* NULL before */
  ApCallAudio audio;
  char *elements;
  GstCaps *caps;
  guint8 silence;      /* a byte of it */
  gboolean listens;    /* the peer takes no audio: it streams the call to us, and no more */
  ApCallGaps gaps;     /* of the caller's track */
  ApCallOrder order;   /* where the dialect needs it */
  gsize unheard_bytes; /* of output: what the pipeline makes of a gap, which the caller has waited through already */

  ApCallPlayout *playout;
  ApTimer pace;        /* when the next of the playout may go */
  gboolean held;       /* the peer holds as much as it can */
  gboolean hanging_up; /* when the playout has been heard */
  GQueue files;        /* of ApCallFile: played one after the other */
  guint file_number;
};

/* ap-call.c */
/* Counts a mistake, and logs the first of its @kind (0 to 31). */
void ap_call_complain (ApCall *call, guint kind, const char *text);
/* Of audio as the peer has it, in milliseconds. */
gint64 ap_call_bytes_to_ms (const ApCall *call, guint64 bytes);

/* ap-call-outbound.c */
void ap_call_start_outbound (ApCall *call);
/* Puts audio for the caller; sends what may go. */
void ap_call_say (ApCall *call, const guint8 *data, gsize length);
/* Sends what may go now, and sets the timer for the rest. */
void ap_call_pump (ApCall *call);
void ap_call_mark_came_back (ApCall *call, const char *name);
void ap_call_stop_outbound (ApCall *call);

/* ap-call-file.c */
/* Decodes more of the file that is playing, if the playout wants more. */
void ap_call_feed_files (ApCall *call);
gboolean ap_call_is_playing (const ApCall *call);
void ap_call_drop_files (ApCall *call);
