/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads what a decoder's process answers. */
#include "endpoints/recording/decoder/ap-decoder-wire.h"

#include <string.h>

void
ap_decoder_wire_reader_init (ApDecoderWireReader *reader, gsize frame_bytes)
{
  reader->frame_bytes = MAX (frame_bytes, 1);
  reader->start = 0;
  reader->end = 0;
}

guint8 *
ap_decoder_wire_reader_get_space (ApDecoderWireReader *reader, gsize *length)
{
  /* What is left is a part of one message, which fits in when it begins at the beginning. */
  memmove (reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
  reader->end -= reader->start;
  reader->start = 0;
  *length = sizeof reader->buffer - reader->end;
  return reader->buffer + reader->end;
}

void
ap_decoder_wire_reader_add (ApDecoderWireReader *reader, gsize length)
{
  reader->end += length;
}

gboolean
ap_decoder_wire_reader_is_empty (const ApDecoderWireReader *reader)
{
  return reader->start == reader->end;
}

static gboolean
is_sound (const ApDecoderWireReader *reader, const ApDecoderWireHeader *header)
{
  switch (header->type) {
  case AP_DECODER_WIRE_PCM:
    return header->length > 0 && header->length <= AP_DECODER_WIRE_MAX && header->length % reader->frame_bytes == 0;
  case AP_DECODER_WIRE_DONE:
    return header->length == 0;
  case AP_DECODER_WIRE_FAILED:
    return header->length >= sizeof (ApDecoderWireReason) &&
           header->length <= sizeof (ApDecoderWireReason) + AP_DECODER_WIRE_MAX_TEXT;
  default:
    return FALSE;
  }
}

/* The text goes to the log and to the client: a process that has been taken over must not write lines there. */
static void
read_failure (ApDecoderWireAnswer *answer)
{
  gsize length = answer->length - sizeof answer->reason;

  memcpy (&answer->reason, answer->data, sizeof answer->reason);
  for (gsize i = 0; i < length; i++) {
    char c = (char)answer->data[sizeof answer->reason + i];

    answer->text[i] = g_ascii_isprint (c) ? c : '?';
  }
  answer->text[length] = '\0';
}

ApDecoderWireStatus
ap_decoder_wire_reader_next (ApDecoderWireReader *reader, ApDecoderWireAnswer *answer)
{
  ApDecoderWireHeader header;
  gsize there = reader->end - reader->start;

  if (there < sizeof header)
    return AP_DECODER_WIRE_MORE;
  memcpy (&header, reader->buffer + reader->start, sizeof header);
  if (!is_sound (reader, &header))
    return AP_DECODER_WIRE_WRONG;
  if (there - sizeof header < header.length)
    return AP_DECODER_WIRE_MORE;
  answer->type = (ApDecoderWireType)header.type;
  answer->data = reader->buffer + reader->start + sizeof header;
  answer->length = header.length;
  if (answer->type == AP_DECODER_WIRE_FAILED)
    read_failure (answer);
  reader->start += sizeof header + header.length;
  return AP_DECODER_WIRE_MESSAGE;
}
