/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a call and what comes from the peer. */
#define G_LOG_DOMAIN "calls"

#include "base/ap-log.h"
#include "endpoints/twilio/ap-call-elements.h"
#include "endpoints/twilio/ap-call-private.h"
#include "endpoints/twilio/ap-dialects.h"

#include <string.h>

/* Mistakes of a peer beside those of ApCallErrorCode, for ap_call_complain(). */
enum {
  COMPLAINT_BINARY = 16,
  COMPLAINT_EARLY,
  COMPLAINT_SECOND_START,
  COMPLAINT_WRONG_STREAM,
  COMPLAINT_LATE_FRAME,
  COMPLAINT_FAULT,
  COMPLAINT_KEYS,
};

/* Whose names come from the peer: as facts, they can say nothing but themselves. */
#define LOG_CALL(call)                                                                                                 \
  AP_LOG_NUMBER ("session", ap_session_get_id ((call)->session)),                                                      \
      AP_LOG_TEXT ("call", (call)->record->call_id != NULL ? (call)->record->call_id : "")

/* Nobody presses keys faster than this: 40 ms of a tone, and as much of a pause (ITU-T Q.24). So many may have waited
 * on their way, and come at once. Each is a line of the log, and may be a clear, with its new elements. */
#define KEY_US       (80 * G_TIME_SPAN_MILLISECOND)
#define KEYS_AT_ONCE 64

/* Silence goes into the pipeline in pieces of this many bytes at most. */
#define SILENCE_BYTES 4096

static void
message_free (gpointer data)
{
  ap_call_message_clear (data);
  g_free (data);
}

/* What a message is read into; one for all calls of a worker. */
static ApCallMessage *
message_of_thread (void)
{
  static GPrivate kept = G_PRIVATE_INIT (message_free);
  ApCallMessage *message = g_private_get (&kept);

  if (message == NULL) {
    message = g_new0 (ApCallMessage, 1);
    g_private_set (&kept, message);
  }
  return message;
}

void
ap_call_complain (ApCall *call, guint kind, const char *text)
{
  ap_call_count (call->record->figures.errors, 1);
  if ((call->complaints & (1u << kind)) != 0)
    return;
  call->complaints |= 1u << kind;
  ap_event (G_LOG_LEVEL_WARNING, "something about a call is wrong; more of the kind are only counted", LOG_CALL (call),
            AP_LOG_TEXT ("reason", text));
}

static guint
bytes_per_second (const ApCall *call)
{
  return call->audio.rate * ap_call_encoding_bytes (call->audio.encoding);
}

gint64
ap_call_bytes_to_ms (const ApCall *call, guint64 bytes)
{
  return (gint64)(bytes * 1000 / bytes_per_second (call));
}

guint
ap_call_ms_to_bytes (const ApCall *call, guint ms)
{
  return (guint)((guint64)bytes_per_second (call) * ms / 1000);
}

void
ap_call_end (ApCall *call, guint16 code, const char *reason)
{
  if (call->ended)
    return;
  call->ended = TRUE;
  ap_session_close (call->session, code, reason);
}

/* ---- deadlines ---- */

static ApTimers *
timers_of (ApCall *call)
{
  return ap_session_get_host (call->session)->timers;
}

/* Every message would move it, so it is set again only when it rings. */
static void
on_deadline (ApTimer *timer)
{
  ApCall *call = (ApCall *)(gpointer)((guint8 *)timer - G_STRUCT_OFFSET (ApCall, deadline));
  const ApCallSettings *settings = call->room->settings;
  gint64 idle_at = call->last_heard + settings->call_idle_seconds * G_USEC_PER_SEC;

  if (call->ended)
    return;
  if (!call->started)
    ap_call_end (call, 1008, "the call did not start in time");
  else if (g_get_monotonic_time () >= idle_at)
    ap_call_end (call, 1001, "the call has been silent for too long");
  else
    ap_timers_set (timers_of (call), &call->deadline, idle_at);
}

/* ---- the caller's audio ---- */

/* All that hear return FALSE when the pipeline has failed: the call may be gone. */

static gboolean
push (ApCall *call, const guint8 *data, gsize length)
{
  call->pushed_bytes += length;
  return ap_session_push (call->session, data, length);
}

static gboolean
push_silence (ApCall *call, guint64 samples)
{
  guint64 left = samples * ap_call_encoding_bytes (call->audio.encoding);
  guint8 silence[SILENCE_BYTES];

  memset (silence, call->silence, sizeof silence);
  /* A second gap before the first has come out: the few samples between them, which the filters hold, go along. */
  if (call->unheard_to <= call->came_bytes)
    call->unheard_from = call->pushed_bytes;
  call->unheard_to = call->pushed_bytes + left;
  for (; left > 0; left -= MIN (left, sizeof silence))
    if (!push (call, silence, (gsize)MIN (left, sizeof silence)))
      return FALSE;
  return TRUE;
}

/* What is missing before it is made up for by silence, so that what listens keeps the time. */
static gboolean
hear_frame (ApCall *call, guint64 timestamp, const guint8 *payload, gsize length)
{
  guint64 samples = length / ap_call_encoding_bytes (call->audio.encoding);
  guint64 gaps = call->gaps.gaps;
  guint64 silence = 0;

  if (call->dialect->timestamp_hz > 0)
    silence = ap_call_gaps_frame (&call->gaps, timestamp, samples);
  if (call->gaps.gaps > gaps) {
    ap_call_set (call->record->figures.gaps, call->gaps.gaps);
    ap_call_set (call->record->figures.silence_ms, call->gaps.silence * 1000 / call->audio.rate);
    ap_session_count_loss (call->session, 1, 0);
  }
  return (silence == 0 || push_silence (call, silence)) && push (call, payload, length);
}

typedef struct {
  guint64 timestamp;
  GBytes *payload;
} EarlyFrame;

static void
early_frame_free (EarlyFrame *frame)
{
  g_bytes_unref (frame->payload);
  g_free (frame);
}

static gboolean
hear_frames_in_turn (ApCall *call, gboolean all)
{
  gboolean good = TRUE;
  EarlyFrame *frame;

  while (good && (frame = ap_call_order_take (&call->order, all)) != NULL) {
    gsize length;
    const guint8 *payload = g_bytes_get_data (frame->payload, &length);

    good = hear_frame (call, frame->timestamp, payload, length);
    early_frame_free (frame);
  }
  return good;
}

static void
hear_unordered (ApCall *call, const ApCallMessage *message)
{
  EarlyFrame *frame = g_new (EarlyFrame, 1);

  *frame = (EarlyFrame){ message->media.timestamp, g_bytes_new (message->media.payload, message->media.length) };
  if (!call->ordered)
    ap_call_order_init (&call->order, message->media.chunk);
  call->ordered = TRUE;
  if (!ap_call_order_put (&call->order, message->media.chunk, frame)) {
    early_frame_free (frame);
    ap_call_complain (call, COMPLAINT_LATE_FRAME, "audio that comes after its turn, or twice");
  }
  hear_frames_in_turn (call, FALSE);
}

static void
forget_early_frames (ApCall *call)
{
  EarlyFrame *frame;

  while (call->ordered && (frame = ap_call_order_take (&call->order, TRUE)) != NULL)
    early_frame_free (frame);
}

static void
hear_media (ApCall *call, const ApCallMessage *message)
{
  if (message->media.track == AP_CALL_TRACK_OUTBOUND) {
    ap_call_count (call->record->figures.outbound_frames, 1);
    return;
  }
  ap_call_count (call->record->figures.frames_in, 1);
  if (call->dialect->unordered && message->media.chunk != AP_CALL_NO_NUMBER)
    hear_unordered (call, message);
  else
    hear_frame (call, message->media.timestamp, message->media.payload, message->media.length);
}

void
ap_call_frame (ApSession *session, GstBuffer *buffer)
{
  ApCall *call = ap_session_get_state (session);
  GstMapInfo map;
  guint64 from, to;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    ap_call_end (call, 1011, "a buffer of the pipeline cannot be read");
    return;
  }
  /* What stands for a gap is cut out where it stands: the filters are behind, and what came before it comes first. */
  from = CLAMP (call->unheard_from, call->came_bytes, call->came_bytes + map.size) - call->came_bytes;
  to = CLAMP (call->unheard_to, call->came_bytes + from, call->came_bytes + map.size) - call->came_bytes;
  call->came_bytes += map.size;
  if (!ap_call_is_playing (call)) {
    if (from > 0)
      ap_call_say (call, map.data, (gsize)from);
    ap_call_say (call, map.data + to, map.size - (gsize)to);
  }
  gst_buffer_unmap (buffer, &map);
}

/* ---- the start ---- */

static const char *
find_parameter (const ApCallMessage *message, const char *name)
{
  for (guint i = 0; i < message->start.n_parameters; i++)
    if (g_str_equal (message->start.parameters[i].name, name))
      return message->start.parameters[i].value;
  return NULL;
}

/* Only Twilio is answered by /twiml, which hands the tokens out; the other services have the server's own token. */
static gboolean
is_let_in (ApCall *call, const ApCallMessage *message)
{
  if (call->room->tokens == NULL || call->dialect != &ap_dialect_twilio)
    return TRUE;
  return ap_call_tokens_consume (call->room->tokens, find_parameter (message, "token"), message->start.call_id,
                                 call->now);
}

/* The elements anew: they remember nothing. */
static gboolean
make_pipeline (ApCall *call)
{
  const ApPipelineSpec spec = { call->elements, call->caps, AP_PIPELINE_MODE_AUTO, call->caps };
  g_autoptr (GError) error = NULL;

  call->pushed_bytes = call->came_bytes = call->unheard_from = call->unheard_to = 0;
  if (ap_session_set_pipeline (call->session, &spec, &error))
    return TRUE;
  ap_error ("session=%" G_GUINT64_FORMAT ": %s", ap_session_get_id (call->session), error->message);
  ap_call_end (call, 1011, "the pipeline of the call cannot be built");
  return FALSE;
}

/* Some services name the call by one thing only, and some by none. */
static void
name_call (ApCall *call, const ApCallMessage *message)
{
  ApCallRecord *record = call->record;
  const char *call_id = message->start.call_id;

  if (*call_id == '\0')
    call_id = message->stream_id;
  record->call_id = *call_id != '\0'
                        ? g_strdup (call_id)
                        : g_strdup_printf ("session-%" G_GUINT64_FORMAT, ap_session_get_id (call->session));
  record->stream_id = g_strdup (message->stream_id);
  record->account_id = g_strdup (message->start.account_id);
  record->audio = call->audio;
  record->listens = call->listens;
  record->since = g_get_real_time ();
  ap_call_record_set_parameters (record, message->start.parameters, message->start.n_parameters);
}

static void
begin_gaps (ApCall *call)
{
  const ApCallGapsConfig config = { call->audio.rate, call->dialect->timestamp_hz, AP_CALL_GAPS_TOLERANCE_US,
                                    AP_CALL_GAPS_LONGEST_US };

  if (config.ticks > 0)
    ap_call_gaps_init (&call->gaps, &config);
}

static guint8
silence_of (ApCallEncoding encoding)
{
  return encoding == AP_CALL_ENCODING_MULAW ? 0xFF : encoding == AP_CALL_ENCODING_ALAW ? 0xD5 : 0;
}

static void
start (ApCall *call, const ApCallMessage *message)
{
  if (call->started) {
    ap_call_complain (call, COMPLAINT_SECOND_START, "a second start");
    return;
  }
  if (!is_let_in (call, message)) {
    ap_call_end (call, 1008, "the call's token is missing, wrong, or was used before");
    return;
  }
  call->audio = message->start.audio;
  call->elements = ap_call_elements_make (&call->audio, call->room->settings->call_pipeline, &call->caps);
  if (call->elements == NULL) {
    ap_call_end (call, 1003, "this server has no decoder for the audio of the call");
    return;
  }
  call->silence = silence_of (call->audio.encoding);
  if (!make_pipeline (call))
    return;
  /* Only who streams a call one way has the track that the caller hears; and takes no audio. */
  call->listens = (message->start.tracks & AP_CALL_TRACK_OUTBOUND) != 0;
  call->started = TRUE;
  name_call (call, message);
  begin_gaps (call);
  ap_call_start_outbound (call, message->start.frame_bytes);
  ap_call_table_add (call->room->table, call->record);
  ap_event (G_LOG_LEVEL_INFO, "a call has started", LOG_CALL (call), AP_LOG_TEXT ("stream", call->record->stream_id),
            AP_LOG_TEXT ("service", call->record->service),
            AP_LOG_TEXT ("codec", ap_call_encoding_name (call->audio.encoding)),
            AP_LOG_NUMBER ("rate", call->audio.rate));
}

/* ---- messages ---- */

static gboolean
can_have_been_pressed (ApCall *call)
{
  gint64 pressed_until = MAX (call->pressed_until, call->now) + KEY_US;

  if (pressed_until > call->now + KEYS_AT_ONCE * KEY_US)
    return FALSE;
  call->pressed_until = pressed_until;
  return TRUE;
}

/* In echo, a caller can try the two: to interrupt, and to hang up. */
static void
press (ApCall *call, char digit)
{
  if (!can_have_been_pressed (call)) {
    ap_call_complain (call, COMPLAINT_KEYS, "more keys than anybody can press");
    return;
  }
  ap_call_table_add_digit (call->room->table, call->record, digit);
  ap_event (G_LOG_LEVEL_INFO, "a key", LOG_CALL (call), AP_LOG_TEXT ("digit", ((char[]){ digit, '\0' })));
  if (digit == '*')
    ap_call_clear (call);
  else if (digit == '#')
    ap_call_hang_up (call, FALSE);
}

static void
complain_of_fault (ApCall *call, const ApCallMessage *message)
{
  g_autofree char *escaped = g_strescape (message->fault.text, NULL);
  g_autofree char *text = g_strdup_printf ("the service says: %.8s %.200s", message->fault.code, escaped);

  ap_call_complain (call, COMPLAINT_FAULT, text);
}

static void
hear_of_live_call (ApCall *call, const ApCallMessage *message)
{
  switch (message->kind) {
  case AP_CALL_MEDIA:
    hear_media (call, message);
    break;
  case AP_CALL_DTMF:
    press (call, message->dtmf.digit);
    break;
  case AP_CALL_MARK:
    ap_call_mark_came_back (call, message->mark);
    break;
  case AP_CALL_PAUSE:
    call->held = TRUE;
    break;
  case AP_CALL_RESUME:
    call->held = FALSE;
    ap_call_pump (call);
    break;
  case AP_CALL_STOP:
    if (!call->ordered || hear_frames_in_turn (call, TRUE))
      ap_call_end (call, 1000, "the call has ended");
    break;
  case AP_CALL_UNKNOWN:
  case AP_CALL_CONNECTED:
  case AP_CALL_START:
  case AP_CALL_CLEARED:
  case AP_CALL_DRAINED:
  case AP_CALL_FAULT:
  default:
    break;
  }
}

static gboolean
is_of_this_stream (const ApCall *call, const ApCallMessage *message)
{
  return *message->stream_id == '\0' || *call->record->stream_id == '\0' ||
         g_str_equal (message->stream_id, call->record->stream_id);
}

static void
hear (ApCall *call, const ApCallMessage *message)
{
  if (message->kind == AP_CALL_UNKNOWN)
    ap_call_count (call->record->figures.ignored, 1);
  else if (message->kind == AP_CALL_START)
    start (call, message);
  else if (message->kind == AP_CALL_FAULT)
    complain_of_fault (call, message);
  else if (message->kind == AP_CALL_CONNECTED)
    return;
  else if (!call->started)
    ap_call_complain (call, COMPLAINT_EARLY, "a message of the call before its start");
  else if (!is_of_this_stream (call, message))
    ap_call_complain (call, COMPLAINT_WRONG_STREAM, "a message of another stream");
  else
    hear_of_live_call (call, message);
}

static gboolean
is_to_be_read (ApCall *call)
{
  if (call->ended)
    return FALSE;
  call->now = call->last_heard = g_get_monotonic_time ();
  return TRUE;
}

void
ap_call_text (ApSession *session, const char *data, gsize length)
{
  ApCall *call = ap_session_get_state (session);
  ApCallMessage *message = message_of_thread ();
  g_autoptr (GError) error = NULL;

  if (!is_to_be_read (call))
    return;
  if (ap_call_read_text (call->dialect, data, length, message, &error))
    hear (call, message);
  else
    ap_call_complain (call, (guint)error->code, error->message);
}

void
ap_call_binary (ApSession *session, const guint8 *data, gsize length)
{
  ApCall *call = ap_session_get_state (session);
  ApCallMessage *message = message_of_thread ();
  g_autoptr (GError) error = NULL;

  if (!is_to_be_read (call))
    return;
  if (ap_call_read_binary (call->dialect, data, length, message, &error))
    hear (call, message);
  else
    ap_call_complain (call, COMPLAINT_BINARY, error->message);
}

/* ---- commands ---- */

void
ap_call_hang_up (ApCall *call, gboolean when_heard)
{
  if (!call->started || call->ended)
    return;
  call->now = g_get_monotonic_time ();
  call->hanging_up = TRUE;
  if (!when_heard)
    ap_call_drop_outbound (call);
  ap_call_pump (call);
}

void
ap_call_clear (ApCall *call)
{
  if (!call->started || call->ended)
    return;
  call->now = g_get_monotonic_time ();
  ap_call_drop_outbound (call);
  /* Elements that have heard nothing remember nothing, and half a millisecond goes into new ones. */
  if (call->pushed_bytes == 0 || make_pipeline (call))
    ap_call_pump (call);
}

/* ---- beginning and end ---- */

static ApCallRecord *
record_new (ApSession *session, const ApCallDialect *dialect)
{
  ApCallRecord *record = g_new0 (ApCallRecord, 1);

  g_atomic_ref_count_init (&record->refs);
  record->session = ap_session_handle_new (session);
  record->service = dialect->name;
  record->peer = g_strdup (ap_http_request_get_peer (ap_session_get_request (session)));
  record->figures.round_trip_us = -1;
  return record;
}

ApCall *
ap_call_open (ApSession *session, const ApCallDialect *dialect)
{
  ApCall *call = g_new0 (ApCall, 1);

  call->session = session;
  call->room = ap_session_get_room (session);
  call->dialect = dialect;
  call->record = record_new (session, dialect);
  call->deadline.ring = on_deadline;
  call->now = call->last_heard = g_get_monotonic_time ();
  ap_timers_set (timers_of (call), &call->deadline,
                 call->now + call->room->settings->call_start_seconds * G_USEC_PER_SEC);
  call->has_place = ap_http_request_take_aside (ap_session_get_request (session));
  return call;
}

void
ap_call_close (ApSession *session)
{
  ApCall *call = ap_session_get_state (session);

  call->ended = TRUE;
  ap_timers_clear (timers_of (call), &call->deadline);
  forget_early_frames (call);
  ap_call_stop_outbound (call);
  if (call->started)
    ap_call_table_remove (call->room->table, call->record);
  if (call->has_place)
    ap_call_table_give_back_place (call->room->table);
  ap_call_record_unref (call->record);
  gst_clear_caps (&call->caps);
  g_free (call->elements);
  g_free (call);
}
