/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is heard of Ogg: the same however its packets lie on pages; without what is to be left out at both ends; what is
 * there where pages are missing; one stream of several, and link after link. Files are taken apart, and put together in
 * other ways. */
#include "decoder-support.h"

#include "endpoints/recording/decoder/ap-ogg-reader.h"
#include "endpoints/recording/decoder/ap-opus.h"
#include "ogg-pages.h"

#include <gst/gst.h>
#include <string.h>

#define RATE 48000
#define MIB  (1024 * 1024)

/* A stream in packets. */
typedef struct {
  GPtrArray *packets; /* of GBytes; first the head, then the comments */
  gint64 end;         /* the granule position of its last page */
} Parts;

static gboolean
on_begin (gpointer owner, const guint8 *data, gsize length)
{
  g_ptr_array_add (((Parts *)owner)->packets, g_bytes_new (data, length));
  return TRUE;
}

static gboolean
on_page (gpointer owner, const ApOggPage *page, GError **error)
{
  Parts *parts = owner;

  for (guint i = 0; i < page->n_packets; i++)
    g_ptr_array_add (parts->packets, g_bytes_new (page->packets[i].data, page->packets[i].length));
  parts->end = page->granule;
  return TRUE;
}

static Parts
take_apart (AudioFileKind kind, guint rate, guint channels, gdouble seconds)
{
  static const ApOggCallbacks callbacks = { on_begin, on_page };
  Parts parts = { g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref), -1 };
  g_autoptr (GBytes) file = audio_file_make (kind, rate, channels, seconds);
  g_autoptr (ApOggReader) reader = ap_ogg_reader_new (&callbacks, &parts);
  g_autoptr (GError) error = NULL;

  ap_ogg_reader_feed (reader, g_bytes_get_data (file, NULL), g_bytes_get_size (file), &error);
  g_assert_no_error (error);
  return parts;
}

static GBytes **
packets_of (const Parts *parts)
{
  return (GBytes **)parts->packets->pdata;
}

static guint
samples_of (const Parts *parts, guint packet)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (packets_of (parts)[packet], &length);

  return ap_opus_packet_samples (data, length);
}

/* The head and the comments. */
static void
add_beginning (OggStream *stream, const Parts *parts)
{
  ogg_add_packets (stream, OGG_FIRST, 0, packets_of (parts), 1);
  ogg_add_long_packet (stream, 0, 0, packets_of (parts)[1], 255);
}

/* The audio, @count packets a page; the last page tells @end. */
static void
add_audio (OggStream *stream, const Parts *parts, guint count, gint64 end)
{
  gint64 granule = 0;

  for (guint at = 2; at < parts->packets->len; at += count) {
    guint n = MIN (count, parts->packets->len - at);
    gboolean last = at + n == parts->packets->len;

    for (guint i = 0; i < n; i++)
      granule += samples_of (parts, at + i);
    ogg_add_packets (stream, last ? OGG_LAST : 0, last ? end : granule, packets_of (parts) + at, n);
  }
}

static GBytes *
put_together (const Parts *parts, guint count, gint64 end)
{
  OggStream stream = { g_byte_array_new (), 5, 0 };

  add_beginning (&stream, parts);
  add_audio (&stream, parts, count, end);
  return g_byte_array_free_to_bytes (stream.bytes);
}

static void
append (GByteArray *bytes, GBytes *file)
{
  g_byte_array_append (bytes, g_bytes_get_data (file, NULL), (guint)g_bytes_get_size (file));
}

static GByteArray *
decode_at (GBytes *file, guint rate, guint channels)
{
  const ApDecoderSpec spec = { AP_CONTAINER_OGG, rate, channels };
  g_autoptr (GError) error = NULL;
  GByteArray *samples = decoder_run (&spec, file, 4096, &error);

  g_assert_no_error (error);
  return samples;
}

static void
expect_samples (GBytes *file, const guint8 *samples, gsize length)
{
  g_autoptr (GByteArray) decoded = decode_at (file, RATE, 1);

  g_assert_cmpmem (decoded->data, decoded->len, samples, length);
}

/* A second of Opus, in packets and decoded. */
typedef struct {
  Parts parts;
  GByteArray *samples;
} Opus;

static void
set_up (Opus *opus, gconstpointer data)
{
  g_autoptr (GBytes) file = NULL;

  if (!audio_file_can_make (AUDIO_FILE_OGG)) {
    g_test_skip ("there is no encoder");
    return;
  }
  opus->parts = take_apart (AUDIO_FILE_OGG, RATE, 1, 1);
  file = put_together (&opus->parts, 40, opus->parts.end);
  opus->samples = decode_at (file, RATE, 1);
  g_assert_cmpint (opus->parts.end, ==, RATE + 312);
  g_assert_cmpuint (opus->samples->len, ==, 2 * RATE);
}

static void
tear_down (Opus *opus, gconstpointer data)
{
  if (opus->samples == NULL)
    return;
  g_ptr_array_unref (opus->parts.packets);
  g_byte_array_unref (opus->samples);
}

#define SKIP_WITHOUT(opus)                                                                                             \
  if ((opus)->samples == NULL)                                                                                         \
  return

static void
test_pages (Opus *opus, gconstpointer data)
{
  static const guint counts[] = { 1, 2, 7, 255 };

  SKIP_WITHOUT (opus);
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++) {
    g_autoptr (GBytes) file = put_together (&opus->parts, counts[i], opus->parts.end);

    expect_samples (file, opus->samples->data, opus->samples->len);
  }
}

/* Packets that go on on the next page, of which each has a segment. */
static void
test_over_pages (Opus *opus, gconstpointer data)
{
  OggStream stream = { g_byte_array_new (), 5, 0 };
  g_autoptr (GBytes) file = NULL;
  gint64 granule = 0;

  SKIP_WITHOUT (opus);
  add_beginning (&stream, &opus->parts);
  for (guint i = 2; i < opus->parts.packets->len; i++) {
    gboolean last = i + 1 == opus->parts.packets->len;

    granule += samples_of (&opus->parts, i);
    ogg_add_long_packet (&stream, last ? OGG_LAST : 0, last ? opus->parts.end : granule, packets_of (&opus->parts)[i],
                         1);
  }
  file = g_byte_array_free_to_bytes (stream.bytes);
  expect_samples (file, opus->samples->data, opus->samples->len);
}

/* The end is where the last page says, be it packets before its own end; but not beyond what there is, nor before that
 * page. */
static void
test_end (Opus *opus, gconstpointer data)
{
  static const struct {
    guint count; /* packets a page */
    gint64 less;
    gint64 missing; /* frames */
  } rows[] = { { 1, 100, 100 },       { 7, 100, 100 },   { 255, 100, 100 },    { 7, 1200, 1200 }, { 255, 2000, 2000 },
               { 255, 30000, 30000 }, { 7, -100, -100 }, { 255, -5000, -648 }, { 1, 5000, -648 }, { 7, 40000, -648 } };

  SKIP_WITHOUT (opus);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GBytes) file = put_together (&opus->parts, rows[i].count, opus->parts.end - rows[i].less);
    g_autoptr (GByteArray) samples = decode_at (file, RATE, 1);

    g_test_message ("row %zu", i);
    g_assert_cmpint (samples->len, ==, 2 * (RATE - rows[i].missing));
    g_assert_cmpmem (samples->data, MIN (samples->len, 2 * RATE), opus->samples->data, MIN (samples->len, 2 * RATE));
  }
}

/* What is left out at the beginning may be several packets long. */
static void
test_pre_skip (Opus *opus, gconstpointer data)
{
  static const guint skips[] = { 312, 960, 3840, 10000 };

  SKIP_WITHOUT (opus);
  for (gsize i = 0; i < G_N_ELEMENTS (skips); i++) {
    guint8 head[19];
    GBytes *bytes = packets_of (&opus->parts)[0];
    guint missing = skips[i] - 312;
    g_autoptr (GBytes) file = NULL;

    memcpy (head, g_bytes_get_data (bytes, NULL), sizeof head);
    head[10] = (guint8)skips[i];
    head[11] = (guint8)(skips[i] >> 8);
    packets_of (&opus->parts)[0] = g_bytes_new (head, sizeof head);
    g_bytes_unref (bytes);
    file = put_together (&opus->parts, 10, opus->parts.end);
    expect_samples (file, opus->samples->data + 2 * missing, opus->samples->len - 2 * missing);
  }
}

/* The granule position that a stream begins with is not asked for; nothing is left out that is there. */
static void
test_late_beginning (Opus *opus, gconstpointer data)
{
  OggStream stream = { g_byte_array_new (), 5, 0 };
  g_autoptr (GBytes) file = NULL;

  SKIP_WITHOUT (opus);
  add_beginning (&stream, &opus->parts);
  for (guint i = 2; i < opus->parts.packets->len; i++) {
    gboolean last = i + 1 == opus->parts.packets->len;

    ogg_add_packets (&stream, last ? OGG_LAST : 0, 1000000 + 960 * i - (last ? 648 : 0), packets_of (&opus->parts) + i,
                     1);
  }
  file = g_byte_array_free_to_bytes (stream.bytes);
  expect_samples (file, opus->samples->data, opus->samples->len);
}

/* A gap is one, and has no length: what is behind it is all there, up to the end. */
static void
test_gap (Opus *opus, gconstpointer data)
{
  SKIP_WITHOUT (opus);
  for (guint page = 3; page < 8; page += 2) {
    g_autoptr (GBytes) whole = put_together (&opus->parts, 5, opus->parts.end);
    g_autoptr (GByteArray) bytes = g_bytes_unref_to_array (g_steal_pointer (&whole));
    g_autoptr (GBytes) file = NULL;
    g_autoptr (GByteArray) samples = NULL;
    gsize at = ogg_find_page (bytes, page), before = 2 * (5 * 960 * (page - 2) - 312);

    g_byte_array_remove_range (bytes, (guint)at, (guint)ogg_page_length (bytes->data + at));
    file = g_bytes_new (bytes->data, bytes->len);
    samples = decode_at (file, RATE, 1);
    g_assert_cmpuint (samples->len, ==, 2 * (RATE - 5 * 960));
    g_assert_cmpmem (samples->data, before, opus->samples->data, before);
  }
}

/* A second of audio, behind comments of so many bytes. */
static GBytes *
with_comments (Opus *opus, gsize length)
{
  guint8 *comments = g_malloc0 (length);

  memcpy (comments, "OpusTags", 8);
  g_bytes_unref (packets_of (&opus->parts)[1]);
  packets_of (&opus->parts)[1] = g_bytes_new_take (comments, length);
  return put_together (&opus->parts, 1, opus->parts.end);
}

/* Comments of any size are passed over, and none are missed. */
static void
test_comments (Opus *opus, gconstpointer data)
{
  static const gsize sizes[] = { 8, 100, 1000, MIB, 10 * MIB };

  SKIP_WITHOUT (opus);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GBytes) file = with_comments (opus, sizes[i]);

    expect_samples (file, opus->samples->data, opus->samples->len);
  }
}

/* Each link of a chain may have a picture, as the first may; heads without audio have an end. */
static void
test_comments_in_chain (Opus *opus, gconstpointer data)
{
  const ApDecoderSpec spec = { AP_CONTAINER_OGG, RATE, 1 };
  g_autoptr (GBytes) link = NULL, file = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new (), samples = NULL;
  g_autoptr (GError) error = NULL;

  SKIP_WITHOUT (opus);
  link = with_comments (opus, MIB);
  for (guint i = 0; i < 40; i++) /* more than all of them together may be without audio; the rest are cut */
    g_byte_array_append (bytes, g_bytes_get_data (link, NULL), i < 20 ? (guint)g_bytes_get_size (link) : MIB);
  file = g_bytes_new (bytes->data, bytes->len);
  samples = decoder_run (&spec, file, 4096, &error);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  g_assert_cmpuint (samples->len, ==, 20 * opus->samples->len);
}

static void
test_no_comments (Opus *opus, gconstpointer data)
{
  OggStream stream = { g_byte_array_new (), 5, 0 };
  g_autoptr (GBytes) file = NULL;

  SKIP_WITHOUT (opus);
  ogg_add_packets (&stream, OGG_FIRST, 0, packets_of (&opus->parts), 1);
  add_audio (&stream, &opus->parts, 10, opus->parts.end);
  file = g_byte_array_free_to_bytes (stream.bytes);
  expect_samples (file, opus->samples->data, opus->samples->len);
}

/* What no decoder takes for a packet is left out, and the rest is there. */
static void
test_bad_packets (Opus *opus, gconstpointer data)
{
  static const char *const bad[] = { "", "\x03", "\xff\x3f" };

  SKIP_WITHOUT (opus);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_ptr_array_insert (opus->parts.packets, (int)(5 + 3 * i), g_bytes_new_static (bad[i], strlen (bad[i])));
  test_pages (opus, NULL);
}

/* Each link as if it were alone: other channels, and the same head once more. */
static void
test_chain (Opus *opus, gconstpointer data)
{
  g_autoptr (GBytes) mono = NULL, stereo = NULL, file = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (GByteArray) other = NULL;

  SKIP_WITHOUT (opus);
  mono = put_together (&opus->parts, 10, opus->parts.end);
  stereo = audio_file_make (AUDIO_FILE_OGG, 16000, 2, 0.7);
  other = decode_at (stereo, RATE, 1);
  for (guint i = 0; i < 4; i++) {
    append (bytes, i == 2 ? stereo : mono);
    g_byte_array_append (samples, i == 2 ? other->data : opus->samples->data, i == 2 ? other->len : opus->samples->len);
  }
  file = g_bytes_new (bytes->data, bytes->len);
  expect_samples (file, samples->data, samples->len);
}

/* Another codec in each link. */
static void
test_chain_of_codecs (void)
{
  static const AudioFileKind kinds[] = { AUDIO_FILE_OGG, AUDIO_FILE_OGG_VORBIS, AUDIO_FILE_OGG_FLAC, AUDIO_FILE_OGG };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GByteArray) samples = g_byte_array_new ();
  g_autoptr (GBytes) file = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autoptr (GBytes) link = NULL;
    g_autoptr (GByteArray) alone = NULL;

    if (!audio_file_can_make (kinds[i]))
      continue;
    link = audio_file_make (kinds[i], RATE, 1, 0.5);
    alone = decode_at (link, RATE, 1);
    g_assert_cmpuint (alone->len, ==, RATE);
    append (bytes, link);
    g_byte_array_append (samples, alone->data, alone->len);
  }
  file = g_bytes_new (bytes->data, bytes->len);
  expect_samples (file, samples->data, samples->len);
}

/* A video, of which one track can be heard: pages in turns. */
static void
test_beside (Opus *opus, gconstpointer data)
{
  g_autoptr (GBytes) video = g_bytes_new_static ("\x80theora", 7);
  GByteArray *bytes = g_byte_array_new ();
  OggStream stream = { bytes, 5, 0 }, other = { bytes, 6, 0 }, second = { bytes, 7, 0 };
  g_autoptr (GBytes) file = NULL;

  SKIP_WITHOUT (opus);
  ogg_add_packets (&other, OGG_FIRST, 0, &video, 1);
  ogg_add_packets (&stream, OGG_FIRST, 0, packets_of (&opus->parts), 1);
  ogg_add_packets (&second, OGG_FIRST, 0, packets_of (&opus->parts), 1);
  ogg_add_packets (&stream, 0, 0, packets_of (&opus->parts) + 1, 1);
  for (guint i = 2; i < opus->parts.packets->len; i++) {
    gboolean last = i + 1 == opus->parts.packets->len;

    ogg_add_packets (&other, last ? OGG_LAST : 0, i, &video, 1);
    ogg_add_packets (&second, 0, i, packets_of (&opus->parts) + i, 1);
    ogg_add_packets (&stream, last ? OGG_LAST : 0, last ? opus->parts.end : 960 * (i - 1),
                     packets_of (&opus->parts) + i, 1);
  }
  file = g_byte_array_free_to_bytes (bytes);
  expect_samples (file, opus->samples->data, opus->samples->len);
}

/* Two channels of family 1 are those of family 0. */
static void
test_mapping (void)
{
  Parts parts;
  guint8 head[23] = { 0 };
  g_autoptr (GBytes) plain = NULL, mapped = NULL;
  g_autoptr (GByteArray) one = NULL, two = NULL;

  if (!audio_file_can_make (AUDIO_FILE_OGG)) {
    g_test_skip ("there is no encoder");
    return;
  }
  parts = take_apart (AUDIO_FILE_OGG, RATE, 2, 0.5);
  plain = put_together (&parts, 10, parts.end);
  memcpy (head, g_bytes_get_data (packets_of (&parts)[0], NULL), 18);
  memcpy (head + 18, "\1\1\1\0\1", 5);
  g_bytes_unref (packets_of (&parts)[0]);
  packets_of (&parts)[0] = g_bytes_new (head, sizeof head);
  mapped = put_together (&parts, 10, parts.end);
  one = decode_at (plain, RATE, 2);
  two = decode_at (mapped, RATE, 2);
  g_assert_cmpuint (one->len, ==, 2 * RATE);
  g_assert_cmpmem (one->data, one->len, two->data, two->len);
  g_ptr_array_unref (parts.packets);
}

/* A second is one at every rate that is decoded to, whatever rate the head tells of. */
static void
test_rates (Opus *opus, gconstpointer data)
{
  static const guint rates[] = { 8000, 12000, 16000, 24000, 48000 };
  g_autoptr (GBytes) file = NULL;

  SKIP_WITHOUT (opus);
  file = put_together (&opus->parts, 10, opus->parts.end);
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autoptr (GByteArray) samples = decode_at (file, rates[i], 1);
    const gint16 *values = (const gint16 *)(gconstpointer)samples->data;

    g_assert_cmpuint (samples->len, ==, 2 * rates[i]);
    g_assert_cmpfloat (audio_file_tone (values + rates[i] / 4, 1, rates[i] / 2, rates[i], 400), >, 0.98);
  }
}

/* Vorbis ends where it says, too; its samples are those of a file that says nothing. */
static void
test_vorbis_end (void)
{
  g_autoptr (GBytes) file = NULL, cut = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new (), whole = NULL, less = NULL;
  gsize at = 0;
  guint64 end;

  if (!audio_file_can_make (AUDIO_FILE_OGG_VORBIS)) {
    g_test_skip ("there is no encoder");
    return;
  }
  file = audio_file_make (AUDIO_FILE_OGG_VORBIS, RATE, 1, 1);
  append (bytes, file);
  for (gsize next; (next = at + ogg_page_length (bytes->data + at)) < bytes->len;)
    at = next;
  end = GUINT64_TO_LE (RATE - 100);
  memcpy (bytes->data + at + 6, &end, sizeof end);
  ogg_sign_page (bytes->data + at);
  cut = g_bytes_new (bytes->data, bytes->len);
  whole = decode_at (file, RATE, 1);
  less = decode_at (cut, RATE, 1);
  g_assert_cmpuint (whole->len, ==, 2 * RATE);
  g_assert_cmpmem (less->data, less->len, whole->data, 2 * (RATE - 100));
}

/* Heads without what must follow, and audio of none. */
static void
test_bad_heads (void)
{
  static const struct {
    const char *head;
    gsize length;
  } rows[] = {
    { "OpusHead", 8 },
    { "OpusHead\x01\x03\x38\x01\x80\xbb\0\0\0\0\0", 19 },
    { "\x7f"
      "FLAC\1\0\0\1fLaC",
      13 },
    { "\1vorbis\0\0\0\0\1\x80\xbb\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xb8\1", 30 },
    { "\1vorbis\0\0\0\0\0\x80\xbb\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xb8\1", 30 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    OggStream stream = { g_byte_array_new (), 1, 0 };
    g_autoptr (GBytes) head = g_bytes_new (rows[i].head, rows[i].length), audio = g_bytes_new ("\0\0\0\0", 4);
    g_autoptr (GBytes) file = NULL;
    g_autoptr (GByteArray) samples = NULL;
    g_autoptr (GError) error = NULL;
    const ApDecoderSpec spec = { AP_CONTAINER_OGG, RATE, 1 };

    ogg_add_packets (&stream, OGG_FIRST, 0, &head, 1);
    ogg_add_packets (&stream, OGG_LAST, 960, &audio, 1);
    file = g_byte_array_free_to_bytes (stream.bytes);
    samples = decoder_run (&spec, file, 4096, &error);
    g_test_message ("row %zu: %s", i, error != NULL ? error->message : "no error");
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_assert_true (g_str_has_prefix (error->message, "Ogg that cannot be decoded: "));
    g_assert_cmpuint (samples->len, ==, 0);
  }
}

static void
add_link (OggStream *stream, const Parts *parts, guint packets, gint64 end)
{
  stream->sequence = 0;
  stream->serial++;
  add_beginning (stream, parts);
  ogg_add_packets (stream, OGG_LAST, end, packets_of (parts) + 2, packets);
}

/* A recorder that was stopped at once: all of its packet is left out (RFC 7845, 4.2). It is no damage, and what is
 * behind it in a chain is heard. */
static void
test_nothing_to_hear (Opus *opus, gconstpointer data)
{
  OggStream alone = { g_byte_array_new (), 5, 0 }, chain = { g_byte_array_new (), 5, 0 };
  g_autoptr (GBytes) nothing = NULL, links = NULL;
  g_autoptr (GByteArray) none = NULL, samples = NULL;

  SKIP_WITHOUT (opus);
  add_link (&alone, &opus->parts, 1, 312);
  nothing = g_byte_array_free_to_bytes (alone.bytes);
  none = decode_at (nothing, RATE, 1);
  g_assert_cmpuint (none->len, ==, 0);
  for (guint i = 0; i < 3; i++)
    add_link (&chain, &opus->parts, i == 1 ? 1 : 40, i == 1 ? 312 : 40 * 960);
  links = g_byte_array_free_to_bytes (chain.bytes);
  samples = decode_at (links, RATE, 1);
  g_assert_cmpuint (samples->len, ==, 2 * 2 * (40 * 960 - 312));
}

static void
add (const char *path, void (*test) (Opus *opus, gconstpointer data))
{
  g_test_add (path, Opus, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  add ("/decoder-ogg/pages", test_pages);
  add ("/decoder-ogg/over-pages", test_over_pages);
  add ("/decoder-ogg/end", test_end);
  add ("/decoder-ogg/pre-skip", test_pre_skip);
  add ("/decoder-ogg/late-beginning", test_late_beginning);
  add ("/decoder-ogg/gap", test_gap);
  add ("/decoder-ogg/comments", test_comments);
  add ("/decoder-ogg/comments-in-chain", test_comments_in_chain);
  add ("/decoder-ogg/no-comments", test_no_comments);
  add ("/decoder-ogg/bad-packets", test_bad_packets);
  add ("/decoder-ogg/chain", test_chain);
  add ("/decoder-ogg/beside", test_beside);
  add ("/decoder-ogg/rates", test_rates);
  g_test_add_func ("/decoder-ogg/chain-of-codecs", test_chain_of_codecs);
  g_test_add_func ("/decoder-ogg/mapping", test_mapping);
  add ("/decoder-ogg/nothing-to-hear", test_nothing_to_hear);
  g_test_add_func ("/decoder-ogg/vorbis-end", test_vorbis_end);
  g_test_add_func ("/decoder-ogg/bad-heads", test_bad_heads);
  return g_test_run ();
}
