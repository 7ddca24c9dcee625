/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The many names of three encodings. */
#include "endpoints/twilio/ap-call-audio.h"

#include <string.h>

static const struct {
  const char *name;
  ApCallEncoding encoding;
  guint rate; /* 0: the name does not tell */
} names[] = {
  { "mulaw", AP_CALL_ENCODING_MULAW, 0 },      { "pcmu", AP_CALL_ENCODING_MULAW, 0 },
  { "ulaw", AP_CALL_ENCODING_MULAW, 8000 },    { "alaw", AP_CALL_ENCODING_ALAW, 0 },
  { "pcma", AP_CALL_ENCODING_ALAW, 0 },        { "l16", AP_CALL_ENCODING_L16LE, 0 },
  { "linear16", AP_CALL_ENCODING_L16LE, 0 },   { "slin", AP_CALL_ENCODING_L16LE, 8000 },
  { "slin12", AP_CALL_ENCODING_L16LE, 12000 }, { "slin16", AP_CALL_ENCODING_L16LE, 16000 },
  { "slin24", AP_CALL_ENCODING_L16LE, 24000 }, { "slin32", AP_CALL_ENCODING_L16LE, 32000 },
  { "slin44", AP_CALL_ENCODING_L16LE, 44100 }, { "slin48", AP_CALL_ENCODING_L16LE, 48000 },
  { "slin96", AP_CALL_ENCODING_L16LE, 96000 }, { "slin192", AP_CALL_ENCODING_L16LE, 192000 },
};

const char *
ap_call_encoding_name (ApCallEncoding encoding)
{
  static const char *const words[] = {
    [AP_CALL_ENCODING_OTHER] = "other", [AP_CALL_ENCODING_MULAW] = "mulaw", [AP_CALL_ENCODING_ALAW] = "alaw",
    [AP_CALL_ENCODING_L16LE] = "l16le", [AP_CALL_ENCODING_L16BE] = "l16be",
  };

  return words[encoding];
}

guint
ap_call_encoding_bytes (ApCallEncoding encoding)
{
  switch (encoding) {
  case AP_CALL_ENCODING_MULAW:
  case AP_CALL_ENCODING_ALAW:
    return 1;
  case AP_CALL_ENCODING_L16LE:
  case AP_CALL_ENCODING_L16BE:
    return 2;
  case AP_CALL_ENCODING_OTHER:
  default:
    return 0;
  }
}

/* `audio/x-` in front of a name says nothing. */
static const char *
bare_name (const char *name)
{
  if (g_ascii_strncasecmp (name, "audio/", strlen ("audio/")) == 0)
    name += strlen ("audio/");
  if (g_ascii_strncasecmp (name, "x-", strlen ("x-")) == 0)
    name += strlen ("x-");
  return name;
}

/* Of `@16000h` and `;rate=16000`. */
static guint
rate_behind (const char *name)
{
  guint64 rate = g_ascii_strtoull (name + strcspn (name, "0123456789"), NULL, 10);

  return rate <= 192000 ? (guint)rate : 0;
}

void
ap_call_audio_read_name (const char *name, ApCallEncoding l16, ApCallAudio *audio)
{
  const char *bare = bare_name (name);
  gsize length = strcspn (bare, "@; ");
  guint rate = rate_behind (bare + length);

  audio->encoding = AP_CALL_ENCODING_OTHER;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (strlen (names[i].name) != length || g_ascii_strncasecmp (bare, names[i].name, length) != 0)
      continue;
    audio->encoding = names[i].encoding == AP_CALL_ENCODING_L16LE ? l16 : names[i].encoding;
    rate = rate > 0 ? rate : names[i].rate;
  }
  audio->rate = rate > 0 ? rate : audio->rate;
}
