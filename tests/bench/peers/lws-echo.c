/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plain way to write a WebSocket echo on libwebsockets: what came is sent when the socket can take it, and the
 * client is not read in between. For the benchmark alone. */
#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX (1024 * 1024)

typedef struct {
  unsigned char *message; /* LWS_PRE bytes, then what has come of it */
  size_t len;
  int waiting; /* it is whole, and not sent */
} Peer;

static int
take (struct lws *wsi, Peer *peer, const void *in, size_t len)
{
  unsigned char *message = peer->len + len <= MESSAGE_MAX ? realloc (peer->message, LWS_PRE + peer->len + len) : NULL;

  if (message == NULL)
    return -1;
  peer->message = message;
  memcpy (message + LWS_PRE + peer->len, in, len);
  peer->len += len;
  peer->waiting = lws_is_final_fragment (wsi) && lws_remaining_packet_payload (wsi) == 0;
  if (peer->waiting) {
    lws_rx_flow_control (wsi, 0);
    lws_callback_on_writable (wsi);
  }
  return 0;
}

static int
give (struct lws *wsi, Peer *peer)
{
  if (!peer->waiting)
    return 0;
  if (lws_write (wsi, peer->message + LWS_PRE, peer->len, LWS_WRITE_BINARY) < (int)peer->len)
    return -1;
  peer->waiting = 0;
  peer->len = 0;
  lws_rx_flow_control (wsi, 1);
  return 0;
}

static int
on_event (struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
  Peer *peer = user;

  if (reason == LWS_CALLBACK_RECEIVE)
    return take (wsi, peer, in, len);
  if (reason == LWS_CALLBACK_SERVER_WRITEABLE)
    return give (wsi, peer);
  if (reason == LWS_CALLBACK_CLOSED)
    free (peer->message);
  return 0;
}

int
main (void)
{
  /* A client that names no sub-protocol gets the first. */
  static const struct lws_protocols protocols[] = { { "audio", on_event, sizeof (Peer), 65536, 0, NULL, 0 },
                                                    { NULL, NULL, 0, 0, 0, NULL, 0 } };
  struct lws_context_creation_info info = { .port = 0, .iface = "127.0.0.1", .protocols = protocols };
  struct lws_context *context;

  lws_set_log_level (LLL_ERR, NULL);
  info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
  context = lws_create_context (&info);
  if (context == NULL)
    return 1;
  fprintf (stderr, "listening on http://127.0.0.1:%d\n", lws_get_vhost_listen_port (lws_create_vhost (context, &info)));
  while (lws_service (context, 0) >= 0)
    ;
  return 0;
}
