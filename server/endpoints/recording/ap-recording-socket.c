/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers on their way from a recording's strand to the worker of the client. */
#include "endpoints/recording/ap-recording-socket.h"

#include <string.h>

typedef struct {
  char *text; /* NULL: none */
  gsize done;
  guint16 code; /* 0: it stays open */
  const char *reason;
} Delivery;

ApRecordingSocket *
ap_recording_socket_new (ApSession *session, ApRecordingManner manner)
{
  ApRecordingSocket *socket = g_new0 (ApRecordingSocket, 1);

  g_atomic_ref_count_init (&socket->refs);
  socket->session = ap_session_handle_new (session);
  socket->manner = manner;
  return socket;
}

ApRecordingSocket *
ap_recording_socket_ref (ApRecordingSocket *socket)
{
  g_atomic_ref_count_inc (&socket->refs);
  return socket;
}

void
ap_recording_socket_unref (ApRecordingSocket *socket)
{
  if (!g_atomic_ref_count_dec (&socket->refs))
    return;
  ap_session_handle_unref (socket->session);
  g_free (socket);
}

static void
deliver (ApSession *session, gpointer data)
{
  const Delivery *delivery = data;

  if (session == NULL) /* it has left */
    return;
  if (delivery->text != NULL)
    ap_session_send (session, AP_OPCODE_TEXT, (const guint8 *)delivery->text, strlen (delivery->text));
  if (delivery->code != 0)
    ap_session_close (session, delivery->code, delivery->reason);
  if (delivery->done > 0)
    ap_session_add_pending (session, -(gssize)delivery->done);
}

static void
free_delivery (gpointer data)
{
  Delivery *delivery = data;

  g_free (delivery->text);
  g_free (delivery);
}

static void
post (ApRecordingSocket *socket, const Delivery *delivery)
{
  ap_session_handle_invoke (socket->session, deliver, g_memdup2 (delivery, sizeof *delivery), free_delivery);
}

void
ap_recording_socket_send (ApRecordingSocket *socket, char *text, gsize done)
{
  post (socket, &(Delivery){ .text = text, .done = done });
}

void
ap_recording_socket_close (ApRecordingSocket *socket, guint16 code, const char *reason)
{
  post (socket, &(Delivery){ .code = code, .reason = reason });
}
