/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WebSocket client (RFC 6455) with framing of its own, so that a test can keep every rule of it or break it. Written
 * for GLib's g_test: an expectation that does not hold marks the test as failed, says what came instead, and makes the
 * rest of that client's calls do nothing, so that one failure is reported once and the next test still runs. Every wait
 * ends at test_deadline(). While it sends, a client also reads, so that two full pipes never lock. One thread. */
#pragma once

#include <glib.h>

typedef struct _WsClient WsClient;

enum { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

#define WS_FIN       0x80 /* of a frame's first byte, with WS_RSV1..3 and the opcode */
#define WS_RSV1      0x40
#define WS_RSV2      0x20
#define WS_RSV3      0x10
#define WS_NO_STATUS 1005 /* "a close frame without a code", for ws_client_expect_close() */

typedef enum {
  WS_PLAIN = 0,
  WS_UNMASKED = 1 << 0,  /* a client must mask (section 5.1) */
  WS_LENGTH_16 = 1 << 1, /* longer forms of the length than needed (section 5.2) */
  WS_LENGTH_64 = 1 << 2,
} WsFlags;

/**
 * WsFrame:
 *
 * A frame as it arrived: its first byte (WS_FIN, reserved bits, opcode), whether it was masked, its (unmasked) payload.
 */
typedef struct {
  guint8 first_byte;
  gboolean masked;
  gsize len;
  guint8 *data;
} WsFrame;

void ws_frame_free (WsFrame *frame);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WsFrame, ws_frame_free)

/* An answer of HTTP: status code, the head as text, the body. */
typedef struct {
  guint status;
  char *head;
  char *body;
  gsize body_len;
} HttpAnswer;

void http_answer_free (HttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpAnswer, http_answer_free)

/* Returns: (transfer full) (nullable): the value of a header of that name, in any case */
char *http_answer_header (const HttpAnswer *answer, const char *name);

/* Connects TCP to 127.0.0.1:@port and says nothing. */
WsClient *ws_client_connect_tcp (guint16 port);

/* The handshake on an open TCP connection; @headers are further lines, each ended with CRLF, or NULL. A 101 with a
 * wrong Sec-WebSocket-Accept fails the test. Returns: (transfer full) (nullable): the answer */
HttpAnswer *ws_client_handshake (WsClient *self, const char *path, const char *headers);

/* Both at once; anything but a 101 fails the test. */
WsClient *ws_client_connect (guint16 port, const char *path);

/* Closes the socket without a closing handshake and frees the client. */
void ws_client_free (WsClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WsClient, ws_client_free)

/* The same with a TCP reset in place of an orderly end. */
void ws_client_reset (WsClient *self);

/* Sends a request and reads its answer: "GET /health HTTP/1.1\r\nHost: x\r\n\r\n". */
HttpAnswer *ws_client_request (WsClient *self, const char *request);

/* A GET on a connection of its own. */
HttpAnswer *http_get (guint16 port, const char *path);

/* The bytes of a frame, for tests that bend or cut it. */
GByteArray *ws_frame_bytes (guint8 first_byte, WsFlags flags, gconstpointer data, gsize len);

void ws_client_send_raw (WsClient *self, gconstpointer data, gsize len);
void ws_client_send_frame (WsClient *self, gboolean fin, guint8 opcode, gconstpointer data, gsize len);
void ws_client_send_bits (WsClient *self, guint8 first_byte, WsFlags flags, gconstpointer data, gsize len);
void ws_client_send_binary (WsClient *self, gconstpointer data, gsize len);
void ws_client_send_close (WsClient *self, guint16 code, const char *reason);

/* Sends without reading, as much as the socket takes at once. Returns: bytes taken; 0 when it is full or at its end */
gsize ws_client_try_send (WsClient *self, gconstpointer data, gsize len);

/* Ends our side of the TCP connection; the other side can still send. */
void ws_client_shutdown_write (WsClient *self);

/* Returns: (transfer full) (nullable): the next frame, whatever it is; NULL at the end of the connection or when the
 * time is up (which fails the test) */
WsFrame *ws_client_read_frame (WsClient *self);

/* Each returns whether it held. Pings of the server are answered and passed over, unless a ping is expected. */
gboolean ws_client_expect_frame (WsClient *self, guint8 first_byte, gconstpointer data, gsize len);
gboolean ws_client_expect_message (WsClient *self, guint8 opcode, gconstpointer data, gsize len);
gboolean ws_client_expect_binary (WsClient *self, gconstpointer data, gsize len);

/* The next frame is a close frame with @code (and, for 1003 and above, a reason in UTF-8), and then, once the client
 * has answered it, the server ends the connection. */
gboolean ws_client_expect_close (WsClient *self, guint16 code);

/* No further byte: the server has ended the connection, in order or with a reset. */
gboolean ws_client_expect_eof (WsClient *self);

/* The server has not ended the connection: it answers a ping. */
gboolean ws_client_expect_alive (WsClient *self);

/* Marks the test as failed on behalf of this client. */
void ws_client_fail (WsClient *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* The socket, for tests that poll it or set its options. */
int ws_client_fd (WsClient *self);
