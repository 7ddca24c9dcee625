/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loop of a decoder's process: reads messages, decodes, answers. It trusts the server, nothing else. */
#include "endpoints/recording/decoder/ap-decoder-child.h"

#include "endpoints/recording/decoder/ap-decoder-chain.h"
#include "endpoints/recording/decoder/ap-decoder-descriptor.h"
#include "endpoints/recording/decoder/ap-decoder-wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One decoder for one decoder of the server's. */
typedef struct {
  int socket;
  ApDecoder *decoder; /* NULL until OPEN */
  gsize frame_bytes;
} Job;

/* Serves whichever job has the turn: between turns both are empty. */
static guint8 input[AP_DECODER_WIRE_MAX];
static struct {
  ApDecoderWireHeader header;
  guint8 samples[AP_DECODER_WIRE_MAX];
  guint8 answer[sizeof (ApDecoderWireHeader) + sizeof (ApDecoderWireReason) + AP_DECODER_WIRE_MAX_TEXT];
} output;
static gsize held; /* bytes of samples */

static gboolean
send_all (int socket, const void *data, gsize length)
{
  const guint8 *bytes = data;

  while (length > 0) {
    ssize_t sent = send (socket, bytes, length, MSG_NOSIGNAL);

    if (sent < 0 && errno != EINTR)
      return FALSE;
    bytes += MAX (sent, 0);
    length -= (gsize)MAX (sent, 0);
  }
  return TRUE;
}

static gboolean
receive_all (int socket, void *data, gsize length)
{
  guint8 *bytes = data;

  while (length > 0) {
    ssize_t got = recv (socket, bytes, length, MSG_WAITALL);

    if (got == 0 || (got < 0 && errno != EINTR))
      return FALSE;
    bytes += MAX (got, 0);
    length -= (gsize)MAX (got, 0);
  }
  return TRUE;
}

/* Sends the samples held, and @answer_length bytes of the answer right behind them. */
static gboolean
flush (Job *job, gsize answer_length)
{
  gsize samples = held;

  held = 0;
  if (samples == 0)
    return send_all (job->socket, output.answer, answer_length);
  output.header = (ApDecoderWireHeader){ AP_DECODER_WIRE_PCM, (guint32)samples };
  memmove (output.samples + samples, output.answer, answer_length);
  return send_all (job->socket, &output, sizeof output.header + samples + answer_length);
}

static gboolean
on_pcm (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  Job *job = owner;
  gsize room = AP_DECODER_WIRE_MAX / job->frame_bytes * job->frame_bytes;

  while (length > 0) {
    gsize part = MIN (length, room - held);

    memcpy (output.samples + held, data, part);
    held += part;
    data += part;
    length -= part;
    if (held < room || flush (job, 0))
      continue;
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED, "the server has left");
    return FALSE;
  }
  return TRUE;
}

static gboolean
answer_done (Job *job)
{
  ApDecoderWireHeader header = { AP_DECODER_WIRE_DONE, 0 };

  memcpy (output.answer, &header, sizeof header);
  return flush (job, sizeof header);
}

/* What had come out before goes with it: the server asked for it. */
static void
answer_failed (Job *job, const GError *error)
{
  gboolean undecodable = g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  ApDecoderWireReason reason = undecodable ? AP_DECODER_WIRE_UNDECODABLE : AP_DECODER_WIRE_UNUSABLE;
  gsize text = MIN (strlen (error->message), AP_DECODER_WIRE_MAX_TEXT);
  ApDecoderWireHeader header = { AP_DECODER_WIRE_FAILED, (guint32)(sizeof reason + text) };

  memcpy (output.answer, &header, sizeof header);
  memcpy (output.answer + sizeof header, &reason, sizeof reason);
  memcpy (output.answer + sizeof header + sizeof reason, error->message, text);
  flush (job, sizeof header + header.length);
}

static gboolean
open_decoder (Job *job, gsize length, GError **error)
{
  ApDecoderWireSpec wire = { 0 };
  ApDecoderSpec spec;

  memcpy (&wire, input, MIN (length, sizeof wire));
  spec = (ApDecoderSpec){ (ApContainer)wire.container, wire.sample_rate, wire.channels };
  job->frame_bytes = sizeof (gint16) * spec.channels;
  job->decoder = ap_decoder_chain_new (&spec, on_pcm, job, error);
  return job->decoder != NULL;
}

static gboolean
obey (Job *job, const ApDecoderWireHeader *header, GError **error)
{
  if (header->type == AP_DECODER_WIRE_OPEN)
    return open_decoder (job, header->length, error);
  if (header->type == AP_DECODER_WIRE_FEED)
    return ap_decoder_feed (job->decoder, input, header->length, error);
  return ap_decoder_finish (job->decoder, error);
}

/* Waits for the rest of a message whose beginning is there: the server sends it without a pause. Returns FALSE at the
 * job's end. */
static gboolean
serve (Job *job)
{
  ApDecoderWireHeader header;
  g_autoptr (GError) error = NULL;

  if (!receive_all (job->socket, &header, sizeof header) || header.length > sizeof input ||
      !receive_all (job->socket, input, header.length))
    return FALSE;
  if (obey (job, &header, &error))
    return answer_done (job);
  answer_failed (job, error);
  return FALSE;
}

static void
job_free (gpointer data)
{
  Job *job = data;

  ap_decoder_free (job->decoder);
  close (job->socket);
  g_free (job);
}

static Job *
job_new (int socket)
{
  Job *job = g_new0 (Job, 1);

  job->socket = socket;
  return job;
}

void
ap_decoder_child_serve_one (int socket)
{
  Job *job = job_new (socket);

  while (serve (job))
    continue;
  held = 0;
  job_free (job);
}

/* The channel, and behind it the jobs in their order. */
static void
wait_for_any (GArray *polls, int channel, GPtrArray *jobs)
{
  g_array_set_size (polls, jobs->len + 1);
  for (guint i = 0; i <= jobs->len; i++) {
    Job *job = i > 0 ? g_ptr_array_index (jobs, i - 1) : NULL;

    g_array_index (polls, struct pollfd, i) = (struct pollfd){ job != NULL ? job->socket : channel, POLLIN, 0 };
  }
  while (poll ((struct pollfd *)(gpointer)polls->data, polls->len, -1) < 0 && errno == EINTR)
    continue;
}

void
ap_decoder_child_serve_pool (int channel)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func (job_free);
  g_autoptr (GArray) polls = g_array_new (FALSE, TRUE, sizeof (struct pollfd));

  for (;;) {
    wait_for_any (polls, channel, jobs);
    /* From the last on, so that what is removed moves nothing that is still to come. */
    for (guint i = jobs->len; i > 0; i--)
      if (g_array_index (polls, struct pollfd, i).revents != 0 && !serve (g_ptr_array_index (jobs, i - 1))) {
        held = 0;
        g_ptr_array_remove_index (jobs, i - 1);
      }
    if (g_array_index (polls, struct pollfd, 0).revents != 0) {
      guint8 byte;
      int socket = -1;

      if (!ap_decoder_descriptor_receive (channel, &byte, sizeof byte, &socket))
        return;
      if (socket >= 0)
        g_ptr_array_add (jobs, job_new (socket));
    }
  }
}
