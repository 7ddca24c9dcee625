/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads Ogg: finds pages, and joins the packets on them. */
#include "endpoints/recording/decoder/ap-ogg-reader.h"

#include <string.h>

/* Where things stand in a page's header. */
enum {
  VERSION = 4,
  FLAGS = 5,
  GRANULE = 6,
  SERIAL = 14,
  SEQUENCE = 18,
  CHECKSUM = 22,
  N_SEGMENTS = 26,
  HEADER = 27, /* bytes; then, a byte for each segment, and the segments */
};

enum {
  CONTINUED = 1,
  FIRST = 2,
  LAST = 4,
};

#define MAX_SEGMENTS 255

/* Some sixty pages. */
#define MAX_WASTED (4 * 1024 * 1024)

struct _ApOggReader {
  const ApOggCallbacks *callbacks;
  gpointer owner;
  GByteArray *page; /* its beginning, or what may be one */

  gboolean beginning; /* first pages only have come of this link */
  gboolean reads;     /* a stream of this link */
  guint32 serial;     /* of it */
  guint32 sequence;   /* of its next page */

  gsize wasted; /* bytes of wrong pages that were summed, less those of right ones since */

  GByteArray *packet; /* the beginning of one that goes on on the next page */
  gboolean open;      /* there is such a beginning */
  gboolean cut;       /* it is longer than what is kept */
};

/* Eight bytes at a time: [0] is of a byte, [n] of one with n bytes of zeros behind it. */
static guint32 tables[8][256];

static void
make_tables (void)
{
  for (guint i = 0; i < 256; i++) {
    tables[0][i] = i << 24;
    for (guint bit = 0; bit < 8; bit++)
      tables[0][i] = tables[0][i] << 1 ^ (tables[0][i] >> 31 != 0 ? 0x04c11db7 : 0);
  }
  for (guint n = 1; n < 8; n++)
    for (guint i = 0; i < 256; i++)
      tables[n][i] = tables[n - 1][i] << 8 ^ tables[0][tables[n - 1][i] >> 24];
}

guint32
ap_ogg_checksum (const guint8 *page, gsize length)
{
  static gsize made;
  guint32 sum = 0;

  if (g_once_init_enter (&made)) {
    make_tables ();
    g_once_init_leave (&made, 1);
  }
  for (; length >= 8; page += 8, length -= 8) {
    sum ^= (guint32)page[0] << 24 | (guint32)page[1] << 16 | (guint32)page[2] << 8 | page[3];
    sum = tables[7][sum >> 24] ^ tables[6][sum >> 16 & 0xff] ^ tables[5][sum >> 8 & 0xff] ^ tables[4][sum & 0xff] ^
          tables[3][page[4]] ^ tables[2][page[5]] ^ tables[1][page[6]] ^ tables[0][page[7]];
  }
  for (; length > 0; page++, length--)
    sum = sum << 8 ^ tables[0][sum >> 24 ^ *page];
  return sum;
}

static guint32
read_u32 (const guint8 *bytes)
{
  guint32 value;

  memcpy (&value, bytes, sizeof value);
  return GUINT32_FROM_LE (value);
}

static gint64
read_i64 (const guint8 *bytes)
{
  gint64 value;

  memcpy (&value, bytes, sizeof value);
  return GINT64_FROM_LE (value);
}

/* How many bytes there must be to tell more than those that are there. */
static gsize
wanted (const GByteArray *page)
{
  const guint8 *bytes = page->data;
  gsize length = HEADER;

  if (page->len < HEADER)
    return length;
  length += bytes[N_SEGMENTS];
  if (page->len < length)
    return length;
  for (guint i = 0; i < bytes[N_SEGMENTS]; i++)
    length += bytes[HEADER + i];
  return length;
}

/* Leaves out what cannot be the beginning of a page. */
static void
find_page (GByteArray *page)
{
  static const guint8 word[] = { 'O', 'g', 'g', 'S', 0 };
  gsize at = 0;

  while (at < page->len && memcmp (page->data + at, word, MIN (sizeof word, page->len - at)) != 0)
    at++;
  if (at > 0)
    g_byte_array_remove_range (page, 0, (guint)at);
}

static gboolean
is_whole (GByteArray *page, gsize length)
{
  guint32 checksum = read_u32 (page->data + CHECKSUM);
  guint8 kept[4];
  gboolean whole;

  memcpy (kept, page->data + CHECKSUM, sizeof kept);
  memset (page->data + CHECKSUM, 0, sizeof kept);
  whole = ap_ogg_checksum (page->data, length) == checksum;
  memcpy (page->data + CHECKSUM, kept, sizeof kept);
  return whole;
}

/* ---- packets ---- */

static void
drop_packet (ApOggReader *reader)
{
  g_byte_array_set_size (reader->packet, 0);
  reader->open = FALSE;
  reader->cut = FALSE;
}

static void
add_to_packet (ApOggReader *reader, const guint8 *data, gsize length)
{
  gsize taken = MIN (length, AP_OGG_MAX_PACKET - reader->packet->len);

  g_byte_array_append (reader->packet, data, (guint)taken);
  reader->cut = reader->cut || taken < length;
  reader->open = TRUE;
}

/* The bytes of a page that belong to one packet: segments up to one that is not full. */
typedef struct {
  const guint8 *data;
  gsize length;
  gboolean ends;
} Piece;

static gboolean
next_piece (const guint8 *page, guint *segment, const guint8 **body, Piece *piece)
{
  guint n = page[N_SEGMENTS];

  if (*segment == n)
    return FALSE;
  *piece = (Piece){ *body, 0, FALSE };
  while (*segment < n && !piece->ends) {
    guint8 length = page[HEADER + (*segment)++];

    piece->length += length;
    piece->ends = length < 255;
  }
  *body += piece->length;
  return TRUE;
}

/* @packets: receives those that end here, and @tail the beginning of one that does not. Returns how many. */
static guint
take_packets (ApOggReader *reader, const guint8 *page, ApOggPacket *packets, Piece *tail)
{
  const guint8 *body = page + HEADER + page[N_SEGMENTS];
  guint segment = 0, n = 0;
  Piece piece;

  for (gboolean continues = (page[FLAGS] & CONTINUED) != 0; next_piece (page, &segment, &body, &piece);
       continues = FALSE) {
    if (continues && reader->open)
      add_to_packet (reader, piece.data, piece.length);
    if (continues && reader->open && piece.ends)
      packets[n++] = (ApOggPacket){ reader->packet->data, reader->packet->len, reader->cut };
    if (!continues && piece.ends)
      packets[n++] = (ApOggPacket){ piece.data, piece.length, FALSE };
    if (!continues && !piece.ends)
      *tail = piece;
  }
  return n;
}

/* ---- pages ---- */

static void
take_first_page (ApOggReader *reader, const guint8 *page)
{
  ApOggPacket packets[MAX_SEGMENTS];
  Piece tail;

  if (!reader->beginning) {
    drop_packet (reader);
    reader->beginning = TRUE;
    reader->reads = FALSE;
  }
  if (reader->reads || take_packets (reader, page, packets, &tail) == 0 ||
      !reader->callbacks->begin (reader->owner, packets[0].data, packets[0].length))
    return;
  reader->reads = TRUE;
  reader->serial = read_u32 (page + SERIAL);
  reader->sequence = read_u32 (page + SEQUENCE) + 1;
}

static gboolean
take_later_page (ApOggReader *reader, const guint8 *bytes, GError **error)
{
  guint32 sequence = read_u32 (bytes + SEQUENCE);
  ApOggPacket packets[MAX_SEGMENTS];
  ApOggPage page = { .granule = read_i64 (bytes + GRANULE), .last = (bytes[FLAGS] & LAST) != 0, .packets = packets };
  Piece tail = { 0 };

  if (sequence != reader->sequence || (bytes[FLAGS] & CONTINUED) == 0)
    drop_packet (reader);
  reader->sequence = sequence + 1;
  page.n_packets = take_packets (reader, bytes, packets, &tail);
  if (!reader->callbacks->page (reader->owner, &page, error))
    return FALSE;
  if (page.n_packets > 0)
    drop_packet (reader);
  if (tail.length > 0)
    add_to_packet (reader, tail.data, tail.length);
  return TRUE;
}

static gboolean
take_page (ApOggReader *reader, const guint8 *page, GError **error)
{
  if ((page[FLAGS] & FIRST) != 0) {
    take_first_page (reader, page);
    return TRUE;
  }
  reader->beginning = FALSE;
  if (!reader->reads) {
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE,
                         "Ogg that cannot be decoded: none of its streams is of a kind that is known");
    return FALSE;
  }
  return read_u32 (page + SERIAL) != reader->serial || take_later_page (reader, page, error);
}

/* Each of many words that look like a page's may claim 64 KiB to be summed: more than a damaged file does. */
static gboolean
waste (ApOggReader *reader, gsize length, GError **error)
{
  reader->wasted += length;
  g_byte_array_remove_range (reader->page, 0, 4);
  if (reader->wasted <= MAX_WASTED)
    return TRUE;
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE,
                       "Ogg that cannot be decoded: too many pages are damaged");
  return FALSE;
}

/* Takes what is whole. Of a page that is not what its checksum says, all but the first word may be pages. */
static gboolean
work (ApOggReader *reader, GError **error)
{
  GByteArray *page = reader->page;
  gsize length;

  for (find_page (page); page->len >= (length = wanted (page)); find_page (page)) {
    if (!is_whole (page, length)) {
      if (!waste (reader, length, error))
        return FALSE;
      continue;
    }
    if (!take_page (reader, page->data, error))
      return FALSE;
    reader->wasted -= MIN (reader->wasted, length);
    g_byte_array_remove_range (page, 0, (guint)length);
  }
  return TRUE;
}

gboolean
ap_ogg_reader_feed (ApOggReader *reader, const guint8 *data, gsize length, GError **error)
{
  while (length > 0) {
    gsize n = MIN (length, wanted (reader->page) - reader->page->len);

    g_byte_array_append (reader->page, data, (guint)n);
    data += n;
    length -= n;
    if (!work (reader, error))
      return FALSE;
  }
  return TRUE;
}

ApOggReader *
ap_ogg_reader_new (const ApOggCallbacks *callbacks, gpointer owner)
{
  ApOggReader *reader = g_new0 (ApOggReader, 1);

  reader->callbacks = callbacks;
  reader->owner = owner;
  reader->page = g_byte_array_new ();
  reader->packet = g_byte_array_new ();
  return reader;
}

void
ap_ogg_reader_free (ApOggReader *reader)
{
  g_byte_array_unref (reader->page);
  g_byte_array_unref (reader->packet);
  g_free (reader);
}
