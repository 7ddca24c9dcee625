/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/twilio/ap-call-elements.h"

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

/* A file of one sample a second would be days from a few kilobytes. */
#define WAV_CAPS "audio/x-raw,rate=[4000,768000]"

char *
ap_call_elements_from_wav (const ApCallAudio *audio)
{
  const Law *law = find_law (audio);
  GString *all = g_string_new ("wavparse ! capsfilter caps=" WAV_CAPS " ! audioconvert");

  append_rate (all, audio->rate);
  if (law != NULL && law->encoder != NULL)
    append (all, law->encoder);
  return g_string_free (all, FALSE);
}
