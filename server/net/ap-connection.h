/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-timers.h"
#include "net/ap-message-writer.h"
#include "net/ap-poller.h"

#include <gio/gio.h>

/* One WebSocket after its handshake: messages in, messages out, and the closing handshake (RFC 6455). Knows nothing of
 * audio. Belongs to its worker's thread; a call back may close the connection, but must not unref it for the last time.
 * Output is queued by ap_connection_send() and written by ap_connection_flush(): one system call for all that a round
 * of the event loop brought. Input is paused and resumed by the owner, who thereby bounds what is on its way. */
#define AP_TYPE_CONNECTION (ap_connection_get_type ())
G_DECLARE_FINAL_TYPE (ApConnection, ap_connection, AP, CONNECTION, GObject)

typedef struct {
  /* A whole message; @data is the caller's. Text is valid UTF-8. */
  void (*text) (gpointer owner, const char *data, gsize length);
  void (*binary) (gpointer owner, const guint8 *data, gsize length);
  /* The peer wants to close, or broke a rule: nothing more will be read. The owner sends what it still owes, then calls
   * ap_connection_close() with @code. */
  void (*ending) (gpointer owner, guint16 code, const char *reason);
  /* Some of the queued output has been written, or the connection itself has added to it. */
  void (*output_changed) (gpointer owner);
  /* The socket is gone; called once, last. @code: how it ended, 1006 without a closing handshake. */
  void (*closed) (gpointer owner, guint16 code, const char *reason);
} ApConnectionCallbacks;

typedef struct {
  gsize max_message_bytes; /* a larger message ends the connection with 1009 */
  guint stall_seconds;     /* a peer that takes nothing for so long of what waits for it is cut off */
  gsize unsent_bytes;      /* that the system may hold beside what is on its way; 0: as it likes */
  guint ping_seconds;      /* silent for so long, the peer is pinged; for as long again, it is cut off. 0: it may be */
  gboolean patient;        /* what comes may wait for a moment (ApPollerWatch) */
} ApConnectionLimits;

/**
 * ap_connection_new:
 * @poller: the worker's, as is @timers
 * @fd: (transfer full): the connected socket
 * @owner: passed to @callbacks; must outlive the connection's `closed`
 */
ApConnection *ap_connection_new (ApPoller *poller, ApTimers *timers, int fd, const ApConnectionLimits *limits,
                                 const ApConnectionCallbacks *callbacks, gpointer owner);

/**
 * ap_connection_start:
 * @early: (nullable): bytes that came with the handshake's request
 *
 * Begins to read. FALSE with errno when the system refuses; then no call back was or will be called.
 */
gboolean ap_connection_start (ApConnection *connection, GBytes *early);

/* Queues a message; without effect once the connection is closing. */
void ap_connection_send (ApConnection *connection, ApOpcode opcode, const guint8 *data, gsize length);
/* Writes what is queued as far as the socket takes it. The rest follows by itself. */
void ap_connection_flush (ApConnection *connection);
/* Bytes queued and not yet taken by the socket. */
gsize ap_connection_get_queued_bytes (ApConnection *connection);
/* In `closed`: the peer closed it or left, keeping the rules, before the server had a reason to end it. */
gboolean ap_connection_was_ended_by_peer (ApConnection *connection);

/* Stops and starts reading; the peer feels it by TCP's window. */
void ap_connection_set_reading (ApConnection *connection, gboolean reading);

/* No more input, for good; ap_connection_close() is to follow. */
void ap_connection_end_reading (ApConnection *connection);

/**
 * ap_connection_close:
 * @code: a code of RFC 6455, section 7.4.1; 1005 sends an empty close frame
 * @reason: (nullable): at most 123 bytes of UTF-8 are sent
 *
 * Sends the close frame behind all that is queued and ends the socket with the peer's answer, or after
 * AP_CLOSE_SECONDS. Only the first call has an effect.
 */
void ap_connection_close (ApConnection *connection, guint16 code, const char *reason);
/* Ends the socket now, without a closing handshake. */
void ap_connection_abort (ApConnection *connection, const char *reason);
