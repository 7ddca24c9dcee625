/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/twilio/ap-call-elements.h"

#include "base/ap-error.h"

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

static const char *
resampler (guint from, guint to)
{
  return (guint64)from == 2 * (guint64)to || (guint64)to == 2 * (guint64)from ? AP_CALL_RESAMPLER
                                                                              : AP_CALL_OTHER_RESAMPLER;
}

/* To @rate, in 16-bit PCM. */
static void
append_rate (GString *elements, const char *by, guint rate)
{
  g_autofree char *caps = pcm_caps (rate);

  append (elements, by);
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
    append_rate (all, resampler (audio->rate, AP_CALL_MODEL_RATE), AP_CALL_MODEL_RATE);
  if (elements != NULL)
    append (all, elements);
  if (audio->rate != AP_CALL_MODEL_RATE)
    append (all, resampler (AP_CALL_MODEL_RATE, audio->rate)); /* to the rate that is asked for at the end */
  if (law->encoder != NULL)
    append (all, law->encoder);
  if (all->len == 0)
    append (all, "identity");
  return g_string_free (all, FALSE);
}

gboolean
ap_call_elements_load (GError **error)
{
  static const char *const names[] = { "wavparse", "audioconvert", "alawdec", "alawenc" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstElement) element = gst_element_factory_make (names[i], NULL);

    if (element == NULL) {
      g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "no element \"%s\"", names[i]);
      return FALSE;
    }
    gst_object_ref_sink (element);
  }
  return TRUE;
}

/* What the chunk "fmt " of a WAV file says; zeros where there is none. */
typedef struct {
  guint format, channels, rate;
  guint block; /* bytes of one sample of each channel */
} WavFormat;

static guint
little_endian (const guint8 *bytes, guint n)
{
  guint value = 0;

  while (n-- > 0)
    value = value << 8 | bytes[n];
  return value;
}

/* RIFF: each chunk is a name, a length, and so many bytes, even. */
static WavFormat
wav_format (GBytes *wav)
{
  gsize size;
  guint64 length;
  const guint8 *data = g_bytes_get_data (wav, &size);

  for (guint64 at = 12; at + 24 <= size; at += 8 + length + length % 2) {
    const guint8 *chunk = data + at;

    length = little_endian (chunk + 4, 4);
    if (memcmp (chunk, "fmt ", 4) == 0)
      return (WavFormat){ little_endian (chunk + 8, 2), little_endian (chunk + 10, 2), little_endian (chunk + 12, 4),
                          little_endian (chunk + 20, 2) };
  }
  return (WavFormat){ 0 };
}

/* What is neither is left to wavparse, and must be linear. */
static const Law *
law_of_wav (GBytes *wav)
{
  switch (wav_format (wav).format) {
  case 6:
    return find_law (&(ApCallAudio){ AP_CALL_ENCODING_ALAW, LEAST_RATE, 1 });
  case 7:
    return find_law (&(ApCallAudio){ AP_CALL_ENCODING_MULAW, LEAST_RATE, 1 });
  default:
    return NULL;
  }
}

/* A file of one sample a second would be days from a few kilobytes, and thousands of channels take hours to mix. */
#define LEAST_WAV_RATE    4000
#define MOST_WAV_RATE     768000
#define MOST_WAV_CHANNELS 8

gboolean
ap_call_wav_check (GBytes *wav, GError **error)
{
  WavFormat format = wav_format (wav);

  if (format.format == 0) {
    g_set_error (error, AP_ERROR, AP_ERROR_PIPELINE, "it does not say what is in it");
    return FALSE;
  }
  if (format.rate >= LEAST_WAV_RATE && format.rate <= MOST_WAV_RATE && format.channels >= 1 &&
      format.channels <= MOST_WAV_CHANNELS)
    return TRUE;
  g_set_error (error, AP_ERROR, AP_ERROR_PIPELINE,
               "it has %u channels of %u samples a second; it may have 1 to %d, of %d to %d", format.channels,
               format.rate, MOST_WAV_CHANNELS, LEAST_WAV_RATE, MOST_WAV_RATE);
  return FALSE;
}

gsize
ap_call_wav_bytes (GBytes *wav, guint ms)
{
  WavFormat format = wav_format (wav);

  return (gsize)((guint64)format.rate * format.block * ms / 1000);
}

char *
ap_call_elements_from_wav (const ApCallAudio *audio, GBytes *wav)
{
  const Law *law = find_law (audio), *of_wav = law_of_wav (wav);
  GString *all = g_string_new ("wavparse ! capsfilter caps=");

  g_string_append_printf (all, "%s,rate=[%d,%d],channels=[1,%d]", of_wav != NULL ? of_wav->caps : "audio/x-raw",
                          LEAST_WAV_RATE, MOST_WAV_RATE, MOST_WAV_CHANNELS);
  if (of_wav != NULL)
    append (all, of_wav->decoder);
  append (all, "audioconvert");
  append_rate (all, AP_CALL_OTHER_RESAMPLER, audio->rate);
  if (law != NULL && law->encoder != NULL)
    append (all, law->encoder);
  return g_string_free (all, FALSE);
}
