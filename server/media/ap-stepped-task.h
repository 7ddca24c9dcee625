/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* The task of a source element, which GStreamer would give a thread, run by its holder instead, one step at a time: for
 * a source that always has something to push when it is stepped. It is a pool of threads in which there is none: what
 * is to run on one is kept. Takes one task. Belongs to the thread that starts and stops the element. */
#define AP_TYPE_STEPPED_TASK (ap_stepped_task_get_type ())
G_DECLARE_FINAL_TYPE (ApSteppedTask, ap_stepped_task, AP, STEPPED_TASK, GstTaskPool)

ApSteppedTask *ap_stepped_task_new (void);

/* From the bus's synchronous handler, which hears of a task before it is started: takes the task of a message of the
 * type GST_MESSAGE_STREAM_STATUS, if it tells of a new one. */
void ap_stepped_task_take (ApSteppedTask *self, GstMessage *message);

/* TRUE once the element has started the task that was taken, until it has paused it: at its end, or for an error. */
gboolean ap_stepped_task_is_started (ApSteppedTask *self);

/* What the thread would do before it looks whether it is to go on. Waits if the element has nothing to push. */
void ap_stepped_task_step (ApSteppedTask *self);

/* What the thread would do when it is stopped. To be called before the element is set to NULL, which waits for it, and
 * before the last unref. */
void ap_stepped_task_finish (ApSteppedTask *self);
