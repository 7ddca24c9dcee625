/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-option.h"
#include "net/ap-http.h"
#include "session/ap-endpoint.h"

/**
 * ApRoom:
 *
 * A room as the server sees it: its WebSockets, its paths of HTTP, and what they share. The one symbol that a room
 * exports.
 *
 * The room's state is one for the whole process: sessions reach it by ap_session_get_room(), @admit of an endpoint and
 * the handlers of @routes get it as their data, on any worker. What changes in it is under a lock of the room's own,
 * which is held for no longer than a look takes, and never while another function of the server is called. What
 * concerns a session is done on its worker: the room keeps an ApSessionHandle and passes the work by
 * ap_session_handle_invoke().
 */
typedef struct {
  const char *name;
  const ApEndpoint *const *endpoints; /* NULL-terminated; NULL: none */
  const ApHttpRoute *routes;          /* up to one without a path; NULL: none */

  /* Its settings: a table up to a row without a name, the first with a heading, and the size of the struct that the
   * offsets are in. NULL: none. */
  const ApOption *options;
  gsize settings_size;

  /* The rest runs on the main thread, where nothing else is said. A room without a state has none of it. */

  /* Once, before the first worker. @settings: that struct, filled in; it outlives the room. Returns the state; NULL
   * with
   * @error (AP_ERROR_CONFIG for a wrong setting) ends the start of the server. */
  gpointer (*start) (gconstpointer settings, GError **error);
  /* The server begins to end: the sessions are about to be closed, and no new ones come. */
  void (*drain) (gpointer room);
  /* Once, after the last worker; frees the state. */
  void (*stop) (gpointer room);

  /* For /ready, on any worker, and without waiting for anything: why what is asked of the room now is refused; NULL: it
   * is not. */
  const char *(*refusal) (gpointer room);

  /* `PROGRAM --helper NAME ...`: instead of a server, a process that works for one; the server's own business, so that
   * --help does not speak of it. Returns the exit status. NULL: the room has none. */
  int (*helper) (int argc, char **argv);
} ApRoom;
