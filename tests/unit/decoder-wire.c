/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the server reads of a decoder's process: whole answers however they are cut, and nothing else. */
#include "endpoints/recording/decoder/ap-decoder-wire.h"

#include <string.h>

#define FRAME 4

static void
add (GByteArray *bytes, guint32 type, guint32 length, const void *data, gsize there)
{
  ApDecoderWireHeader header = { type, length };

  g_byte_array_append (bytes, (const guint8 *)&header, sizeof header);
  if (there > 0)
    g_byte_array_append (bytes, data, (guint)there);
}

/* Gives at most @step bytes at a time. Returns the status after the last message. */
static ApDecoderWireStatus
read_all (GByteArray *bytes, gsize step, GByteArray *pcm, GString *others)
{
  g_autofree ApDecoderWireReader *reader = g_malloc (sizeof *reader);
  ApDecoderWireStatus status = AP_DECODER_WIRE_MORE;
  gsize at = 0;

  ap_decoder_wire_reader_init (reader, FRAME);
  while (at < bytes->len && status == AP_DECODER_WIRE_MORE) {
    gsize space;
    guint8 *place = ap_decoder_wire_reader_get_space (reader, &space);
    gsize part = MIN (MIN (step, space), bytes->len - at);
    ApDecoderWireAnswer answer;

    g_assert_cmpuint (space, >, 0);
    memcpy (place, bytes->data + at, part);
    ap_decoder_wire_reader_add (reader, part);
    at += part;
    while ((status = ap_decoder_wire_reader_next (reader, &answer)) == AP_DECODER_WIRE_MESSAGE) {
      if (answer.type == AP_DECODER_WIRE_PCM)
        g_byte_array_append (pcm, answer.data, (guint)answer.length);
      else if (answer.type == AP_DECODER_WIRE_DONE)
        g_string_append (others, "done;");
      else
        g_string_append_printf (others, "%u %s;", answer.reason, answer.text);
    }
  }
  if (status == AP_DECODER_WIRE_MORE && at == bytes->len && !ap_decoder_wire_reader_is_empty (reader))
    g_string_append (others, "rest;");
  return status;
}

static void
test_answers (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8 *samples = g_malloc (AP_DECODER_WIRE_MAX);
  const gsize steps[] = { 1, 7, 4096, G_MAXSIZE };

  for (gsize i = 0; i < AP_DECODER_WIRE_MAX; i++)
    samples[i] = (guint8)(i * 31 >> 3);
  add (bytes, AP_DECODER_WIRE_PCM, AP_DECODER_WIRE_MAX, samples, AP_DECODER_WIRE_MAX);
  add (bytes, AP_DECODER_WIRE_PCM, FRAME, samples, FRAME);
  add (bytes, AP_DECODER_WIRE_DONE, 0, NULL, 0);
  add (bytes, AP_DECODER_WIRE_FAILED, 7, "\0\0\0\0why", 7);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (GByteArray) pcm = g_byte_array_new ();
    g_autoptr (GString) others = g_string_new (NULL);

    g_assert_cmpint (read_all (bytes, steps[i], pcm, others), ==, AP_DECODER_WIRE_MORE);
    g_assert_cmpstr (others->str, ==, "done;0 why;");
    g_assert_cmpmem (pcm->data, pcm->len - FRAME, samples, AP_DECODER_WIRE_MAX);
    g_assert_cmpmem (pcm->data + AP_DECODER_WIRE_MAX, FRAME, samples, FRAME);
  }
}

static void
test_incomplete (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GByteArray) pcm = g_byte_array_new ();
  g_autoptr (GString) others = g_string_new (NULL);

  add (bytes, AP_DECODER_WIRE_PCM, 2 * FRAME, "1234567", 7);
  g_assert_cmpint (read_all (bytes, 3, pcm, others), ==, AP_DECODER_WIRE_MORE);
  g_assert_cmpstr (others->str, ==, "rest;");
  g_assert_cmpuint (pcm->len, ==, 0);
}

/* Nothing but the header is needed to see it. */
static void
test_wrong (void)
{
  static const ApDecoderWireHeader headers[] = {
    { 0, 0 },
    { AP_DECODER_WIRE_OPEN, sizeof (ApDecoderWireSpec) },
    { AP_DECODER_WIRE_FEED, 4 },
    { AP_DECODER_WIRE_FINISH, 0 },
    { AP_DECODER_WIRE_FAILED + 1, 0 },
    { G_MAXUINT32, G_MAXUINT32 },
    { AP_DECODER_WIRE_PCM, 0 },
    { AP_DECODER_WIRE_PCM, FRAME + 1 },
    { AP_DECODER_WIRE_PCM, AP_DECODER_WIRE_MAX + FRAME },
    { AP_DECODER_WIRE_PCM, G_MAXUINT32 - 3 },
    { AP_DECODER_WIRE_DONE, 1 },
    { AP_DECODER_WIRE_FAILED, 3 },
    { AP_DECODER_WIRE_FAILED, 4 + AP_DECODER_WIRE_MAX_TEXT + 1 },
    { AP_DECODER_WIRE_FAILED, G_MAXUINT32 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    g_autoptr (GByteArray) pcm = g_byte_array_new ();
    g_autoptr (GString) others = g_string_new (NULL);

    add (bytes, headers[i].type, headers[i].length, NULL, 0);
    g_test_message ("type %u, length %u", headers[i].type, headers[i].length);
    g_assert_cmpint (read_all (bytes, G_MAXSIZE, pcm, others), ==, AP_DECODER_WIRE_WRONG);
    g_assert_cmpstr (others->str, ==, "");
  }
}

static void
test_text (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GByteArray) pcm = g_byte_array_new ();
  g_autoptr (GString) others = g_string_new (NULL);

  add (bytes, AP_DECODER_WIRE_FAILED, 4, "\1\0\0\0", 4);
  add (bytes, AP_DECODER_WIRE_FAILED, 17, "\1\0\0\0a\nb\0c\033[2J\xff\xc3\xa9~", 17);
  g_assert_cmpint (read_all (bytes, G_MAXSIZE, pcm, others), ==, AP_DECODER_WIRE_MORE);
  g_assert_cmpstr (others->str, ==, "1 ;1 a?b?c?[2J???~;");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decoder-wire/answers", test_answers);
  g_test_add_func ("/decoder-wire/incomplete", test_incomplete);
  g_test_add_func ("/decoder-wire/wrong", test_wrong);
  g_test_add_func ("/decoder-wire/text", test_text);
  return g_test_run ();
}
