/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a decoder's process that has been taken over may say. The first byte says how many bytes are in a frame and how
 * the rest is cut: that changes nothing of what is read, samples come in whole frames, texts are text. */
#include "endpoints/recording/decoder/ap-decoder-wire.h"

#include <string.h>

#include "fuzz.h"

typedef struct {
  guint64 pcm, messages, hash;
  ApDecoderWireStatus end;
} Result;

static void
check (const ApDecoderWireAnswer *answer, gsize frame, Result *result)
{
  result->messages++;
  result->hash = result->hash * 31 + answer->type;
  if (answer->type == AP_DECODER_WIRE_PCM) {
    g_assert_true (answer->length > 0 && answer->length % frame == 0 && answer->length <= AP_DECODER_WIRE_MAX);
    result->pcm += answer->length;
    for (gsize i = 0; i < answer->length; i++)
      result->hash = result->hash * 31 + answer->data[i];
  }
  if (answer->type != AP_DECODER_WIRE_FAILED)
    return;
  g_assert_cmpuint (strlen (answer->text), <=, AP_DECODER_WIRE_MAX_TEXT);
  for (const char *c = answer->text; *c != '\0'; c++)
    g_assert_true (g_ascii_isprint (*c));
  result->hash = result->hash * 31 + g_str_hash (answer->text);
}

static Result
read_all (ApDecoderWireReader *reader, gsize frame, const guint8 *data, gsize size, gsize step)
{
  Result result = { .end = AP_DECODER_WIRE_MORE };
  ApDecoderWireAnswer answer;

  ap_decoder_wire_reader_init (reader, frame);
  while (size > 0 && result.end == AP_DECODER_WIRE_MORE) {
    gsize space;
    guint8 *place = ap_decoder_wire_reader_get_space (reader, &space);
    gsize part = MIN (MIN (step, space), size);

    g_assert_cmpuint (space, >, 0);
    memcpy (place, data, part);
    ap_decoder_wire_reader_add (reader, part);
    data += part;
    size -= part;
    while ((result.end = ap_decoder_wire_reader_next (reader, &answer)) == AP_DECODER_WIRE_MESSAGE)
      check (&answer, frame, &result);
  }
  return result;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static ApDecoderWireReader reader;
  gsize frame = size > 0 ? 2 * (1 + (data[0] & 7)) : 2;
  gsize step = size > 0 ? 1 + (data[0] >> 3) : 1;
  Result whole, pieces;

  if (size < 1)
    return 0;
  whole = read_all (&reader, frame, data + 1, size - 1, G_MAXSIZE);
  pieces = read_all (&reader, frame, data + 1, size - 1, step);
  g_assert_cmpint (whole.end, ==, pieces.end);
  g_assert_cmpuint (whole.messages, ==, pieces.messages);
  g_assert_cmpuint (whole.pcm, ==, pieces.pcm);
  g_assert_cmpuint (whole.hash, ==, pieces.hash);
  return 0;
}
