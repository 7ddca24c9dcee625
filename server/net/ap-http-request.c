/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-http-request-private.h"

#include "base/ap-invoke.h"
#include "base/ap-json.h"
#include "base/ap-limits.h"
#include "net/ap-http-body.h"
#include "net/ap-http-target.h"
#include "net/ap-listener.h"

#include <string.h>

#define KEY            "ap-http-request"
#define CONNECTION_KEY "ap-http-connection"

struct _ApHttpRequest {
  gatomicrefcount refs;
  GMainContext *context; /* the worker's */

  gconstpointer route; /* ap-http's */
  const char *method;  /* interned */
  char *target;
  char *peer;
  char *range;
  SoupMessageHeaders *headers;
  char **parameters;
  char **query;
  GBytes *body;
  gboolean has_token;
  GDestroyNotify release; /* @aside; NULL: there is none, or it has been taken */
  gpointer aside;
  GPtrArray *answer_headers;   /* (nullable) names and values by turns; of who answers, until it does */
  GPtrArray *standing_headers; /* (nullable) the same, of every answer */

  gint over; /* atomic: answered, or nobody is there any more; set by the worker's thread */

  /* The worker's thread's own. */
  SoupServerMessage *message; /* whose data this is; NULL once it has gone */
  gboolean answered;
  GSource *deadline; /* while it waits for an answer */
};

typedef struct {
  ApHttpRequest *request;
  guint status;
  GPtrArray *headers; /* (nullable) */
  char *content_type;
  GBytes *body;
  /* Or, in place of @body: */
  goffset length;
  ApHttpBodyFunc begin;
  gpointer data;
  GDestroyNotify destroy;
} Answer;

static void
end_deadline (ApHttpRequest *request)
{
  if (request->deadline == NULL)
    return;
  g_source_destroy (request->deadline);
  g_clear_pointer (&request->deadline, g_source_unref);
}

/* libsoup is through with it: answered, or the client or the server has left. */
static void
on_message_gone (gpointer data)
{
  ApHttpRequest *request = data;

  end_deadline (request);
  request->message = NULL;
  g_atomic_int_set (&request->over, 1);
  ap_http_request_unref (request);
}

static char *
target_of (SoupServerMessage *message)
{
  GUri *uri = soup_server_message_get_uri (message);
  const char *query = g_uri_get_query (uri);

  return g_strconcat (g_uri_get_path (uri), query != NULL ? "?" : NULL, query, NULL);
}

ApHttpRequest *
ap_http_request_new (SoupServerMessage *message)
{
  ApHttpRequest *request = g_new0 (ApHttpRequest, 1);
  GSocketAddress *peer = soup_server_message_get_remote_address (message);

  g_atomic_ref_count_init (&request->refs);
  request->context = g_main_context_ref_thread_default ();
  request->message = message;
  request->method = soup_server_message_get_method (message);
  request->target = target_of (message);
  request->peer = peer != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (peer)) : g_strdup ("-");
  request->headers = soup_message_headers_ref (soup_server_message_get_request_headers (message));
  request->range = g_strdup (soup_message_headers_get_list (request->headers, "Range"));
  /* libsoup answers one of many parts with many times the bytes. */
  soup_message_headers_remove (request->headers, "Range");
  g_object_set_data_full (G_OBJECT (message), KEY, request, on_message_gone);
  return request;
}

ApHttpRequest *
ap_http_request_from_message (SoupServerMessage *message)
{
  return g_object_get_data (G_OBJECT (message), KEY);
}

ApHttpRequest *
ap_http_request_ref (ApHttpRequest *request)
{
  g_atomic_ref_count_inc (&request->refs);
  return request;
}

void
ap_http_request_unref (ApHttpRequest *request)
{
  if (!g_atomic_ref_count_dec (&request->refs))
    return;
  if (request->release != NULL)
    request->release (request->aside);
  g_main_context_unref (request->context);
  soup_message_headers_unref (request->headers);
  g_clear_pointer (&request->answer_headers, g_ptr_array_unref);
  g_clear_pointer (&request->standing_headers, g_ptr_array_unref);
  g_clear_pointer (&request->body, g_bytes_unref);
  g_strfreev (request->parameters);
  g_strfreev (request->query);
  g_free (request->target);
  g_free (request->range);
  g_free (request->peer);
  g_free (request);
}

const char *
ap_http_request_get_method (ApHttpRequest *request)
{
  return request->method;
}

const char *
ap_http_request_get_target (ApHttpRequest *request)
{
  return request->target;
}

const char *
ap_http_request_get_parameter (ApHttpRequest *request, const char *name)
{
  return ap_http_form_get ((const char *const *)request->parameters, name);
}

const char *
ap_http_request_get_query (ApHttpRequest *request, const char *name)
{
  return ap_http_form_get ((const char *const *)request->query, name);
}

const char *
ap_http_request_get_header (ApHttpRequest *request, const char *name)
{
  return soup_message_headers_get_list (request->headers, name);
}

const char *
ap_http_request_get_range (ApHttpRequest *request)
{
  return request->range;
}

GBytes *
ap_http_request_get_body (ApHttpRequest *request)
{
  return request->body;
}

const char *
ap_http_request_get_peer (ApHttpRequest *request)
{
  return request->peer;
}

SoupServerMessage *
ap_http_request_get_message (ApHttpRequest *request)
{
  return request->message;
}

void
ap_http_request_set_route (ApHttpRequest *request, gconstpointer route, char **parameters, char **query)
{
  request->route = route;
  request->parameters = parameters;
  request->query = query;
}

gconstpointer
ap_http_request_get_route (ApHttpRequest *request)
{
  return request->route;
}

void
ap_http_request_set_has_token (ApHttpRequest *request, gboolean has_token)
{
  request->has_token = has_token;
}

gboolean
ap_http_request_require_token (ApHttpRequest *request)
{
  if (request->has_token)
    return TRUE;
  ap_http_request_add_header (request, "WWW-Authenticate", "Bearer realm=\"audio-pipeline\"");
  ap_http_request_respond_error (request, SOUP_STATUS_UNAUTHORIZED,
                                 "this server wants its token: as 'Authorization: Bearer TOKEN', or, from a browser, "
                                 "with the sub-protocols 'audio-pipeline' and 'bearer.TOKEN'");
  return FALSE;
}

void
ap_http_request_set_aside (ApHttpRequest *request, GDestroyNotify release, gpointer data)
{
  g_return_if_fail (request->release == NULL);
  request->release = release;
  request->aside = data;
}

gboolean
ap_http_request_take_aside (ApHttpRequest *request)
{
  return g_steal_pointer (&request->release) != NULL;
}

void
ap_http_request_take_body (ApHttpRequest *request)
{
  request->body = ap_http_body_take (request->message);
}

gboolean
ap_http_request_is_answered (ApHttpRequest *request)
{
  return request->answered;
}

gboolean
ap_http_request_is_awaited (ApHttpRequest *request)
{
  return g_atomic_int_get (&request->over) == 0;
}

static void
add_pair (GPtrArray **pairs, const char *name, const char *value)
{
  if (*pairs == NULL)
    *pairs = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (*pairs, g_strdup (name));
  g_ptr_array_add (*pairs, g_strdup (value));
}

void
ap_http_request_add_header (ApHttpRequest *request, const char *name, const char *value)
{
  add_pair (&request->answer_headers, name, value);
}

void
ap_http_request_add_standing_header (ApHttpRequest *request, const char *name, const char *value)
{
  add_pair (&request->standing_headers, name, value);
}

static void
free_weak_ref (gpointer ref)
{
  g_weak_ref_clear (ref);
  g_free (ref);
}

void
ap_http_request_set_connection (GSocketAddress *peer, GSocketConnection *connection)
{
  GWeakRef *ref = g_new (GWeakRef, 1);

  g_weak_ref_init (ref, connection);
  g_object_set_data_full (G_OBJECT (peer), CONNECTION_KEY, ref, free_weak_ref);
}

/* A long answer may take longer than a request, and not for ever. */
static void
extend_deadline (SoupServerMessage *message, goffset length)
{
  GSocketAddress *peer = soup_server_message_get_remote_address (message);
  GWeakRef *ref = peer != NULL ? g_object_get_data (G_OBJECT (peer), CONNECTION_KEY) : NULL;
  g_autoptr (GSocketConnection) connection = ref != NULL ? g_weak_ref_get (ref) : NULL;

  if (connection != NULL && length > AP_HTTP_LEAST_RATE)
    ap_listener_extend (connection, AP_HTTP_REQUEST_SECONDS + (guint)(length / AP_HTTP_LEAST_RATE));
}

static void
begin_body (SoupServerMessage *message, const Answer *answer)
{
  SoupMessageBody *body = soup_server_message_get_response_body (message);

  soup_message_body_truncate (body); /* libsoup may have answered before us */
  if (answer->begin != NULL && answer->length > 0) {
    soup_message_headers_set_content_length (soup_server_message_get_response_headers (message), answer->length);
    soup_message_body_set_accumulate (body, FALSE);
    if (soup_server_message_get_method (message) == SOUP_METHOD_HEAD)
      return;
    extend_deadline (message, answer->length);
    answer->begin (message, answer->data);
  } else if (answer->body != NULL && g_bytes_get_size (answer->body) > 0) { /* libsoup complains of an empty one */
    extend_deadline (message, (goffset)g_bytes_get_size (answer->body));
    soup_message_body_append_bytes (body, answer->body);
  }
}

/* @pairs: (nullable) */
static void
for_each_pair (const GPtrArray *pairs, SoupMessageHeaders *headers,
               void (*set) (SoupMessageHeaders *headers, const char *name, const char *value))
{
  for (guint i = 0; pairs != NULL && i < pairs->len; i += 2)
    set (headers, g_ptr_array_index (pairs, i), g_ptr_array_index (pairs, i + 1));
}

static void
answer_now (const Answer *answer)
{
  ApHttpRequest *request = answer->request;
  SoupServerMessage *message = request->message;
  SoupMessageHeaders *headers;

  if (message == NULL || request->answered)
    return;
  request->answered = TRUE;
  g_atomic_int_set (&request->over, 1);
  headers = soup_server_message_get_response_headers (message);
  for_each_pair (answer->headers, headers, soup_message_headers_replace);
  for_each_pair (request->standing_headers, headers, soup_message_headers_append);
  soup_server_message_set_status (message, answer->status,
                                  answer->status == AP_HTTP_UPGRADE_REQUIRED ? "Upgrade Required" : NULL);
  /* libsoup ends the connection after each answer unless it accepted it by itself; so the answer says it. */
  if (soup_message_headers_get_one (headers, "Connection") == NULL)
    soup_message_headers_replace (headers, "Connection", "close");
  if (answer->content_type != NULL)
    soup_message_headers_replace (headers, "Content-Type", answer->content_type);
  begin_body (message, answer);
  if (request->deadline == NULL)
    return;
  end_deadline (request);
  soup_server_message_unpause (message);
}

static gboolean
on_answer (gpointer data)
{
  answer_now (data);
  return G_SOURCE_REMOVE;
}

static void
free_answer (gpointer data)
{
  Answer *answer = data;

  ap_http_request_unref (answer->request);
  g_clear_pointer (&answer->headers, g_ptr_array_unref);
  g_clear_pointer (&answer->body, g_bytes_unref);
  if (answer->destroy != NULL)
    answer->destroy (answer->data);
  g_free (answer->content_type);
  g_free (answer);
}

/* @template: what there is of an answer beside its request and its headers; strings are copied. */
static void
respond (ApHttpRequest *request, const Answer *template)
{
  Answer *answer = g_memdup2 (template, sizeof *template);

  answer->request = ap_http_request_ref (request);
  answer->headers = __atomic_exchange_n (&request->answer_headers, NULL, __ATOMIC_ACQ_REL); /* several may answer */
  answer->content_type = g_strdup (template->content_type);
  if (!g_main_context_is_owner (request->context)) {
    ap_invoke (request->context, on_answer, answer, free_answer);
    return;
  }
  answer_now (answer);
  free_answer (answer);
}

void
ap_http_request_respond (ApHttpRequest *request, guint status, const char *content_type, GBytes *body)
{
  respond (request, &(Answer){
                        .status = status,
                        .content_type = (char *)content_type,
                        .body = body != NULL ? g_bytes_ref (body) : NULL,
                    });
}

void
ap_http_request_respond_in_pieces (ApHttpRequest *request, guint status, const char *content_type, goffset length,
                                   ApHttpBodyFunc begin, gpointer data, GDestroyNotify destroy)
{
  respond (request, &(Answer){
                        .status = status,
                        .content_type = (char *)content_type,
                        .length = length,
                        .begin = begin,
                        .data = data,
                        .destroy = destroy,
                    });
}

void
ap_http_request_respond_json (ApHttpRequest *request, guint status, const char *json)
{
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));

  ap_http_request_respond (request, status, "application/json", body);
}

void
ap_http_request_respond_error (ApHttpRequest *request, guint status, const char *text)
{
  g_autofree char *json = ap_json_error_body (text);

  ap_http_request_respond_json (request, status, json);
}

/* By itself, and without the headers of a handler that may be about to answer on another thread. */
static gboolean
on_deadline (gpointer request)
{
  g_autofree char *json = ap_json_error_body ("the server found no answer in time");
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));
  const Answer answer = {
    .request = request,
    .status = SOUP_STATUS_SERVICE_UNAVAILABLE,
    .content_type = (char *)"application/json",
    .body = body,
  };

  answer_now (&answer);
  return G_SOURCE_REMOVE;
}

void
ap_http_request_wait (ApHttpRequest *request, guint seconds)
{
  soup_server_message_pause (request->message);
  request->deadline = g_timeout_source_new_seconds (seconds);
  g_source_set_callback (request->deadline, on_deadline, request, NULL);
  g_source_attach (request->deadline, request->context);
}
