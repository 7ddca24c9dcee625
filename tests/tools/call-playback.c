/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a telephone service does with what a server sends it. */
#include "call-playback.h"

#include <json-glib/json-glib.h>
#include <string.h>

typedef struct {
  char *name;
  gint64 due;
} Pending;

static void
event_free (gpointer data)
{
  CallEvent *event = data;

  g_free (event->name);
  g_free (event);
}

static void
pending_free (gpointer data)
{
  Pending *pending = data;

  g_free (pending->name);
  g_free (pending);
}

CallPlayback *
call_playback_new (const char *stream_sid, gsize frame_bytes, guint bytes_per_second)
{
  CallPlayback *self = g_new0 (CallPlayback, 1);

  self->audio = g_byte_array_new ();
  self->events = g_ptr_array_new_with_free_func (event_free);
  self->stream_sid = g_strdup (stream_sid);
  self->frame_bytes = frame_bytes;
  self->bytes_per_second = bytes_per_second;
  self->dry_at = G_MININT64;
  g_queue_init (&self->pending);
  return self;
}

void
call_playback_free (CallPlayback *self)
{
  g_byte_array_unref (self->audio);
  g_ptr_array_unref (self->events);
  g_queue_clear_full (&self->pending, pending_free);
  g_free (self->stream_sid);
  g_free (self);
}

/* ---- checks ---- */

/* Returns: whether there is white space between the tokens of a valid JSON text */
static gboolean
is_spaced (const char *text, gsize length)
{
  gboolean in_string = FALSE;

  for (gsize i = 0; i < length; i++) {
    if (in_string && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      in_string = !in_string;
    else if (!in_string && g_ascii_isspace (text[i]))
      return TRUE;
  }
  return FALSE;
}

static const char *
text_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
}

/* Returns: the one member @inner of the one more object @outer, if it is text; else NULL */
static const char *
only_member (JsonObject *message, const char *outer, const char *inner)
{
  JsonNode *node = json_object_get_member (message, outer);

  if (json_object_get_size (message) != 3 || node == NULL || !JSON_NODE_HOLDS_OBJECT (node) ||
      json_object_get_size (json_node_get_object (node)) != 1)
    return NULL;
  return text_member (json_node_get_object (node), inner);
}

/* ---- what came ---- */

static void
add_event (CallPlayback *self, const char *name)
{
  CallEvent *event = g_new0 (CallEvent, 1);

  event->name = g_strdup (name);
  event->offset = self->audio->len;
  g_ptr_array_add (self->events, event);
}

static const char *
take_media (CallPlayback *self, JsonObject *message, gint64 now)
{
  const char *payload = only_member (message, "media", "payload");
  g_autofree guint8 *bytes = NULL;
  g_autofree char *again = NULL;
  gsize length;

  if (payload == NULL)
    return "media has other members than event, streamSid, media.payload";
  bytes = g_base64_decode (payload, &length);
  again = g_base64_encode (bytes, length);
  if (!g_str_equal (payload, again))
    return "the payload is not base 64";
  if (length != self->frame_bytes)
    return "the payload is not one frame";
  g_byte_array_append (self->audio, bytes, (guint)length);
  self->frames++;
  self->dry_at = MAX (self->dry_at, now) + (gint64)length * G_USEC_PER_SEC / self->bytes_per_second;
  return NULL;
}

static const char *
take_mark (CallPlayback *self, JsonObject *message, gint64 now)
{
  const char *name = only_member (message, "mark", "name");
  Pending *pending;

  if (name == NULL || *name == '\0')
    return "mark has other members than event, streamSid, mark.name";
  pending = g_new0 (Pending, 1);
  pending->name = g_strdup (name);
  pending->due = MAX (self->dry_at, now);
  g_queue_push_tail (&self->pending, pending);
  add_event (self, name);
  self->marks++;
  return NULL;
}

static const char *
take_clear (CallPlayback *self, JsonObject *message, gint64 now)
{
  if (json_object_get_size (message) != 2)
    return "clear has other members than event, streamSid";
  if (self->dry_at > now)
    self->cleared_bytes += (gsize)((self->dry_at - now) * self->bytes_per_second / G_USEC_PER_SEC);
  self->dry_at = MIN (self->dry_at, now);
  for (GList *link = self->pending.head; link != NULL; link = link->next)
    ((Pending *)link->data)->due = now;
  add_event (self, NULL);
  self->clears++;
  return NULL;
}

static const char *
take_object (CallPlayback *self, JsonObject *message, gint64 now)
{
  const char *event = text_member (message, "event");

  if (g_strcmp0 (text_member (message, "streamSid"), self->stream_sid) != 0)
    return "the streamSid is not that of the stream";
  if (g_strcmp0 (event, "media") == 0)
    return take_media (self, message, now);
  if (g_strcmp0 (event, "mark") == 0)
    return take_mark (self, message, now);
  if (g_strcmp0 (event, "clear") == 0)
    return take_clear (self, message, now);
  return "no event that the service knows";
}

char *
call_playback_take (CallPlayback *self, const char *text, gsize length, gint64 now)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  const char *wrong;

  if (!json_parser_load_from_data (parser, text, (gssize)length, NULL) ||
      !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    wrong = "no JSON object";
  else if (is_spaced (text, length))
    wrong = "white space between the tokens";
  else
    wrong = take_object (self, json_node_get_object (json_parser_get_root (parser)), now);
  return wrong != NULL ? g_strdup_printf ("%s: %.*s", wrong, (int)MIN (length, 400), text) : NULL;
}

/* ---- marks that go back ---- */

gint64
call_playback_next_at (const CallPlayback *self)
{
  const Pending *first = self->pending.head != NULL ? self->pending.head->data : NULL;

  return first != NULL ? first->due : G_MAXINT64;
}

char *
call_playback_next_mark (CallPlayback *self, gint64 now)
{
  Pending *first;
  char *name;

  if (call_playback_next_at (self) > now)
    return NULL;
  first = g_queue_pop_head (&self->pending);
  name = g_steal_pointer (&first->name);
  pending_free (first);
  return name;
}
