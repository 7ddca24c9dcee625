/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-http-body.h"

#include "base/ap-limits.h"
#include "base/ap-memory.h"
#include "net/ap-http-request-private.h"

#define KEY "ap-http-body"

/* What of a body may still come, and what of it counts. */
typedef struct {
  gsize left;
  gsize held;
  gboolean wanted; /* it is kept for a handler */
  gboolean counts; /* it may be long */
} Bound;

/* Atomic; of all threads. */
static gsize budget = AP_HTTP_BODIES_BYTES;
static gsize held_by_all;

void
ap_http_body_set_budget (gsize bytes)
{
  __atomic_store_n (&budget, bytes, __ATOMIC_RELAXED);
}

static void
let_go (gsize bytes)
{
  __atomic_sub_fetch (&held_by_all, bytes, __ATOMIC_RELAXED);
}

static gboolean
hold (Bound *bound, gsize bytes)
{
  if (!bound->counts)
    return TRUE;
  if (__atomic_add_fetch (&held_by_all, bytes, __ATOMIC_RELAXED) > __atomic_load_n (&budget, __ATOMIC_RELAXED) ||
      ap_memory_room (AP_MEMORY_RESERVE) == 0) {
    let_go (bytes);
    return FALSE;
  }
  bound->held += bytes;
  return TRUE;
}

static void
free_bound (gpointer data)
{
  let_go (((Bound *)data)->held);
  g_free (data);
}

/* From here on it is thrown away; @left of it at most, for the client sees its answer only behind it. */
static void
refuse (SoupServerMessage *message, Bound *bound, gsize left, guint status, const char *text)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  let_go (bound->held);
  *bound = (Bound){ .left = left };
  soup_message_body_truncate (body);
  soup_message_body_set_accumulate (body, FALSE);
  ap_http_request_respond_error (ap_http_request_from_message (message), status, text);
}

static void
on_chunk (SoupServerMessage *message, GBytes *chunk, gpointer data)
{
  Bound *bound = data;
  gsize length = g_bytes_get_size (chunk);

  if (length <= bound->left) {
    bound->left -= length;
    if (bound->wanted && !hold (bound, length))
      refuse (message, bound, bound->left, SOUP_STATUS_SERVICE_UNAVAILABLE, "the server holds as many files as it can");
  } else if (bound->wanted) {
    refuse (message, bound, AP_RECEIVE_BYTES, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE,
            "the body is larger than this path takes");
  } else {
    g_signal_handlers_disconnect_by_data (message, data);
    g_object_unref (soup_server_message_steal_connection (message));
  }
}

void
ap_http_body_bound (SoupServerMessage *message, gsize most, gboolean wanted)
{
  Bound *bound = g_new0 (Bound, 1);

  bound->wanted = wanted;
  bound->left = wanted ? most : MAX (most, AP_RECEIVE_BYTES);
  bound->counts = most > AP_RECEIVE_BYTES;
  g_object_set_data_full (G_OBJECT (message), KEY, bound, free_bound);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), wanted);
  g_signal_connect (message, "got-chunk", G_CALLBACK (on_chunk), bound);
}

typedef struct {
  GBytes *bytes;
  gsize held;
} Taken;

static void
free_taken (gpointer data)
{
  Taken *taken = data;

  let_go (taken->held);
  g_bytes_unref (taken->bytes);
  g_free (taken);
}

GBytes *
ap_http_body_take (SoupServerMessage *message)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  Bound *bound = g_object_get_data (G_OBJECT (message), KEY);
  Taken *taken = g_new (Taken, 1);
  gsize length;
  gconstpointer data;

  *taken = (Taken){ soup_message_body_flatten (body), bound != NULL ? bound->held : 0 };
  if (bound != NULL)
    bound->held = 0;
  soup_message_body_truncate (body); /* which has it once more, in pieces */
  data = g_bytes_get_data (taken->bytes, &length);
  return g_bytes_new_with_free_func (data, length, free_taken, taken);
}
