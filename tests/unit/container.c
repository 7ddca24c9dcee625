/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a message begins, and what is left out before the audio. */
#include "endpoints/recording/decoder/ap-container.h"
#include "endpoints/recording/decoder/ap-stream-head.h"

#include <string.h>

#define WAV  "RIFF\x24\0\0\0WAVEfmt "
#define FLAC "fLaC\0\0\0\x22\x10\0\x10\0"
#define OGG  "OggS\0\2\0\0\0\0\0\0\0\0\x12\x34\x56\x78\0\0\0\0"
#define WEBM "\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1"
#define MP4                                                                                                            \
  "\0\0\0\x18"                                                                                                         \
  "ftypM4A "
#define TAG    "ID3\4\0\0\0\0\x01\x02"
#define FRAME  "\xff\xfb\x90\x44\0\0\0\0"
#define ADTS   "\xff\xf1\x50\x80\x20\x1f\xfc"
#define NUMBER "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"

typedef struct {
  const char *bytes;
  gsize length;
  ApContainer at_first, later; /* later: behind other messages; NONE: goes on */
} Row;

#define ROW(bytes, at_first, later)                                                                                    \
  {                                                                                                                    \
    bytes, sizeof bytes - 1, AP_CONTAINER_##at_first, AP_CONTAINER_##later                                             \
  }

/* An error is written as NONE at first. */
static const Row wav[] = {
  ROW (WAV, WAV, WAV),
  ROW ("RF64\xff\xff\xff\xffWAVEds64", WAV, WAV),
  ROW ("BW64\xff\xff\xff\xffWAVE", WAV, WAV),
  ROW ("R", WAV, NONE),
  ROW ("RIFF....WAV", WAV, NONE),
  ROW ("RIFF....AVI ", WAV, NONE), /* whose reader refuses it */
  ROW ("B", WAV, NONE),
  ROW ("RIFX....WAVE", NONE, NONE),
  ROW ("FORM....AIFF", NONE, NONE),
  ROW ("FORM....AIFC", NONE, NONE),
  ROW ("FORM....8SVX", PCM, NONE),
  ROW ("riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0", NONE, NONE),
  ROW ("riff....WAVE", PCM, NONE),
  ROW ("caff\0\1\0\0desc", NONE, NONE),
  ROW (".snd\0\0\0\x18\0\0\1\0\0\0\0\3", NONE, NONE),
  ROW (".snd\0\0\0\x18\0\0\1\0\1\0\0\3", PCM, NONE),
  ROW ("\x30\x26\xb2\x75\x8e\x66\xcf\x11", NONE, NONE),
  ROW (NUMBER, PCM, NONE),
  ROW (FRAME, PCM, NONE),
  ROW ("fLaC", PCM, NONE),
  ROW ("", PCM, NONE),
  ROW (FLAC, NONE, NONE),
  ROW (OGG, NONE, NONE),
  ROW (WEBM, NONE, NONE),
  ROW (MP4, NONE, NONE),
  ROW (TAG, NONE, NONE),
};
static const Row mp3[] = {
  ROW (FRAME, MP3, NONE),  ROW (TAG, MP3, MP3),   ROW ("I", MP3, NONE),  ROW ("ID3\4\0\0\0\0\x81\0", MP3, NONE),
  ROW (NUMBER, MP3, NONE), ROW (WAV, NONE, NONE), ROW (OGG, NONE, NONE),
};
static const Row flac[] = {
  ROW (FLAC, FLAC, FLAC),
  ROW ("fLaC\x80\0\0\x22", FLAC, FLAC),
  ROW ("fLaC\0\0\0\x21", FLAC, NONE),
  ROW ("fLa", FLAC, NONE),
  ROW (TAG, FLAC, FLAC),
  ROW (OGG, NONE, NONE),
};
static const Row aac[] = {
  ROW (ADTS, ADTS, NONE),
  ROW (MP4, MP4, MP4),
  ROW (TAG, ADTS, ADTS),
  ROW ("\0", MP4, NONE),
  ROW ("\0\0\0\x18"
       "fty",
       MP4, NONE),
  ROW ("\0\0\0\x18"
       "moov",
       ADTS, NONE),
  ROW ("\xff", ADTS, NONE),
  ROW (WEBM, NONE, NONE),
};
static const Row ogg[] = {
  ROW (OGG, OGG, OGG),
  ROW ("O", OGG, NONE),
  ROW ("OggS\0\0\0\0\0\0\0\0\0\0\x12\x34\x56\x78\0\0\0\0", OGG, NONE), /* a later page */
  ROW ("OggS\0\2\0\0\0\0\0\0\0\1\x12\x34\x56\x78\0\0\0\0", OGG, NONE), /* with samples */
  ROW (FLAC, NONE, NONE),
};
static const Row webm[] = {
  ROW (WEBM, WEBM, WEBM),
  ROW ("\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86\x81", WEBM, WEBM),
  ROW ("\x1a\x45\xdf\xa3\x40\x1f\x42\x82", WEBM, WEBM),
  ROW ("\x1a\x45\xdf\xa3\x9f\x43\x86\x81\1", WEBM, NONE),
  ROW ("\x1a\x45\xdf\xa3\0\x42\x86\x81\1", WEBM, NONE),
  ROW ("\x1a\x45\xdf\xa3", WEBM, NONE),
  ROW (MP4, NONE, NONE),
};

static const struct {
  const Row *rows;
  gsize n;
  ApContainer current;
} tables[] = {
  [AP_RECORDING_FORMAT_WAV] = { wav, G_N_ELEMENTS (wav), AP_CONTAINER_PCM },
  [AP_RECORDING_FORMAT_MP3] = { mp3, G_N_ELEMENTS (mp3), AP_CONTAINER_MP3 },
  [AP_RECORDING_FORMAT_FLAC] = { flac, G_N_ELEMENTS (flac), AP_CONTAINER_FLAC },
  [AP_RECORDING_FORMAT_AAC] = { aac, G_N_ELEMENTS (aac), AP_CONTAINER_MP4 },
  [AP_RECORDING_FORMAT_OGG] = { ogg, G_N_ELEMENTS (ogg), AP_CONTAINER_OGG },
  [AP_RECORDING_FORMAT_WEBM] = { webm, G_N_ELEMENTS (webm), AP_CONTAINER_WEBM },
};

static void
check_row (ApRecordingFormat format, ApContainer current, const Row *row)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *copy = g_memdup2 (row->bytes, row->length);
  ApContainer expected = current == AP_CONTAINER_NONE ? row->at_first : row->later;
  ApContainer found = ap_container_detect (format, current, copy, row->length, &error);

  if (found != expected)
    g_error ("%s, %zu bytes '%s': %s, not %s", ap_recording_format_to_string (format), row->length, row->bytes,
             ap_container_name (found), ap_container_name (expected));
  if (row->at_first != AP_CONTAINER_NONE)
    g_assert_no_error (error);
  else
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
}

static void
test_detect (void)
{
  for (ApRecordingFormat format = 0; format < G_N_ELEMENTS (tables); format++)
    for (gsize i = 0; i < tables[format].n; i++) {
      check_row (format, AP_CONTAINER_NONE, &tables[format].rows[i]);
      check_row (format, tables[format].current, &tables[format].rows[i]);
    }
}

static void
test_message (void)
{
  g_autoptr (GError) error = NULL;

  ap_container_detect (AP_RECORDING_FORMAT_MP3, AP_CONTAINER_NONE, (const guint8 *)FLAC, sizeof FLAC - 1, &error);
  g_assert_cmpstr (error->message, ==, "this is FLAC, and the recording takes mp3");
  g_clear_error (&error);
  ap_container_detect (AP_RECORDING_FORMAT_WAV, AP_CONTAINER_NONE, (const guint8 *)"FORM....AIFF", 12, &error);
  g_assert_cmpstr (error->message, ==, "this is AIFF, and the recording takes wav");
}

/* Frames without a word that tells, each with another length: heads, and what lies between them. */
static const struct {
  const char *head[3];
  gsize head_length, length[2];
  ApContainer is; /* NONE: nothing */
} frames[] = {
  { { "\xff\xfb\x90\x44", "\xff\xfb\x92\x44", "\xff\xfb\xe0\x44" }, 4, { 417, 418 }, AP_CONTAINER_MP3 },
  { { "\xff\xfa\x14\xc0", "\xff\xfa\x14\xc0", "\xff\xfa\x14\xc0" }, 4, { 96, 96 }, AP_CONTAINER_MP3 },
  { { "\xff\xf3\x40\xc4", "\xff\xf3\x42\xc4", "\xff\xf3\x40\xc4" }, 4, { 104, 105 }, AP_CONTAINER_MP3 },
  { { "\xff\xe3\x18\xc4", "\xff\xe3\x18\xc4", "\xff\xe3\x18\xc4" }, 4, { 72, 72 }, AP_CONTAINER_MP3 },
  { { "\xff\xf1\x50\x80\x2e\x7f\xfc", "\xff\xf1\x50\x80\x02\x1f\xfc", "\xff\xf1\x50\x80\x20\x1f\xfc" },
    7,
    { 371, 16 },
    AP_CONTAINER_ADTS },
  { { "\xff\xfb\x90\x44", "\xff\xfb\x90\x44", "\xff\xfb\x94\x44" }, 4, { 417, 417 }, AP_CONTAINER_NONE }, /* rate */
  { { "\xff\xfb\x90\x44", "\xff\xf3\x90\x44", "\xff\xfb\x90\x44" }, 4, { 417, 417 }, AP_CONTAINER_NONE },
  { { "\xff\xfb\x90\x44", "\xff\xfb\x90\x44", "\xff\xfb\x90\x44" }, 4, { 417, 416 }, AP_CONTAINER_NONE },
  { { "\xff\xfb\xf0\x44", "\xff\xfb\xf0\x44", "\xff\xfb\xf0\x44" }, 4, { 417, 417 }, AP_CONTAINER_NONE },
  { { "\xff\xfb\x00\x44", "\xff\xfb\x00\x44", "\xff\xfb\x00\x44" }, 4, { 417, 417 }, AP_CONTAINER_NONE },
  { { "\xff\xfb\x9c\x44", "\xff\xfb\x9c\x44", "\xff\xfb\x9c\x44" }, 4, { 417, 417 }, AP_CONTAINER_NONE },
  { { "\xff\xeb\x90\x44", "\xff\xeb\x90\x44", "\xff\xeb\x90\x44" }, 4, { 417, 417 }, AP_CONTAINER_NONE },
  { { "\xff\xf1\x50\x80\0\xdf\xfc", "\xff\xf1\x50\x80\0\xdf\xfc", "\xff\xf1\x50\x80\0\xdf\xfc" },
    7,
    { 6, 6 },
    AP_CONTAINER_NONE }, /* shorter than its head */
  { { "\xff\xf1\x74\x80\x2e\x7f\xfc", "\xff\xf1\x74\x80\x2e\x7f\xfc", "\xff\xf1\x74\x80\x2e\x7f\xfc" },
    7,
    { 371, 371 },
    AP_CONTAINER_NONE },
};

static GByteArray *
make_frames (gsize i)
{
  GByteArray *data = g_byte_array_new ();

  for (guint n = 0; n < 3; n++) {
    guint at = data->len;

    g_byte_array_append (data, (const guint8 *)frames[i].head[n], (guint)frames[i].head_length);
    if (n < 2) {
      g_byte_array_set_size (data, MAX (at + (guint)frames[i].length[n], data->len));
      memset (data->data + at + frames[i].head_length, 0x55, data->len - at - frames[i].head_length);
    }
  }
  return data;
}

/* What @length bytes of these frames are held to be, and whether they are refused. */
static void
expect_frames (const GByteArray *data, gsize length, ApRecordingFormat format, ApContainer current,
               ApContainer expected, gboolean refused)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *copy = g_memdup2 (data->data, length);
  ApContainer found = ap_container_detect (format, current, copy, length, &error);

  g_assert_cmpstr (ap_container_name (found), ==, ap_container_name (refused ? AP_CONTAINER_NONE : expected));
  if (refused)
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  else
    g_assert_no_error (error);
}

static void
test_frames (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++) {
    g_autoptr (GByteArray) data = make_frames (i);
    gboolean is_mp3 = frames[i].is == AP_CONTAINER_MP3, is_adts = frames[i].is == AP_CONTAINER_ADTS;
    gsize head = frames[i].head_length;

    g_test_message ("frames %zu", i);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_WAV, AP_CONTAINER_NONE, AP_CONTAINER_PCM, is_mp3 || is_adts);
    expect_frames (data, data->len - head, AP_RECORDING_FORMAT_WAV, AP_CONTAINER_NONE, AP_CONTAINER_PCM, FALSE);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_WAV, AP_CONTAINER_PCM, AP_CONTAINER_NONE, FALSE);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_WAV, AP_CONTAINER_WAV, AP_CONTAINER_NONE, FALSE);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_MP3, AP_CONTAINER_NONE, AP_CONTAINER_MP3, is_adts);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_MP3, AP_CONTAINER_MP3, AP_CONTAINER_NONE, FALSE);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_AAC, AP_CONTAINER_NONE, AP_CONTAINER_ADTS, is_mp3);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_AAC, AP_CONTAINER_ADTS, AP_CONTAINER_NONE, FALSE);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_AAC, AP_CONTAINER_MP4, frames[i].is, is_mp3);
    expect_frames (data, data->len - head, AP_RECORDING_FORMAT_AAC, AP_CONTAINER_MP4, AP_CONTAINER_NONE, FALSE);
    expect_frames (data, data->len, AP_RECORDING_FORMAT_OGG, AP_CONTAINER_NONE, AP_CONTAINER_OGG, is_mp3 || is_adts);
  }
}

/* The head of a stream. */

/* What is to be decoded, or the error's message. */
static GByteArray *
take (ApContainer container, const guint8 *data, gsize length, gsize piece, gboolean *over)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  ApStreamHead head;

  ap_stream_head_init (&head, container);
  for (gsize at = 0; at < length; at += piece) {
    gsize n = MIN (piece, length - at), taken = 0;
    g_autofree guint8 *copy = g_memdup2 (data + at, n);

    if (!ap_stream_head_is_over (&head) && !ap_stream_head_take (&head, copy, n, out, &taken, &error)) {
      g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
      return NULL;
    }
    g_assert_true (taken == n || ap_stream_head_is_over (&head));
    g_byte_array_append (out, copy + taken, (guint)(n - taken));
  }
  *over = ap_stream_head_is_over (&head);
  return g_steal_pointer (&out);
}

#define STREAMINFO                                                                                                     \
  "\x10\0\x10\0\0\0\x0e\0\x10\0\x0a\xc4\x42\xf0\0\0\0\0"                                                               \
  "0123456789abcdef"
#define ID3_3    "ID3\3\0\0\0\0\0\3xyz"
#define ID3_FOOT "ID3\4\0\x10\0\0\0\2xy3DI\4\0\x10\0\0\0\2"

static const struct {
  const char *name;
  ApContainer container;
  const char *in;
  gsize in_length;
  const char *out; /* NULL: refused */
  gsize out_length;
} heads[] = {
#define IN(bytes) bytes, sizeof bytes - 1
  { "mp3", AP_CONTAINER_MP3, IN (FRAME), IN (FRAME) },
  { "mp3, a tag", AP_CONTAINER_MP3, IN (ID3_3 FRAME), IN (FRAME) },
  { "mp3, two tags", AP_CONTAINER_MP3, IN (ID3_FOOT ID3_3 FRAME), IN (FRAME) },
  { "adts, a tag", AP_CONTAINER_ADTS, IN (ID3_FOOT ADTS), IN (ADTS) },
  { "adts, not quite", AP_CONTAINER_ADTS, IN ("IDs" ADTS), IN ("IDs" ADTS) },
  { "flac", AP_CONTAINER_FLAC, IN ("fLaC\x80\0\0\x22" STREAMINFO "audio"), IN ("fLaC\x80\0\0\x22" STREAMINFO "audio") },
  { "flac, more metadata", AP_CONTAINER_FLAC,
    IN ("fLaC\0\0\0\x22" STREAMINFO "\4\0\0\5notes\1\0\0\0\x86\0\0\3pic"
        "audio"),
    IN ("fLaC\x80\0\0\x22" STREAMINFO "audio") },
  { "flac, a tag", AP_CONTAINER_FLAC, IN (ID3_3 "fLaC\x80\0\0\x22" STREAMINFO "audio"),
    IN ("fLaC\x80\0\0\x22" STREAMINFO "audio") },
  { "flac, late", AP_CONTAINER_FLAC, IN ("\xff\xf8\xc9\x18"), NULL, 0 },
  { "flac, padding first", AP_CONTAINER_FLAC, IN ("fLaC\1\0\0\x22" STREAMINFO "audio"), NULL, 0 },
  { "flac, no metadata", AP_CONTAINER_FLAC, IN ("fLaC\0\0\0\x22" STREAMINFO "\x7f\0\0\0"), NULL, 0 },
  { "ogg", AP_CONTAINER_OGG, IN (OGG), IN (OGG) },
  { "ogg, late", AP_CONTAINER_OGG, IN (NUMBER), NULL, 0 },
  { "webm", AP_CONTAINER_WEBM, IN (WEBM), IN (WEBM) },
  { "webm, late", AP_CONTAINER_WEBM, IN (NUMBER), NULL, 0 },
  { "mp4", AP_CONTAINER_MP4, IN (MP4), IN (MP4) },
  { "mp4, late", AP_CONTAINER_MP4, IN (NUMBER), NULL, 0 },
#undef IN
};

static void
test_heads (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++)
    for (gsize piece = 1; piece <= heads[i].in_length; piece++) {
      gboolean over = FALSE;
      g_autoptr (GByteArray) out =
          take (heads[i].container, (const guint8 *)heads[i].in, heads[i].in_length, piece, &over);

      g_test_message ("%s in pieces of %zu", heads[i].name, piece);
      g_assert_cmpint (out == NULL, ==, heads[i].out == NULL);
      if (out == NULL)
        continue;
      g_assert_true (over);
      g_assert_cmpmem (out->data, out->len, heads[i].out, heads[i].out_length);
    }
}

/* A tag that has not ended, and nothing at all. */
static void
test_heads_cut_off (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++)
    for (gsize length = 0; length < heads[i].in_length; length++) {
      gboolean over = FALSE;
      g_autoptr (GByteArray) out = take (heads[i].container, (const guint8 *)heads[i].in, length, 5, &over);

      if (heads[i].out == NULL || out == NULL)
        continue;
      g_assert_cmpuint (out->len, <=, heads[i].out_length);
      g_assert_cmpmem (out->data, out->len, heads[i].out, out->len);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/container/detect", test_detect);
  g_test_add_func ("/container/message", test_message);
  g_test_add_func ("/container/frames", test_frames);
  g_test_add_func ("/container/heads", test_heads);
  g_test_add_func ("/container/heads-cut-off", test_heads_cut_off);
  return g_test_run ();
}
