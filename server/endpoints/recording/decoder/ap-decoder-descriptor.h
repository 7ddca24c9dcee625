/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Messages that may carry a descriptor, over a socket of the type SOCK_SEQPACKET. */

/* @fd: -1: none; stays the caller's. FALSE with errno. */
gboolean ap_decoder_descriptor_send (int socket, gconstpointer data, gsize length, int fd);

/* Waits for a message of @length bytes. @fd: (out) (nullable): the descriptor with it, closed on exec, or -1. FALSE:
 * the other side has left, or another message came; errno is 0 then. */
gboolean ap_decoder_descriptor_receive (int socket, gpointer data, gsize length, int *fd);
