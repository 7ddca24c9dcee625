/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A walk from box to box. Those in the index follow each other as those of the file do, so that it is stepped into. */
#include "endpoints/recording/decoder/ap-mp4-duration.h"

#include <string.h>

enum {
  HEAD = 8,
  LONG_HEAD = 16,
  VERSION = 8, /* in a movie's header, as are the next two: where its duration is, by its version */
  DURATION = 24,
  LONG_DURATION = 32,
};

static guint32
read_u32 (const guint8 *bytes)
{
  return (guint32)bytes[0] << 24 | (guint32)bytes[1] << 16 | (guint32)bytes[2] << 8 | bytes[3];
}

static gsize
head_length (const ApMp4Duration *duration)
{
  return duration->have >= HEAD && read_u32 (duration->head) == 1 ? LONG_HEAD : HEAD;
}

/* 0: up to the end of the file; what is too short is no box, and so is all behind it. */
static guint64
box_length (const guint8 *head)
{
  guint64 length = read_u32 (head);

  if (length == 1)
    length = (guint64)read_u32 (head + HEAD) << 32 | read_u32 (head + HEAD + 4);
  return length;
}

static void
enter_box (ApMp4Duration *duration)
{
  guint64 length = box_length (duration->head);
  gsize head = duration->have;

  duration->have = 0;
  if (length >= head && memcmp (duration->head + 4, "moov", 4) == 0)
    return;
  duration->left = length >= head ? length - head : G_MAXUINT64;
  duration->at = memcmp (duration->head + 4, "mvhd", 4) == 0 ? head : 0;
}

static void
take_byte (ApMp4Duration *duration, guint8 *byte)
{
  gsize from = duration->is_long ? LONG_DURATION : DURATION, length = duration->is_long ? 8 : 4;

  if (duration->at == VERSION)
    duration->is_long = *byte != 0;
  else if (duration->at >= from && duration->at < from + length)
    *byte = 0;
  duration->at++;
}

void
ap_mp4_duration_remove (ApMp4Duration *duration, guint8 *data, gsize length)
{
  for (gsize i = 0; i < length;) {
    gsize n = (gsize)MIN (length - i, duration->left);

    if (n == 0) {
      duration->head[duration->have++] = data[i++];
      if (duration->have == head_length (duration))
        enter_box (duration);
      continue;
    }
    for (gsize k = 0; k < n && duration->at > 0; k++)
      take_byte (duration, data + i + k);
    i += n;
    duration->left -= n;
    duration->at = duration->left > 0 ? duration->at : 0;
  }
}
