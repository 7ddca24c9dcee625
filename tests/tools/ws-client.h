/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WebSocket client (RFC 6455) with framing of its own, so that a test can keep every rule of it or break it. Written
 * for GLib's g_test: an expectation that does not hold marks the test as failed, says what came instead, and makes the
 * rest of that client's calls do nothing, so that one failure is reported once and the next test still runs. Every wait
 * ends at test_deadline(). While it sends, a client also reads, so that two full pipes never lock. One thread. */
#pragma once

#include "http-answer.h"
#include "ws-frame.h"

typedef struct _WsClient WsClient;

/* Returns: whether a TCP connection to that port of 127.0.0.1 is let in */
gboolean tcp_port_accepts (guint16 port);
/* Connects TCP to 127.0.0.1:@port and says nothing. */
WsClient *ws_client_connect_tcp (guint16 port);

/* The handshake on an open TCP connection; @headers are further lines, each ended with CRLF, or NULL. A 101 with a
 * wrong Sec-WebSocket-Accept fails the test. Returns: (transfer full) (nullable): the answer */
HttpAnswer *ws_client_handshake (WsClient *self, const char *path, const char *headers);

/* Both at once; it must be a 101. */
WsClient *ws_client_connect (guint16 port, const char *path);
/* Closes the socket without a closing handshake and frees the client. */
void ws_client_free (WsClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WsClient, ws_client_free)

/* The same with a TCP reset in place of an orderly end. */
void ws_client_reset (WsClient *self);
/* The socket, for tests that poll it or set its options. */
int ws_client_fd (WsClient *self);

/* Sends a request and reads its answer: "GET /health HTTP/1.1\r\nHost: x\r\n\r\n". */
HttpAnswer *ws_client_request (WsClient *self, const char *request);
/* A GET on a connection of its own. */
HttpAnswer *http_get (guint16 port, const char *path);

/* What comes while this waits for room is read, unless the client has been made deaf. */
void ws_client_send_raw (WsClient *self, gconstpointer data, gsize len);
void ws_client_be_deaf (WsClient *self);
void ws_client_send_frame (WsClient *self, gboolean fin, guint8 opcode, gconstpointer data, gsize len);
void ws_client_send_bits (WsClient *self, guint8 first_byte, WsFlags flags, gconstpointer data, gsize len);
void ws_client_send_binary (WsClient *self, gconstpointer data, gsize len);
void ws_client_send_close (WsClient *self, guint16 code, const char *reason);
/* Sends without reading, as much as the socket takes at once. Returns: bytes taken; 0 when it is full or at its end */
gsize ws_client_try_send (WsClient *self, gconstpointer data, gsize len);

/* Ends our side of the TCP connection only. */
void ws_client_shutdown_write (WsClient *self);
/* Returns: (transfer full) (nullable): the next frame, whatever it is; NULL at the end of the connection or when the
 * time is up (which fails the test) */
WsFrame *ws_client_read_frame (WsClient *self);
/* The same, but only what is there by @until (monotonic time), and NULL fails nothing. */
WsFrame *ws_client_poll_frame (WsClient *self, gint64 until);
/* The server has ended the connection and all has been read; or this client has failed. */
gboolean ws_client_is_over (WsClient *self);

/* Each returns whether it held. Pings of the server are answered and passed over, unless a ping is expected. */
gboolean ws_client_expect_frame (WsClient *self, guint8 first_byte, gconstpointer data, gsize len);
gboolean ws_client_expect_message (WsClient *self, guint8 opcode, gconstpointer data, gsize len);
gboolean ws_client_expect_binary (WsClient *self, gconstpointer data, gsize len);

/* The next frame is a close frame with @code (and, for 1003 and above, a reason in UTF-8), and then, once the client
 * has answered it, the server ends the connection. */
gboolean ws_client_expect_close (WsClient *self, guint16 code);

/* No further byte: the server has ended the connection, in order or with a reset. */
gboolean ws_client_expect_eof (WsClient *self);

/* Waits for a byte or the end, and tells whether there is one; throws away what comes, up to the end. */
gboolean ws_client_has_more (WsClient *self);
void ws_client_read_to_end (WsClient *self);
/* The connection has been reset, so that what was on its way to us may be lost. */
gboolean ws_client_was_reset (WsClient *self);

/* The server has not ended the connection: it answers a ping. */
gboolean ws_client_expect_alive (WsClient *self);

/* Marks the test as failed on behalf of this client. */
void ws_client_fail (WsClient *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
