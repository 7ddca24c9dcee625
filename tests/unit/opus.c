/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Heads of Opus, good and bad, and how long its packets are. */
#include "endpoints/recording/decoder/ap-opus.h"

#include <string.h>

#define HEAD       "OpusHead\x01"
#define GAIN       "\x80\xbb\0\0\0\0" /* and the rate that nobody needs */
#define MONO       HEAD "\x01\x38\x01" GAIN "\0"
#define ROW(bytes) bytes, sizeof bytes - 1
#define FIVE_ONE   "\x06\x38\x01" GAIN "\x01\x04\x02\0\x04\x01\x02\x03"

typedef struct {
  const char *bytes;
  gsize length;
  guint channels, streams, coupled; /* 0: it is none */
} Head;

static const Head heads[] = {
  { ROW (MONO), 1, 1, 0 },
  { ROW (MONO "more"), 1, 1, 0 },
  { ROW (HEAD "\x02\x38\x01" GAIN "\0"), 2, 1, 1 },
  { ROW ("OpusHead\x0f\x02\x38\x01" GAIN "\0"), 2, 1, 1 },
  { ROW (HEAD FIVE_ONE "\x05"), 6, 4, 2 },
  { ROW (HEAD FIVE_ONE "\xff"), 6, 4, 2 },
  { ROW (HEAD "\x08\0\0" GAIN "\x01\x01\0\0\0\0\0\0\0\0\0"), 8, 1, 0 },
  { ROW (""), 0 },
  { ROW ("OpusTags\x01\x01\x38\x01" GAIN "\0"), 0 },
  { ROW ("OpusHead\x10\x01\x38\x01" GAIN "\0"), 0 },                /* of another version */
  { ROW (HEAD "\0\x38\x01" GAIN "\0"), 0 },                         /* no channel */
  { ROW (HEAD "\x03\x38\x01" GAIN "\0"), 0 },                       /* more than family 0 has */
  { ROW (HEAD "\x02\x38\x01" GAIN "\x02\x02\0\0\x01"), 0 },         /* a family that is not known */
  { ROW (HEAD "\x02\x38\x01" GAIN "\xff\x02\0\0\x01"), 0 },         /* channels without a place */
  { ROW (HEAD "\x09\0\0" GAIN "\x01\x01\0\0\0\0\0\0\0\0\0\0"), 0 }, /* more than family 1 has */
  { ROW (HEAD "\x02\x38\x01" GAIN "\x01\0\0\0\0"), 0 },             /* no stream */
  { ROW (HEAD "\x02\x38\x01" GAIN "\x01\x01\x02\0\0"), 0 },         /* more pairs than streams */
  { ROW (HEAD "\x02\x38\x01" GAIN "\x01\xff\x01\0\0"), 0 },         /* too many streams */
  { ROW (HEAD FIVE_ONE "\x06"), 0 },                                /* a stream that is not there */
};

static void
test_heads (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++) {
    g_autofree guint8 *bytes =
        g_memdup2 (heads[i].bytes, heads[i].length); /* so that what is behind is out of bounds */
    ApOpusHead head = { 0 };
    gboolean good = ap_opus_head_parse (&head, bytes, heads[i].length);

    g_test_message ("row %zu", i);
    g_assert_true (good == (heads[i].channels > 0));
    if (!good)
      continue;
    g_assert_cmpuint (head.channels, ==, heads[i].channels);
    g_assert_cmpuint (head.streams, ==, heads[i].streams);
    g_assert_cmpuint (head.coupled, ==, heads[i].coupled);
    g_assert_cmpuint (head.pre_skip, ==, head.channels == 8 ? 0 : 312);
  }
}

static void
test_cut_heads (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (heads) && heads[i].channels > 0; i++)
    for (gsize length = 0; length < heads[i].length; length++) {
      g_autofree guint8 *bytes = g_memdup2 (heads[i].bytes, length);
      ApOpusHead head = { 0 };

      if (ap_opus_head_parse (&head, bytes, length)) {
        g_assert_cmpuint (head.length, <=, length);
        g_assert_cmpuint (length, >=, 19);
      }
    }
}

/* One or two channels in their order are family 0, whatever family they say; others are not. */
static void
test_family (void)
{
  static const struct {
    const char *bytes;
    gsize length;
    guint family;
  } rows[] = {
    { ROW (MONO), 0 },
    { ROW (HEAD "\x02\x38\x01" GAIN "\x01\x01\x01\0\x01"), 0 },
    { ROW (HEAD "\x01\x38\x01" GAIN "\x01\x01\0\0"), 0 },
    { ROW (HEAD "\x02\x38\x01" GAIN "\x01\x01\x01\x01\0"), 1 },
    { ROW (HEAD "\x02\x38\x01" GAIN "\x01\x01\0\0\0"), 1 },
    { ROW (HEAD "\x02\x38\x01" GAIN "\x01\x02\0\0\x01"), 1 },
    { ROW (HEAD FIVE_ONE "\x05"), 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    ApOpusHead head = { 0 };

    g_assert_true (ap_opus_head_parse (&head, (const guint8 *)rows[i].bytes, rows[i].length));
    g_assert_cmpuint (head.family, ==, rows[i].family);
    g_assert_cmpuint (head.bytes[18], ==, rows[i].family);
    g_assert_true ((head.length == 19) == (rows[i].family == 0));
  }
}

static void
test_caps (void)
{
  ApOpusHead head = { 0 };
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstCaps) wanted = NULL;

  g_assert_true (ap_opus_head_parse (&head, (const guint8 *)heads[4].bytes, heads[4].length));
  caps = ap_opus_head_to_caps (&head);
  wanted = gst_caps_from_string ("audio/x-opus,channels=6,channel-mapping-family=1,stream-count=4,coupled-count=2");
  g_assert_true (gst_caps_is_fixed (caps));
  g_assert_true (gst_caps_is_subset (caps, wanted));
}

/* RFC 6716, table 2, in 48000ths of a second. */
static const guint frames[32] = {
  480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 480, 960, /* SILK; both */
  120, 240, 480,  960,  120, 240, 480,  960,  120, 240, 480,  960,  120, 240, 480, 960, /* CELT */
};

static void
test_samples (void)
{
  for (guint first = 0; first < 256; first++)
    for (guint second = 0; second < 256; second++) {
      const guint8 packet[] = { (guint8)first, (guint8)second };
      guint n = first % 4 == 0 ? 1 : first % 4 < 3 ? 2 : second & 0x3f;
      guint samples = frames[first >> 3] * n;

      g_assert_cmpuint (ap_opus_packet_samples (packet, 2), ==, samples <= 5760 ? samples : 0);
      if (second == 0)
        g_assert_cmpuint (ap_opus_packet_samples (packet, 1), ==, first % 4 == 3 ? 0 : samples);
    }
  g_assert_cmpuint (ap_opus_packet_samples (NULL, 0), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/opus/heads", test_heads);
  g_test_add_func ("/opus/cut-heads", test_cut_heads);
  g_test_add_func ("/opus/family", test_family);
  g_test_add_func ("/opus/caps", test_caps);
  g_test_add_func ("/opus/samples", test_samples);
  return g_test_run ();
}
