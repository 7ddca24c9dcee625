/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Writes lines to a descriptor from a thread of its own, so that a slow reader never holds up the audio.
 *
 * Lines wait in a buffer of AP_LINE_WRITER_BYTES. One that does not fit is dropped and counted; the count is reported
 * once the reader keeps up again. Every function may be called from any thread.
 */
typedef struct _ApLineWriter ApLineWriter;

/**
 * ap_line_writer_new:
 * @fd: the descriptor, which stays the caller's
 * @dropped: called on the writer's thread with the number of lines dropped since the last call
 */
ApLineWriter *ap_line_writer_new (int fd, void (*dropped) (guint64 lines));

/**
 * ap_line_writer_append:
 * @line: the line with its line end
 * @length: its length in bytes
 *
 * Never blocks on the descriptor.
 */
void ap_line_writer_append (ApLineWriter *writer, const char *line, gsize length);

/* Lines dropped since it was made. */
guint64 ap_line_writer_get_dropped (ApLineWriter *writer);

/* Writes what waits, for AP_STOP_LINES_MS and then as long as the reader takes it at once, and ends the thread. */
void ap_line_writer_free (ApLineWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApLineWriter, ap_line_writer_free)
