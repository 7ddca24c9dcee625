/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Names placed between pieces of outbound audio, which the peer sends back when it has played up to them. A pure
 * machine: no timer, no clock, no I/O; @now is monotonic time in microseconds. One thread.
 *
 * A mark's place is a count of bytes, beside the audio and never in it. It is queued until that many bytes have left,
 * sent until it comes back, and then ends in one of three ways. A peer also sends marks back when its buffer is
 * cleared, so that a mark which we cleared, or gave up, is remembered for a while: what comes back for it says nothing
 * of playing. Names may repeat; those that come back are matched in the order in which they were sent. */
typedef struct _ApCallMarks ApCallMarks;

typedef enum {
  AP_CALL_MARK_QUEUED,
  AP_CALL_MARK_SENT,
  AP_CALL_MARK_PLAYED,    /* came back */
  AP_CALL_MARK_CLEARED,   /* by ap_call_marks_clear(), queued or sent */
  AP_CALL_MARK_TIMED_OUT, /* did not come back within the margin after it should have been played */
} ApCallMarkState;

typedef struct {
  guint64 id;       /* from 1, in the order of ap_call_marks_add() */
  const char *name; /* valid until the next call */
  guint64 offset;
  ApCallMarkState state;
} ApCallMark;

/* What a mark that came back was. */
typedef enum {
  AP_CALL_MARK_RETURN_PLAYED,
  AP_CALL_MARK_RETURN_STALE,   /* one that was cleared or had timed out */
  AP_CALL_MARK_RETURN_UNKNOWN, /* none of ours that is on its way */
} ApCallMarkReturn;

/* A mark has ended (played, cleared or timed out). Must not call the machine. */
typedef void (*ApCallMarkEnded) (gpointer owner, const ApCallMark *mark);

/* Marks held at once, those remembered included; bytes of a name. */
#define AP_CALL_MARKS_MAX       64
#define AP_CALL_MARK_NAME_MAX   256
#define AP_CALL_MARKS_NONE      G_MAXINT64
#define AP_CALL_MARKS_MARGIN_US (5 * G_TIME_SPAN_SECOND)

/* @margin_us: how much later than computed a mark may come back; also how long a cleared one is remembered. @ended may
 * be NULL. */
ApCallMarks *ap_call_marks_new (gint64 margin_us, ApCallMarkEnded ended, gpointer owner);
void ap_call_marks_free (ApCallMarks *marks);

/* Returns: the id of the new mark behind @offset bytes, which must not be less than that of the mark before; 0 when
 * there are too many, or @name is too long. */
guint64 ap_call_marks_add (ApCallMarks *marks, const char *name, guint64 offset);

/* Whether a queued mark may go when @gone bytes have left; fills @mark. */
gboolean ap_call_marks_next (ApCallMarks *marks, guint64 gone, ApCallMark *mark);

/* The mark of ap_call_marks_next() has been sent; the peer will have played up to it at @due_us if all goes well. */
void ap_call_marks_sent (ApCallMarks *marks, gint64 due_us);

ApCallMarkReturn ap_call_marks_returned (ApCallMarks *marks, const char *name, gint64 now);

/* The first @bytes behind the @gone ones will not leave: marks that are queued come nearer. */
void ap_call_marks_drop (ApCallMarks *marks, guint64 gone, guint64 bytes);

/* All that are queued or sent are cleared. Places may begin again at any that was played. */
void ap_call_marks_clear (ApCallMarks *marks, gint64 now);

/* Ends what has waited too long. Returns: when to call it again, or AP_CALL_MARKS_NONE. */
gint64 ap_call_marks_expire (ApCallMarks *marks, gint64 now);

guint ap_call_marks_count (const ApCallMarks *marks, ApCallMarkState state); /* queued or sent */
guint64 ap_call_marks_played_offset (const ApCallMarks *marks);              /* of the furthest mark played; 0: none */
/* How much later than computed the last played mark came back: the way there and back; -1: none yet. */
gint64 ap_call_marks_round_trip_us (const ApCallMarks *marks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApCallMarks, ap_call_marks_free)
