/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WAV files that are played to the caller: decoded on a thread of GStreamer's, as fast as the caller hears them. */
#define G_LOG_DOMAIN "calls"

#include "base/ap-log.h"
#include "endpoints/twilio/ap-call-elements.h"
#include "endpoints/twilio/ap-call-private.h"

/* Files of a call that may wait, the one that plays included. */
#define FILES_MAX 4
/* A file is decoded in pieces of so many bytes, and of so long at least, when less than so long of it waits in the
 * playout. (wavparse passes on 40 ms at a time.) */
#define PIECE_BYTES (16 * 1024)
#define PIECE_MS    120
#define PIECE_MAX   (4 * 1024 * 1024)
#define AHEAD_MS    500

typedef struct {
  ApCall *call;
  ApPipeline *decoder;
  GBytes *wav;
  gsize pushed;           /* bytes of it that the decoder has had */
  gsize piece;            /* how many at a time */
  GByteArray *decoded;    /* the peer's audio, not yet put into the playout */
  gboolean audible;       /* there is audio in it */
  gboolean ended;         /* nothing more comes from the decoder */
  ApHttpRequest *request; /* until it has been answered */
  guint number;
  GPtrArray *marks; /* of names: behind it and its own; NULL: none */
} ApCallFile;

static void
file_free (ApCallFile *file)
{
  if (file->request != NULL) {
    ap_http_request_respond_error (file->request, 409, "the file was dropped before it was played");
    ap_http_request_unref (file->request);
  }
  ap_pipeline_stop (file->decoder);
  g_object_unref (file->decoder);
  g_byte_array_unref (file->decoded);
  g_bytes_unref (file->wav);
  g_clear_pointer (&file->marks, g_ptr_array_unref);
  g_free (file);
}

static void
accept_file (ApCallFile *file)
{
  g_autofree char *body = NULL;

  if (file->request == NULL)
    return;
  body = g_strdup_printf ("{\"status\":\"playing\",\"mark\":\"file-%u\"}", file->number);
  ap_http_request_respond_json (file->request, 202, body);
  g_clear_pointer (&file->request, ap_http_request_unref);
}

static void
respond_refusal (ApHttpRequest *request, const char *reason)
{
  g_autofree char *text = g_strdup_printf ("this is not a WAV file that can be played: %s", reason);

  ap_http_request_respond_error (request, 422, text);
}

static void
refuse_file (ApCallFile *file, const char *reason)
{
  if (file->request != NULL)
    respond_refusal (file->request, reason);
  else
    ap_warning ("session=%" G_GUINT64_FORMAT ": a file ends early: %s", ap_session_get_id (file->call->session),
                reason);
  g_clear_pointer (&file->request, ap_http_request_unref);
}

/* ---- from the decoder ---- */

static void
on_decoded (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
  ApCallFile *file = owner;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  g_byte_array_append (file->decoded, map.data, (guint)map.size);
  gst_buffer_unmap (buffer, &map);
  file->audible = TRUE;
  accept_file (file);
}

/* This came outside a round of the poller. */
static void
go_on (ApCall *call)
{
  ApSessionHost *host = ap_session_get_host (call->session);

  call->now = g_get_monotonic_time ();
  ap_call_pump (call); /* which may end the call */
  ap_session_host_end_round (host);
}

static void
on_batch_end (gpointer owner)
{
  go_on (((ApCallFile *)owner)->call);
}

static void
on_room (gpointer owner)
{
}

static void
on_ended (gpointer owner, const GError *error)
{
  ApCallFile *file = owner;

  file->ended = TRUE;
  if (error != NULL)
    refuse_file (file, error->message);
  else if (file->request != NULL)
    refuse_file (file, "there is no audio in it");
}

/* ---- to the decoder ---- */

/* What stands before the audio may be long: as long as nothing comes, each piece is as long as all before it. */
static void
push_piece (ApCallFile *file)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (file->wav, &size);
  gsize piece = file->audible ? file->piece : MAX (file->piece, file->pushed);
  gsize length = MIN (size - file->pushed, piece);

  if (length == 0 || ap_pipeline_is_full (file->decoder))
    return;
  ap_pipeline_push (file->decoder, 0, data + file->pushed, length);
  ap_pipeline_submit (file->decoder);
  file->pushed += length;
  if (file->pushed == size)
    ap_pipeline_end (file->decoder);
}

/* The last file is there until the last of it has gone: until then it is heard instead of the echo. */
static gboolean
has_gone (ApCall *call, const ApCallFile *file)
{
  ApCallPlayoutFigures figures;

  if (!file->ended || file->decoded->len > 0)
    return FALSE;
  if (file->audible)
    ap_call_playout_end_of_utterance (call->playout);
  ap_call_playout_figures (call->playout, call->now, &figures);
  return call->files.length > 1 || figures.queued_us == 0;
}

/* Returns: whether it has been played to its end, as far as this side is concerned. */
static gboolean
feed (ApCall *call, ApCallFile *file)
{
  ApCallPlayoutFigures figures;
  guint wanted;

  ap_call_playout_figures (call->playout, call->now, &figures);
  if (figures.queued_us >= AHEAD_MS * G_TIME_SPAN_MILLISECOND)
    return FALSE;
  wanted = MIN (file->decoded->len, ap_call_ms_to_bytes (call, AHEAD_MS));
  ap_call_playout_put (call->playout, ap_call_playout_generation (call->playout), file->decoded->data, wanted,
                       call->now);
  g_byte_array_remove_range (file->decoded, 0, wanted);
  if (file->decoded->len == 0 && !file->ended && file->audible)
    push_piece (file);
  return has_gone (call, file);
}

static void
place_marks (ApCall *call, const ApCallFile *file)
{
  g_autofree char *own = g_strdup_printf ("file-%u", file->number);

  if (file->audible && call->dialect->mark != NULL)
    ap_call_playout_mark (call->playout, own);
  for (guint i = 0; file->marks != NULL && i < file->marks->len; i++)
    if (ap_call_playout_mark (call->playout, file->marks->pdata[i]) == 0) /* too many are remembered */
      ap_call_count (call->record->figures.marks_ended, 1);
}

static void
finish_file (ApCall *call, ApCallFile *file)
{
  place_marks (call, file);
  file_free (file);
}

/* Those that wait are not heard yet, but their requests wait for an answer. */
static void
seek_audio (gpointer data, gpointer unused)
{
  ApCallFile *file = data;

  if (!file->audible && !file->ended)
    push_piece (file);
}

void
ap_call_feed_files (ApCall *call)
{
  g_queue_foreach (&call->files, seek_audio, NULL);
  while (!g_queue_is_empty (&call->files)) {
    if (!feed (call, g_queue_peek_head (&call->files)))
      return;
    finish_file (call, g_queue_pop_head (&call->files));
  }
}

gboolean
ap_call_is_playing (const ApCall *call)
{
  return call->files.length > 0;
}

static guint
count_marks (const ApCall *call)
{
  guint count = 0;

  for (const GList *at = call->files.head; at != NULL; at = at->next) {
    const ApCallFile *file = at->data;

    count += file->marks != NULL ? file->marks->len : 0;
  }
  return count;
}

gboolean
ap_call_mark_behind_files (ApCall *call, const char *name)
{
  ApCallFile *last = g_queue_peek_tail (&call->files);

  if (count_marks (call) >= AP_CALL_MARKS_MAX)
    return FALSE;
  if (last->marks == NULL)
    last->marks = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (last->marks, g_strdup (name));
  return TRUE;
}

void
ap_call_drop_files (ApCall *call)
{
  ap_call_count (call->record->figures.marks_ended, count_marks (call));
  g_queue_clear_full (&call->files, (GDestroyNotify)file_free);
}

static ApCallFile *
file_new (ApCall *call, GBytes *wav, GError **error)
{
  static const ApPipelineCallbacks callbacks = { on_decoded, on_batch_end, on_room, on_ended };
  g_autofree char *elements = ap_call_elements_from_wav (&call->audio, wav);
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("audio/x-wav");
  const ApPipelineSpec spec = { elements, caps, AP_PIPELINE_MODE_QUEUED };
  ApCallFile *file = g_new0 (ApCallFile, 1);

  file->call = call;
  file->piece = CLAMP (ap_call_wav_bytes (wav, PIECE_MS), PIECE_BYTES, PIECE_MAX);
  file->decoder = ap_pipeline_new (&spec, &callbacks, file, error);
  if (file->decoder == NULL) {
    g_free (file);
    return NULL;
  }
  file->wav = g_bytes_ref (wav);
  file->decoded = g_byte_array_new ();
  return file;
}

void
ap_call_play (ApCall *call, GBytes *wav, ApHttpRequest *request)
{
  ApCallFile *file;
  g_autoptr (GError) error = NULL;

  if (!call->started || call->ended || call->hanging_up || call->listens) {
    ap_http_request_respond_error (request, 409, "this stream takes no audio");
    return;
  }
  if (call->files.length >= FILES_MAX) {
    ap_http_request_respond_error (request, 409, "as many files as may wait are waiting already");
    return;
  }
  if (!ap_call_wav_check (wav, &error)) {
    respond_refusal (request, error->message);
    return;
  }
  file = file_new (call, wav, &error);
  if (file == NULL) {
    ap_http_request_respond_error (request, 500, error->message);
    return;
  }
  file->request = ap_http_request_ref (request);
  file->number = ++call->file_number;
  g_queue_push_tail (&call->files, file);
  push_piece (file); /* also of one that has to wait: so it is known at once whether it can be played */
  call->now = g_get_monotonic_time ();
  ap_call_pump (call);
}
