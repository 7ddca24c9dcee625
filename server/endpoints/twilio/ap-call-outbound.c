/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a call says: from the playout to the socket. */
#include "endpoints/twilio/ap-call-private.h"

#include <string.h>

/* When to look again whether it reads, and whether a file has come on. */
#define RETRY_US (20 * G_TIME_SPAN_MILLISECOND)
/* Frames of so long, unless the peer likes others; and the longest of these. */
#define FRAME_US         (20 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_FRAME_US (200 * G_TIME_SPAN_MILLISECOND)
/* A peer that plays by arrival is not sent what is late all at once. */
#define CATCH_UP_US (500 * G_TIME_SPAN_MILLISECOND)
/* The network, and the peer's own buffers, take so long at most until the caller has heard the last. */
#define HEARD_MARGIN_US (300 * G_TIME_SPAN_MILLISECOND)
/* An ApCallErrorCode is below 16; this is the kind of what cannot be said. */
#define COMPLAINT_UNSAYABLE 31

static void
free_text (gpointer data)
{
  g_string_free (data, TRUE);
}

/* What a message is written into; one for all calls of a worker. */
static GString *
text_of_thread (void)
{
  static GPrivate kept = G_PRIVATE_INIT (free_text);
  GString *text = g_private_get (&kept);

  if (text == NULL) {
    text = g_string_sized_new (512);
    g_private_set (&kept, text);
  }
  return g_string_truncate (text, 0);
}

static gboolean
write_command (ApCall *call, ApCallCommand command, GString *text, GError **error)
{
  command.stream_id = call->record->stream_id;
  command.encoding = call->audio.encoding;
  return ap_call_write (call->dialect, &command, text, error);
}

static void
say_command (ApCall *call, ApCallCommand command)
{
  gboolean binary = call->dialect->binary_audio && command.kind == AP_CALL_SAY_MEDIA;
  GString *text = text_of_thread ();
  g_autoptr (GError) error = NULL;

  if (write_command (call, command, text, &error))
    ap_session_send (call->session, binary ? AP_OPCODE_BINARY : AP_OPCODE_TEXT, (const guint8 *)text->str, text->len);
  else if (!g_error_matches (error, AP_CALL_ERROR, AP_CALL_ERROR_UNSUPPORTED))
    ap_call_complain (call, COMPLAINT_UNSAYABLE, error->message);
}

static void
say_item (ApCall *call, const ApCallItem *item)
{
  if (item->what == AP_CALL_SEND_CLEAR) {
    say_command (call, (ApCallCommand){ .kind = AP_CALL_SAY_CLEAR });
  } else if (item->what == AP_CALL_SEND_MARK) {
    say_command (call, (ApCallCommand){ .kind = AP_CALL_SAY_MARK, .name = item->name });
  } else {
    say_command (call, (ApCallCommand){ .kind = AP_CALL_SAY_MEDIA, .payload = item->audio, .length = item->length });
    ap_call_count (call->record->figures.frames_out, 1);
  }
}

/* Returns: FALSE if the peer does not read what it has been sent. */
static gboolean
say_what_may_go (ApCall *call)
{
  ApCallItem item;

  while (ap_session_get_queued_bytes (call->session) < AP_CALL_UNSENT_BYTES) {
    if (ap_call_playout_take (call->playout, call->now, &item) == AP_CALL_SEND_NOTHING)
      return TRUE;
    say_item (call, &item);
  }
  return FALSE;
}

static void
publish (ApCall *call, const ApCallPlayoutFigures *now)
{
  ApCallFigures *figures = &call->record->figures;
  gsize frame = (gsize)call->frame_bytes;

  ap_call_set (figures->queue_ms, now->queued_us / 1000);
  ap_call_set (figures->ahead_ms, now->ahead_us / 1000);
  ap_call_set (figures->heard_ms, ap_call_bytes_to_ms (call, now->confirmed));
  ap_call_set (figures->round_trip_us, now->round_trip_us);
  if (now->dropped_bytes - call->dropped_bytes < frame)
    return;
  ap_session_count_loss (call->session, 0, (now->dropped_bytes - call->dropped_bytes) / frame);
  call->dropped_bytes = now->dropped_bytes;
  ap_call_set (figures->dropped_ms, ap_call_bytes_to_ms (call, now->dropped_bytes));
}

static void
hang_up (ApCall *call)
{
  say_command (call, (ApCallCommand){ .kind = AP_CALL_SAY_HANGUP });
  ap_call_end (call, 1000, "hung up");
}

/* A timer that rings earlier than needed does no harm, and is set again when it has rung: it is not moved for each
 * frame. */
static void
wake_at (ApCall *call, gint64 at)
{
  if (at != G_MAXINT64 && (call->pace.place == 0 || call->pace.at > at))
    ap_timers_set (ap_session_get_host (call->session)->timers, &call->pace, at);
}

void
ap_call_pump (ApCall *call)
{
  ApCallPlayoutFigures figures;
  gboolean reads;

  if (!call->started || call->ended || call->held)
    return;
  ap_call_feed_files (call);
  reads = say_what_may_go (call);
  ap_call_playout_figures (call->playout, call->now, &figures);
  publish (call, &figures);
  if (figures.ahead_us > 0)
    call->heard_at = call->now + figures.ahead_us + HEARD_MARGIN_US;
  wake_at (call, reads ? ap_call_playout_next_at (call->playout, call->now) : call->now + RETRY_US);
  if (ap_call_is_playing (call))
    wake_at (call, call->now + RETRY_US);
  if (!call->hanging_up || figures.queued_us > 0 || ap_call_is_playing (call))
    return;
  if (call->now >= call->heard_at)
    hang_up (call);
  else
    wake_at (call, call->heard_at);
}

static void
on_pace (ApTimer *timer)
{
  ApCall *call = (ApCall *)(gpointer)((guint8 *)timer - G_STRUCT_OFFSET (ApCall, pace));

  call->now = g_get_monotonic_time ();
  ap_call_pump (call);
}

void
ap_call_say (ApCall *call, const guint8 *data, gsize length)
{
  if (call->ended || call->listens || call->hanging_up)
    return;
  ap_call_playout_keep_up (call->playout, length, call->now);
  ap_call_playout_put (call->playout, ap_call_playout_generation (call->playout), data, length, call->now);
  ap_call_pump (call);
}

void
ap_call_drop_outbound (ApCall *call)
{
  ap_call_drop_files (call);
  /* Who takes no audio takes no word about it, either. */
  if (!call->listens)
    ap_call_playout_clear (call->playout, call->now);
  call->heard_at = 0;
  call->held = FALSE; /* the peer has room again, once it has heard of it */
}

/* ---- marks ---- */

static void
on_mark_ended (gpointer owner, const ApCallMark *mark)
{
  ApCallFigures *figures = &((ApCall *)owner)->record->figures;

  if (mark->state == AP_CALL_MARK_PLAYED)
    ap_call_count (figures->marks_played, 1);
  else
    ap_call_count (figures->marks_ended, 1);
}

void
ap_call_mark_came_back (ApCall *call, const char *name)
{
  if (ap_call_playout_mark_returned (call->playout, name, call->now) == AP_CALL_MARK_RETURN_UNKNOWN)
    ap_call_count (call->record->figures.ignored, 1);
  ap_call_pump (call);
}

/* A file that waits, or plays, is for the most part not in the playout yet. */
static gboolean
place_mark (ApCall *call, const char *name)
{
  if (ap_call_is_playing (call))
    return ap_call_mark_behind_files (call, name);
  return ap_call_playout_mark (call->playout, name) != 0;
}

gboolean
ap_call_mark (ApCall *call, const char *name)
{
  if (!call->started || call->ended || call->listens ||
      !write_command (call, (ApCallCommand){ .kind = AP_CALL_SAY_MARK, .name = name }, text_of_thread (), NULL) ||
      !place_mark (call, name))
    return FALSE;
  call->now = g_get_monotonic_time ();
  ap_call_pump (call);
  return TRUE;
}

/* ---- beginning and end ---- */

/* @wanted: a frame that is whole samples and not too long, or 20 ms. */
static guint
choose_frame_bytes (const ApCall *call, guint rate, guint64 wanted)
{
  guint sample = ap_call_encoding_bytes (call->audio.encoding);

  if (wanted > 0 && wanted % sample == 0 && wanted <= (guint64)rate * LONGEST_FRAME_US / G_USEC_PER_SEC)
    return (guint)wanted;
  return (guint)((guint64)call->audio.rate * FRAME_US / G_USEC_PER_SEC) * sample;
}

void
ap_call_start_outbound (ApCall *call, guint64 frame_bytes)
{
  const ApCallSettings *settings = call->room->settings;
  ApCallPlayoutConfig config = ap_call_playout_mulaw;

  config.pace.rate = call->audio.rate * ap_call_encoding_bytes (call->audio.encoding);
  config.pace.lead_us = settings->call_lead_ms * G_TIME_SPAN_MILLISECOND;
  if (call->dialect->binary_audio)
    config.pace.catch_up_us = CATCH_UP_US;
  config.frame_bytes = call->frame_bytes = choose_frame_bytes (call, config.pace.rate, frame_bytes);
  /* Who sends as long frames as it likes to get has sent nothing wrong when the next one takes its time. */
  config.tail_us = MAX (config.tail_us, 2 * ap_call_bytes_to_ms (call, call->frame_bytes) * G_TIME_SPAN_MILLISECOND);
  config.silence = call->silence;
  config.queue_us = settings->call_queue_ms * G_TIME_SPAN_MILLISECOND;
  config.overflow = AP_CALL_PLAYOUT_DROP_OLDEST;
  call->playout = ap_call_playout_new (&config, on_mark_ended, call);
  call->pace.ring = on_pace;
}

void
ap_call_stop_outbound (ApCall *call)
{
  ap_call_drop_files (call);
  ap_timers_clear (ap_session_get_host (call->session)->timers, &call->pace);
  g_clear_pointer (&call->playout, ap_call_playout_free);
}
