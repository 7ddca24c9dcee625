/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The reading side of a WebSocket (RFC 6455, section 5) without any I/O: bytes in, messages out, and every rule on
 * them: headers, masks, fragments, limits, close codes, UTF-8.
 *
 * A reader is only needed while a message is incomplete, so readers are borrowed from a small store of the thread: an
 * idle connection holds none.
 */
typedef struct _ApMessageReader ApMessageReader;

typedef enum {
  AP_MESSAGE_NEED_MORE, /* all bytes are used up */
  AP_MESSAGE_TEXT,      /* valid UTF-8 */
  AP_MESSAGE_BINARY,
  AP_MESSAGE_PING,
  AP_MESSAGE_PONG,
  AP_MESSAGE_CLOSE, /* @code and the reason in @data */
  AP_MESSAGE_ERROR, /* the peer broke a rule: @code is what to close with, @data says why. The reader is of no more use.
                     */
} ApMessageKind;

typedef struct {
  ApMessageKind kind;
  const guint8 *data; /* valid until the next call; NULL when empty */
  gsize length;       /* bytes */
  guint16 code;
} ApMessage;

/* Borrows a reader; never fails. */
ApMessageReader *ap_message_reader_acquire (void);
/* Gives it back. */
void ap_message_reader_release (ApMessageReader *reader);

/**
 * ap_message_reader_feed:
 * @bytes: what the peer sent; unmasked in place, and used until ap_message_reader_next() answers
 *   AP_MESSAGE_NEED_MORE
 */
void ap_message_reader_feed (ApMessageReader *reader, guint8 *bytes, gsize length);

/**
 * ap_message_reader_next:
 * @max_bytes: the largest data message that is taken; a larger one is an error with code 1009
 */
ApMessage ap_message_reader_next (ApMessageReader *reader, gsize max_bytes);

/* TRUE when all that was fed made whole messages, so that nothing would be lost by giving the reader back. */
gboolean ap_message_reader_is_idle (const ApMessageReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApMessageReader, ap_message_reader_release)
