/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ogg: packets of every length on and over pages, however the bytes are cut; what is damaged or missing; several
 * streams beside and behind each other. What comes out is written down as text. */
#include "endpoints/recording/decoder/ap-ogg-reader.h"

#include "audio-files.h"
#include "ogg-pages.h"

#include <gst/gst.h>
#include <string.h>

#define SERIAL 0x01020304

/* Bytes that depend on @seed, and are all of Ogg's word where that is what it is to be mistaken for. */
static GBytes *
packet_new (gsize length, guint seed)
{
  guint8 *bytes = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    bytes[i] = seed % 7 == 6 ? (guint8) "OggS"[i % 4] : (guint8)(i * 131 + seed * 17 + i / 255);
  return g_bytes_new_take (bytes, length);
}

static guint
hash (const guint8 *data, gsize length)
{
  guint value = 5381;

  for (gsize i = 0; i < length; i++)
    value = value * 33 + data[i];
  return value;
}

static void
tell_packet (GString *told, const guint8 *data, gsize length, gboolean cut)
{
  g_string_append_printf (told, " %zu%s:%08x", length, cut ? "+" : "", hash (data, length));
}

static void
tell_bytes (GString *told, GBytes *packet)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (packet, &length);

  tell_packet (told, data, length, FALSE);
}

/* Streams whose first packet begins with N are not wanted. */
static gboolean
on_begin (gpointer owner, const guint8 *data, gsize length)
{
  if (length > 0 && data[0] == 'N')
    return FALSE;
  g_string_append (owner, "begin");
  tell_packet (owner, data, length, FALSE);
  g_string_append_c (owner, '\n');
  return TRUE;
}

static gboolean
on_page (gpointer owner, const ApOggPage *page, GError **error)
{
  g_string_append_printf (owner, "%" G_GINT64_FORMAT "%s", page->granule, page->last ? " last" : "");
  for (guint i = 0; i < page->n_packets; i++)
    tell_packet (owner, page->packets[i].data, page->packets[i].length, page->packets[i].cut);
  g_string_append_c (owner, '\n');
  return TRUE;
}

static char *
read_pieces (const GByteArray *bytes, gsize piece)
{
  static const ApOggCallbacks callbacks = { on_begin, on_page };
  GString *told = g_string_new (NULL);
  g_autoptr (ApOggReader) reader = ap_ogg_reader_new (&callbacks, told);
  g_autoptr (GError) error = NULL;
  gboolean ok = TRUE;

  for (gsize at = 0; ok && at < bytes->len; at += piece)
    ok = ap_ogg_reader_feed (reader, bytes->data + at, MIN (piece, bytes->len - at), &error);
  g_assert_true (ok == (error == NULL));
  if (!ok) {
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    g_string_append (told, "refused\n");
  }
  return g_string_free (told, FALSE);
}

static void
expect (const GByteArray *bytes, const char *told)
{
  static const gsize pieces[] = { 1, 2, 27, 37, 255, 4096, G_MAXINT32 };

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autofree char *now = read_pieces (bytes, pieces[i]);

    g_assert_cmpstr (now, ==, told);
  }
}

static void
expect_string (const GByteArray *bytes, GString *told)
{
  expect (bytes, told->str);
  g_string_free (told, TRUE);
}

/* A stream that has its first page. */
static OggStream
stream_new (GString *told)
{
  OggStream stream = { g_byte_array_new (), SERIAL, 0 };
  g_autoptr (GBytes) head = packet_new (19, 0);

  ogg_add_packets (&stream, OGG_FIRST, 0, &head, 1);
  if (told != NULL) {
    g_string_append (told, "begin");
    tell_bytes (told, head);
    g_string_append_c (told, '\n');
  }
  return stream;
}

static const gsize lengths[] = { 0, 1, 253, 254, 255, 256, 509, 510, 511, 765, 1000, 254 * 255, 254 * 255 + 1 };

/* Each on a page of its own. */
static void
test_lengths (void)
{
  GString *told = g_string_new (NULL);
  OggStream stream = stream_new (told);

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GBytes) packet = packet_new (lengths[i], i);

    ogg_add_packets (&stream, i + 1 == G_N_ELEMENTS (lengths) ? OGG_LAST : 0, i, &packet, 1);
    g_string_append_printf (told, "%u%s", i, i + 1 == G_N_ELEMENTS (lengths) ? " last" : "");
    tell_bytes (told, packet);
    g_string_append_c (told, '\n');
  }
  expect_string (stream.bytes, told);
  g_byte_array_unref (stream.bytes);
}

/* All on one page, and as many as a page holds. */
static void
test_together (void)
{
  GString *told = g_string_new (NULL);
  OggStream stream = stream_new (told);
  GBytes *packets[255];

  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    packets[i] = packet_new (i % 255, i);
  ogg_add_packets (&stream, 0, 77, packets, 255);
  ogg_add_packets (&stream, 0, 78, packets, 0);
  g_string_append (told, "77");
  for (guint i = 0; i < G_N_ELEMENTS (packets); i++) {
    tell_bytes (told, packets[i]);
    g_bytes_unref (packets[i]);
  }
  g_string_append (told, "\n78\n");
  expect_string (stream.bytes, told);
  g_byte_array_unref (stream.bytes);
}

/* Over pages, and the one behind as well, with a page for each segment or more of them. */
static void
test_over_pages (void)
{
  static const guint most[] = { 1, 2, 255 };

  for (guint i = 0; i < 3 * G_N_ELEMENTS (lengths); i++) {
    GString *told = g_string_new (NULL);
    OggStream stream = stream_new (told);
    gsize length = lengths[i / 3];
    g_autoptr (GBytes) packet = packet_new (MIN (length, 2000 * most[i % 3]), i);
    gsize pages = g_bytes_get_size (packet) / (255 * most[i % 3]);

    ogg_add_long_packet (&stream, 0, 5, packet, most[i % 3]);
    ogg_add_long_packet (&stream, OGG_LAST, 6, packet, most[i % 3]);
    for (guint n = 0; n < 2; n++) {
      for (gsize page = 0; page < pages; page++)
        g_string_append (told, "-1\n");
      g_string_append (told, n == 0 ? "5" : "6 last");
      tell_bytes (told, packet);
      g_string_append_c (told, '\n');
    }
    expect_string (stream.bytes, told);
    g_byte_array_unref (stream.bytes);
  }
}

/* The end of one, whole ones, and the beginning of one, on each page. */
static void
test_mixed_page (void)
{
  static const guint8 segments[] = { 255, 10, 20, 0, 255, 255 };
  guint8 body[795];
  GString *told = g_string_new (NULL);
  OggStream stream = stream_new (told);
  guint8 joined[775];

  for (guint i = 0; i < sizeof body; i++)
    body[i] = (guint8)(i * 7);
  memcpy (joined, body + 285, 510);
  memcpy (joined + 510, body, 265);
  ogg_add_page (&stream, 0, 1, segments, sizeof segments, body);
  ogg_add_page (&stream, OGG_CONTINUED, 2, segments, sizeof segments, body);
  g_string_append (told, "1");
  tell_packet (told, body, 265, FALSE);
  tell_packet (told, body + 265, 20, FALSE);
  tell_packet (told, body, 0, FALSE);
  g_string_append (told, "\n2");
  tell_packet (told, joined, 775, FALSE);
  tell_packet (told, body + 265, 20, FALSE);
  tell_packet (told, body, 0, FALSE);
  g_string_append (told, "\n");
  expect_string (stream.bytes, told);
  g_byte_array_unref (stream.bytes);
}

/* Six pages: a packet of its own; a packet over three; two packets of their own. */
static OggStream
six_pages (GBytes *const packets[4])
{
  OggStream stream = stream_new (NULL);

  ogg_add_packets (&stream, 0, 1, &packets[0], 1);
  ogg_add_long_packet (&stream, 0, 2, packets[1], 1);
  ogg_add_packets (&stream, 0, 3, &packets[2], 1);
  ogg_add_packets (&stream, OGG_LAST, 4, &packets[3], 1);
  return stream;
}

/* Without the page of that number, of 1 to 6. */
static char *
tell_without (GBytes *const packets[4], guint missing)
{
  static const struct {
    guint packet;
    const char *granule;
  } pages[] = { { 0, "1" }, { 4, "-1" }, { 4, "-1" }, { 1, "2" }, { 2, "3" }, { 3, "4 last" } };
  GString *told = g_string_new (NULL);
  OggStream head = stream_new (told);

  g_byte_array_unref (head.bytes);
  for (guint page = 1; page <= 6; page++) {
    if (page == missing)
      continue;
    g_string_append (told, pages[page - 1].granule);
    if (pages[page - 1].packet < 4 && (pages[page - 1].packet != 1 || missing < 2 || missing > 4))
      tell_bytes (told, packets[pages[page - 1].packet]);
    g_string_append_c (told, '\n');
  }
  return g_string_free (told, FALSE);
}

static void
with_each_page (void (*spoil) (GByteArray *bytes, gsize at, gsize length))
{
  GBytes *packets[4];

  for (guint i = 0; i < 4; i++)
    packets[i] = packet_new (i == 1 ? 600 : 100 + i, i + 3);
  for (guint page = 1; page <= 6; page++) {
    OggStream stream = six_pages (packets);
    gsize at = ogg_find_page (stream.bytes, page);
    g_autofree char *told = tell_without (packets, page);

    spoil (stream.bytes, at, ogg_page_length (stream.bytes->data + at));
    expect (stream.bytes, told);
    g_byte_array_unref (stream.bytes);
  }
  for (guint i = 0; i < 4; i++)
    g_bytes_unref (packets[i]);
}

static void
take_out (GByteArray *bytes, gsize at, gsize length)
{
  g_byte_array_remove_range (bytes, (guint)at, (guint)length);
}

static void
spoil_body (GByteArray *bytes, gsize at, gsize length)
{
  bytes->data[at + length - 1] ^= 1;
}

static void
spoil_checksum (GByteArray *bytes, gsize at, gsize length)
{
  bytes->data[at + 22] ^= 0x80;
}

/* Of another version, which is not known. */
static void
spoil_version (GByteArray *bytes, gsize at, gsize length)
{
  bytes->data[at + 4] = 1;
  ogg_sign_page (bytes->data + at);
}

/* Claims to go over the next ones, which are pages all the same. */
static void
spoil_length (GByteArray *bytes, gsize at, gsize length)
{
  bytes->data[at + 27] = 255;
}

/* Is cut off. */
static void
spoil_end (GByteArray *bytes, gsize at, gsize length)
{
  g_byte_array_remove_range (bytes, (guint)(at + length / 2), (guint)(length - length / 2));
}

static void
test_missing_page (void)
{
  with_each_page (take_out);
}

static void
test_damaged_page (void)
{
  with_each_page (spoil_body);
  with_each_page (spoil_checksum);
  with_each_page (spoil_version);
  with_each_page (spoil_end);
}

/* What is left of the last page may be the rest of it. */
static void
test_damaged_length (void)
{
  GBytes *packets[4];
  OggStream stream;
  gsize at;
  g_autofree char *told = NULL;

  for (guint i = 0; i < 4; i++)
    packets[i] = packet_new (i == 1 ? 600 : 100 + i, i + 3);
  stream = six_pages (packets);
  at = ogg_find_page (stream.bytes, 1);
  told = tell_without (packets, 1);
  spoil_length (stream.bytes, at, 0);
  expect (stream.bytes, told);
  g_byte_array_unref (stream.bytes);
  for (guint i = 0; i < 4; i++)
    g_bytes_unref (packets[i]);
}

/* Before, between and behind pages. */
static void
test_garbage (void)
{
  static const char *const garbage[] = { "O", "OggO", "OggOggS", "noise", "OggS\1", "OggSOggSOggS" };
  GString *told = g_string_new (NULL);
  OggStream stream = stream_new (told);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (garbage); i++) {
    g_autoptr (GBytes) packet = packet_new (30, i);

    g_byte_array_append (bytes, (const guint8 *)garbage[i], (guint)strlen (garbage[i]));
    g_byte_array_append (bytes, stream.bytes->data, stream.bytes->len);
    g_byte_array_set_size (stream.bytes, 0);
    ogg_add_packets (&stream, 0, i, &packet, 1);
    g_string_append_printf (told, "%u", i);
    tell_bytes (told, packet);
    g_string_append_c (told, '\n');
  }
  g_byte_array_append (bytes, stream.bytes->data, stream.bytes->len);
  g_byte_array_append (bytes, (const guint8 *)"OggS", 4);
  expect_string (bytes, told);
  g_byte_array_unref (stream.bytes);
}

/* Only the first that is wanted is read, whatever stands between its pages. */
static void
test_beside (void)
{
  GString *told = g_string_new (NULL);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  OggStream streams[3];
  GBytes *packets[3];

  for (guint i = 0; i < 3; i++) {
    streams[i] = (OggStream){ bytes, 100 + i, 0 };
    packets[i] = i == 0 ? g_bytes_new_static ("No", 2) : packet_new (700, i);
    ogg_add_packets (&streams[i], OGG_FIRST, 0, &packets[i], 1);
  }
  g_string_append (told, "begin");
  tell_bytes (told, packets[1]);
  for (guint i = 0; i < 3; i++)
    for (guint n = 0; n < 3; n++)
      ogg_add_packets (&streams[n], n == 0 ? OGG_LAST : 0, 10 * i + n, &packets[n], 1);
  for (guint i = 0; i < 3; i++) {
    g_string_append_printf (told, "\n%u", 10 * i + 1);
    tell_bytes (told, packets[1]);
  }
  g_string_append_c (told, '\n');
  for (guint i = 0; i < 3; i++)
    g_bytes_unref (packets[i]);
  expect_string (bytes, told);
}

/* A new beginning is a new link, whether the one before has ended or not, and with the same serial number too; the
 * packet that has not ended is lost. */
static void
test_behind (void)
{
  GString *told = g_string_new (NULL);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  static const guint8 full[] = { 255 };
  g_autofree guint8 *body = g_malloc0 (255);
  g_autoptr (GBytes) packet = packet_new (90, 1);
  g_autoptr (GBytes) head = packet_new (19, 0);

  for (guint i = 0; i < 4; i++) {
    OggStream link = stream_new (told);

    link.serial = i < 2 ? SERIAL : i;
    g_byte_array_set_size (link.bytes, 0);
    link.sequence = 0;
    ogg_add_packets (&link, OGG_FIRST, 0, &head, 1);
    ogg_add_packets (&link, i == 1 ? OGG_LAST : 0, 5, &packet, 1);
    g_string_append (told, i == 1 ? "5 last" : "5");
    tell_bytes (told, packet);
    g_string_append_c (told, '\n');
    if (i == 2) {
      ogg_add_page (&link, 0, -1, full, 1, body);
      g_string_append (told, "-1\n");
    }
    g_byte_array_append (bytes, link.bytes->data, link.bytes->len);
    g_byte_array_unref (link.bytes);
  }
  expect_string (bytes, told);
}

/* Also a page of nothing that has begun. */
static void
test_unwanted (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  OggStream stream = { bytes, 1, 0 }, late = { bytes, 2, 7 };
  g_autoptr (GBytes) packet = g_bytes_new_static ("No", 2);

  ogg_add_packets (&stream, OGG_FIRST, 0, &packet, 1);
  expect (bytes, "");
  ogg_add_packets (&stream, 0, 0, &packet, 1);
  expect (bytes, "refused\n");
  g_byte_array_set_size (bytes, 0);
  ogg_add_packets (&late, 0, 0, &packet, 1);
  expect (bytes, "refused\n");
}

/* What is too long is cut, and what follows is not. */
static void
test_bound (void)
{
  GString *told = g_string_new (NULL);
  OggStream stream = stream_new (told);
  g_autoptr (GBytes) longest = packet_new (AP_OGG_MAX_PACKET, 1);
  g_autoptr (GBytes) longer = packet_new (AP_OGG_MAX_PACKET + 255 * 255 * 20, 1);
  g_autofree char *now = NULL;

  ogg_add_long_packet (&stream, 0, 1, longest, 255);
  ogg_add_long_packet (&stream, 0, 2, longer, 255);
  ogg_add_packets (&stream, 0, 3, (GBytes *[]){ NULL }, 0);
  for (guint i = 0; i < 4; i++)
    g_string_append (told, "-1\n");
  g_string_append (told, "1");
  tell_bytes (told, longest);
  g_string_append_c (told, '\n');
  for (guint i = 0; i < 24; i++)
    g_string_append (told, "-1\n");
  g_string_append (told, "2");
  tell_packet (told, g_bytes_get_data (longest, NULL), AP_OGG_MAX_PACKET, TRUE);
  g_string_append (told, "\n3\n");
  now = read_pieces (stream.bytes, 10000);
  g_assert_cmpstr (now, ==, told->str);
  g_string_free (told, TRUE);
  g_byte_array_unref (stream.bytes);
}

/* Pages of somebody else's making. */
static void
test_real (void)
{
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree char *told = NULL;

  if (!audio_file_can_make (AUDIO_FILE_OGG)) {
    g_test_skip ("there is no encoder");
    return;
  }
  file = audio_file_make (AUDIO_FILE_OGG, 48000, 2, 1);
  g_byte_array_append (bytes, g_bytes_get_data (file, NULL), (guint)g_bytes_get_size (file));
  told = read_pieces (bytes, 4096);
  expect (bytes, told);
  g_assert_true (g_str_has_prefix (told, "begin 19:"));
  g_assert_nonnull (strstr (told, "\n48312 last "));
}

/* Words that look like pages, of which each claims 64 KiB. */
static void
test_false_pages (void)
{
  static const ApOggCallbacks callbacks = { on_begin, on_page };
  g_autoptr (ApOggReader) reader = ap_ogg_reader_new (&callbacks, NULL);
  g_autoptr (GError) error = NULL;
  enum { LENGTH = 256 * 1024 };
  g_autofree guint8 *bytes = g_malloc (LENGTH);

  for (gsize i = 0; i < LENGTH; i++)
    bytes[i] = (guint8) "OggS\0\377\377"[i % 7];
  g_assert_false (ap_ogg_reader_feed (reader, bytes, LENGTH, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
}

/* Nor do right ones between them buy more than they are long. */
static void
test_false_pages_between (void)
{
  static const ApOggCallbacks callbacks = { on_begin, on_page };
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (ApOggReader) reader = ap_ogg_reader_new (&callbacks, told);
  OggStream stream = { g_byte_array_new (), SERIAL, 0 };
  g_autoptr (GByteArray) bytes = stream.bytes;
  g_autoptr (GBytes) packet = packet_new (10, 1);
  g_autoptr (GError) error = NULL;

  ogg_add_packets (&stream, OGG_FIRST, 0, &packet, 1);
  for (guint i = 0; i < 512; i++) {
    for (guint n = 0; n < 32; n++)
      g_byte_array_append (bytes, (const guint8 *)"OggS\0\377\377", 7);
    ogg_add_packets (&stream, 0, 0, &packet, 1);
  }
  g_assert_false (ap_ogg_reader_feed (reader, bytes->data, bytes->len, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/ogg-reader/lengths", test_lengths);
  g_test_add_func ("/ogg-reader/together", test_together);
  g_test_add_func ("/ogg-reader/over-pages", test_over_pages);
  g_test_add_func ("/ogg-reader/mixed-page", test_mixed_page);
  g_test_add_func ("/ogg-reader/missing-page", test_missing_page);
  g_test_add_func ("/ogg-reader/damaged-page", test_damaged_page);
  g_test_add_func ("/ogg-reader/damaged-length", test_damaged_length);
  g_test_add_func ("/ogg-reader/garbage", test_garbage);
  g_test_add_func ("/ogg-reader/beside", test_beside);
  g_test_add_func ("/ogg-reader/behind", test_behind);
  g_test_add_func ("/ogg-reader/unwanted", test_unwanted);
  g_test_add_func ("/ogg-reader/bound", test_bound);
  g_test_add_func ("/ogg-reader/false-pages", test_false_pages);
  g_test_add_func ("/ogg-reader/false-pages-between", test_false_pages_between);
  g_test_add_func ("/ogg-reader/real", test_real);
  return g_test_run ();
}
