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
  ApCallRecord *record; /* in the table once the call has started */
  gint64 now;           /* when what is being worked on came; monotonic, microseconds */
  gint64 last_heard;    /* any message */
  ApTimer deadline;     /* of the start, then of the next message */
  guint complaints;     /* a bit for each kind of mistake that was logged */
  gint64 pressed_until; /* how long a telephone takes for the keys that came */
  gboolean has_place;   /* one of --max-calls */
  gboolean started;
  gboolean ended; /* closing: no more is said */

  /* From the start on. */
  ApCallAudio audio;
  char *elements;
  GstCaps *caps;
  guint8 silence;    /* a byte of it */
  gboolean listens;  /* the peer takes no audio: it streams the call to us, and no more */
  ApCallGaps gaps;   /* of the caller's track */
  ApCallOrder order; /* once @ordered: where the dialect needs it */
  gboolean ordered;
  /* Bytes that went into the pipeline, and came out; and which of these are made of a gap: the caller has waited
   * through that already. */
  guint64 pushed_bytes, came_bytes;
  guint64 unheard_from, unheard_to;

  ApCallPlayout *playout;
  guint frame_bytes;     /* of a message with audio */
  ApTimer pace;          /* when the next of the playout may go */
  gboolean held;         /* the peer holds as much as it can */
  gboolean hanging_up;   /* when all that waits has been heard */
  gint64 heard_at;       /* with what was sent last; computed */
  guint64 dropped_bytes; /* of the playout, that were told to the session */
  GQueue files;          /* of ApCallFile: played one after the other */
  guint file_number;
};

/* ap-call.c */
/* Counts a mistake, and logs the first of its @kind (0 to 31). */
void ap_call_complain (ApCall *call, guint kind, const char *text);
/* How long so much of the peer's audio lasts, in milliseconds. */
gint64 ap_call_bytes_to_ms (const ApCall *call, guint64 bytes);
/* The other way round; not always whole samples. */
guint ap_call_ms_to_bytes (const ApCall *call, guint ms);
/* The close frame follows what has been sent; only the first one counts. */
void ap_call_end (ApCall *call, guint16 code, const char *reason);

/* ap-call-outbound.c */
/* @frame_bytes: that the peer likes best, or AP_CALL_NO_NUMBER */
void ap_call_start_outbound (ApCall *call, guint64 frame_bytes);
/* Puts audio for the caller, and sends what may go. */
void ap_call_say (ApCall *call, const guint8 *data, gsize length);
/* Sends what may go now, and sees to the rest when its time comes. */
void ap_call_pump (ApCall *call);
/* All that the caller has not heard, here and at the peer; the next pump() tells it. */
void ap_call_drop_outbound (ApCall *call);
void ap_call_mark_came_back (ApCall *call, const char *name);
void ap_call_stop_outbound (ApCall *call);

/* ap-call-file.c */
/* Puts more of the file that is playing, if the playout wants more. */
void ap_call_feed_files (ApCall *call);
gboolean ap_call_is_playing (const ApCall *call);
/* A mark behind the last of the files, of which there is one. FALSE: too many wait. */
gboolean ap_call_mark_behind_files (ApCall *call, const char *name);
void ap_call_drop_files (ApCall *call);
