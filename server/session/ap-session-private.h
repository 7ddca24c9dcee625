/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-connection.h"
#include "session/ap-session-tally.h"
#include "session/ap-session.h"

/* A session's fields, for the files that it is made of. */
struct _ApSession {
  GObject parent_instance;

  guint64 id; /* unique in the process */
  char *peer; /* its address */
  ApSessionHost *host;
  const ApEndpoint *endpoint;
  gpointer room;          /* its room's state */
  gpointer state;         /* the endpoint's */
  ApHttpRequest *request; /* the handshake's; NULL after @open */
  ApConnection *connection;
  ApPipeline *pipeline;
  gboolean shares_pipeline; /* with the other sessions of the worker */

  gsize bytes_in_pipeline;  /* of a shared pipeline, which gives back what it was given; or pending with the endpoint */
  guint frames_in_pipeline; /* likewise */
  ApSessionTally tally;
  ApTimer stall_check; /* while it waits for its pipeline */
  guint64 frames_out_at_check;
  gboolean paused; /* the peer is not read from */

  gboolean opened;  /* @open has returned: @state is what it made */
  gboolean over;    /* the connection is closed */
  gboolean closing; /* the close frame waits for what is in the pipeline */
  guint16 close_code;
  char *close_reason;
  gboolean pipeline_ended; /* the end is the pipeline's doing */
  char *failure;           /* what the log is told beside the reason; NULL: nothing */
};

/* ap-session.c */
void ap_session_begin_close (ApSession *session, guint16 code, const char *reason);
/* Sends the close frame once all that the pipeline owes has been sent. */
void ap_session_close_when_drained (ApSession *session);
/* Input pauses when the pipeline and the output queue together hold too much, and resumes at half of it. */
void ap_session_update_reading (ApSession *session);
void ap_session_note_failure (ApSession *session, ApFailure failure, const char *text);

/* ap-session-pipeline.c */
/* Its output is sent when that of another begins, or at the end of the round. */
void ap_session_flush_later (ApSession *session);
/* That of --pipeline, or the worker's passthrough. */
gboolean ap_session_take_pipeline (ApSession *session, GError **error);
