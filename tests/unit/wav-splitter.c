/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WAV as it is found, cut at every place. */
#include "endpoints/recording/decoder/ap-wav-splitter.h"

#include <string.h>

#define UNTOLD G_MAXUINT32

/* What came out, as text: the format of each file, and the bytes of its samples. */
typedef struct {
  GString *text;
  gboolean in_samples;
  guint refuse_format, refuse_samples; /* the number of the call that fails; 0: none */
} Reader;

static gboolean
on_format (gpointer owner, const ApWavFormat *format, GError **error)
{
  static const char *const names[] = { "u8", "s16", "s24", "s32", "f32", "f64", "alaw", "mulaw" };
  Reader *reader = owner;

  if (reader->refuse_format > 0 && --reader->refuse_format == 0) {
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "refused");
    return FALSE;
  }
  if (format == NULL)
    g_string_append (reader->text, "[raw]");
  else
    g_string_append_printf (reader->text, "[%s %u %u %u %x]", names[format->encoding], format->sample_rate,
                            format->channels, format->frame_bytes, format->channel_mask);
  return TRUE;
}

static gboolean
on_samples (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  Reader *reader = owner;

  g_assert_cmpuint (length, >, 0);
  if (reader->refuse_samples > 0 && --reader->refuse_samples == 0) {
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "refused");
    return FALSE;
  }
  g_string_append_len (reader->text, (const char *)data, (gssize)length);
  return TRUE;
}

static const ApWavCallbacks callbacks = { on_format, on_samples };

/* In pieces: the first of @first bytes, the others of @piece. Returns what came out, or the error's message. */
static char *
read_pieces (const guint8 *data, gsize length, gsize first, gsize piece)
{
  g_autoptr (GError) error = NULL;
  Reader reader = { .text = g_string_new (NULL) };
  g_autoptr (ApWavSplitter) splitter = ap_wav_splitter_new (&callbacks, &reader);
  gboolean ok = ap_wav_splitter_feed (splitter, data, MIN (first, length), &error);

  for (gsize at = first; ok && at < length; at += piece) {
    g_autofree guint8 *copy = g_memdup2 (data + at, MIN (piece, length - at)); /* for AddressSanitizer */

    ok = ap_wav_splitter_feed (splitter, copy, MIN (piece, length - at), &error);
  }
  if (!ok) {
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_string_append_printf (reader.text, "!%s", error->message);
  }
  return g_string_free (reader.text, FALSE);
}

static void
assert_reads (const char *name, const GByteArray *file, const char *expected)
{
  g_autofree char *whole = read_pieces (file->data, file->len, file->len, 1);

  if (!g_str_equal (whole, expected))
    g_error ("%s: '%s' came out, not '%s'", name, whole, expected);
  for (gsize piece = 1; piece <= 37; piece += 4)
    for (gsize first = 0; first <= file->len; first++) {
      g_autofree char *text = read_pieces (file->data, file->len, first, piece);

      if (!g_str_equal (text, expected))
        g_error ("%s cut at %zu and each %zu: '%s' came out, not '%s'", name, first, piece, text, expected);
    }
}

static void
put (GByteArray *file, const char *bytes, gsize length)
{
  g_byte_array_append (file, (const guint8 *)bytes, (guint)length);
}

static void
put_number (GByteArray *file, guint64 value, guint bytes)
{
  for (guint i = 0; i < bytes; i++)
    put (file, (const char[]){ (char)(value >> 8 * i & 0xff) }, 1);
}

static void
put_chunk (GByteArray *file, const char *name, const char *bytes, gsize length)
{
  put (file, name, 4);
  put_number (file, length, 4);
  put (file, bytes, length);
  if (length % 2 == 1)
    put (file, "", 1);
}

static void
put_head (GByteArray *file, const char *magic)
{
  put (file, magic, 4);
  put_number (file, UNTOLD, 4);
  put (file, "WAVE", 4);
}

typedef struct {
  guint tag, channels, rate, bits;
  guint extensible; /* 0: no; the mask otherwise, and @tag stands in the GUID */
  guint length;     /* of the chunk; 0: the usual one */
  gint align;       /* 0: the right one */
} Format;

static void
put_format (GByteArray *file, const Format *format)
{
  guint length = format->length > 0 ? format->length : format->extensible > 0 ? 40 : 16;
  guint align = format->align != 0 ? (guint)format->align : format->channels * ((format->bits + 7) / 8);
  guint at;

  put (file, "fmt ", 4);
  put_number (file, length, 4);
  at = file->len;
  put_number (file, format->extensible > 0 ? 0xfffe : format->tag, 2);
  put_number (file, format->channels, 2);
  put_number (file, format->rate, 4);
  put_number (file, (guint64)format->rate * align, 4);
  put_number (file, align, 2);
  put_number (file, format->bits, 2);
  if (format->extensible > 0) {
    put_number (file, 22, 2);
    put_number (file, format->bits, 2);
    put_number (file, format->extensible, 4);
    put_number (file, format->tag, 2);
    put (file, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);
  }
  while (file->len - at < length + length % 2)
    put (file, "", 1);
}

static void
put_samples (GByteArray *file, guint32 claimed, const char *samples)
{
  put (file, "data", 4);
  put_number (file, claimed, 4);
  put (file, samples, strlen (samples));
  if (claimed == strlen (samples) && claimed % 2 == 1)
    put (file, "", 1);
}

static const Format cd = { 1, 2, 44100, 16 };

/* Formats. */

static const struct {
  const char *name;
  Format format;
  const char *expected;
} formats[] = {
  { "u8", { 1, 1, 8000, 8 }, "[u8 8000 1 1 0]" },
  { "s16", { 1, 2, 44100, 16 }, "[s16 44100 2 4 0]" },
  { "s24", { 1, 2, 48000, 24 }, "[s24 48000 2 6 0]" },
  { "s32", { 1, 2, 96000, 32 }, "[s32 96000 2 8 0]" },
  { "f32", { 3, 1, 48000, 32 }, "[f32 48000 1 4 0]" },
  { "f64", { 3, 2, 192000, 64 }, "[f64 192000 2 16 0]" },
  { "alaw", { 6, 1, 8000, 8 }, "[alaw 8000 1 1 0]" },
  { "mulaw", { 7, 2, 8000, 8 }, "[mulaw 8000 2 2 0]" },
  { "12-in-16", { 1, 1, 16000, 12 }, "[s16 16000 1 2 0]" },
  { "20-in-24", { 1, 1, 16000, 20 }, "[s24 16000 1 3 0]" },
  { "eight-channels", { 1, 8, 48000, 32 }, "[s32 48000 8 32 0]" },
  { "lowest-rate", { 1, 1, 4000, 16 }, "[s16 4000 1 2 0]" },
  { "highest-rate", { 1, 1, 768000, 16 }, "[s16 768000 1 2 0]" },
  { "extensible-s16", { 1, 2, 44100, 16, 3 }, "[s16 44100 2 4 3]" },
  { "extensible-s24", { 1, 6, 48000, 24, 0x3f }, "[s24 48000 6 18 3f]" },
  { "extensible-f32", { 3, 6, 48000, 32, 0x60f }, "[f32 48000 6 24 60f]" },
  { "extensible-alaw", { 6, 1, 8000, 8, 4 }, "[alaw 8000 1 1 4]" },
  { "with-cb-size", { 1, 1, 8000, 16, 0, 18 }, "[s16 8000 1 2 0]" },
  { "odd-length", { 1, 1, 8000, 16, 0, 17 }, "[s16 8000 1 2 0]" },
  { "long", { 1, 1, 8000, 16, 0, 64 }, "[s16 8000 1 2 0]" },
  { "long-extensible", { 1, 1, 8000, 16, 4, 61 }, "[s16 8000 1 2 4]" },
};

static void
test_formats (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();
    g_autofree char *expected = g_strconcat (formats[i].expected, "samples", NULL);

    put_head (file, "RIFF");
    put_format (file, &formats[i].format);
    put_samples (file, 7, "samples");
    assert_reads (formats[i].name, file, expected);
  }
}

static const struct {
  const char *name;
  Format format;
  const char *message;
} refused[] = {
  { "adpcm", { 2, 1, 8000, 4 }, "*encoding 0x0002 with 4 bits is not supported; PCM of*" },
  { "mp3", { 0x55, 1, 44100, 0 }, "*encoding 0x0055 with 0 bits*" },
  { "s64", { 1, 1, 44100, 64 }, "*encoding 0x0001 with 64 bits*" },
  { "f16", { 3, 1, 44100, 16 }, "*encoding 0x0003 with 16 bits*" },
  { "extensible-aac", { 0xff, 1, 44100, 16, 4 }, "*encoding 0x00ff with 16 bits*" },
  { "extensible-short", { 0xfffe, 1, 44100, 16, 0, 18 }, "*encoding 0x0000*" },
  { "no-channels", { 1, 0, 44100, 16 }, "*0 channels are not supported, 1 to 8 are" },
  { "nine-channels", { 1, 9, 44100, 16 }, "*9 channels are not supported*" },
  { "slow", { 1, 1, 3999, 16 }, "*3999 Hz is not supported, 4000 to 768000 are" },
  { "fast", { 1, 1, 768001, 16 }, "*768001 Hz is not supported*" },
  { "wrong-align", { 1, 2, 44100, 16, 0, 0, 3 }, "*3 bytes for a sample of every channel do not fit 2 channels*" },
  { "short", { 1, 2, 44100, 16, 0, 15 }, "*its format takes 15 bytes; the shortest one has 16" },
};

static void
assert_refuses (const char *name, const GByteArray *file, const char *pattern)
{
  for (gsize first = 0; first <= file->len; first++) {
    g_autofree char *text = read_pieces (file->data, file->len, first, 1 + first % 5);

    if (!g_pattern_match_simple (pattern, text))
      g_error ("%s cut at %zu: '%s' does not match '%s'", name, first, text, pattern);
  }
}

static void
test_refused_formats (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();

    put_head (file, "RIFF");
    put_format (file, &refused[i].format);
    put_samples (file, 7, "samples");
    assert_refuses (refused[i].name, file, refused[i].message);
  }
}

static void
test_foreign_guid (void)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();

  put_head (file, "RIFF");
  put_format (file, &formats[13].format);
  file->data[file->len - 1] ^= 1;
  assert_refuses ("ambisonics", file, "!*encoding 0x0000*");
}

/* Chunks. */

static void
test_other_chunks (void)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();

  put_head (file, "RIFF");
  put_chunk (file, "JUNK", "0123456789012345678901234567", 28);
  put_chunk (file, "LIST", "INFOISFT\x05\0\0\0Lavf", 17);
  put_chunk (file, "fact", "\x07\0\0\0", 4);
  put_format (file, &cd);
  put_chunk (file, "PEAK", "", 0);
  put_samples (file, 7, "samples");
  put_chunk (file, "LIST", "INFOIART", 8);
  put_chunk (file, "id3 ", "tag", 3);
  assert_reads ("other chunks", file, "[s16 44100 2 4 0]samples");
}

/* What RF64 and BW64 may say: the length in `data`, in `ds64`, and what comes. */
static void
test_lengths (void)
{
  static const struct {
    const char *magic;
    guint32 claimed;
    guint64 ds64; /* UNTOLD: no such chunk */
    const char *expected;
  } rows[] = {
    { "RIFF", 7, UNTOLD, "[s16 44100 2 4 0]samples" },
    { "RIFF", 0, UNTOLD, "[s16 44100 2 4 0]samplesxLIST" },
    { "RIFF", UNTOLD, UNTOLD, "[s16 44100 2 4 0]samplesxLIST" },
    { "RIFF", 1000, UNTOLD, "[s16 44100 2 4 0]samplesxLIST" },
    { "RIFF", 0x7fff0000, UNTOLD, "[s16 44100 2 4 0]samplesxLIST" },
    { "RF64", UNTOLD, 7, "[s16 44100 2 4 0]samples" },
    { "BW64", UNTOLD, 7, "[s16 44100 2 4 0]samples" },
    { "RF64", 7, 9, "[s16 44100 2 4 0]samples" },
    { "RF64", UNTOLD, 0, "[s16 44100 2 4 0]samplesxLIST" },
    { "RF64", UNTOLD, G_MAXUINT64, "[s16 44100 2 4 0]samplesxLIST" },
    { "RF64", UNTOLD, G_GUINT64_CONSTANT (1) << 40, "[s16 44100 2 4 0]samplesxLIST" },
    { "RF64", UNTOLD, UNTOLD, "[s16 44100 2 4 0]samplesxLIST" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();
    g_autofree char *name = g_strdup_printf ("length %zu", i);

    put_head (file, rows[i].magic);
    if (rows[i].ds64 != UNTOLD) {
      put (file, "ds64\x1c\0\0\0\0\0\0\0\0\0\0\0", 16);
      put_number (file, rows[i].ds64, 8);
      put (file, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    }
    put_format (file, &cd);
    put_samples (file, rows[i].claimed, "samplesxLIST"); /* `x` is where the padding would be */
    assert_reads (name, file, rows[i].expected);
  }
}

static void
test_files_in_a_row (void)
{
  static const Format phone = { 7, 1, 8000, 8 };
  g_autoptr (GByteArray) file = g_byte_array_new ();

  for (guint i = 0; i < 3; i++) {
    put_head (file, i == 1 ? "RF64" : "RIFF");
    put_format (file, i == 1 ? &phone : &cd);
    put_samples (file, 3, "abc");
    if (i < 2)
      put_chunk (file, "LIST", "INFO", 4);
  }
  assert_reads ("in a row", file, "[s16 44100 2 4 0]abc[mulaw 8000 1 1 0]abc[s16 44100 2 4 0]abc");
}

/* Two of `data`, and a new format in between. */
static void
test_samples_again (void)
{
  static const Format mono = { 1, 1, 44100, 16 };
  g_autoptr (GByteArray) file = g_byte_array_new ();

  put_head (file, "RIFF");
  put_format (file, &cd);
  put_samples (file, 4, "abcd");
  put_samples (file, 4, "efgh");
  put_format (file, &mono);
  put_samples (file, 4, "ijkl");
  assert_reads ("again", file, "[s16 44100 2 4 0]abcd[s16 44100 2 4 0]efgh[s16 44100 1 2 0]ijkl");
}

static void
test_wrong (void)
{
  static const struct {
    const char *bytes;
    gsize length;
    const char *message;
  } rows[] = {
    { "RIFF\0\0\0\0AVI LIST", 16, "!*RIFF file of another kind" },
    { "RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", 24, "!*samples come before their format" },
    { "RIFF\0\0\0\0WAVE\x01\x02\x03\x04\5\6\7\x08", 20, "!*where a chunk must begin is none" },
    { "RIFF\0\0\0\0WAVELIST\x01\x00\x00\x01", 20, "!*chunk 'LIST' of 16777217 bytes is not supported" },
    { "RF64\0\0\0\0WAVEds64\x08\0\0\0", 20, "!*64-bit sizes takes 8 bytes*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();

    put (file, rows[i].bytes, rows[i].length);
    assert_refuses ("wrong", file, rows[i].message);
  }
}

static void
test_garbage_behind (void)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();

  put_head (file, "RIFF");
  put_format (file, &cd);
  put_samples (file, 4, "abcd");
  put (file, "\xff\xfb\x90\x44\0\0\0\0", 8);
  assert_refuses ("garbage behind", file, "?s16 44100 2 4 0?abcd!*where a chunk must begin is none");
}

/* The beginning of a word is no more than that. */
static void
test_raw (void)
{
  static const char *const rows[] = {
    "\x01\x02", "R", "RI", "RIF", "RF6", "B", "RIFE and more", "R1", "BW6x", "no WAV"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();
    g_autofree char *expected = g_strconcat ("[raw]", rows[i], ".", NULL);

    put (file, rows[i], strlen (rows[i]));
    put (file, ".", 1);
    assert_reads (rows[i], file, expected);
  }
}

/* Cut off anywhere, it gives what there is. */
static void
test_truncated (void)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  gsize head;

  put_head (file, "RIFF");
  put_format (file, &cd);
  head = file->len + 8;
  put_samples (file, 7, "samples");
  for (gsize length = 0; length < file->len; length++) {
    g_autofree char *text = read_pieces (file->data, length, length / 2, 3);
    g_autofree char *samples = g_strndup ("samples", length > head ? length - head : 0);
    g_autofree char *expected = g_strconcat (length >= head ? "[s16 44100 2 4 0]" : "", samples, NULL);

    g_assert_cmpstr (text, ==, expected);
  }
}

/* What a call back returns comes back. */
static void
test_refusals (void)
{
  static const char two[] = "RIFF....WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\2\0\0\0ab"
                            "data\2\0\0\0cd";

  for (guint call = 1; call <= 4; call++) {
    g_autoptr (GError) error = NULL;
    Reader reader = { .text = g_string_new (NULL),
                      .refuse_format = call <= 2 ? call : 0,
                      .refuse_samples = call > 2 ? call - 2 : 0 };
    g_autoptr (ApWavSplitter) splitter = ap_wav_splitter_new (&callbacks, &reader);

    g_assert_false (ap_wav_splitter_feed (splitter, (const guint8 *)two, sizeof two - 1, &error));
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA);
    g_string_free (reader.text, TRUE);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wav-splitter/formats", test_formats);
  g_test_add_func ("/wav-splitter/refused-formats", test_refused_formats);
  g_test_add_func ("/wav-splitter/foreign-guid", test_foreign_guid);
  g_test_add_func ("/wav-splitter/other-chunks", test_other_chunks);
  g_test_add_func ("/wav-splitter/lengths", test_lengths);
  g_test_add_func ("/wav-splitter/files-in-a-row", test_files_in_a_row);
  g_test_add_func ("/wav-splitter/samples-again", test_samples_again);
  g_test_add_func ("/wav-splitter/wrong", test_wrong);
  g_test_add_func ("/wav-splitter/garbage-behind", test_garbage_behind);
  g_test_add_func ("/wav-splitter/raw", test_raw);
  g_test_add_func ("/wav-splitter/truncated", test_truncated);
  g_test_add_func ("/wav-splitter/refusals", test_refusals);
  return g_test_run ();
}
