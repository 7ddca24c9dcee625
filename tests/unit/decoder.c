/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoding: the same samples however the bytes are cut, as much audio as there is, the right sound, at every rate; and
 * files one after another. */
#include "decoder-support.h"

#include "endpoints/recording/decoder/ap-container.h"

#include <gst/gst.h>
#include <string.h>

#define AAC_MORE (3 * 1024)

/* What a file of these may be longer than its audio, in samples: MP3 and AAC have frames of 1152 and 1024 samples, and
 * their encoders add up to two of silence. */
static const struct {
  AudioFileKind kind;
  ApRecordingFormat format;
  guint more;
  gboolean any_rate; /* not only some of those of Opus */
} kinds[] = {
  { AUDIO_FILE_WAV, AP_RECORDING_FORMAT_WAV, 0, TRUE },
  { AUDIO_FILE_MP3, AP_RECORDING_FORMAT_MP3, 3 * 1152, FALSE },
  { AUDIO_FILE_FLAC, AP_RECORDING_FORMAT_FLAC, 0, TRUE },
  { AUDIO_FILE_ADTS, AP_RECORDING_FORMAT_AAC, AAC_MORE, TRUE },
  { AUDIO_FILE_MP4, AP_RECORDING_FORMAT_AAC, AAC_MORE, FALSE },
  { AUDIO_FILE_MP4_FAST, AP_RECORDING_FORMAT_AAC, AAC_MORE, FALSE },
  { AUDIO_FILE_MP4_FRAGMENTED, AP_RECORDING_FORMAT_AAC, AAC_MORE, FALSE },
  { AUDIO_FILE_OGG, AP_RECORDING_FORMAT_OGG, 0, FALSE },
  { AUDIO_FILE_OGG_FLAC, AP_RECORDING_FORMAT_OGG, 0, TRUE },
  { AUDIO_FILE_OGG_VORBIS, AP_RECORDING_FORMAT_OGG, 0, TRUE },
  { AUDIO_FILE_WEBM, AP_RECORDING_FORMAT_WEBM, 0, FALSE },
};

typedef gconstpointer Row; /* the number of a row of kinds */
#define INDEX(row) GPOINTER_TO_UINT (row)
#define KIND(row)  kinds[INDEX (row)].kind

static gboolean
can_make (Row row)
{
  if (audio_file_can_make (KIND (row)))
    return TRUE;
  g_test_skip ("there is no encoder");
  return FALSE;
}

static GByteArray *
decode (GBytes *file, Row row, guint rate, guint channels, gsize piece)
{
  const ApDecoderSpec spec = { decoder_container (KIND (row)), rate, channels };
  g_autoptr (GError) error = NULL;
  GByteArray *samples = decoder_run (&spec, file, piece, &error);

  g_assert_no_error (error);
  return samples;
}

static void
check_split (GBytes *file, Row row, guint rate, guint channels)
{
  static const gsize pieces[] = { 1, 37, 4096 };
  g_autoptr (GByteArray) whole = decode (file, row, rate, channels, G_MAXINT32);

  g_assert_cmpuint (whole->len, >, rate * channels * 2);
  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autoptr (GByteArray) samples = decode (file, row, rate, channels, pieces[i]);

    if (samples->len != whole->len || memcmp (samples->data, whole->data, whole->len) != 0)
      g_error ("%s at %u Hz in pieces of %zu bytes: other samples", audio_file_kind_name (KIND (row)), rate, pieces[i]);
  }
}

/* As it is, and with other rates and channels. */
static void
test_split (gconstpointer row)
{
  g_autoptr (GBytes) file = NULL;

  if (!can_make (row))
    return;
  file = audio_file_make (KIND (row), 48000, 2, 1.2);
  check_split (file, row, 48000, 2);
  check_split (file, row, 44100, 2);
  check_split (file, row, 16000, 1);
}

/* The tone of the first second, from its middle, in each channel. A second channel that was made of one has the
 * first one's, and one of two has both; so has what the encoder of AAC makes of two. */
static gboolean
is_right (gdouble power, gdouble half, guint channel, guint channels, guint in_channels)
{
  if (in_channels == 1)
    return power > 0.98;
  if (channels == 1)
    return power > 0.45 && half > 0.45;
  return (channel == 0 ? power : half) > 0.98;
}

static void
check_tone (const GByteArray *samples, guint rate, guint channels, guint in_channels, gboolean mixed, const char *what)
{
  const gint16 *values = (const gint16 *)(gconstpointer)samples->data;
  for (guint channel = 0; channel < channels; channel++) {
    const gint16 *from = values + rate / 4 * channels + channel;
    gdouble power = audio_file_tone (from, channels, rate / 2, rate, 400);
    gdouble half = audio_file_tone (from, channels, rate / 2, rate, 200);

    if (mixed ? power + half < 0.8 : !is_right (power, half, channel, channels, in_channels))
      g_error ("%s, channel %u: %.3f of its power is the tone, %.3f the lower one", what, channel, power, half);
  }
}

/* audioresample rounds where it ends, to less than half a millisecond. */
static void
check_length (const GByteArray *samples, gdouble seconds, guint in_rate, guint more, guint rate, guint channels,
              const char *what)
{
  gdouble least = seconds * rate;
  gdouble most = least + (gdouble)more * rate / in_rate;
  gdouble frames = (gdouble)samples->len / 2 / channels;

  if (frames < least - rate * 0.0005 || frames > most + rate * 0.0005)
    g_error ("%s: %.0f frames at %u Hz, not %.0f to %.0f", what, frames, rate, least, most);
}

static void
check_conversion (AudioFileKind kind, guint more, guint rate, guint channels, guint out_rate, guint out_channels)
{
  g_autofree char *what = g_strdup_printf ("%s, %u Hz and %u channels to %u Hz and %u", audio_file_kind_name (kind),
                                           rate, channels, out_rate, out_channels);
  g_autoptr (GByteArray) samples = decoder_run_kind (kind, rate, channels, 1, out_rate, out_channels, 4096);
  gboolean mixed = more == AAC_MORE && channels == 2;

  g_test_message ("%s", what);
  check_length (samples, 1, rate, more, out_rate, out_channels, what);
  check_tone (samples, out_rate, out_channels, channels, mixed, what);
}

static void
test_conversion (gconstpointer row)
{
  static const guint opus_rates[] = { 8000, 16000, 24000, 48000 };
  static const guint all_rates[] = { 8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000 };
  static const guint out_rates[] = { 8000, 16000, 22050, 44100, 48000, 96000 };
  gboolean any = kinds[INDEX (row)].any_rate;
  gsize n = any ? G_N_ELEMENTS (all_rates) : G_N_ELEMENTS (opus_rates);

  if (!can_make (row))
    return;
  for (gsize i = 0; i < n; i++)
    for (guint channels = 1; channels <= 2; channels++)
      check_conversion (KIND (row), kinds[INDEX (row)].more, any ? all_rates[i] : opus_rates[i], channels,
                        out_rates[(i + channels) % G_N_ELEMENTS (out_rates)], 1 + (guint)(i + channels / 2) % 2);
}

/* What WAV may hold. */
static void
test_wav_encodings (void)
{
  for (AudioFileKind kind = AUDIO_FILE_WAV_U8; kind <= AUDIO_FILE_WAV_MULAW; kind++)
    for (guint channels = 1; channels <= 2; channels++) {
      check_conversion (kind, 0, 48000, channels, 48000, channels);
      check_conversion (kind, 0, 8000, channels, 44100, 3 - channels);
    }
}

/* The depths that hold all of 16 bits give them back. */
static void
test_wav_exact (void)
{
  g_autoptr (GBytes) signal = audio_file_signal (44100, 2, 0.7);
  static const AudioFileKind exact[] = {
    AUDIO_FILE_PCM,     AUDIO_FILE_WAV,     AUDIO_FILE_WAV_S24, AUDIO_FILE_WAV_S32,
    AUDIO_FILE_WAV_F32, AUDIO_FILE_WAV_F64, AUDIO_FILE_FLAC,    AUDIO_FILE_OGG_FLAC
  };

  for (gsize i = 0; i < G_N_ELEMENTS (exact); i++) {
    g_autoptr (GByteArray) samples = NULL;

    if (!audio_file_can_make (exact[i]))
      continue;
    samples = decoder_run_kind (exact[i], 44100, 2, 0.7, 44100, 2, 1001);
    g_test_message ("%s", audio_file_kind_name (exact[i]));
    g_assert_cmpmem (samples->data, samples->len, g_bytes_get_data (signal, NULL), g_bytes_get_size (signal));
  }
}

/* Eight channels, none of which has a name. */
static void
test_wav_many_channels (void)
{
  static const char head[] =
      "RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\x08\0\x80\xbb\0\0\0\xb8\x0b\0\x10\0\x10\0data\0\0\0";
  const ApDecoderSpec spec = { AP_CONTAINER_WAV, 48000, 1 };
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GByteArray) samples = NULL;
  g_autoptr (GError) error = NULL;

  g_byte_array_append (file, (const guint8 *)head, sizeof head);
  for (guint i = 0; i < 8 * 4800; i++)
    g_byte_array_append (file, (const guint8 *)"\0\x10", 2);
  bytes = g_bytes_new (file->data, file->len);
  samples = decoder_run (&spec, bytes, 4096, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (samples->len, ==, 2 * 4800);
}

/* A tenth of a second of @channels, of which one is not silent. */
static GBytes *
make_one_channel (guint channels, guint32 mask, guint loud)
{
  static const guint8 guid[] = { 1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71 };
  guint8 head[68] = "RIFF\xff\xff\xff\xffWAVEfmt \x28\0\0\0\xfe\xff\0\0\x80\xbb\0\0\0\0\0\0\0\0\x10\0\x16\0\x10";
  GByteArray *file = g_byte_array_new ();

  head[22] = (guint8)channels;
  head[32] = (guint8)(2 * channels);
  mask = GUINT32_TO_LE (mask);
  memcpy (head + 40, &mask, sizeof mask);
  memcpy (head + 44, guid, sizeof guid);
  memcpy (head + 60, "data", 4);
  g_byte_array_append (file, head, sizeof head);
  for (guint i = 0; i < channels * 4800; i++)
    g_byte_array_append (file, (const guint8 *)(i % channels == loud ? "\0\x10" : "\0\0"), 2);
  return g_byte_array_free_to_bytes (file);
}

/* Where a channel is heard, the file says; a mask that names no speakers says nothing. */
static void
test_wav_speakers (void)
{
  enum { LEFT = 1, RIGHT = 2 };
  static const struct {
    guint channels;
    guint32 mask;
    guint loud, heard;
  } rows[] = {
    { 6, 0x3f, 4, LEFT },                             /* 5.1 with speakers behind */
    { 6, 0x3f, 5, RIGHT },    { 6, 0x60f, 4, LEFT },  /* at the sides */
    { 6, 0x60f, 5, RIGHT },   { 8, 0x63f, 6, LEFT },  /* 7.1 */
    { 8, 0x63f, 7, RIGHT },   { 4, 0x5003, 2, LEFT }, /* above: as behind */
    { 4, 0x5003, 3, RIGHT },  { 4, 0x107, 3, LEFT | RIGHT }, { 3, 0xe0000000, 0, LEFT },
    { 3, 0x40003, 1, RIGHT }, { 3, 0x80000003, 0, LEFT },
  };
  const ApDecoderSpec spec = { AP_CONTAINER_WAV, 48000, 2 };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GBytes) file = make_one_channel (rows[i].channels, rows[i].mask, rows[i].loud);
    g_autoptr (GError) error = NULL;
    g_autoptr (GByteArray) samples = decoder_run (&spec, file, 4096, &error);
    const gint16 *values = (const gint16 *)(gconstpointer)samples->data;

    g_test_message ("row %zu", i);
    g_assert_no_error (error);
    g_assert_cmpuint (samples->len, ==, 2 * 2 * 4800);
    g_assert_cmpuint ((values[4800] > 400 ? LEFT : 0) | (values[4801] > 400 ? RIGHT : 0), ==, rows[i].heard);
  }
}

/* Files in a row, as messages of a recording. */

typedef struct {
  ApRecordingFormat format;
  ApContainer container; /* NONE: nothing came yet */
  ApDecoder *decoder;
  GByteArray *samples;
  guint segments;
} Recording;

static void
end_segment (Recording *recording)
{
  g_autoptr (GError) error = NULL;

  if (recording->decoder != NULL)
    ap_decoder_finish (recording->decoder, &error);
  g_assert_no_error (error);
  g_clear_pointer (&recording->decoder, ap_decoder_free);
}

static void
take_message (Recording *recording, const guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  ApContainer begins = ap_container_detect (recording->format, recording->container, data, length, &error);
  const ApDecoderSpec spec = { begins, 22050, 1 };

  g_assert_no_error (error);
  if (begins != AP_CONTAINER_NONE) {
    end_segment (recording);
    recording->container = begins;
    recording->decoder = ap_decoder_chain_new (&spec, decoder_gather, recording->samples, &error);
    g_assert_no_error (error);
    recording->segments++;
  }
  ap_decoder_feed (recording->decoder, data, length, &error);
  g_assert_no_error (error);
}

static void
take_file (Recording *recording, AudioFileKind kind, guint rate, guint channels)
{
  g_autoptr (GBytes) file = audio_file_make (kind, rate, channels, 1);
  gsize length;
  const guint8 *data = g_bytes_get_data (file, &length);

  for (gsize at = 0; at < length; at += 4096)
    take_message (recording, data + at, MIN (4096, length - at));
}

/* Three files of a second: the tone of the first second each time, and with a change of rate and channels in between.
 */
static void
test_in_a_row (gconstpointer row)
{
  static const guint rates[] = { 16000, 48000, 16000 };
  Recording recording = { .format = kinds[INDEX (row)].format };
  gboolean tells = KIND (row) != AUDIO_FILE_MP3 && KIND (row) != AUDIO_FILE_ADTS; /* where a file begins */
  g_autoptr (GByteArray) samples = g_byte_array_new ();

  if (!can_make (row))
    return;
  recording.samples = samples;
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    take_file (&recording, KIND (row), rates[i], i == 1 ? 2 : 1);
  end_segment (&recording);
  g_assert_cmpuint (recording.segments, ==, tells ? 3 : 1);
  check_length (samples, 3, 16000, 3 * kinds[INDEX (row)].more, 22050, 1, audio_file_kind_name (KIND (row)));
  for (guint second = 0; second < 3; second++) {
    const gint16 *from = (const gint16 *)(gconstpointer)samples->data + samples->len / 2 / 3 * second + 22050 / 4;

    if (audio_file_tone (from, 1, 22050 / 2, 22050, 400) < 0.45)
      g_error ("%s: file %u of 3 has no tone", audio_file_kind_name (KIND (row)), second + 1);
  }
}

/* WAV tells where it ends, so that the next file may begin anywhere. */
static void
test_wav_in_one_piece (void)
{
  g_autoptr (GBytes) first = audio_file_make (AUDIO_FILE_WAV, 16000, 1, 1);
  g_autoptr (GBytes) second = audio_file_make (AUDIO_FILE_WAV_MULAW, 8000, 2, 1);
  g_autoptr (GByteArray) both = g_byte_array_new ();
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GByteArray) samples = NULL;
  g_autoptr (GError) error = NULL;
  const ApDecoderSpec spec = { AP_CONTAINER_WAV, 16000, 1 };

  g_byte_array_append (both, g_bytes_get_data (first, NULL), (guint)g_bytes_get_size (first));
  g_byte_array_append (both, g_bytes_get_data (second, NULL), (guint)g_bytes_get_size (second));
  file = g_bytes_new (both->data, both->len);
  samples = decoder_run (&spec, file, 777, &error);
  g_assert_no_error (error);
  check_length (samples, 2, 16000, 0, 16000, 1, "two files");
}

/* Raw samples: what is less than a frame can be taken to another decoder. */
static void
test_carry (void)
{
  const ApDecoderSpec spec = { AP_CONTAINER_PCM, 16000, 2 };
  static const guint8 bytes[] = "0123456789abcdefghij";
  g_autoptr (GError) error = NULL;

  for (gsize cut = 0; cut <= 20; cut++) {
    g_autoptr (GByteArray) samples = g_byte_array_new ();
    g_autoptr (ApDecoder) first = ap_decoder_chain_new (&spec, decoder_gather, samples, &error);
    g_autoptr (ApDecoder) second = ap_decoder_chain_new (&spec, decoder_gather, samples, &error);
    guint8 carry[AP_DECODER_MAX_CARRY];
    gsize carried;

    g_assert_true (ap_decoder_feed (first, bytes, cut / 2, &error));
    g_assert_true (ap_decoder_feed (first, bytes + cut / 2, cut - cut / 2, &error));
    carried = ap_decoder_get_carry (first, carry);
    g_assert_cmpmem (carry, carried, bytes + cut - cut % 4, cut % 4);
    g_assert_cmpuint (samples->len, ==, cut - cut % 4);
    g_assert_true (ap_decoder_feed (second, carry, carried, &error));
    g_assert_true (ap_decoder_feed (second, bytes + cut, 20 - cut, &error));
    g_assert_true (ap_decoder_finish (second, &error));
    g_assert_cmpmem (samples->data, samples->len, bytes, 20);
  }
}

static guint
count_threads (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (folder != NULL && g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

/* Those that made the file may still be ending: there are none more than before, and perhaps fewer. */
static void
test_threads (gconstpointer row)
{
  const ApDecoderSpec spec = { decoder_container (KIND (row)), 16000, 1 };
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (GBytes) file = NULL;
  ApDecoder *decoders[50];
  guint before;

  if (!can_make (row))
    return;
  file = audio_file_make (KIND (row), 48000, 1, 0.5);
  before = count_threads ();
  for (guint i = 0; i < G_N_ELEMENTS (decoders); i++) {
    decoders[i] = ap_decoder_chain_new (&spec, decoder_gather, samples, NULL);
    g_assert_true (ap_decoder_feed (decoders[i], g_bytes_get_data (file, NULL), g_bytes_get_size (file), NULL));
  }
  g_assert_cmpuint (samples->len, >, 50 * 2 * 4000);
  g_assert_cmpuint (count_threads (), <=, before);
  for (guint i = 0; i < G_N_ELEMENTS (decoders); i++)
    ap_decoder_free (decoders[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    static const struct {
      const char *name;
      GTestDataFunc func;
    } tests[] = { { "split", test_split },
                  { "conversion", test_conversion },
                  { "in-a-row", test_in_a_row },
                  { "threads", test_threads } };

    for (gsize test = 0; test < G_N_ELEMENTS (tests); test++) {
      g_autofree char *path =
          g_strdup_printf ("/decoder/%s/%s", tests[test].name, audio_file_kind_name (kinds[i].kind));

      g_test_add_data_func (path, GUINT_TO_POINTER (i), tests[test].func);
    }
  }
  g_test_add_func ("/decoder/wav/encodings", test_wav_encodings);
  g_test_add_func ("/decoder/wav/exact", test_wav_exact);
  g_test_add_func ("/decoder/wav/many-channels", test_wav_many_channels);
  g_test_add_func ("/decoder/wav/speakers", test_wav_speakers);
  g_test_add_func ("/decoder/wav/in-one-piece", test_wav_in_one_piece);
  g_test_add_func ("/decoder/carry", test_carry);
  return g_test_run ();
}
