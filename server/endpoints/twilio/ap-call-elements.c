/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/twilio/ap-call-elements.h"

#include <string.h>

typedef struct {
  ApCallEncoding encoding;
  const char *caps;    /* but for rate and channels */
  const char *decoder; /* to S16LE; NULL: it is that */
  const char *encoder;
} Law;

static const Law laws[] = {
  { AP_CALL_ENCODING_MULAW, "audio/x-mulaw", "mulawdec_demo", "mulawenc_demo" },
  { AP_CALL_ENCODING_ALAW, "audio/x-alaw", "alawdec", "alawenc" },
  { AP_CALL_ENCODING_L16LE, "audio/x-raw,format=S16LE,layout=interleaved", NULL, NULL },
  { AP_CALL_ENCODING_L16BE, "audio/x-raw,format=S16BE,layout=interleaved", "audioconvert", "audioconvert" },
};

/* No telephone has less; and what is far less has frames of no bytes, and minutes in a few of them. */
#define LEAST_RATE 8000

static const Law *
find_law (const ApCallAudio *audio)
{
  for (guint i = 0; i < G_N_ELEMENTS (laws); i++)
    if (laws[i].encoding == audio->encoding && audio->channels == 1 && audio->rate >= LEAST_RATE)
      return &laws[i];
  return NULL;
}

static char *
pcm_caps (guint rate)
{
  return g_strdup_printf (AP_CALL_PCM_CAPS ("%u"), rate);
}

static void
append (GString *elements, const char *element)
{
  g_string_append_printf (elements, "%s%s", elements->len > 0 ? " ! " : "", element);
}

/* To @rate, in 16-bit PCM. */
static void
append_rate (GString *elements, guint rate)
{
  g_autofree char *caps = pcm_caps (rate);

  append (elements, AP_CALL_RESAMPLER);
  append (elements, "capsfilter caps=");
  g_string_append (elements, caps);
}

char *
ap_call_elements_make (const ApCallAudio *audio, const char *elements, GstCaps **caps)
{
  const Law *law = find_law (audio);
  g_autofree char *wire = NULL;
  GString *all = g_string_new (NULL);

  if (law == NULL)
    return g_string_free (all, TRUE);
  wire = g_strdup_printf ("%s,rate=%u,channels=1", law->caps, audio->rate);
  *caps = gst_caps_from_string (wire);
  if (law->decoder != NULL)
    append (all, law->decoder);
  if (audio->rate != AP_CALL_MODEL_RATE)
    append_rate (all, AP_CALL_MODEL_RATE);
  if (elements != NULL)
    append (all, elements);
  if (audio->rate != AP_CALL_MODEL_RATE)
    append (all, AP_CALL_RESAMPLER); /* to the rate that is asked for at the end */
  if (law->encoder != NULL)
    append (all, law->encoder);
  if (all->len == 0)
    append (all, "identity");
  return g_string_free (all, FALSE);
}

/* The format in the chunk "fmt " of a WAV file (RIFF: each chunk is a name, a length, and so many bytes, even). 0: it
 * has none */
static guint
wav_format (GBytes *wav)
{
  gsize size;
  guint64 length;
  const guint8 *data = g_bytes_get_data (wav, &size);

  for (guint64 at = 12; at + 10 <= size; at += 8 + length + length % 2) {
    length = data[at + 4] | data[at + 5] << 8 | data[at + 6] << 16 | (guint64)data[at + 7] << 24;
    if (memcmp (data + at, "fmt ", 4) == 0)
      return data[at + 8] | (guint)data[at + 9] << 8;
  }
  return 0;
}

/* What is neither is left to wavparse, and must be linear. */
static const Law *
law_of_wav (GBytes *wav)
{
  switch (wav_format (wav)) {
  case 6:
    return find_law (&(ApCallAudio){ AP_CALL_ENCODING_ALAW, LEAST_RATE, 1 });
  case 7:
    return find_law (&(ApCallAudio){ AP_CALL_ENCODING_MULAW, LEAST_RATE, 1 });
  default:
    return NULL;
  }
}

/* A file of one sample a second would be days from a few kilobytes. */
#define WAV_RATES "rate=[4000,768000]"

char *
ap_call_elements_from_wav (const ApCallAudio *audio, GBytes *wav)
{
  const Law *law = find_law (audio), *of_wav = law_of_wav (wav);
  GString *all = g_string_new ("wavparse ! capsfilter caps=");

  g_string_append_printf (all, "%s," WAV_RATES, of_wav != NULL ? of_wav->caps : "audio/x-raw");
  if (of_wav != NULL)
    append (all, of_wav->decoder);
  append (all, "audioconvert");
  append_rate (all, audio->rate);
  if (law != NULL && law->encoder != NULL)
    append (all, law->encoder);
  return g_string_free (all, FALSE);
}
