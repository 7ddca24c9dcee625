/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A listening socket in a context. libsoup's own keeps a descriptor of every connection that the client closes and
 * stops accepting for good after one refused descriptor; this one does neither. Belongs to its context's thread. */
typedef struct _ApListener ApListener;

/**
 * ap_listener_new:
 * @fd: (transfer full): a listening socket
 * @request_seconds: a connection that has not been freed so long after it came is shut down
 * @accepted: takes each connection; the stream is the callee's to ref
 */
ApListener *ap_listener_new (int fd, guint request_seconds,
                             void (*accepted) (GSocketConnection *connection, gpointer data), gpointer data);
void ap_listener_free (ApListener *listener);

/* For a long answer: gives a connection that a listener accepted @seconds from now, in place of those that it had, and
 * lets the client take nothing for AP_HTTP_STALL_SECONDS. */
void ap_listener_extend (GSocketConnection *connection, guint seconds);

/**
 * ap_listener_open:
 * @host: an IPv4 or IPv6 address, or a host name
 * @port: 0 takes a free one
 * @first: no other worker has this port yet, so that whoever has it is another program
 * @bound: (out): the address that was taken
 *
 * Makes a listening socket that several workers can have on the same port. @error says so plainly when the port is in
 * use.
 *
 * Returns: the descriptor, or -1
 */
int ap_listener_open (const char *host, guint16 port, gboolean first, GSocketAddress **bound, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApListener, ap_listener_free)
