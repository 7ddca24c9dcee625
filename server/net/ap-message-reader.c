/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-message-reader.h"

#include "net/ap-message-writer.h"

#include <string.h>

/* RFC 6455, section 5.2: two bytes, a length of eight, and the mask. */
#define LONGEST_HEADER 14
#define KEY_LENGTH     4
/* Section 5.5. */
#define LONGEST_CONTROL 125
/* Readers kept by a thread for the next connection that needs one. */
#define STORED_READERS 64
/* A message buffer over this is not kept for the next message. */
#define KEPT_MESSAGE_BYTES (16 * 1024)

struct _ApMessageReader {
  guint8 *bytes; /* fed, not yet taken */
  gsize n_bytes;

  guint8 header[LONGEST_HEADER]; /* of the frame under way */
  gsize n_header;                /* so much of it has come; 0 between frames */
  gboolean in_payload;           /* the header is whole and keeps the rules; the payload is not */
  guint64 frame_length;          /* of the payload */
  guint64 frame_bytes;           /* of it, so far */

  guint8 message_opcode; /* of the data message under way; 0 between messages */
  GByteArray *message;   /* its payload so far, unless the whole came in one piece */
  gsize n_valid;         /* how much of a text's payload is known to be UTF-8 */
  guint8 control[LONGEST_CONTROL];

  gboolean broken; /* a rule */
  char reason[LONGEST_CONTROL];
};

static void
reader_free (gpointer data)
{
  ApMessageReader *reader = data;

  g_byte_array_unref (reader->message);
  g_free (reader);
}

static ApMessageReader *
reader_new (void)
{
  ApMessageReader *reader = g_new0 (ApMessageReader, 1);

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
ap_message_reader_feed (ApMessageReader *reader, guint8 *bytes, gsize length)
{
  reader->bytes = bytes;
  reader->n_bytes = length;
}

gboolean
ap_message_reader_is_idle (const ApMessageReader *reader)
{
  return reader->n_bytes == 0 && reader->n_header == 0 && reader->message_opcode == 0 && !reader->broken;
}

static ApMessage
broken_rule (ApMessageReader *reader, guint16 code, const char *reason)
{
  g_strlcpy (reader->reason, reason, sizeof reader->reason);
  reader->broken = TRUE;
  return (ApMessage){ AP_MESSAGE_ERROR, (const guint8 *)reader->reason, strlen (reader->reason), code };
}

static guint8
frame_opcode (const ApMessageReader *reader)
{
  return reader->header[0] & 0x0f;
}

static gboolean
is_final (const ApMessageReader *reader)
{
  return (reader->header[0] & 0x80) != 0;
}

static gboolean
is_control (const ApMessageReader *reader)
{
  return (frame_opcode (reader) & 0x8) != 0;
}

/* The length as the second byte has it: up to 125, or 126 and 127 for the two longer forms. */
static guint8
short_length (const ApMessageReader *reader)
{
  return reader->header[1] & 0x7f;
}

static gsize
n_length_bytes (const ApMessageReader *reader)
{
  return short_length (reader) < 126 ? 0 : short_length (reader) == 126 ? 2 : 8;
}

/* What a frame's first two bytes must hold, given the message under way. Returns the broken rule, or NULL. */
static const char *
check_start (const ApMessageReader *reader)
{
  if ((reader->header[0] & 0x70) != 0)
    return "reserved bits are set, but no extension was agreed on";
  if ((reader->header[1] & 0x80) == 0)
    return "a client's frames must be masked";
  switch (frame_opcode (reader)) {
  case AP_OPCODE_CONTINUATION:
    return reader->message_opcode == 0 ? "a continuation without a message" : NULL;
  case AP_OPCODE_TEXT:
  case AP_OPCODE_BINARY:
    return reader->message_opcode != 0 ? "a new message inside a fragmented one" : NULL;
  case AP_OPCODE_CLOSE:
  case AP_OPCODE_PING:
  case AP_OPCODE_PONG:
    return !is_final (reader)                        ? "a control frame in fragments"
           : short_length (reader) > LONGEST_CONTROL ? "a control frame over 125 bytes"
                                                     : NULL;
  default:
    return "an unknown opcode";
  }
}

static guint64
read_length (const ApMessageReader *reader)
{
  gsize n = n_length_bytes (reader);
  guint64 length = n == 0 ? short_length (reader) : 0;

  for (gsize i = 0; i < n; i++)
    length = length << 8 | reader->header[2 + i];
  return length;
}

static const char *
check_length (const ApMessageReader *reader)
{
  const guint64 least[] = { [0] = 0, [2] = 126, [8] = 65536 };

  if (reader->frame_length < least[n_length_bytes (reader)])
    return "a length in more bytes than it needs";
  return reader->frame_length > G_MAXINT64 ? "a length over 63 bits" : NULL;
}

/* Takes bytes until the header has @length of them. */
static gboolean
fill_header (ApMessageReader *reader, gsize length)
{
  gsize n = length > reader->n_header ? MIN (length - reader->n_header, reader->n_bytes) : 0;

  if (n == 0)
    return reader->n_header >= length;
  memcpy (reader->header + reader->n_header, reader->bytes, n);
  reader->n_header += n;
  reader->bytes += n;
  reader->n_bytes -= n;
  return reader->n_header >= length;
}

/* RFC 6455, section 7.4, and the codes registered with IANA since. */
static gboolean
is_close_code (guint16 code)
{
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/* How many bytes from the start are ASCII, to the nearest word: JSON is, from end to end. */
static gsize
ascii_length (const guint8 *data, gsize length)
{
  guint64 word;
  gsize at = 0;

  for (; at + sizeof word <= length; at += sizeof word) {
    memcpy (&word, data + at, sizeof word);
    if ((word & G_GUINT64_CONSTANT (0x8080808080808080)) != 0)
      break;
  }
  return at;
}

/* How many bytes from the start are UTF-8. */
static gsize
valid_length (const guint8 *data, gsize length)
{
  const char *text = (const char *)data;
  const char *end = text;
  gsize valid = ascii_length (data, length);

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
read_control (ApMessageReader *reader, const guint8 *data, gsize length)
{
  if (length > 0)
    memcpy (reader->control + reader->frame_bytes - length, data, length);
  if (reader->in_payload)
    return (ApMessage){ AP_MESSAGE_NEED_MORE };
  if (frame_opcode (reader) == AP_OPCODE_CLOSE)
    return read_close (reader, reader->frame_length);
  return (ApMessage){ frame_opcode (reader) == AP_OPCODE_PING ? AP_MESSAGE_PING : AP_MESSAGE_PONG, reader->control,
                      reader->frame_length, 0 };
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
  ApMessageKind kind = reader->message_opcode == AP_OPCODE_TEXT ? AP_MESSAGE_TEXT : AP_MESSAGE_BINARY;

  reader->message_opcode = 0;
  reader->n_valid = 0;
  return (ApMessage){ kind, data, length, 0 };
}

static ApMessage
read_data (ApMessageReader *reader, const guint8 *data, gsize length)
{
  gboolean last = is_final (reader) && !reader->in_payload;

  if (!last || reader->message->len > 0) {
    g_byte_array_append (reader->message, data, (guint)length);
    data = reader->message->data;
    length = reader->message->len;
  }
  if (reader->message_opcode == AP_OPCODE_TEXT && !text_may_be_valid (reader, data, length, last))
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

static ApMessage
too_long (ApMessageReader *reader, gsize max_bytes)
{
  g_autofree char *reason = g_strdup_printf ("a message over %" G_GSIZE_FORMAT " bytes", max_bytes);

  return broken_rule (reader, 1009, reason);
}

/* Each rule is checked as soon as the bytes for it are there. NEED_MORE: the header is whole, or some of it is awaited.
 */
static ApMessage
read_header (ApMessageReader *reader, gsize max_bytes)
{
  const ApMessage need_more = { AP_MESSAGE_NEED_MORE };
  const char *broken;

  if (!fill_header (reader, 2))
    return need_more;
  broken = check_start (reader);
  if (broken != NULL)
    return broken_rule (reader, 1002, broken);
  if (!fill_header (reader, 2 + n_length_bytes (reader)))
    return need_more;
  reader->frame_length = read_length (reader);
  broken = check_length (reader);
  if (broken != NULL)
    return broken_rule (reader, 1002, broken);
  if (!is_control (reader) && reader->message->len + reader->frame_length > max_bytes)
    return too_long (reader, max_bytes);
  if (!fill_header (reader, 2 + n_length_bytes (reader) + KEY_LENGTH))
    return need_more;
  if (!is_control (reader) && frame_opcode (reader) != AP_OPCODE_CONTINUATION)
    reader->message_opcode = frame_opcode (reader);
  reader->frame_bytes = 0;
  reader->in_payload = TRUE;
  return need_more;
}

/* The key goes round every four bytes of the payload (RFC 6455, section 5.3), of which @at came before these. By words:
 * this touches every byte of audio that comes in. */
static void
unmask (guint8 *data, gsize length, const guint8 key[KEY_LENGTH], guint64 at)
{
  guint8 turned[8];
  guint64 keys;
  gsize i = 0;

  for (guint j = 0; j < sizeof turned; j++)
    turned[j] = key[(at + j) % KEY_LENGTH];
  memcpy (&keys, turned, sizeof keys);
  for (; i + sizeof keys <= length; i += sizeof keys) {
    guint64 word;

    memcpy (&word, data + i, sizeof word);
    word ^= keys;
    memcpy (data + i, &word, sizeof word);
  }
  for (; i < length; i++)
    data[i] ^= turned[i % sizeof turned];
}

/* What there is of the frame's payload. NEED_MORE: no message is complete yet. */
static ApMessage
read_payload (ApMessageReader *reader)
{
  guint8 *data = reader->bytes;
  gsize n = MIN (reader->n_bytes, reader->frame_length - reader->frame_bytes);

  unmask (data, n, reader->header + reader->n_header - KEY_LENGTH, reader->frame_bytes);
  reader->bytes += n;
  reader->n_bytes -= n;
  reader->frame_bytes += n;
  reader->in_payload = reader->frame_bytes < reader->frame_length;
  if (!reader->in_payload)
    reader->n_header = 0;
  return is_control (reader) ? read_control (reader, data, n) : read_data (reader, data, n);
}

ApMessage
ap_message_reader_next (ApMessageReader *reader, gsize max_bytes)
{
  ApMessage message = { AP_MESSAGE_NEED_MORE };

  forget_last_message (reader);
  while (message.kind == AP_MESSAGE_NEED_MORE) {
    if (!reader->in_payload)
      message = read_header (reader, max_bytes);
    if (!reader->in_payload || (reader->n_bytes == 0 && reader->frame_length > 0))
      return message;
    message = read_payload (reader);
  }
  return message;
}
