/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/recording/decoder/ap-wav-splitter.h"

#include <string.h>

/* A length that is not told. */
#define ENDLESS G_MAXUINT64
/* Longer chunks are not left out but an error: they may well be samples. */
#define MAX_CHUNK (16 * 1024 * 1024)

typedef enum {
  STATE_MAGIC,
  STATE_CHUNK,
  STATE_FORMAT,
  STATE_DS64,
  STATE_SKIP,
  STATE_SAMPLES,
  STATE_RAW,
} State;

struct _ApWavSplitter {
  const ApWavCallbacks *callbacks;
  gpointer owner;
  State state;

  guint8 head[40]; /* of what the state wants to see whole */
  gsize have, want;
  guint64 left;    /* bytes of the chunk that are not in @head; ENDLESS: all that come */
  gboolean padded; /* one more byte follows, for an even length */

  ApWavFormat format;
  gboolean has_format;
  guint64 ds64_samples; /* bytes; ENDLESS: not told */
};

static guint16
u16_at (const guint8 *data)
{
  return (guint16)(data[0] | data[1] << 8);
}

static guint32
u32_at (const guint8 *data)
{
  return u16_at (data) | (guint32)u16_at (data + 2) << 16;
}

static gboolean
is (const guint8 *data, const char *word)
{
  return memcmp (data, word, 4) == 0;
}

static gboolean
is_magic (const guint8 *data)
{
  return is (data, "RIFF") || is (data, "RF64") || is (data, "BW64");
}

static void
enter (ApWavSplitter *splitter, State state, gsize want)
{
  splitter->state = state;
  splitter->have = 0;
  splitter->want = want;
}

ApWavSplitter *
ap_wav_splitter_new (const ApWavCallbacks *callbacks, gpointer owner)
{
  ApWavSplitter *splitter = g_new0 (ApWavSplitter, 1);

  splitter->callbacks = callbacks;
  splitter->owner = owner;
  splitter->ds64_samples = ENDLESS;
  enter (splitter, STATE_MAGIC, 12);
  return splitter;
}

void
ap_wav_splitter_free (ApWavSplitter *splitter)
{
  g_free (splitter);
}

static gboolean G_GNUC_PRINTF (2, 3) fail (GError **error, const char *format, ...)
{
  g_autofree char *reason = NULL;
  va_list arguments;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "WAV: %s", reason);
  return FALSE;
}

/* The format tag: its own, or the first bytes of the GUID of WAVE_FORMAT_EXTENSIBLE; 0: neither. */
static guint16
tag_of (const guint8 *chunk, gsize length)
{
  static const guint8 rest[] = { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71 };
  guint16 tag = u16_at (chunk);

  if (tag != 0xfffe)
    return tag;
  return length >= 40 && memcmp (chunk + 26, rest, sizeof rest) == 0 ? u16_at (chunk + 24) : 0;
}

/* Samples of fewer bits than their bytes have are at the upper end of them. */
static gboolean
find_encoding (guint16 tag, guint bits, ApWavFormat *format)
{
  static const struct {
    guint16 tag, bytes;
    ApWavEncoding encoding;
  } rows[] = { { 1, 1, AP_WAV_U8 },  { 1, 2, AP_WAV_S16 }, { 1, 3, AP_WAV_S24 },  { 1, 4, AP_WAV_S32 },
               { 3, 4, AP_WAV_F32 }, { 3, 8, AP_WAV_F64 }, { 6, 1, AP_WAV_ALAW }, { 7, 1, AP_WAV_MULAW } };
  guint bytes = (bits + 7) / 8;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].tag == tag && rows[i].bytes == bytes) {
      format->encoding = rows[i].encoding;
      format->frame_bytes = bytes * format->channels;
      return TRUE;
    }
  return FALSE;
}

static gboolean
read_format (ApWavSplitter *splitter, GError **error)
{
  const guint8 *chunk = splitter->head;
  guint16 tag = tag_of (chunk, splitter->have);
  guint bits = u16_at (chunk + 14);
  guint align = u16_at (chunk + 12);
  ApWavFormat format = { .channels = u16_at (chunk + 2), .sample_rate = u32_at (chunk + 4) };

  if (format.channels < 1 || format.channels > 8)
    return fail (error, "%u channels are not supported, 1 to 8 are", format.channels);
  if (format.sample_rate < 4000 || format.sample_rate > 768000)
    return fail (error, "a rate of %u Hz is not supported, 4000 to 768000 are", format.sample_rate);
  if (!find_encoding (tag, bits, &format))
    return fail (error,
                 "the encoding 0x%04x with %u bits is not supported; PCM of 8, 16, 24 and 32 bits, float of 32 and 64,"
                 " A-law and mu-law are",
                 tag, bits);
  if (align != 0 && align != format.frame_bytes)
    return fail (error, "%u bytes for a sample of every channel do not fit %u channels of %u bits", align,
                 format.channels, bits);
  if (u16_at (chunk) == 0xfffe)
    format.channel_mask = u32_at (chunk + 20);
  splitter->format = format;
  splitter->has_format = TRUE;
  return TRUE;
}

static gboolean
begin_samples (ApWavSplitter *splitter, guint32 size, GError **error)
{
  if (!splitter->has_format)
    return fail (error, "its samples come before their format");
  if (size == 0)
    splitter->left = ENDLESS;
  else if (size == G_MAXUINT32)
    splitter->left = splitter->ds64_samples;
  else
    splitter->left = size;
  splitter->padded = splitter->left != ENDLESS && splitter->left % 2 == 1;
  enter (splitter, STATE_SAMPLES, 0);
  return splitter->callbacks->format (splitter->owner, &splitter->format, error);
}

static gboolean
is_name (const guint8 *data)
{
  for (guint i = 0; i < 4; i++)
    if (data[i] < ' ' || data[i] > '~')
      return FALSE;
  return TRUE;
}

/* All of @head is wanted from a chunk of @size bytes; those behind it are left out. */
static void
read_chunk (ApWavSplitter *splitter, State state, gsize want, guint64 size)
{
  splitter->left = size - want;
  splitter->padded = size % 2 == 1;
  enter (splitter, state, want);
}

static gboolean
begin_chunk (ApWavSplitter *splitter, GError **error)
{
  const guint8 *name = splitter->head;
  guint32 size = u32_at (splitter->head + 4);

  if (is (name, "data"))
    return begin_samples (splitter, size, error);
  if (is_magic (name)) { /* another file */
    splitter->state = STATE_MAGIC;
    splitter->want = 12;
    return TRUE;
  }
  if (!is_name (name))
    return fail (error, "what stands where a chunk must begin is none");
  if (size > MAX_CHUNK)
    return fail (error, "a chunk '%.4s' of %u bytes is not supported", (const char *)name, size);
  if (is (name, "fmt ") && size < 16)
    return fail (error, "its format takes %u bytes; the shortest one has 16", size);
  if (is (name, "ds64") && size < 24)
    return fail (error, "its chunk of 64-bit sizes takes %u bytes; the shortest one has 24", size);
  if (is (name, "fmt "))
    read_chunk (splitter, STATE_FORMAT, MIN (size, sizeof splitter->head), size);
  else if (is (name, "ds64"))
    read_chunk (splitter, STATE_DS64, 24, size);
  else
    read_chunk (splitter, STATE_SKIP, 0, size);
  return TRUE;
}

static gboolean
read_magic (ApWavSplitter *splitter, GError **error)
{
  if (!is (splitter->head + 8, "WAVE"))
    return fail (error, "this is a RIFF file of another kind");
  splitter->has_format = FALSE;
  splitter->ds64_samples = ENDLESS;
  enter (splitter, STATE_CHUNK, 8);
  return TRUE;
}

static void
read_ds64 (ApWavSplitter *splitter)
{
  guint64 size = u32_at (splitter->head + 8) | (guint64)u32_at (splitter->head + 12) << 32;

  splitter->ds64_samples = size == 0 || size >= G_MAXINT64 ? ENDLESS : size;
}

static void
begin_next (ApWavSplitter *splitter)
{
  if (!splitter->padded) {
    enter (splitter, STATE_CHUNK, 8);
    return;
  }
  splitter->padded = FALSE;
  splitter->left = 1;
  enter (splitter, STATE_SKIP, 0);
}

/* @head is full. */
static gboolean
read_head (ApWavSplitter *splitter, GError **error)
{
  switch (splitter->state) {
  case STATE_MAGIC:
    return read_magic (splitter, error);
  case STATE_CHUNK:
    return begin_chunk (splitter, error);
  case STATE_FORMAT:
    if (!read_format (splitter, error))
      return FALSE;
    enter (splitter, STATE_SKIP, 0);
    return TRUE;
  case STATE_DS64:
    read_ds64 (splitter);
    enter (splitter, STATE_SKIP, 0);
    return TRUE;
  case STATE_SKIP:
  case STATE_SAMPLES:
  case STATE_RAW:
    break;
  }
  return TRUE;
}

/* FALSE: what is in @head so far is no beginning of a file. */
static gboolean
may_be_magic (const ApWavSplitter *splitter)
{
  gsize length = MIN (splitter->have, 4);

  return memcmp (splitter->head, "RIFF", length) == 0 || memcmp (splitter->head, "RF64", length) == 0 ||
         memcmp (splitter->head, "BW64", length) == 0;
}

static gboolean
begin_raw (ApWavSplitter *splitter, GError **error)
{
  gsize length = splitter->have;

  enter (splitter, STATE_RAW, 0);
  return splitter->callbacks->format (splitter->owner, NULL, error) &&
         splitter->callbacks->samples (splitter->owner, splitter->head, length, error);
}

static gboolean
collect (ApWavSplitter *splitter, const guint8 *data, gsize length, GError **error)
{
  memcpy (splitter->head + splitter->have, data, length);
  splitter->have += length;
  if (splitter->state == STATE_MAGIC && !may_be_magic (splitter))
    return begin_raw (splitter, error);
  return splitter->have < splitter->want || read_head (splitter, error);
}

/* Takes up to *@length bytes and sets it to how many it took. */
static gboolean
step (ApWavSplitter *splitter, const guint8 *data, gsize *length, GError **error)
{
  if (splitter->have < splitter->want) {
    *length = MIN (*length, splitter->want - splitter->have);
    return collect (splitter, data, *length, error);
  }
  if (splitter->state != STATE_RAW && splitter->left != ENDLESS) {
    *length = (gsize)MIN (*length, splitter->left);
    splitter->left -= *length;
  }
  if (splitter->state != STATE_SKIP && *length > 0 &&
      !splitter->callbacks->samples (splitter->owner, data, *length, error))
    return FALSE;
  if (splitter->state != STATE_RAW && splitter->left == 0)
    begin_next (splitter);
  return TRUE;
}

gboolean
ap_wav_splitter_feed (ApWavSplitter *splitter, const guint8 *data, gsize length, GError **error)
{
  while (length > 0) {
    gsize taken = length;

    if (!step (splitter, data, &taken, error))
      return FALSE;
    data += taken;
    length -= taken;
  }
  return TRUE;
}
