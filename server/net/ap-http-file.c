/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as answers: ranges, and a download that reads a piece when the one before has gone out. */
#define G_LOG_DOMAIN "net"

#include "net/ap-http-file.h"

#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "net/ap-http-request-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define KEY "ap-http-download"

/* ---- ranges ---- */

/* A whole number that stands at @text, which goes on behind it; one too large counts as the largest. -1: there is none.
 */
static goffset
read_number (const char **text)
{
  goffset number = -1;

  for (; g_ascii_isdigit (**text); (*text)++) {
    int digit = **text - '0';

    number = MAX (number, 0);
    number = number > (G_MAXOFFSET - digit) / 10 ? G_MAXOFFSET : number * 10 + digit;
  }
  return number;
}

/* `first-last`, of which either may be missing. */
static gboolean
read_range (const char *text, goffset *first, goffset *last)
{
  text += strspn (text, " \t");
  *first = read_number (&text);
  if (*text++ != '-')
    return FALSE;
  *last = read_number (&text);
  text += strspn (text, " \t");
  return *text == '\0' && (*first >= 0 || *last >= 0) && (*first < 0 || *last < 0 || *first <= *last);
}

ApHttpRange
ap_http_range_parse (const char *range, goffset length, goffset *begin, goffset *end)
{
  static const char unit[] = "bytes=";
  goffset first, last;

  *begin = 0;
  *end = length;
  if (range == NULL || g_ascii_strncasecmp (range, unit, strlen (unit)) != 0 ||
      !read_range (range + strlen (unit), &first, &last))
    return AP_HTTP_RANGE_WHOLE;
  if (first >= length || (first < 0 && last == 0))
    return AP_HTTP_RANGE_UNSATISFIABLE;
  if (length == 0) /* the last bytes of nothing: no 206 can say that */
    return AP_HTTP_RANGE_WHOLE;
  if (first < 0)
    *begin = MAX (length - last, 0);
  else {
    *begin = first;
    *end = last < 0 || last >= length ? length : last + 1;
  }
  return AP_HTTP_RANGE_PART;
}

/* ---- a download ---- */

/* On the worker, but for what is said of @position. Counted: the message has one while it lives, and a task that reads.
 */
typedef struct {
  SoupServerMessage *message; /* NULL once it has gone */
  int fd;
  GBytes *head;          /* (nullable) */
  goffset position, end; /* what is still to come; a task reads them, and they are left alone while there is one */
} Download;

static void
download_clear (gpointer data)
{
  Download *download = data;

  close (download->fd);
  g_clear_pointer (&download->head, g_bytes_unref);
}

static void
download_unref (gpointer download)
{
  g_atomic_rc_box_release_full (download, download_clear);
}

/* @buffer: of @length bytes that the file has from @position on. */
static gboolean
read_file (int fd, guint8 *buffer, gsize length, goffset position, GError **error)
{
  while (length > 0) {
    gssize n = pread (fd, buffer, length, position);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      g_set_error (error, G_IO_ERROR, n == 0 ? G_IO_ERROR_PARTIAL_INPUT : g_io_error_from_errno (errno), "%s",
                   n == 0 ? "the file is shorter than it was" : g_strerror (errno));
      return FALSE;
    }
    buffer += n;
    position += n;
    length -= (gsize)n;
  }
  return TRUE;
}

/* On a thread of GTask's. */
static void
read_piece (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Download *download = data;
  gsize length = (gsize)MIN (download->end - download->position, AP_HTTP_PIECE_BYTES);
  goffset head_length = download->head != NULL ? (goffset)g_bytes_get_size (download->head) : 0;
  gsize of_head = (gsize)CLAMP (head_length - download->position, 0, (goffset)length);
  g_autofree guint8 *piece = g_malloc (length);
  GError *error = NULL;

  if (of_head > 0)
    memcpy (piece, (const guint8 *)g_bytes_get_data (download->head, NULL) + download->position, of_head);
  if (read_file (download->fd, piece + of_head, length - of_head, download->position + (goffset)of_head, &error))
    g_task_return_pointer (task, g_bytes_new_take (g_steal_pointer (&piece), length), (GDestroyNotify)g_bytes_unref);
  else
    g_task_return_error (task, error);
}

/* The length has been promised: what cannot be kept ends with the connection. */
static void
give_up (Download *download, const GError *error)
{
  ap_warning ("a file cannot be read to the end of an answer: %s", error->message);
  g_object_unref (soup_server_message_steal_connection (download->message));
}

static void
on_piece (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) piece = g_task_propagate_pointer (G_TASK (result), &error);
  Download *download = g_task_get_task_data (G_TASK (result));

  if (download->message == NULL)
    return;
  if (piece == NULL) {
    give_up (download, error);
    return;
  }
  download->position += (goffset)g_bytes_get_size (piece);
  soup_message_body_append_bytes (soup_server_message_get_response_body (download->message), piece);
  soup_server_message_unpause (download->message);
}

/* libsoup pauses when it has nothing to write. */
static void
ask_for_piece (Download *download)
{
  g_autoptr (GTask) task = NULL;

  if (download->position == download->end)
    return;
  task = g_task_new (NULL, NULL, on_piece, NULL);
  g_task_set_task_data (task, g_atomic_rc_box_acquire (download), download_unref);
  g_task_run_in_thread (task, read_piece);
}

static void
on_piece_sent (SoupServerMessage *message, gpointer download)
{
  ask_for_piece (download);
}

static void
on_message_gone (gpointer data)
{
  Download *download = data;

  download->message = NULL;
  download_unref (download);
}

static void
begin_download (SoupServerMessage *message, gpointer data)
{
  Download *download = data;

  download->message = message;
  g_object_set_data_full (G_OBJECT (message), KEY, g_atomic_rc_box_acquire (download), on_message_gone);
  g_signal_connect (message, "wrote-chunk", G_CALLBACK (on_piece_sent), download);
  ask_for_piece (download);
}

static void
respond_part (ApHttpRequest *request, guint status, const char *content_type, const ApHttpFile *file, goffset begin,
              goffset end)
{
  Download *download = g_atomic_rc_box_new0 (Download);

  download->fd = file->fd;
  download->head = file->head != NULL ? g_bytes_ref (file->head) : NULL;
  download->position = begin;
  download->end = end;
  ap_http_request_respond_in_pieces (request, status, content_type, end - begin, begin_download, download,
                                     download_unref);
}

/* ---- the answer ---- */

/* If-None-Match: a list of tags, or `*`; a weak one is as good (section 13.1.2). */
static gboolean
has_tag (const char *list, const char *etag)
{
  g_auto (GStrv) tags = g_strsplit (list, ",", -1);

  for (char **tag = tags; *tag != NULL; tag++) {
    const char *text = g_strstrip (*tag);

    if (g_str_equal (text, "*") || g_str_equal (g_str_has_prefix (text, "W/") ? text + 2 : text, etag))
      return TRUE;
  }
  return FALSE;
}

/* If-Range: a part is wanted only of what the client has the rest of (section 13.1.5); a date is never that. */
static const char *
range_of (ApHttpRequest *request, const ApHttpFile *file)
{
  const char *condition = ap_http_request_get_header (request, "If-Range");

  if (!g_str_equal (ap_http_request_get_method (request), "GET") ||
      (condition != NULL && g_strcmp0 (condition, file->etag) != 0))
    return NULL;
  return ap_http_request_get_range (request);
}

static gboolean
is_known (ApHttpRequest *request, const ApHttpFile *file)
{
  const char *list = ap_http_request_get_header (request, "If-None-Match");

  return file->etag != NULL && list != NULL && has_tag (list, file->etag);
}

void
ap_http_request_respond_file (ApHttpRequest *request, const char *content_type, const ApHttpFile *file)
{
  goffset begin, end;
  ApHttpRange range = ap_http_range_parse (range_of (request, file), file->length, &begin, &end);
  g_autofree char *text = NULL;

  ap_http_request_add_header (request, "Accept-Ranges", "bytes");
  if (file->etag != NULL)
    ap_http_request_add_header (request, "ETag", file->etag);
  if (is_known (request, file)) {
    close (file->fd);
    ap_http_request_respond (request, SOUP_STATUS_NOT_MODIFIED, NULL, NULL);
  } else if (range == AP_HTTP_RANGE_UNSATISFIABLE) {
    text = g_strdup_printf ("bytes */%" G_GOFFSET_FORMAT, file->length);
    close (file->fd);
    ap_http_request_add_header (request, "Content-Range", text);
    ap_http_request_respond_error (request, SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE,
                                   "the range begins behind the end");
  } else if (range == AP_HTTP_RANGE_PART) {
    text = g_strdup_printf ("bytes %" G_GOFFSET_FORMAT "-%" G_GOFFSET_FORMAT "/%" G_GOFFSET_FORMAT, begin, end - 1,
                            file->length);
    ap_http_request_add_header (request, "Content-Range", text);
    respond_part (request, SOUP_STATUS_PARTIAL_CONTENT, content_type, file, begin, end);
  } else
    respond_part (request, SOUP_STATUS_OK, content_type, file, begin, end);
}
