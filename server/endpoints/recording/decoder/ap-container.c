/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells what a message begins by its first bytes. */
#include "endpoints/recording/decoder/ap-container.h"

#include <string.h>

typedef struct {
  ApContainer untold; /* what begins without a word that tells */
  ApContainer tagged; /* what an ID3v2 tag begins; NONE: nothing */
  guint takes;        /* a bit for each container */
} Format;

#define BIT(container) (1U << AP_CONTAINER_##container)

static const Format formats[] = {
  [AP_RECORDING_FORMAT_WAV] = { AP_CONTAINER_PCM, AP_CONTAINER_NONE, BIT (WAV) },
  [AP_RECORDING_FORMAT_MP3] = { AP_CONTAINER_MP3, AP_CONTAINER_MP3, BIT (MP3) },
  [AP_RECORDING_FORMAT_FLAC] = { AP_CONTAINER_FLAC, AP_CONTAINER_FLAC, BIT (FLAC) },
  [AP_RECORDING_FORMAT_AAC] = { AP_CONTAINER_ADTS, AP_CONTAINER_ADTS, BIT (ADTS) | BIT (MP4) },
  [AP_RECORDING_FORMAT_OGG] = { AP_CONTAINER_OGG, AP_CONTAINER_NONE, BIT (OGG) },
  [AP_RECORDING_FORMAT_WEBM] = { AP_CONTAINER_WEBM, AP_CONTAINER_NONE, BIT (WEBM) },
};

static const char *const names[] = {
  [AP_CONTAINER_NONE] = "nothing", [AP_CONTAINER_PCM] = "raw samples", [AP_CONTAINER_WAV] = "WAV",
  [AP_CONTAINER_MP3] = "MP3",      [AP_CONTAINER_FLAC] = "FLAC",       [AP_CONTAINER_ADTS] = "AAC in ADTS",
  [AP_CONTAINER_MP4] = "MP4",      [AP_CONTAINER_OGG] = "Ogg",         [AP_CONTAINER_WEBM] = "WebM",
};

const char *
ap_container_name (ApContainer container)
{
  return names[container];
}

static gboolean
has (const guint8 *data, gsize length, gsize at, const char *word, gsize word_length)
{
  return length >= at + word_length && memcmp (data + at, word, word_length) == 0;
}

#define HAS(at, word) has (data, length, at, word, sizeof word - 1)

static gboolean
is_wav (const guint8 *data, gsize length)
{
  return HAS (8, "WAVE") && (HAS (0, "RIFF") || HAS (0, "RF64") || HAS (0, "BW64"));
}

/* The word, and a STREAMINFO block, which comes first and is 34 bytes long. */
static gboolean
is_flac (const guint8 *data, gsize length)
{
  return HAS (0, "fLaC\x00\x00\x00\x22") || HAS (0, "fLaC\x80\x00\x00\x22");
}

/* The first page of a stream: version 0, "beginning of stream" and nothing else, and no sample yet. */
static gboolean
is_ogg (const guint8 *data, gsize length)
{
  return HAS (0, "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00");
}

/* The word, a length of 1 to 8 bytes, and an element that belongs into an EBML header: all of them are 0x42.. but the
 * fillers. */
static gboolean
is_webm (const guint8 *data, gsize length)
{
  gsize at = 5;

  if (!HAS (0, "\x1a\x45\xdf\xa3") || length < 5 || data[4] == 0)
    return FALSE;
  while ((data[4] << (at - 5) & 0x80) == 0)
    at++;
  return HAS (at, "\x42\x86") || HAS (at, "\x42\xf7") || HAS (at, "\x42\xf2") || HAS (at, "\x42\xf3") ||
         HAS (at, "\x42\x82") || HAS (at, "\x42\x87") || HAS (at, "\x42\x85");
}

/* A box of less than 1 KiB, in whole words as its list of brands is. */
static gboolean
is_mp4 (const guint8 *data, gsize length)
{
  return HAS (4, "ftyp") && data[0] == 0 && data[1] == 0 && data[2] < 4 && data[3] % 4 == 0;
}

/* ID3v2.2 to 2.4: the length is four times seven bits. */
static gboolean
is_id3 (const guint8 *data, gsize length)
{
  return HAS (0, "ID3") && length >= 10 && data[3] >= 2 && data[3] <= 4 && data[4] == 0 && (data[5] & 0x0f) == 0 &&
         ((data[6] | data[7] | data[8] | data[9]) & 0x80) == 0;
}

/* ---- frames ---- */

/* Of MPEG audio, layer III (ISO/IEC 11172-3, 2.4.2.3; 13818-3), as its head says; 0: this is none. */
static gsize
mp3_frame_length (const guint8 *head)
{
  static const guint16 kbits[2][16] = {
    { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0 }, /* MPEG-1 */
    { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0 },     /* MPEG-2, and 2.5 */
  };
  static const guint rates[] = { 44100, 48000, 32000, 0 };
  guint version = head[1] >> 3 & 3; /* 0: 2.5; 2: MPEG-2; 3: MPEG-1 */
  guint rate = rates[head[2] >> 2 & 3] >> (version == 0 ? 2 : version == 2 ? 1 : 0);
  guint kbit = kbits[version == 3 ? 0 : 1][head[2] >> 4];

  if (head[0] != 0xff || (head[1] & 0xe6) != 0xe2 || version == 1 || rate == 0 || kbit == 0)
    return 0;
  return (version == 3 ? 144 : 72) * kbit * 1000 / rate + (head[2] >> 1 & 1);
}

/* The same of ADTS (ISO/IEC 13818-7, 6.2). */
static gsize
adts_frame_length (const guint8 *head)
{
  gsize length = (gsize)(head[3] & 3) << 11 | (gsize)head[4] << 3 | head[5] >> 5;

  return head[0] == 0xff && (head[1] & 0xf6) == 0xf0 && (head[2] >> 2 & 0xf) < 13 && length >= 7 ? length : 0;
}

/* Three heads, each where the one before says, and all of the same kind and rate: 46 bits or more. */
static gboolean
has_frames (const guint8 *data, gsize length, gsize (*frame_length) (const guint8 *head), gsize head_length)
{
  gsize at = 0;

  for (guint n = 0; n < 3; n++) {
    gsize step;

    if (length < at + head_length || data[at + 1] != data[1] || ((data[at + 2] ^ data[2]) & 0x0c) != 0)
      return FALSE;
    step = frame_length (data + at);
    if (step == 0)
      return FALSE;
    at += step;
  }
  return TRUE;
}

static ApContainer
sniff_frames (const guint8 *data, gsize length)
{
  if (has_frames (data, length, mp3_frame_length, 4))
    return AP_CONTAINER_MP3;
  return has_frames (data, length, adts_frame_length, 7) ? AP_CONTAINER_ADTS : AP_CONTAINER_NONE;
}

/* ---- words ---- */

static ApContainer
sniff (const Format *format, const guint8 *data, gsize length)
{
  static const struct {
    gboolean (*is) (const guint8 *data, gsize length);
    ApContainer container;
  } rows[] = { { is_wav, AP_CONTAINER_WAV },
               { is_flac, AP_CONTAINER_FLAC },
               { is_ogg, AP_CONTAINER_OGG },
               { is_webm, AP_CONTAINER_WEBM },
               { is_mp4, AP_CONTAINER_MP4 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].is (data, length))
      return rows[i].container;
  if (is_id3 (data, length))
    return format->tagged != AP_CONTAINER_NONE ? format->tagged : AP_CONTAINER_MP3;
  return AP_CONTAINER_NONE;
}

/* What no recording takes, and would be heard as noise among raw samples; NULL: none of them. At least 8 bytes each, so
 * that samples are never held to be one. */
static const char *
name_stranger (const guint8 *data, gsize length)
{
  if (HAS (0, "FORM") && (HAS (8, "AIFF") || HAS (8, "AIFC")))
    return "AIFF";
  if (HAS (0, "RIFX") && HAS (8, "WAVE"))
    return "big-endian WAV";
  if (HAS (0, "riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"))
    return "Wave64";
  if (HAS (0, "caff\x00\x01\x00\x00"))
    return "CAF";
  if (HAS (0, ".snd\x00\x00") && HAS (12, "\x00\x00\x00")) /* before and in the number of the encoding */
    return "AU";
  if (HAS (0, "\x30\x26\xb2\x75\x8e\x66\xcf\x11"))
    return "WMA";
  return NULL;
}

/* Whether @data, all of it, is how @word begins, or the other way round. */
static gboolean
may_be (const guint8 *data, gsize length, const char *word)
{
  return length > 0 && memcmp (data, word, MIN (length, strlen (word))) == 0;
}

/* The beginning of a recording by less than a word. The readers of WAV and MP4 see when it was none. */
static ApContainer
guess (ApRecordingFormat format, const guint8 *data, gsize length)
{
  if (format == AP_RECORDING_FORMAT_WAV &&
      (may_be (data, length, "RIFF") || may_be (data, length, "RF64") || may_be (data, length, "BW64")))
    return AP_CONTAINER_WAV;
  if (format == AP_RECORDING_FORMAT_AAC && length > 0 && data[0] == 0 &&
      (length <= 4 || may_be (data + 4, length - 4, "ftyp")))
    return AP_CONTAINER_MP4;
  return formats[format].untold;
}

ApContainer
ap_container_detect (ApRecordingFormat format, ApContainer current, const guint8 *data, gsize length, GError **error)
{
  ApContainer found = sniff (&formats[format], data, length);
  const char *name = name_stranger (data, length);

  /* In a stream of frames they say nothing new, and among samples nobody asks. */
  if (found == AP_CONTAINER_NONE && (current == AP_CONTAINER_NONE || current == AP_CONTAINER_MP4))
    found = sniff_frames (data, length);
  if (found == AP_CONTAINER_NONE && name == NULL)
    return current == AP_CONTAINER_NONE ? guess (format, data, length) : AP_CONTAINER_NONE;
  if ((formats[format].takes >> found & 1) != 0)
    return found;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "this is %s, and the recording takes %s",
               name != NULL ? name : names[found], ap_recording_format_to_string (format));
  return AP_CONTAINER_NONE;
}
