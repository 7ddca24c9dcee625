/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements that behave badly, for pipelines under test. */
#pragma once

#include <gst/gst.h>

/**
 * elements_register:
 *
 * Registers, for this process and as often as one likes:
 *
 * - `complainer`: posts an error on the bus and goes on as if there was none. Its property `at` is the number of the
 *   buffer that it complains of; 0, the default, is the end of the stream.
 * - `staller`: holds every buffer until elements_release_stalled(), and none from then on until the next
 *   elements_register().
 */
void elements_register (void);

/* Returns: whether a staller holds a buffer */
gboolean elements_are_stalled (void);
void elements_release_stalled (void);
