/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-message-reader.h"

#include <string.h>
#include <sys/types.h>
#include <wslay/wslay.h>

/* RFC 6455, section 5.5. */
#define LONGEST_CONTROL 125
/* Readers kept by a thread for the next connection that needs one. */
#define STORED_READERS 64
/* A message buffer over this is not kept for the next message. */
#define KEPT_MESSAGE_BYTES (16 * 1024)

struct _ApMessageReader {
  wslay_frame_context_ptr wslay;
  const guint8 *bytes; /* fed, not yet taken by wslay */
  gsize n_bytes;
  gsize n_unframed; /* fed, not yet part of a whole frame */

  guint8 message_opcode; /* of the data message under way; 0 between messages */
  GByteArray *message;   /* its payload so far, unless the whole came in one piece */
  gsize n_valid;         /* how much of a text's payload is known to be UTF-8 */
  guint8 control[LONGEST_CONTROL];

  gboolean in_frame; /* between the first and the last piece of a frame */
  gsize frame_bytes; /* of that frame's payload, so far */
  char reason[LONGEST_CONTROL];
};

static ssize_t
take_bytes (uint8_t *buffer, size_t length, int flags, void *user_data)
{
  ApMessageReader *reader = user_data;
  gsize n = MIN (length, reader->n_bytes);

  if (n == 0)
    return -1;
  memcpy (buffer, reader->bytes, n);
  reader->bytes += n;
  reader->n_bytes -= n;
  return (ssize_t)n;
}

static void
reader_free (gpointer data)
{
  ApMessageReader *reader = data;

  wslay_frame_context_free (reader->wslay);
  g_byte_array_unref (reader->message);
  g_free (reader);
}

static ApMessageReader *
reader_new (void)
{
  static const struct wslay_frame_callbacks callbacks = { .recv_callback = take_bytes };
  ApMessageReader *reader = g_new0 (ApMessageReader, 1);

  if (wslay_frame_context_init (&reader->wslay, &callbacks, reader) != 0)
    g_error ("out of memory");
  reader->message = g_byte_array_new ();
  return reader;
}

static GPtrArray *
stored_readers (void)
{
  static GPrivate stored = G_PRIVATE_INIT ((GDestroyNotify)g_ptr_array_unref);
  GPtrArray *readers = g_private_get (&stored);

  if (readers == NULL) {
    readers = g_ptr_array_new_with_free_func (reader_free);
    g_private_set (&stored, readers);
  }
  return readers;
}

ApMessageReader *
ap_message_reader_acquire (void)
{
  GPtrArray *readers = stored_readers ();

  if (readers->len == 0)
    return reader_new ();
  return g_ptr_array_steal_index_fast (readers, readers->len - 1);
}

void
ap_message_reader_release (ApMessageReader *reader)
{
  GPtrArray *readers = stored_readers ();

  if (readers->len < STORED_READERS && ap_message_reader_is_idle (reader))
    g_ptr_array_add (readers, reader);
  else
    reader_free (reader);
}

void
ap_message_reader_feed (ApMessageReader *reader, const guint8 *bytes, gsize length)
{
  reader->bytes = bytes;
  reader->n_bytes = length;
  reader->n_unframed += length;
}

gboolean
ap_message_reader_is_idle (const ApMessageReader *reader)
{
  return reader->n_unframed == 0 && reader->message_opcode == 0 && !reader->in_frame;
}

static ApMessage
broken_rule (ApMessageReader *reader, guint16 code, const char *reason)
{
  g_strlcpy (reader->reason, reason, sizeof reader->reason);
  reader->in_frame = TRUE; /* never idle again */
  return (ApMessage){ AP_MESSAGE_ERROR, (const guint8 *)reader->reason, strlen (reader->reason), code };
}

/* What a frame's header must hold, given the message under way. Returns the broken rule, or NULL. */
static const char *
check_header (const ApMessageReader *reader, const struct wslay_frame_iocb *frame)
{
  if (frame->rsv != 0)
    return "reserved bits are set, but no extension was agreed on";
  if (!frame->mask)
    return "a client's frames must be masked";
  switch (frame->opcode) {
  case WSLAY_CONTINUATION_FRAME:
    return reader->message_opcode == 0 ? "a continuation without a message" : NULL;
  case WSLAY_TEXT_FRAME:
  case WSLAY_BINARY_FRAME:
    return reader->message_opcode != 0 ? "a new message inside a fragmented one" : NULL;
  case WSLAY_CONNECTION_CLOSE:
  case WSLAY_PING:
  case WSLAY_PONG:
    return NULL;
  default:
    return "an unknown opcode";
  }
}

static gsize
header_length (guint64 payload_length)
{
  const gsize mask = 4;

  if (payload_length < 126)
    return 2 + mask;
  return mask + (payload_length <= G_MAXUINT16 ? 4 : 10);
}

/* RFC 6455, section 7.4, and the codes registered with IANA since. */
static gboolean
is_close_code (guint16 code)
{
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/* How many bytes from the start are UTF-8. */
static gsize
valid_length (const guint8 *data, gsize length)
{
  const char *text = (const char *)data;
  const char *end = text;
  gsize valid = 0;

  /* A NUL is a character like any other here; only GLib's check stops at it. */
  while (!g_utf8_validate_len (text + valid, length - valid, &end) && *end == '\0')
    valid = (gsize)(end - text) + 1;
  return (gsize)(end - text);
}

/* Whether more bytes can make a character of these. They can if the lowest or the highest that may follow do: the
 * others are overlong forms, surrogates, and what is beyond the last character. */
static gboolean
is_cut_character (const guint8 *data, gsize length)
{
  char lowest[4] = { '\x80', '\x80', '\x80', '\x80' };
  char highest[4] = { '\xbf', '\xbf', '\xbf', '\xbf' };

  if (length >= sizeof lowest)
    return FALSE;
  memcpy (lowest, data, length);
  memcpy (highest, data, length);
  return g_utf8_get_char_validated (lowest, sizeof lowest) < (gunichar)-2 ||
         g_utf8_get_char_validated (highest, sizeof highest) < (gunichar)-2;
}

static ApMessage
read_close (ApMessageReader *reader, gsize length)
{
  const guint8 *reason = reader->control + 2;
  guint16 code;

  if (length == 0)
    return (ApMessage){ AP_MESSAGE_CLOSE, NULL, 0, 1005 };
  if (length == 1)
    return broken_rule (reader, 1002, "a close frame with half a code");
  code = (guint16)(reader->control[0] << 8 | reader->control[1]);
  if (!is_close_code (code))
    return broken_rule (reader, 1002, "a close code that must not be sent");
  if (valid_length (reason, length - 2) < length - 2)
    return broken_rule (reader, 1007, "a close reason that is not UTF-8");
  return (ApMessage){ AP_MESSAGE_CLOSE, reason, length - 2, code };
}

static ApMessage
read_control (ApMessageReader *reader, const struct wslay_frame_iocb *frame)
{
  if (frame->data_length > 0)
    memcpy (reader->control + reader->frame_bytes - frame->data_length, frame->data, frame->data_length);
  if (reader->in_frame)
    return (ApMessage){ AP_MESSAGE_NEED_MORE };
  if (frame->opcode == WSLAY_CONNECTION_CLOSE)
    return read_close (reader, frame->payload_length);
  return (ApMessage){ frame->opcode == WSLAY_PING ? AP_MESSAGE_PING : AP_MESSAGE_PONG, reader->control,
                      frame->payload_length, 0 };
}

/* Text is checked as it comes, so that a message that can no longer become valid is refused early. A character cut at
 * the end of what is there is left for the next piece. */
static gboolean
text_may_be_valid (ApMessageReader *reader, const guint8 *data, gsize length, gboolean complete)
{
  if (reader->n_valid < length)
    reader->n_valid += valid_length (data + reader->n_valid, length - reader->n_valid);
  return reader->n_valid == length ||
         (!complete && is_cut_character (data + reader->n_valid, length - reader->n_valid));
}

static ApMessage
finish_message (ApMessageReader *reader, const guint8 *data, gsize length)
{
  ApMessageKind kind = reader->message_opcode == WSLAY_TEXT_FRAME ? AP_MESSAGE_TEXT : AP_MESSAGE_BINARY;

  reader->message_opcode = 0;
  reader->n_valid = 0;
  return (ApMessage){ kind, data, length, 0 };
}

static ApMessage
read_data (ApMessageReader *reader, const struct wslay_frame_iocb *frame)
{
  gboolean last = frame->fin && !reader->in_frame;
  gboolean whole = last && reader->message->len == 0;
  const guint8 *data = frame->data;
  gsize length = frame->data_length;

  if (!whole) {
    g_byte_array_append (reader->message, frame->data, (guint)frame->data_length);
    data = reader->message->data;
    length = reader->message->len;
  }
  if (reader->message_opcode == WSLAY_TEXT_FRAME && !text_may_be_valid (reader, data, length, last))
    return broken_rule (reader, 1007, "a text message that is not UTF-8");
  if (!last)
    return (ApMessage){ AP_MESSAGE_NEED_MORE };
  return finish_message (reader, data, length);
}

/* The buffer of a finished message is given up only now: its data was valid until this call. */
static void
forget_last_message (ApMessageReader *reader)
{
  if (reader->message_opcode != 0 || reader->message->len == 0)
    return;
  if (reader->message->len > KEPT_MESSAGE_BYTES) {
    g_byte_array_unref (reader->message);
    reader->message = g_byte_array_new ();
  }
  g_byte_array_set_size (reader->message, 0);
}

static void
begin_frame (ApMessageReader *reader, const struct wslay_frame_iocb *frame)
{
  reader->frame_bytes = 0;
  if (frame->opcode == WSLAY_TEXT_FRAME || frame->opcode == WSLAY_BINARY_FRAME)
    reader->message_opcode = frame->opcode;
}

static ApMessage
too_long (ApMessageReader *reader, gsize max_bytes)
{
  g_autofree char *reason = g_strdup_printf ("a message over %" G_GSIZE_FORMAT " bytes", max_bytes);

  return broken_rule (reader, 1009, reason);
}

/* One piece of a frame. NEED_MORE: no message is complete yet. */
static ApMessage
read_piece (ApMessageReader *reader, const struct wslay_frame_iocb *frame, gsize max_bytes)
{
  gboolean control = wslay_is_ctrl_frame (frame->opcode);

  if (!reader->in_frame) {
    const char *broken = check_header (reader, frame);

    if (broken != NULL)
      return broken_rule (reader, 1002, broken);
    if (!control && reader->message->len + frame->payload_length > max_bytes)
      return too_long (reader, max_bytes);
    begin_frame (reader, frame);
  }
  reader->frame_bytes += frame->data_length;
  reader->in_frame = reader->frame_bytes < frame->payload_length;
  if (!reader->in_frame)
    reader->n_unframed -= header_length (frame->payload_length) + frame->payload_length;
  return control ? read_control (reader, frame) : read_data (reader, frame);
}

ApMessage
ap_message_reader_next (ApMessageReader *reader, gsize max_bytes)
{
  ApMessage message = { AP_MESSAGE_NEED_MORE };

  forget_last_message (reader);
  while (message.kind == AP_MESSAGE_NEED_MORE) {
    struct wslay_frame_iocb frame = { 0 };
    ssize_t n = wslay_frame_recv (reader->wslay, &frame);

    if (n == WSLAY_ERR_WANT_READ)
      return message;
    if (n < 0)
      return broken_rule (reader, 1002, "a frame header that RFC 6455 does not allow");
    message = read_piece (reader, &frame, max_bytes);
  }
  return message;
}
