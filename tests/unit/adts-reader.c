/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames of ADTS: whole, however the stream is cut; what is no frame is passed over. */
#include "endpoints/recording/decoder/ap-adts-reader.h"

#include <string.h>

#define RATE_44100 4
#define RATE_16000 8

/* The frames, each behind its length. */
static gboolean
on_frame (gpointer owner, const guint8 *frame, gsize length, GError **error)
{
  g_byte_array_append (owner, (const guint8 *)&length, sizeof length);
  g_byte_array_append (owner, frame, (guint)length);
  return TRUE;
}

static void
add_frame (GByteArray *stream, guint rate, guint channels, gsize length)
{
  guint8 frame[8191];

  memset (frame, (gint)length, sizeof frame);
  memcpy (frame,
          (const guint8[]){ 0xff, 0xf1, (guint8)(0x40 | rate << 2 | channels >> 2),
                            (guint8)((channels & 3) << 6 | length >> 11), (guint8)(length >> 3),
                            (guint8)((length & 7) << 5 | 0x1f), 0xfc },
          7);
  g_byte_array_append (stream, frame, (guint)length);
}

static gboolean
read_stream (const GByteArray *stream, gsize piece, GByteArray *frames, GError **error)
{
  g_autoptr (ApAdtsReader) reader = ap_adts_reader_new (on_frame, frames);

  for (gsize at = 0; at < stream->len; at += piece)
    if (!ap_adts_reader_feed (reader, stream->data + at, MIN (piece, stream->len - at), error))
      return FALSE;
  return ap_adts_reader_end (reader, error);
}

/* @wanted: the frames, one behind the other */
static void
expect (const GByteArray *stream, const GByteArray *wanted)
{
  static const gsize pieces[] = { 1, 7, 37, 4096, G_MAXINT32 };
  g_autoptr (GByteArray) all = g_byte_array_new ();

  for (gsize at = 0; at < wanted->len;) {
    gsize length =
        (gsize)(wanted->data[at + 3] & 3) << 11 | (gsize)wanted->data[at + 4] << 3 | wanted->data[at + 5] >> 5;

    on_frame (all, wanted->data + at, length, NULL);
    at += length;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autoptr (GByteArray) frames = g_byte_array_new ();
    g_autoptr (GError) error = NULL;

    read_stream (stream, pieces[i], frames, &error);
    if (wanted->len > 0)
      g_assert_no_error (error);
    else
      g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_assert_cmpmem (frames->data, frames->len, all->data, all->len);
  }
}

static void
test_frames (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();

  for (gsize length = 8; length < 8192; length = length * 3 - 9)
    add_frame (stream, RATE_44100, 1, length);
  add_frame (stream, RATE_44100, 1, 8191);
  expect (stream, stream);
}

/* Neither are headers whose length is of nothing, or that a frame of another kind follows. */
static void
test_garbage (void)
{
  static const guint8 garbage[][16] = {
    "no audio at all", { 0xff, 0xf1, 0x50, 0x40, 0, 0xff, 0xfc },    { 0xff, 0xf1, 0x50, 0x40, 3, 0x1f, 0xfc },
    { 0xff, 0xff },    { 0xff, 0xf1, 0x7c, 0x40, 0x02, 0x1f, 0xfc }, { 0xff, 0xf3, 0x50, 0x40, 0x02, 0x1f, 0xfc },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (garbage); i++) {
    g_autoptr (GByteArray) stream = g_byte_array_new (), wanted = g_byte_array_new ();

    for (guint n = 0; n < 3; n++) {
      g_byte_array_append (stream, garbage[i], sizeof garbage[i]);
      for (guint frame = 0; frame < 2; frame++) {
        add_frame (stream, RATE_44100, 2, 100 + n);
        add_frame (wanted, RATE_44100, 2, 100 + n);
      }
    }
    g_byte_array_append (stream, garbage[i], sizeof garbage[i]);
    g_test_message ("row %zu", i);
    expect (stream, wanted);
  }
}

/* A frame of another kind counts if one like it, or the end, follows. */
static void
test_change (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new (), wanted = g_byte_array_new ();

  for (guint i = 0; i < 2; i++) {
    GByteArray *both[] = { stream, wanted };

    add_frame (both[i], RATE_44100, 2, 200);
    add_frame (both[i], RATE_44100, 2, 300);
    add_frame (both[i], RATE_16000, 1, 50);
    add_frame (both[i], RATE_16000, 1, 60);
    if (both[i] == stream)
      add_frame (stream, RATE_44100, 1, 70); /* alone */
    add_frame (both[i], RATE_16000, 1, 80);
    add_frame (both[i], RATE_16000, 1, 90);
    add_frame (both[i], RATE_44100, 2, 10); /* the last */
  }
  expect (stream, wanted);
}

static void
test_cut_off (void)
{
  g_autoptr (GByteArray) wanted = g_byte_array_new ();

  add_frame (wanted, RATE_44100, 1, 40);
  add_frame (wanted, RATE_44100, 1, 50);
  for (guint more = 0; more < 60; more++) {
    g_autoptr (GByteArray) stream = g_byte_array_new ();

    g_byte_array_append (stream, wanted->data, wanted->len);
    add_frame (stream, RATE_44100, 1, 60);
    g_byte_array_set_size (stream, wanted->len + more);
    expect (stream, wanted);
  }
}

static void
test_nothing (void)
{
  g_autoptr (GByteArray) stream = g_byte_array_new (), wanted = g_byte_array_new ();

  expect (stream, wanted);
  add_frame (stream, RATE_44100, 1, 100);
  g_byte_array_set_size (stream, 99);
  expect (stream, wanted);
}

static gboolean
refuse (gpointer owner, const guint8 *frame, gsize length, GError **error)
{
  ++*(guint *)owner;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "that is enough");
  return FALSE;
}

static void
test_refusal (void)
{
  guint refusals = 0;
  g_autoptr (ApAdtsReader) reader = ap_adts_reader_new (refuse, &refusals);
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 5; i++)
    add_frame (stream, RATE_44100, 1, 100);
  g_assert_false (ap_adts_reader_feed (reader, stream->data, stream->len, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA);
  g_assert_cmpuint (refusals, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/adts-reader/frames", test_frames);
  g_test_add_func ("/adts-reader/garbage", test_garbage);
  g_test_add_func ("/adts-reader/change", test_change);
  g_test_add_func ("/adts-reader/cut-off", test_cut_off);
  g_test_add_func ("/adts-reader/nothing", test_nothing);
  g_test_add_func ("/adts-reader/refusal", test_refusal);
  return g_test_run ();
}
