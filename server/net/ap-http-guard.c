/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-http-guard.h"

#include <string.h>

/* One more than the longer of the two names. A length of so many digits is below 2^63. */
#define LONGEST_WORD 18

typedef enum { PART_FIRST_LINE, PART_NAME, PART_LENGTH, PART_ENCODING, PART_OTHER, PART_BODY } Part;

/* The stream of what a client sends. */
#define AP_TYPE_GUARD_STREAM (ap_guard_stream_get_type ())
G_DECLARE_FINAL_TYPE (ApGuardStream, ap_guard_stream, AP, GUARD_STREAM, GFilterInputStream)

struct _ApGuardStream {
  GFilterInputStream parent_instance;

  GSocket *socket; /* of the connection, which owns this */
  Part part;
  gsize line_length;           /* without the line feed */
  char last;                   /* byte of it */
  gboolean ended;              /* a length or an encoding: only blanks may follow */
  guint seen;                  /* a bit for each of these two that has come */
  char word[LONGEST_WORD + 1]; /* a name, or an encoding, in small letters; what is longer is cut off */
  gsize word_length;
};

static void ap_guard_stream_pollable_init (GPollableInputStreamInterface *interface);
G_DEFINE_FINAL_TYPE_WITH_CODE (ApGuardStream, ap_guard_stream, G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, ap_guard_stream_pollable_init))

static void
add_to_word (ApGuardStream *guard, char c)
{
  if (guard->word_length < LONGEST_WORD)
    guard->word[guard->word_length++] = g_ascii_tolower (c);
}

static gboolean
word_is (ApGuardStream *guard, const char *text)
{
  return strlen (text) == guard->word_length && memcmp (guard->word, text, guard->word_length) == 0;
}

static gboolean
end_line (ApGuardStream *guard)
{
  gboolean good = (guard->part != PART_ENCODING || word_is (guard, "chunked")) &&
                  (guard->part != PART_LENGTH || guard->word_length > 0);
  gboolean empty = guard->line_length == 0 || (guard->line_length == 1 && guard->last == '\r');

  if (!empty)
    guard->part = PART_NAME;
  else if (guard->part != PART_FIRST_LINE) /* empty lines may come before a request */
    guard->part = PART_BODY;
  guard->line_length = 0;
  guard->word_length = 0;
  guard->ended = FALSE;
  return good;
}

/* Once each: of two, every program takes another. */
static gboolean
begin_value (ApGuardStream *guard)
{
  guard->part = word_is (guard, "content-length")      ? PART_LENGTH
                : word_is (guard, "transfer-encoding") ? PART_ENCODING
                                                       : PART_OTHER;
  guard->word_length = 0;
  if (guard->part == PART_OTHER)
    return TRUE;
  if ((guard->seen & 1u << guard->part) != 0)
    return FALSE;
  guard->seen |= 1u << guard->part;
  return TRUE;
}

/* A name ends with its colon, and has no blanks (RFC 9112, section 5.1). A line that begins with one goes on with the
 * value of the line before; that is refused, as section 5.2 allows. */
static gboolean
take_of_name (ApGuardStream *guard, char c)
{
  if (c == ' ' || c == '\t')
    return FALSE;
  if (c == '\0') /* libsoup leaves it out */
    return TRUE;
  if (c != ':') {
    add_to_word (guard, c);
    return TRUE;
  }
  return begin_value (guard);
}

/* One word, with blanks around it. */
static gboolean
take_of_value (ApGuardStream *guard, char c)
{
  if (c == ' ' || c == '\t' || c == '\r') {
    guard->ended = guard->word_length > 0 || c == '\r';
    return TRUE;
  }
  if (guard->ended || (guard->part == PART_LENGTH && !g_ascii_isdigit (c)) || guard->word_length == LONGEST_WORD)
    return FALSE;
  add_to_word (guard, c);
  return TRUE;
}

/* Returns: FALSE when libsoup is not to see this byte */
static gboolean
take (ApGuardStream *guard, char c)
{
  if (c == '\n')
    return end_line (guard);
  guard->last = c;
  guard->line_length++;
  switch (guard->part) {
  case PART_NAME:
    return take_of_name (guard, c);
  case PART_LENGTH:
  case PART_ENCODING:
    return take_of_value (guard, c);
  case PART_FIRST_LINE:
  case PART_OTHER:
  case PART_BODY:
  default:
    return TRUE;
  }
}

static gssize
refuse (ApGuardStream *guard, GError **error)
{
  g_autofree char *answer =
      g_strdup_printf ("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: %" G_GSIZE_FORMAT
                       "\r\nConnection: close\r\n\r\n%s",
                       strlen (AP_HTTP_GUARD_UNREADABLE), AP_HTTP_GUARD_UNREADABLE);

  g_socket_send_with_blocking (guard->socket, answer, strlen (answer), FALSE, NULL, NULL);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the head of the request is malformed");
  return -1;
}

static gssize
inspect (ApGuardStream *guard, const char *bytes, gssize n, GError **error)
{
  for (gssize i = 0; i < n && guard->part != PART_BODY; i++)
    if (!take (guard, bytes[i]))
      return refuse (guard, error);
  return n;
}

static GInputStream *
base_of (gpointer stream)
{
  return g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream));
}

static gssize
ap_guard_stream_read (GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return inspect (AP_GUARD_STREAM (stream), buffer,
                  g_input_stream_read (base_of (stream), buffer, count, cancellable, error), error);
}

static gssize
ap_guard_stream_read_nonblocking (GPollableInputStream *stream, void *buffer, gsize count, GError **error)
{
  GPollableInputStream *base = G_POLLABLE_INPUT_STREAM (base_of (stream));

  return inspect (AP_GUARD_STREAM (stream), buffer,
                  g_pollable_input_stream_read_nonblocking (base, buffer, count, NULL, error), error);
}

static gboolean
ap_guard_stream_can_poll (GPollableInputStream *stream)
{
  return TRUE;
}

static gboolean
ap_guard_stream_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (base_of (stream)));
}

static GSource *
ap_guard_stream_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base =
      g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (base_of (stream)), cancellable);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static void
ap_guard_stream_pollable_init (GPollableInputStreamInterface *interface)
{
  interface->can_poll = ap_guard_stream_can_poll;
  interface->is_readable = ap_guard_stream_is_readable;
  interface->create_source = ap_guard_stream_create_source;
  interface->read_nonblocking = ap_guard_stream_read_nonblocking;
}

static void
ap_guard_stream_class_init (ApGuardStreamClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = ap_guard_stream_read;
}

static void
ap_guard_stream_init (ApGuardStream *guard)
{
}

/* The connection, with that stream in place of the socket's. */
#define AP_TYPE_GUARD_CONNECTION (ap_guard_connection_get_type ())
G_DECLARE_FINAL_TYPE (ApGuardConnection, ap_guard_connection, AP, GUARD_CONNECTION, GSocketConnection)

struct _ApGuardConnection {
  GSocketConnection parent_instance;

  ApGuardStream *input;
};

G_DEFINE_FINAL_TYPE (ApGuardConnection, ap_guard_connection, G_TYPE_SOCKET_CONNECTION)

static GInputStream *
ap_guard_connection_get_input_stream (GIOStream *stream)
{
  ApGuardConnection *connection = AP_GUARD_CONNECTION (stream);

  if (connection->input == NULL) {
    GInputStream *base = G_IO_STREAM_CLASS (ap_guard_connection_parent_class)->get_input_stream (stream);

    connection->input = g_object_new (AP_TYPE_GUARD_STREAM, "base-stream", base, "close-base-stream", FALSE, NULL);
    connection->input->socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
  }
  return G_INPUT_STREAM (connection->input);
}

static void
ap_guard_connection_finalize (GObject *object)
{
  g_clear_object (&AP_GUARD_CONNECTION (object)->input);
  G_OBJECT_CLASS (ap_guard_connection_parent_class)->finalize (object);
}

static void
ap_guard_connection_class_init (ApGuardConnectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ap_guard_connection_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = ap_guard_connection_get_input_stream;
}

static void
ap_guard_connection_init (ApGuardConnection *connection)
{
}

GSocketConnection *
ap_http_guard_connection (GSocket *socket)
{
  return g_object_new (AP_TYPE_GUARD_CONNECTION, "socket", socket, NULL);
}
