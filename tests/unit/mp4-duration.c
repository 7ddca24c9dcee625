/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The duration that an MP4 tells of itself: it is taken out wherever it stands, and nothing else is; so a file is
 * decoded to the end of its tracks. */
#include "decoder-support.h"

#include "endpoints/recording/decoder/ap-mp4-duration.h"

#include <gst/gst.h>
#include <string.h>

#define RATE 48000

/* A box; @large: with a length of 64 bits. */
static void
add_box (GByteArray *file, const char *type, const guint8 *body, guint length, gboolean large)
{
  guint whole = length + (large ? 16 : 8);
  const guint32 head = GUINT32_TO_BE (large ? 1 : whole);
  const guint64 more = GUINT64_TO_BE ((guint64)whole);

  g_byte_array_append (file, (const guint8 *)&head, 4);
  g_byte_array_append (file, (const guint8 *)type, 4);
  if (large)
    g_byte_array_append (file, (const guint8 *)&more, 8);
  g_byte_array_append (file, body, length);
}

/* What looks like one in other boxes is none. @version: of the movie's header */
static GByteArray *
make_boxes (guint8 version, gboolean large)
{
  GByteArray *file = g_byte_array_new ();
  g_autoptr (GByteArray) inside = g_byte_array_new (), movie = g_byte_array_new ();
  guint8 body[120];

  memset (body, 0x77, sizeof body);
  body[0] = version;
  add_box (inside, "mvhd", body, sizeof body, FALSE);
  add_box (file, "ftyp", body, 16, FALSE);
  add_box (file, "mdat", inside->data, inside->len, large);
  add_box (movie, "free", inside->data, inside->len, FALSE);
  add_box (movie, "mvhd", body, version == 0 ? 100 : 112, FALSE);
  add_box (movie, "trak", inside->data, inside->len, large);
  add_box (file, "moov", movie->data, movie->len, large);
  add_box (file, "free", inside->data, inside->len, FALSE);
  g_byte_array_append (file, (const guint8 *)"\0\0\0\0mdat", 8); /* to the end, whatever there is */
  g_byte_array_append (file, inside->data, inside->len);
  return file;
}

static void
check_boxes (guint8 version, gboolean large, gsize piece)
{
  g_autoptr (GByteArray) file = make_boxes (version, large);
  g_autofree guint8 *before = g_memdup2 (file->data, file->len);
  ApMp4Duration duration = { 0 };
  gsize changed = 0, first = 0;

  for (gsize at = 0; at < file->len; at += piece)
    ap_mp4_duration_remove (&duration, file->data + at, MIN (piece, file->len - at));
  for (gsize i = file->len; i > 0; i--)
    if (file->data[i - 1] != before[i - 1]) {
      g_assert_cmpuint (file->data[i - 1], ==, 0);
      changed++;
      first = i - 1;
    }
  g_assert_cmpuint (changed, ==, version == 0 ? 4 : 8);
  /* behind ftyp, mdat, the heads of moov and free, and what free has; behind the head, version, flags, two times, and
   * the scale */
  g_assert_cmpuint (first, ==,
                    24 + (large ? 16 : 8) + 128 + (large ? 16 : 8) + 8 + 128 + 8 + 4 + (version == 0 ? 12 : 20));
}

static void
test_boxes (void)
{
  for (guint8 version = 0; version < 2; version++)
    for (guint large = 0; large < 2; large++)
      for (gsize piece = 1; piece < 600; piece += 13)
        check_boxes (version, large != 0, piece);
}

static GByteArray *
decode (GBytes *file, gsize piece)
{
  const ApDecoderSpec spec = { AP_CONTAINER_MP4, RATE, 1 };
  g_autoptr (GError) error = NULL;
  GByteArray *samples = decoder_run (&spec, file, piece, &error);

  g_assert_no_error (error);
  return samples;
}

/* Halves the duration that stands @at bytes behind the name of a box of version 0. */
static void
halve (guint8 *bytes, gsize length, const char *type, gsize at)
{
  guint8 *box = memmem (bytes, length, type, 4);
  guint32 duration;

  g_assert_nonnull (box);
  g_assert_cmpuint (box[4], ==, 0);
  memcpy (&duration, box + at, sizeof duration);
  duration = GUINT32_FROM_BE (duration);
  g_assert_cmpuint (duration, >, 1);
  duration /= 2;
  duration = GUINT32_TO_BE (duration);
  memcpy (box + at, &duration, sizeof duration);
}

/* More than an encoder does that leaves its own delay out: the movie is shorter than its track. */
static void
test_shorter_movie (gconstpointer data)
{
  AudioFileKind kind = (AudioFileKind)GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) file = NULL, shorter = NULL;
  g_autoptr (GByteArray) whole = NULL;
  guint8 *bytes, *edits;
  gsize length;

  if (!audio_file_can_make (kind)) {
    g_test_skip ("there is no encoder");
    return;
  }
  file = audio_file_make (kind, RATE, 1, 2);
  length = g_bytes_get_size (file);
  bytes = g_memdup2 (g_bytes_get_data (file, NULL), length);
  edits = memmem (bytes, length, "edts", 4);
  if (edits != NULL)
    memcpy (edits, "free", 4); /* they would be believed */
  halve (bytes, length, "mvhd", 20);
  halve (bytes, length, "tkhd", 24);
  whole = decode (file, 4096);
  shorter = g_bytes_new_take (bytes, length);
  for (gsize piece = 37; piece < length * 100; piece *= 100) {
    g_autoptr (GByteArray) samples = decode (shorter, piece);

    g_assert_cmpuint (samples->len, >=, whole->len); /* the list of edits may leave some samples out */
    g_assert_cmpmem (samples->data, whole->len, whole->data, whole->len);
  }
  g_assert_cmpuint (whole->len, >=, 2 * 2 * RATE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/mp4-duration/boxes", test_boxes);
  g_test_add_data_func ("/mp4-duration/index-at-end", GUINT_TO_POINTER (AUDIO_FILE_MP4), test_shorter_movie);
  g_test_add_data_func ("/mp4-duration/index-first", GUINT_TO_POINTER (AUDIO_FILE_MP4_FAST), test_shorter_movie);
  return g_test_run ();
}
