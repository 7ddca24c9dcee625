/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A decoder in another process: sends what comes in and takes what comes out, both at once. */
#include "endpoints/recording/decoder/ap-decoder-process.h"

#include "base/ap-error.h"
#include "endpoints/recording/decoder/ap-decoder-wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How often the time that a process has taken is looked at. */
#define LOOK_US (50 * 1000)

typedef struct {
  ApDecoder decoder; /* first */
  ApDecoderPeer peer;
  gboolean has_clock;
  clockid_t clock;
  gsize frame_bytes;
  ApDecoderPcm pcm;
  gpointer owner;
  gboolean ended; /* @peer's end has been called */
} Process;

/* One call: what is still to be sent, what is still to be answered, and its time. */
typedef struct {
  Process *process;
  ApDecoderWireHeader header; /* of the message being sent */
  gsize header_sent;
  const guint8 *data; /* of the call, what has not been sent */
  gsize length;
  gsize part;    /* bytes of @data that belong to the message being sent */
  guint owed;    /* messages that were begun, less their answers */
  gboolean deaf; /* the process has closed its side: it may have said why */
  gint64 wall_end, next_look, cpu_end;
  ApDecoderWireReader reader;
} Call;

static gint64
cpu_time (const Process *process)
{
  struct timespec time;

  if (!process->has_clock || clock_gettime (process->clock, &time) != 0)
    return 0;
  return (gint64)time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

static int
end_peer (Process *process, gboolean kill)
{
  if (process->ended)
    return -1;
  process->ended = TRUE;
  return process->peer.end (process->peer.keeper, kill);
}

/* @why: NULL: it has left by itself */
static gboolean
die (Process *process, const char *why, GError **error)
{
  int status = end_peer (process, TRUE);

  if (why != NULL)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED, "the decoder %s and was ended", why);
  else if (status != -1 && WIFSIGNALED (status))
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED, "the decoder was ended by signal %d (%s)",
                 WTERMSIG (status), g_strsignal (WTERMSIG (status)));
  else if (status != -1)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED, "the decoder ended (status %d)",
                 WEXITSTATUS (status));
  else
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED, "the decoder's process has ended");
  return FALSE;
}

/* ---- sending ---- */

static gboolean
is_sending (const Call *call)
{
  return !call->deaf && (call->header_sent < sizeof call->header || call->part > 0);
}

static void
begin_message (Call *call, ApDecoderWireType type, gsize length)
{
  call->header = (ApDecoderWireHeader){ type, (guint32)length };
  call->header_sent = 0;
  call->part = length;
  call->owed++;
}

static void
advance (Call *call, gsize sent)
{
  gsize of_header = MIN (sent, sizeof call->header - call->header_sent);
  gsize of_part = sent - of_header;

  call->header_sent += of_header;
  if (of_part > 0)
    call->data += of_part;
  call->length -= of_part;
  call->part -= of_part;
  if (!is_sending (call) && call->length > 0)
    begin_message (call, AP_DECODER_WIRE_FEED, MIN (call->length, AP_DECODER_WIRE_MAX));
}

/* As much as the socket takes. */
static void
send_some (Call *call)
{
  while (is_sending (call)) {
    struct iovec parts[] = {
      { (guint8 *)&call->header + call->header_sent, sizeof call->header - call->header_sent },
      { (gpointer)call->data, call->part },
    };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS (parts) };
    ssize_t sent = sendmsg (call->process->peer.socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent >= 0)
      advance (call, (gsize)sent);
    else if (errno == EAGAIN)
      return;
    else if (errno != EINTR)
      call->deaf = TRUE;
  }
}

/* ---- receiving ---- */

/* A long call has as many turns as messages, and the time between two of them is that of others. */
static void
take_done (Call *call)
{
  const Process *process = call->process;

  call->owed--;
  if (process->peer.shared && process->has_clock)
    call->cpu_end = cpu_time (process) + process->peer.cpu_us;
}

static gboolean
take_pcm (Call *call, const ApDecoderWireAnswer *answer, GError **error)
{
  gint64 since = g_get_monotonic_time ();
  gboolean go_on = call->process->pcm (call->process->owner, answer->data, answer->length, error);

  call->wall_end += g_get_monotonic_time () - since;
  return go_on;
}

static gboolean
take_failure (const ApDecoderWireAnswer *answer, GError **error)
{
  if (answer->reason == AP_DECODER_WIRE_UNDECODABLE)
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, answer->text);
  else
    g_set_error_literal (error, AP_ERROR, AP_ERROR_CONFIG, answer->text);
  return FALSE;
}

static gboolean
take_answers (Call *call, GError **error)
{
  ApDecoderWireAnswer answer;
  ApDecoderWireStatus status;

  while ((status = ap_decoder_wire_reader_next (&call->reader, &answer)) == AP_DECODER_WIRE_MESSAGE) {
    if (call->owed == 0)
      return die (call->process, "spoke unasked", error);
    if (answer.type == AP_DECODER_WIRE_FAILED)
      return take_failure (&answer, error);
    if (answer.type == AP_DECODER_WIRE_DONE)
      take_done (call);
    else if (!take_pcm (call, &answer, error))
      return FALSE;
  }
  return status == AP_DECODER_WIRE_MORE || die (call->process, "said what no decoder says", error);
}

static gboolean
receive_some (Call *call, GError **error)
{
  gsize space;
  guint8 *place = ap_decoder_wire_reader_get_space (&call->reader, &space);
  ssize_t got = recv (call->process->peer.socket, place, space, MSG_DONTWAIT);

  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  if (got <= 0)
    return die (call->process, NULL, error);
  ap_decoder_wire_reader_add (&call->reader, (gsize)got);
  return take_answers (call, error);
}

/* ---- a call ---- */

static gboolean
check_time (Call *call, GError **error)
{
  gint64 now = g_get_monotonic_time ();

  if (now >= call->wall_end)
    return die (call->process, "gave no answer in time", error);
  if (now < call->next_look)
    return TRUE;
  call->next_look = now + LOOK_US;
  return cpu_time (call->process) < call->cpu_end || die (call->process, "took too long to compute", error);
}

static int
time_to_wait (const Call *call)
{
  gint64 until = MIN (call->wall_end, call->next_look);

  return (int)(CLAMP (until - g_get_monotonic_time (), 0, G_USEC_PER_SEC) / 1000) + 1;
}

static gboolean
run_call (Call *call, GError **error)
{
  send_some (call);
  while (call->owed > 0) {
    struct pollfd poll_for = { call->process->peer.socket, POLLIN, 0 };

    if (is_sending (call))
      poll_for.events |= POLLOUT;
    if (poll (&poll_for, 1, time_to_wait (call)) < 0 && errno != EINTR)
      return die (call->process, "cannot be waited for", error);
    if ((poll_for.revents & ~POLLOUT) != 0 && !receive_some (call, error))
      return FALSE;
    if ((poll_for.revents & POLLOUT) != 0)
      send_some (call);
    if (!check_time (call, error))
      return FALSE;
  }
  return ap_decoder_wire_reader_is_empty (&call->reader) || die (call->process, "spoke unasked", error);
}

/* Each message is answered; those of a long feed are sent without waiting for the answers. */
static gboolean
ask (Process *process, ApDecoderWireType type, gconstpointer data, gsize length, GError **error)
{
  g_autofree Call *call = g_malloc (sizeof *call); /* large, and needs no clearing */
  gint64 now = g_get_monotonic_time ();

  memset (call, 0, G_STRUCT_OFFSET (Call, reader));
  ap_decoder_wire_reader_init (&call->reader, process->frame_bytes);
  call->process = process;
  call->data = data;
  call->length = length;
  call->wall_end = now + process->peer.wall_us;
  call->next_look = now + LOOK_US;
  call->cpu_end = process->has_clock ? cpu_time (process) + process->peer.cpu_us : G_MAXINT64;
  begin_message (call, type, MIN (length, AP_DECODER_WIRE_MAX));
  return run_call (call, error);
}

/* ---- the decoder ---- */

static gboolean
process_feed (ApDecoder *decoder, const guint8 *data, gsize length, GError **error)
{
  return ask ((Process *)decoder, AP_DECODER_WIRE_FEED, data, length, error);
}

static gboolean
process_finish (ApDecoder *decoder, GError **error)
{
  return ask ((Process *)decoder, AP_DECODER_WIRE_FINISH, NULL, 0, error);
}

static void
process_free (ApDecoder *decoder)
{
  Process *process = (Process *)decoder;

  close (process->peer.socket);
  end_peer (process, FALSE);
  g_free (process);
}

static const ApDecoderVtable vtable = { process_feed, process_finish, NULL, process_free };

ApDecoder *
ap_decoder_process_new (const ApDecoderPeer *peer, const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner,
                        GError **error)
{
  Process *process = g_new0 (Process, 1);
  g_autoptr (ApDecoder) decoder = &process->decoder;
  ApDecoderWireSpec wire = { spec->container, spec->sample_rate, spec->channels };

  decoder->vtable = &vtable;
  process->peer = *peer;
  process->has_clock = peer->pid > 0 && clock_getcpuclockid (peer->pid, &process->clock) == 0;
  process->frame_bytes = sizeof (gint16) * spec->channels;
  process->pcm = pcm;
  process->owner = owner;
  if (!ask (process, AP_DECODER_WIRE_OPEN, &wire, sizeof wire, error))
    return NULL;
  return g_steal_pointer (&decoder);
}

pid_t
ap_decoder_process_get_pid (ApDecoder *decoder)
{
  return ((Process *)decoder)->peer.pid;
}
