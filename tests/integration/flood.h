/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that sends numbered frames at full speed and does not read until it is told to. */
#pragma once

#include "support.h"

typedef struct {
  WsClient *client;
  gsize frame_len;   /* of the payload */
  GByteArray *frame; /* the one on its way */
  gsize sent;        /* bytes of it */
  guint32 frames;    /* that are wholly sent */
} Flood;

/* Connects, with small buffers on our side of the socket: the server's own bounds are reached soon, and there is less
 * to check later. */
Flood flood_open (guint16 port, gsize frame_len);

/* Sends until the socket is full, or for so long that others had better have their turn. */
void flood_send (Flood *flood);

/* The rest of the frame that was cut off when the socket was full. */
void flood_complete (Flood *flood);

/* Everything that was sent comes back once the clients read, and then they are served as anybody. */
void flood_drain (Flood *floods, guint clients);

/* Ends the connection without a word. */
void flood_close (Flood *flood);
