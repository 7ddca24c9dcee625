/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of an echo client: the handshake, frames out, echoes in. Payloads say by themselves whose they are, and are
 * what a mu-law round trip leaves as it is, so that the codec's echo can be checked byte for byte too. */
#pragma once

#include <glib.h>

/* Around a payload of 126 to 65,535 bytes: two bytes and a 16-bit length; and, from a client, a mask. */
#define WIRE_ECHO_HEAD  4
#define WIRE_FRAME_HEAD 8

#define WIRE_CLOSE_BYTES 8

gint64 wire_now_ns (void);

#define AUDIO_PATH "/ws/audio"

/* Connects and sends the request. Returns: the socket, which is a blocking one */
int wire_start (guint16 port, const char *path);

/* Waits for the answer, which must be the 101. */
void wire_finish (int fd);

/* Frame number @frame of connection number @connection, with @len (even) bytes of payload, to @out. */
void wire_build_frame (guint32 connection, guint32 frame, guint len, guint8 *out);

/* Returns: whether @echo is the echo of that frame */
gboolean wire_is_echo (guint32 connection, guint32 frame, guint len, const guint8 *echo);

/* A close frame with code 1000. */
void wire_build_close (guint8 *out);

/* All of it or the end of the program. */
void wire_send (int fd, const guint8 *data, gsize len);
void wire_receive (int fd, guint8 *data, gsize len);
