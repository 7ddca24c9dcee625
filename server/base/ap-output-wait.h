/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Measures the output of one socket that waits because the peer reads slower than the server writes: how much, and how
 * old its oldest byte is. It exists only while something waits; belongs to one thread, whose metrics it keeps. */
typedef struct _ApOutputWait ApOutputWait;

/**
 * ap_output_wait_update:
 * @wait: (inout): NULL while nothing waits
 * @length: bytes that wait now
 * @taken: bytes that the socket has taken since the last call
 *
 * To be called after each attempt to write that leaves something or finds something left; with 0 at the end of the
 * socket.
 */
void ap_output_wait_update (ApOutputWait **wait, gsize length, gsize taken);
