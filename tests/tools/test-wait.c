/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deadlines for tests. */
#include "test-wait.h"

#include <errno.h>
#include <poll.h>

#define DEFAULT_DEADLINE_SECONDS 30

gint64
test_deadline (void)
{
  const char *text = g_getenv ("AP_TEST_DEADLINE");
  gint64 seconds = text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;

  if (seconds <= 0)
    seconds = DEFAULT_DEADLINE_SECONDS;
  return g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
}

short
test_poll_fd (int fd, short events, gint64 deadline)
{
  for (;;) {
    struct pollfd poll_fd = { .fd = fd, .events = events };
    gint64 left = deadline - g_get_monotonic_time ();
    int ready;

    if (left <= 0)
      return 0;
    ready = poll (&poll_fd, 1, (int)MIN (left / 1000 + 1, 60 * 1000));
    if (ready > 0)
      return poll_fd.revents;
    if (ready < 0 && errno != EINTR)
      g_error ("poll: %s", g_strerror (errno));
  }
}
