/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is no audio, or not all of it, or far too much of it. */
#include "decoder-support.h"

#include <gst/gst.h>
#include <string.h>

#define RATE     16000
#define CHANNELS 1
#define KIB      1024
#define MIB      (1024 * KIB)

static const AudioFileKind kinds[] = { AUDIO_FILE_MP3, AUDIO_FILE_FLAC,     AUDIO_FILE_ADTS,       AUDIO_FILE_MP4_FAST,
                                       AUDIO_FILE_OGG, AUDIO_FILE_OGG_FLAC, AUDIO_FILE_OGG_VORBIS, AUDIO_FILE_WEBM };

static GBytes *
make (AudioFileKind kind, gdouble seconds)
{
  return audio_file_can_make (kind) ? audio_file_make (kind, RATE, CHANNELS, seconds) : NULL;
}

static ApDecoderSpec
spec_of (AudioFileKind kind)
{
  return (ApDecoderSpec){ decoder_container (kind), RATE, CHANNELS };
}

/* The same bytes each time. */
static GBytes *
noise (gsize length)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  guint8 *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8)g_rand_int (random);
  return g_bytes_new_take (bytes, length);
}

static GBytes *
text (gsize length)
{
  static const char sentence[] = "This is no audio, whoever may say so. ";
  guint8 *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8)sentence[i % (sizeof sentence - 1)];
  return g_bytes_new_take (bytes, length);
}

static GBytes *
join (GBytes *const *parts, gsize n)
{
  GByteArray *all = g_byte_array_new ();

  for (gsize i = 0; i < n; i++)
    g_byte_array_append (all, g_bytes_get_data (parts[i], NULL), (guint)g_bytes_get_size (parts[i]));
  return g_byte_array_free_to_bytes (all);
}

/* How many bytes it takes until it is refused. */
static gsize
feed_until_refused (AudioFileKind kind, GBytes *bytes, gsize piece)
{
  const ApDecoderSpec spec = spec_of (kind);
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (ApDecoder) decoder = ap_decoder_chain_new (&spec, decoder_gather, samples, &error);
  gsize at = 0;

  g_assert_no_error (error);
  while (at < length && ap_decoder_feed (decoder, data + at, MIN (piece, length - at), &error))
    at += piece;
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_test_message ("%s: %s", audio_file_kind_name (kind), error->message);
  return at;
}

static void
check_garbage (GBytes *garbage)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_assert_cmpuint (feed_until_refused (kinds[i], garbage, 1000), <=, 65 * KIB);
    g_assert_cmpuint (feed_until_refused (kinds[i], garbage, MIB), ==, 0);
  }
}

static void
test_garbage (void)
{
  g_autoptr (GBytes) random = noise (MIB);
  g_autoptr (GBytes) written = text (MIB);

  check_garbage (random);
  check_garbage (written);
}

/* Behind good audio. */
static void
test_garbage_later (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GBytes) good = make (kinds[i], 1);
    g_autoptr (GBytes) garbage = noise (5 * MIB);
    g_autoptr (GBytes) all = NULL;
    gsize at, most = kinds[i] == AUDIO_FILE_MP4_FAST ? 4 * MIB : 192 * KIB;

    if (good == NULL)
      continue;
    all = join ((GBytes *const[]){ good, garbage }, 2);
    at = feed_until_refused (kinds[i], all, 1000);
    g_assert_cmpuint (at, >=, g_bytes_get_size (good) / 2);
    g_assert_cmpuint (at, <=, g_bytes_get_size (good) + most + 20 * KIB);
  }
}

/* Some bytes of MP3 and ADTS are lost, and the rest is decoded. */
static void
test_garbage_between (void)
{
  static const AudioFileKind row[] = { AUDIO_FILE_MP3, AUDIO_FILE_ADTS };

  for (gsize i = 0; i < G_N_ELEMENTS (row); i++) {
    const ApDecoderSpec spec = spec_of (row[i]);
    g_autoptr (GBytes) good = make (row[i], 1);
    g_autoptr (GBytes) garbage = text (50 * KIB);
    g_autoptr (GBytes) all = NULL;
    g_autoptr (GByteArray) samples = NULL;
    g_autoptr (GError) error = NULL;

    if (good == NULL)
      continue;
    all = join ((GBytes *const[]){ good, garbage, good }, 3);
    samples = decoder_run (&spec, all, 4096, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (samples->len / 2, >=, 2 * RATE);
    g_assert_cmpuint (samples->len / 2, <=, 2 * RATE + 6 * 1152);
  }
}

static void
test_nothing (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    const ApDecoderSpec spec = spec_of (kinds[i]);
    g_autoptr (GByteArray) samples = g_byte_array_new ();
    g_autoptr (GError) error = NULL;
    g_autoptr (ApDecoder) decoder = ap_decoder_chain_new (&spec, decoder_gather, samples, &error);

    g_assert_no_error (error);
    for (guint n = 0; n < 10; n++)
      g_assert_true (ap_decoder_feed (decoder, (const guint8 *)"", 0, &error));
    if (!ap_decoder_finish (decoder, &error))
      g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_assert_cmpuint (samples->len, ==, 0);
  }
}

/* Cut off anywhere: what comes is how the whole begins, but for the last frame, and nothing is refused before the
 * end. */
static void
check_truncated (AudioFileKind kind, GBytes *file, const GByteArray *whole, gsize length)
{
  const ApDecoderSpec spec = spec_of (kind);
  g_autoptr (GBytes) part = g_bytes_new_from_bytes (file, 0, length);
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (ApDecoder) decoder = ap_decoder_chain_new (&spec, decoder_gather, samples, &error);

  ap_decoder_feed (decoder, g_bytes_get_data (part, NULL), length, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (samples->len, <=, whole->len);
  g_assert_cmpmem (samples->data, samples->len, whole->data, samples->len);
  if (!ap_decoder_finish (decoder, &error))
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_assert_cmpuint (samples->len, <=, whole->len + 4096);
}

static void
test_truncated (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++) {
    const ApDecoderSpec spec = spec_of (kinds[i]);
    g_autoptr (GBytes) file = make (kinds[i], 0.3);
    g_autoptr (GByteArray) whole = NULL;
    g_autoptr (GError) error = NULL;
    gsize size = file != NULL ? g_bytes_get_size (file) : 0;

    if (file == NULL)
      continue;
    whole = decoder_run (&spec, file, 4096, &error);
    g_assert_no_error (error);
    for (gsize length = 0; length < size; length += length < 100 ? 9 : 61 + size / 20)
      check_truncated (kinds[i], file, whole, length);
  }
}

/* An MP4 whose index never comes. */
static void
test_no_index (void)
{
  g_autoptr (GBytes) file = make (AUDIO_FILE_MP4, 1);
  g_autoptr (GBytes) part = NULL;
  g_autoptr (GByteArray) samples = NULL;
  g_autoptr (GError) error = NULL;
  const ApDecoderSpec spec = spec_of (AUDIO_FILE_MP4);

  if (file == NULL) {
    g_test_skip ("there is no encoder");
    return;
  }
  part = g_bytes_new_from_bytes (file, 0, g_bytes_get_size (file) / 2);
  samples = decoder_run (&spec, part, 4096, &error);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_assert_cmpuint (samples->len, ==, 0);
}

/* How many boxes of 1 MiB, all of them samples that no index tells of, are taken. */
static guint
feed_boxes (const char *size_of_box)
{
  g_autofree guint8 *box = g_malloc0 (MIB);
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  const ApDecoderSpec spec = spec_of (AUDIO_FILE_MP4);
  g_autoptr (ApDecoder) decoder = ap_decoder_chain_new (&spec, decoder_gather, samples, &error);
  guint fed = 0;

  memcpy (box, size_of_box, 4);
  memcpy (box + 4, "mdat", 4);
  g_assert_true (ap_decoder_feed (decoder,
                                  (const guint8 *)"\0\0\0\x10"
                                                  "ftypM4A \0\0\0",
                                  16, &error));
  while (fed < 100 && ap_decoder_feed (decoder, box, MIB, &error))
    fed++;
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_test_message ("%s", error->message);
  return fed;
}

static void
test_endless_mp4 (void)
{
  g_assert_cmpuint (feed_boxes ("\x10\0\0\0"), ==, 0); /* a box of 256 MiB */
  g_assert_cmpuint (feed_boxes ("\0\x10\0\0"), <=, 16);
}

/* An ID3v2 tag with a picture that looks like frames, and FLAC's block of one. */
static void
check_tagged (AudioFileKind kind, GBytes *head, GBytes *file, gsize skip)
{
  const ApDecoderSpec spec = spec_of (kind);
  g_autoptr (GBytes) rest = g_bytes_new_from_bytes (file, skip, g_bytes_get_size (file) - skip);
  g_autoptr (GBytes) tagged = join ((GBytes *const[]){ head, rest }, 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) plain = decoder_run (&spec, file, 4096, &error);
  g_autoptr (GByteArray) samples = decoder_run (&spec, tagged, 4096, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (samples->data, samples->len, plain->data, plain->len);
}

static void
test_pictures (void)
{
  static const AudioFileKind row[] = { AUDIO_FILE_MP3, AUDIO_FILE_ADTS, AUDIO_FILE_FLAC };

  for (gsize i = 0; i < G_N_ELEMENTS (row); i++) {
    g_autoptr (GBytes) file = make (row[i], 0.5);
    g_autoptr (GBytes) tag = g_bytes_new_static ("ID3\4\0\0\0\x40\0\0", 10); /* 1 MiB */
    g_autoptr (GBytes) head = NULL;
    guint8 *picture = g_malloc (MIB);
    g_autoptr (GBytes) bytes = g_bytes_new_take (picture, MIB);

    if (file == NULL)
      continue;
    for (gsize at = 0; at < MIB; at += g_bytes_get_size (file))
      memcpy (picture + at, g_bytes_get_data (file, NULL), MIN (g_bytes_get_size (file), MIB - at));
    head = join ((GBytes *const[]){ tag, bytes }, 2);
    check_tagged (row[i], head, file, 0);
  }
}

static void
test_flac_picture (void)
{
  g_autoptr (GBytes) file = make (AUDIO_FILE_FLAC, 0.5);
  g_autoptr (GBytes) begin = file != NULL ? g_bytes_new_from_bytes (file, 0, 42) : NULL;
  g_autoptr (GBytes) block = g_bytes_new_static ("\6\x0f\0\0", 4);
  g_autoptr (GBytes) picture = noise (0x0f0000);
  g_autoptr (GBytes) head = NULL;

  if (file == NULL) {
    g_test_skip ("there is no encoder");
    return;
  }
  head = join ((GBytes *const[]){ begin, block, picture }, 3);
  check_tagged (AUDIO_FILE_FLAC, head, file, 42);
}

/* Samples that nobody wants: nothing more comes, and the error is the call back's. */

typedef struct {
  guint64 taken, limit; /* bytes */
  guint refusals;
} Purse;

static gboolean
spend (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  Purse *purse = owner;

  purse->taken += length;
  if (purse->taken <= purse->limit)
    return TRUE;
  purse->refusals++;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "that is enough");
  return FALSE;
}

static void
check_refusal (AudioFileKind kind, GBytes *file, guint64 limit)
{
  const ApDecoderSpec spec = spec_of (kind);
  Purse purse = { .limit = limit };
  g_autoptr (GError) error = NULL;
  g_autoptr (ApDecoder) decoder = ap_decoder_chain_new (&spec, spend, &purse, &error);

  if (ap_decoder_feed (decoder, g_bytes_get_data (file, NULL), g_bytes_get_size (file), &error))
    ap_decoder_finish (decoder, &error);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA);
  g_assert_cmpstr (error->message, ==, "that is enough");
  g_assert_cmpuint (purse.refusals, ==, 1);
}

static void
test_refusal (void)
{
  static const AudioFileKind more[] = { AUDIO_FILE_PCM, AUDIO_FILE_WAV, AUDIO_FILE_WAV_F32, AUDIO_FILE_MP4 };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds) + G_N_ELEMENTS (more); i++) {
    AudioFileKind kind = i < G_N_ELEMENTS (kinds) ? kinds[i] : more[i - G_N_ELEMENTS (kinds)];
    g_autoptr (GBytes) file = make (kind, 2);

    if (file == NULL)
      continue;
    for (guint64 limit = 0; limit < 3 * RATE; limit += 16000)
      check_refusal (kind, file, limit);
  }
}

/* A hundred seconds at once: it stops where it is told to, long before its end. */
static void
test_bomb (void)
{
  g_autoptr (GBytes) second = NULL;
  g_autoptr (GByteArray) bomb = g_byte_array_new ();
  g_autofree char *launch = NULL;
  const ApDecoderSpec spec = { AP_CONTAINER_FLAC, 48000, 2 };
  Purse purse = { .limit = MIB };
  g_autoptr (GError) error = NULL;
  g_autoptr (ApDecoder) decoder = NULL;
  const guint8 *bytes;

  if (!audio_file_can_make (AUDIO_FILE_FLAC)) {
    g_test_skip ("there is no encoder");
    return;
  }
  /* Frames are alike but for their numbers, which a decoder of a stream does not look at. */
  second = audio_file_make (AUDIO_FILE_FLAC, 48000, 2, 1);
  bytes = g_bytes_get_data (second, NULL);
  g_byte_array_append (bomb, bytes, (guint)g_bytes_get_size (second));
  for (guint i = 0; i < 100; i++)
    g_byte_array_append (bomb, bytes + 42, (guint)g_bytes_get_size (second) - 42);
  decoder = ap_decoder_chain_new (&spec, spend, &purse, &error);
  g_assert_false (ap_decoder_feed (decoder, bomb->data, bomb->len, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA);
  g_assert_cmpuint (purse.taken, <, MIB + 65536 * 4);
}

/* A rate that would make hours of seconds. */
static void
test_slow_rate (void)
{
  const ApDecoderSpec spec = { AP_CONTAINER_FLAC, 48000, 2 };
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GByteArray) samples = NULL;
  g_autoptr (GError) error = NULL;

  if (!audio_file_can_make (AUDIO_FILE_FLAC)) {
    g_test_skip ("there is no encoder");
    return;
  }
  file = audio_file_make (AUDIO_FILE_FLAC, 100, 1, 600);
  samples = decoder_run (&spec, file, 4096, &error);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_assert_cmpuint (samples->len, ==, 0);
}

/* @n files of @frames samples of 8 bits. */
static GBytes *
make_tiny_files (guint n, guint frames)
{
  guint8 file[44 + 256] = "RIFF....WAVEfmt \20\0\0\0\1\0\1\0\100\37\0\0\100\37\0\0\1\0\10\0data";
  GByteArray *files = g_byte_array_new ();

  g_assert_cmpuint (frames % 2, ==, 0);
  file[40] = (guint8)frames;
  for (guint i = 0; i < n; i++)
    g_byte_array_append (files, file, 44 + frames);
  return g_byte_array_free_to_bytes (files);
}

/* Each file has elements of its own, which cost more than to decode a second: so many of two samples are refused. Those
 * of 20 ms may be as many as there are. */
static void
test_tiny_files (void)
{
  const ApDecoderSpec spec = { AP_CONTAINER_WAV, 16000, 1 };
  g_autoptr (GBytes) tiny = make_tiny_files (4000, 2), small = make_tiny_files (1200, 160);
  g_autoptr (GByteArray) none = NULL, samples = NULL;
  g_autoptr (GError) error = NULL;

  none = decoder_run (&spec, tiny, 4096, &error);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_clear_error (&error);
  samples = decoder_run (&spec, small, 4096, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (samples->len, >, 1200 * 300 * sizeof (gint16));
}

static void
test_unsupported (void)
{
  const ApDecoderSpec spec = { AP_CONTAINER_OGG, RATE, CHANNELS };
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GByteArray) samples = NULL;
  g_autoptr (GError) error = NULL;

  if (!audio_file_can_make (AUDIO_FILE_OGG_SPEEX)) {
    g_test_skip ("there is no encoder");
    return;
  }
  file = audio_file_make (AUDIO_FILE_OGG_SPEEX, RATE, CHANNELS, 1);
  samples = decoder_run (&spec, file, 4096, &error);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_assert_cmpuint (samples->len, ==, 0);
  g_assert_true (g_str_has_prefix (error->message, "Ogg that cannot be decoded: "));
}

/* The name of the codec is changed into one that nobody has. */
static GBytes *
make_foreign (AudioFileKind kind, const char *name)
{
  g_autoptr (GBytes) file = make (kind, 0.3);
  gsize length, at;
  guint8 *data;

  if (file == NULL)
    return NULL;
  data = g_bytes_unref_to_data (g_steal_pointer (&file), &length);
  for (at = 0; at + strlen (name) <= length; at++)
    if (memcmp (data + at, name, strlen (name)) == 0)
      data[at + strlen (name) - 1] = 'z';
  return g_bytes_new_take (data, length);
}

/* Whoever sent it is told that it is the codec. */
static void
test_foreign (void)
{
  static const struct {
    AudioFileKind kind;
    const char *name;
  } row[] = { { AUDIO_FILE_MP4_FAST, "mp4a" }, { AUDIO_FILE_WEBM, "A_OPUS" } };

  for (gsize i = 0; i < G_N_ELEMENTS (row); i++) {
    const ApDecoderSpec spec = spec_of (row[i].kind);
    g_autoptr (GBytes) file = make_foreign (row[i].kind, row[i].name);
    g_autoptr (GByteArray) samples = NULL;
    g_autoptr (GError) error = NULL;

    if (file == NULL)
      continue;
    samples = decoder_run (&spec, file, 4096, &error);
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, "none of its streams is of a kind that is known"));
    g_assert_cmpuint (samples->len, ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/decoder-faults/garbage", test_garbage);
  g_test_add_func ("/decoder-faults/garbage-later", test_garbage_later);
  g_test_add_func ("/decoder-faults/garbage-between", test_garbage_between);
  g_test_add_func ("/decoder-faults/nothing", test_nothing);
  g_test_add_func ("/decoder-faults/truncated", test_truncated);
  g_test_add_func ("/decoder-faults/no-index", test_no_index);
  g_test_add_func ("/decoder-faults/endless-mp4", test_endless_mp4);
  g_test_add_func ("/decoder-faults/pictures", test_pictures);
  g_test_add_func ("/decoder-faults/flac-picture", test_flac_picture);
  g_test_add_func ("/decoder-faults/refusal", test_refusal);
  g_test_add_func ("/decoder-faults/bomb", test_bomb);
  g_test_add_func ("/decoder-faults/slow-rate", test_slow_rate);
  g_test_add_func ("/decoder-faults/tiny-files", test_tiny_files);
  g_test_add_func ("/decoder-faults/unsupported", test_unsupported);
  g_test_add_func ("/decoder-faults/foreign", test_foreign);
  return g_test_run ();
}
