/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/recording/decoder/ap-stream-head.h"

#include "endpoints/recording/decoder/ap-container.h"

#include <string.h>

#define ID3_HEADER   10
#define FLAC_WORD    4
#define STREAMINFO   34
#define BLOCK_HEADER 4

typedef enum {
  STATE_TAG,        /* the beginning of a file, or of a tag before it */
  STATE_WORD,       /* the beginning of a file */
  STATE_STREAMINFO, /* behind the word */
  STATE_BLOCK,      /* the beginning of another block of FLAC's metadata */
  STATE_SKIP_TAG,
  STATE_SKIP_BLOCK,
  STATE_OVER,
} State;

static void
enter (ApStreamHead *head, State state, gsize want)
{
  head->state = state;
  head->have = 0;
  head->want = want;
}

/* The words stand at different places. */
static gsize
word_length (ApContainer container)
{
  return container == AP_CONTAINER_MP4 ? 8 : 4;
}

static gboolean
has_word (const ApStreamHead *head)
{
  const guint8 *bytes = head->bytes;

  switch (head->container) {
  case AP_CONTAINER_FLAC:
    return memcmp (bytes, "fLaC", 4) == 0;
  case AP_CONTAINER_OGG:
    return memcmp (bytes, "OggS", 4) == 0;
  case AP_CONTAINER_WEBM:
    return memcmp (bytes, "\x1a\x45\xdf\xa3", 4) == 0;
  case AP_CONTAINER_MP4:
    return memcmp (bytes + 4, "ftyp", 4) == 0;
  case AP_CONTAINER_NONE:
  case AP_CONTAINER_PCM:
  case AP_CONTAINER_WAV:
  case AP_CONTAINER_MP3:
  case AP_CONTAINER_ADTS:
    break;
  }
  return TRUE;
}

void
ap_stream_head_init (ApStreamHead *head, ApContainer container)
{
  memset (head, 0, sizeof *head);
  head->container = container;
  if (container == AP_CONTAINER_MP3 || container == AP_CONTAINER_ADTS || container == AP_CONTAINER_FLAC)
    enter (head, STATE_TAG, 3);
  else
    enter (head, STATE_WORD, word_length (container));
}

gboolean
ap_stream_head_is_over (const ApStreamHead *head)
{
  return head->state == STATE_OVER;
}

/* As many bytes of @bytes as are there, plus what its state leaves out. */
static void
pass_on (ApStreamHead *head, GByteArray *out)
{
  g_byte_array_append (out, head->bytes, (guint)head->have);
  enter (head, STATE_OVER, 0);
}

static gboolean
fail (const ApStreamHead *head, GError **error)
{
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "this is no %s",
               ap_container_name (head->container));
  return FALSE;
}

static gboolean
read_word (ApStreamHead *head, GByteArray *out, GError **error)
{
  if (!has_word (head))
    return fail (head, error);
  if (head->container == AP_CONTAINER_FLAC) {
    head->state = STATE_STREAMINFO;
    head->want = FLAC_WORD + BLOCK_HEADER + STREAMINFO;
  } else
    pass_on (head, out);
  return TRUE;
}

/* Three bytes tell whether it is a tag, ten how long it is; its footer is not counted in its length. */
static gboolean
read_tag (ApStreamHead *head, GByteArray *out, GError **error)
{
  const guint8 *bytes = head->bytes;

  if (memcmp (bytes, "ID3", 3) != 0) {
    if (head->container != AP_CONTAINER_FLAC) {
      pass_on (head, out);
      return TRUE;
    }
    head->state = STATE_WORD;
    head->want = FLAC_WORD;
    return TRUE;
  }
  if (head->want < ID3_HEADER) {
    head->want = ID3_HEADER;
    return TRUE;
  }
  head->left = (guint32)(bytes[6] & 0x7f) << 21 | (guint32)(bytes[7] & 0x7f) << 14 | (guint32)(bytes[8] & 0x7f) << 7 |
               (bytes[9] & 0x7f);
  if ((bytes[5] & 0x10) != 0)
    head->left += ID3_HEADER;
  enter (head, STATE_SKIP_TAG, 0);
  return TRUE;
}

static gboolean
read_streaminfo (ApStreamHead *head, GByteArray *out, GError **error)
{
  guint8 *block = head->bytes + FLAC_WORD;
  gboolean last = (block[0] & 0x80) != 0;

  if ((block[0] & 0x7f) != 0 || block[1] != 0 || block[2] != 0 || block[3] != STREAMINFO)
    return fail (head, error);
  block[0] |= 0x80; /* to the decoder it is the only one */
  pass_on (head, out);
  if (!last)
    enter (head, STATE_BLOCK, BLOCK_HEADER);
  return TRUE;
}

static gboolean
read_block (ApStreamHead *head, GError **error)
{
  const guint8 *block = head->bytes;

  if ((block[0] & 0x7f) == 0x7f)
    return fail (head, error);
  head->last_block = (block[0] & 0x80) != 0;
  head->left = (guint32)block[1] << 16 | (guint32)block[2] << 8 | block[3];
  enter (head, STATE_SKIP_BLOCK, 0);
  return TRUE;
}

static gboolean
read_bytes (ApStreamHead *head, GByteArray *out, GError **error)
{
  switch ((State)head->state) {
  case STATE_TAG:
    return read_tag (head, out, error);
  case STATE_WORD:
    return read_word (head, out, error);
  case STATE_STREAMINFO:
    return read_streaminfo (head, out, error);
  case STATE_BLOCK:
    return read_block (head, error);
  case STATE_SKIP_TAG:
  case STATE_SKIP_BLOCK:
  case STATE_OVER:
    break;
  }
  return TRUE;
}

static gsize
skip (ApStreamHead *head, gsize length)
{
  gsize skipped = MIN (length, head->left);

  head->left -= (guint32)skipped;
  if (head->left > 0)
    return skipped;
  if (head->state == STATE_SKIP_TAG)
    enter (head, STATE_TAG, 3);
  else if (head->last_block)
    enter (head, STATE_OVER, 0);
  else
    enter (head, STATE_BLOCK, BLOCK_HEADER);
  return skipped;
}

gboolean
ap_stream_head_take (ApStreamHead *head, const guint8 *data, gsize length, GByteArray *out, gsize *taken,
                     GError **error)
{
  *taken = 0;
  while (head->state != STATE_OVER && *taken < length) {
    gsize n = MIN (length - *taken, head->want - head->have);

    if (head->want == 0) {
      *taken += skip (head, length - *taken);
      continue;
    }
    memcpy (head->bytes + head->have, data + *taken, n);
    head->have += n;
    *taken += n;
    if (head->have == head->want && !read_bytes (head, out, error))
      return FALSE;
  }
  return TRUE;
}
