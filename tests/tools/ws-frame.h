/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of RFC 6455, section 5.2, as bytes: well formed, or as wrong as a test wants them. */
#pragma once

#include <glib.h>

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

/**
 * ws_frame_bytes:
 * @first_byte: WS_FIN, reserved bits, opcode
 *
 * Returns: (transfer full): the bytes of a frame with a random mask, to be sent, bent or cut
 */
GByteArray *ws_frame_bytes (guint8 first_byte, WsFlags flags, gconstpointer data, gsize len);

/* Returns: (transfer full) (nullable): the frame at the start of @bytes, whose length goes to @taken; NULL when it is
 * not all there */
WsFrame *ws_frame_parse (const guint8 *bytes, gsize len, gsize *taken);

/* Returns: (transfer full): what the frame is, for a person */
char *ws_frame_describe (const WsFrame *frame);
