/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deadlines for tests: every wait has one, and nothing sleeps for a fixed time. */
#pragma once

#include <glib.h>

/**
 * test_deadline:
 *
 * When a wait that starts now is given up: 30 seconds from now, or as many as the environment variable
 * AP_TEST_DEADLINE says (sanitizers and emulators need more).
 *
 * Returns: a time on the clock of g_get_monotonic_time(), in microseconds
 */
gint64 test_deadline (void);

/**
 * test_poll_fd:
 * @events: of poll(2)
 *
 * Waits until @fd has one of @events or @deadline has passed.
 *
 * Returns: the events that hold; 0 when the time is up
 */
short test_poll_fd (int fd, short events, gint64 deadline);

/**
 * test_wait_until:
 * @condition: an expression; evaluated every few milliseconds
 *
 * For what cannot be waited on with a descriptor or a GCond, such as a count in /proc.
 *
 * Returns: whether @condition came true before test_deadline()
 */
#define test_wait_until(condition)                                                                                     \
  ({                                                                                                                   \
    gint64 deadline_ = test_deadline ();                                                                               \
    gboolean held_ = FALSE;                                                                                            \
    while (!(held_ = !!(condition)) && g_get_monotonic_time () < deadline_)                                            \
      g_poll (NULL, 0, 5);                                                                                             \
    held_;                                                                                                             \
  })
