/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-http-request.h"

#include <gst/gst.h>

typedef struct _ApSession ApSession;

/* A protocol: what happens on the sessions of one path. Every function runs on the session's worker; one that is NULL
 * is not needed. What a session keeps is its @state, made by @open. */
typedef struct {
  const char *path; /* also its name in the log; segments as in `{name}` stand for any */
  /* Further paths of the same protocol, NULL-terminated; NULL: none. */
  const char *const *more_paths;
  /* The sub-protocols that it speaks, the best first, NULL-terminated; a client that offers only others is refused.
   * NULL: it has none and does not mind what is offered. */
  const char *const *protocols;
  /* It knows its clients by other means, which are @admit's to check: --api-token is not asked for. */
  gboolean no_token;
  /* The largest message from the client, as the room's settings say; NULL: as --max-frame-bytes says. @room: its state
   */
  gsize (*max_message_bytes) (gpointer room);
  /* What it sends is old soon: the system may hold so much of it, beside what is on its way, and the rest waits where
   * it can be dropped. 0: as much as the system likes */
  gsize unsent_bytes;
  /* It makes its pipelines by itself, with ap_session_set_pipeline(); else it has that of --pipeline, or the worker's
   * passthrough, from the start. */
  gboolean own_pipeline;
  /* A frame more or less than a millisecond later is the same to it: what comes may wait until there is more. */
  gboolean patient;

  /* Sees the handshake's request before it is accepted, and refuses it by answering (ap_http_request_respond_error());
   * now, not later. @room: its room's state. */
  void (*admit) (ApHttpRequest *request, gpointer room);
  /* The session begins; ap_session_get_request() tells what was asked. Returns its state; NULL if it needs none. */
  gpointer (*open) (ApSession *session);
  /* A whole message came. @text NULL: the endpoint takes no text, and a client that sends some is closed with 1003. */
  void (*text) (ApSession *session, const char *data, gsize length);
  void (*binary) (ApSession *session, const guint8 *data, gsize length);
  /* A buffer came out of the pipeline. */
  void (*frame) (ApSession *session, GstBuffer *buffer);
  /* The session is over; frees @open's state. */
  void (*close) (ApSession *session);
} ApEndpoint;
