/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-dialect.h"
#include "session/ap-session-handle.h"

/* The calls of the whole process, for who asks about them on whatever worker. A call is known by its callSid, which two
 * sockets may share: each of them is a stream of its own here, and one that leaves does not take the other with it. */
typedef struct _ApCallTable ApCallTable;

/* What a stream counts. Written by its worker alone, read by any thread: ap_call_count() and ap_call_look(). */
typedef struct {
  gint64 frames_in, frames_out;
  gint64 gaps, silence_ms;          /* that was lost on the way here, and what took its place */
  gint64 errors, ignored;           /* messages that could not be read, or made no sense; of unknown kinds */
  gint64 outbound_frames;           /* of the track that the caller hears; it is counted only */
  gint64 dropped_ms;                /* audio for the caller that came faster than it can be played */
  gint64 queue_ms, ahead_ms;        /* audio that waits here, and at the peer as far as one can tell */
  gint64 marks_played, marks_ended; /* came back; were cleared, or did not come back in time */
  gint64 round_trip_us;             /* of the last mark; -1: none yet */
  gint64 heard_ms;                  /* what marks show to have been played to the caller */
} ApCallFigures;

#define ap_call_set(field, value)  __atomic_store_n (&(field), (gint64)(value), __ATOMIC_RELAXED)
#define ap_call_count(field, more) ap_call_set (field, (field) + (gint64)(more))
#define ap_call_look(field)        __atomic_load_n (&(field), __ATOMIC_RELAXED)

#define AP_CALL_DIGITS 64
/* Of the parameters of a call, as JSON: so many bytes are kept. */
#define AP_CALL_RECORD_PARAMETERS 2048

/* A stream that has begun. What is not said to change does not. */
typedef struct {
  gatomicrefcount refs;
  ApSessionHandle *session;
  const char *service; /* the dialect's name */
  char *call_id, *stream_id, *account_id, *peer;
  char *parameters; /* an object of JSON; NULL: there are none */
  ApCallAudio audio;
  gboolean listens; /* the peer streams the call to us, and takes no audio */
  gint64 since;     /* microseconds of the epoch */
  ApCallFigures figures;
  char digits[AP_CALL_DIGITS + 1]; /* the last keys pressed; under the table's lock */
} ApCallRecord;

ApCallRecord *ap_call_record_ref (ApCallRecord *record);
void ap_call_record_unref (ApCallRecord *record);
/* Once, before it is in a table. Without what there is no room for, and the token, which is nobody's business. */
void ap_call_record_set_parameters (ApCallRecord *record, const ApCallParameter *parameters, guint length);

/* From any thread, under a lock of its own that is held for a look only. */

ApCallTable *ap_call_table_new (void);
void ap_call_table_free (ApCallTable *table);

void ap_call_table_add (ApCallTable *table, ApCallRecord *record);
void ap_call_table_remove (ApCallTable *table, ApCallRecord *record);
/* The oldest digits give way. */
void ap_call_table_add_digit (ApCallTable *table, ApCallRecord *record, char digit);
/* Returns: (transfer full): NUL-terminated */
char *ap_call_table_get_digits (ApCallTable *table, ApCallRecord *record);

/* Returns: (transfer full): the streams of a call (ApCallRecord), the oldest first; empty if there is none */
GPtrArray *ap_call_table_find (ApCallTable *table, const char *call_id);
/* Returns: (transfer full): all of them */
GPtrArray *ap_call_table_list (ApCallTable *table);

/* Places for sockets, from the handshake on. Returns: FALSE: @most are taken */
gboolean ap_call_table_take_place (ApCallTable *table, guint most);
void ap_call_table_give_back_place (ApCallTable *table);
guint ap_call_table_count_places (ApCallTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApCallRecord, ap_call_record_unref)
