/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ap-stepped-task.h"

struct _ApSteppedTask {
  GstTaskPool parent_instance;

  GstTask *task;
  GstTaskPoolFunction thread; /* what a thread would run: the loop around the task's function; NULL: not pushed */
  gpointer thread_data;
};

G_DEFINE_FINAL_TYPE (ApSteppedTask, ap_stepped_task, GST_TYPE_TASK_POOL)

static gpointer
keep (GstTaskPool *pool, GstTaskPoolFunction func, gpointer data, GError **error)
{
  ApSteppedTask *self = AP_STEPPED_TASK (pool);

  self->thread = func;
  self->thread_data = data;
  return NULL;
}

static void
ap_stepped_task_class_init (ApSteppedTaskClass *klass)
{
  GST_TASK_POOL_CLASS (klass)->push = keep;
}

static void
ap_stepped_task_init (ApSteppedTask *self)
{
}

ApSteppedTask *
ap_stepped_task_new (void)
{
  return gst_object_ref_sink (g_object_new (AP_TYPE_STEPPED_TASK, NULL));
}

void
ap_stepped_task_take (ApSteppedTask *self, GstMessage *message)
{
  const GValue *object = gst_message_get_stream_status_object (message);
  GstStreamStatusType type;
  GstElement *owner;

  gst_message_parse_stream_status (message, &type, &owner);
  if (type != GST_STREAM_STATUS_TYPE_CREATE || self->task != NULL || !G_VALUE_HOLDS (object, GST_TYPE_TASK))
    return;
  self->task = g_value_dup_object (object);
  gst_task_set_pool (self->task, GST_TASK_POOL (self));
}

gboolean
ap_stepped_task_is_started (ApSteppedTask *self)
{
  return self->thread != NULL && gst_task_get_state (self->task) == GST_TASK_STARTED;
}

void
ap_stepped_task_step (ApSteppedTask *self)
{
  GstTask *task = self->task;

  /* The pad's stream lock, which every function of a task may count on. */
  g_rec_mutex_lock (GST_TASK_GET_LOCK (task));
  task->func (task->user_data);
  g_rec_mutex_unlock (GST_TASK_GET_LOCK (task));
}

void
ap_stepped_task_finish (ApSteppedTask *self)
{
  GstTaskPoolFunction thread = g_steal_pointer (&self->thread);

  if (thread != NULL) {
    gst_task_stop (self->task);
    /* Finds the task stopped, so it only says that it has left. */
    thread (g_steal_pointer (&self->thread_data));
  }
  gst_clear_object (&self->task); /* which holds its pool */
}
