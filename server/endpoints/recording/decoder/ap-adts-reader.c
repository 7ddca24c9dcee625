/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/recording/decoder/ap-adts-reader.h"

#include <string.h>

#define HEADER    7
#define MAX_INDEX 12 /* of the table of rates */

struct _ApAdtsReader {
  ApAdtsFrame frame;
  gpointer owner;
  GByteArray *bytes; /* that are no whole frame yet */
  guint kind;        /* of the frame that has just ended; 0: what came was none */
  gboolean found;
};

ApAdtsReader *
ap_adts_reader_new (ApAdtsFrame frame, gpointer owner)
{
  ApAdtsReader *reader = g_new0 (ApAdtsReader, 1);

  reader->frame = frame;
  reader->owner = owner;
  reader->bytes = g_byte_array_new ();
  return reader;
}

void
ap_adts_reader_free (ApAdtsReader *reader)
{
  g_byte_array_unref (reader->bytes);
  g_free (reader);
}

/* By a header; 0: it is none. With a checksum it is two bytes longer. */
static gsize
frame_length (const guint8 *header)
{
  gsize length = (gsize)(header[3] & 3) << 11 | (gsize)header[4] << 3 | header[5] >> 5;
  gsize least = HEADER + ((header[1] & 1) != 0 ? 0 : 2);

  if (header[0] != 0xff || (header[1] & 0xf6) != 0xf0 || (header[2] >> 2 & 15) > MAX_INDEX)
    return 0;
  return length > least ? length : 0;
}

/* What is the same in all frames of a stream: version, profile, rate, channels. */
static guint
kind_of (const guint8 *header)
{
  return 1U << 24 | (header[1] & 8U) << 16 | (header[2] & 0xfdU) << 8 | (header[3] & 0xc0U);
}

/* Whether a frame like the one of @length at the beginning, or the end, is behind it. */
static gboolean
is_followed (const guint8 *data, gsize available, gsize length)
{
  const guint8 *next = data + length;

  if (available < length + HEADER)
    return available == length;
  return frame_length (next) > 0 && kind_of (next) == kind_of (data);
}

static gsize
pass_over (ApAdtsReader *reader, const guint8 *data, gsize length)
{
  const guint8 *next = memchr (data + 1, 0xff, length - 1);

  reader->kind = 0;
  return next != NULL ? (gsize)(next - data) : length;
}

/* Returns how many bytes are done with; 0: more have to come. @frame: (out): those of them that are a frame */
static gsize
step (ApAdtsReader *reader, const guint8 *data, gsize available, gboolean last, gsize *frame)
{
  gsize length, wanted;

  *frame = 0;
  if (available < HEADER)
    return last ? available : 0;
  length = frame_length (data);
  if (length == 0)
    return pass_over (reader, data, available);
  wanted = kind_of (data) == reader->kind ? length : length + HEADER;
  if (available < wanted && !last)
    return 0;
  if (available < length || (kind_of (data) != reader->kind && !is_followed (data, available, length)))
    return pass_over (reader, data, available);
  reader->kind = kind_of (data);
  reader->found = TRUE;
  *frame = length;
  return length;
}

static gboolean
read_all (ApAdtsReader *reader, gboolean last, GError **error)
{
  gsize at = 0, done, frame;

  while (at < reader->bytes->len &&
         (done = step (reader, reader->bytes->data + at, reader->bytes->len - at, last, &frame)) > 0) {
    if (frame > 0 && !reader->frame (reader->owner, reader->bytes->data + at, frame, error))
      return FALSE;
    at += done;
  }
  g_byte_array_remove_range (reader->bytes, 0, (guint)at);
  return TRUE;
}

gboolean
ap_adts_reader_feed (ApAdtsReader *reader, const guint8 *data, gsize length, GError **error)
{
  g_byte_array_append (reader->bytes, data, (guint)length);
  return read_all (reader, FALSE, error);
}

gboolean
ap_adts_reader_end (ApAdtsReader *reader, GError **error)
{
  if (!read_all (reader, TRUE, error))
    return FALSE;
  if (!reader->found)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "ADTS without a frame");
  return reader->found;
}
