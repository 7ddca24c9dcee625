/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells ThreadSanitizer what GLib's locks and hand-overs order.
 *
 * GLib is not instrumented, and its locks are futexes: ThreadSanitizer sees neither, and takes data that a GMutex or a
 * GAsyncQueue guards for a race. This library is preloaded into the tests of a thread-sanitizer build
 * (tests/sanitize/meson.build). It stands before GLib's functions and adds to each the release or the acquire that the
 * function's contract promises, no more, so that a race beside the locks is still found (test-sanitizers.c shows both).
 *
 * It links to nothing: in a program without ThreadSanitizer its calls fall through, in one without GLib they never
 * come.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include <gio/gio.h>
#include <gst/gst.h>

extern void __tsan_acquire (void *address) __attribute__ ((weak));
extern void __tsan_release (void *address) __attribute__ ((weak));

static inline void
acquire (const volatile void *address)
{
  if (__tsan_acquire)
    __tsan_acquire ((void *)address);
}

static inline void
release (const volatile void *address)
{
  if (__tsan_release)
    __tsan_release ((void *)address);
}

static void *
next_symbol (void **slot, const char *name)
{
  void *symbol = __atomic_load_n (slot, __ATOMIC_RELAXED);
  if (symbol == NULL) {
    symbol = dlsym (RTLD_NEXT, name);
    __atomic_store_n (slot, symbol, __ATOMIC_RELAXED);
  }
  return symbol;
}

/* The function that a definition of this file stands before. */
#define REAL(name)                                                                                                     \
  ({                                                                                                                   \
    static void *slot_;                                                                                                \
    (__typeof__ (&(name)))next_symbol (&slot_, #name);                                                                 \
  })

/* ---- Locks: what came before an unlock comes before what follows the next lock. ---- */

#define LOCK(name, Type)                                                                                               \
  void name (Type *lock)                                                                                               \
  {                                                                                                                    \
    REAL (name) (lock);                                                                                                \
    acquire (lock);                                                                                                    \
  }

#define TRYLOCK(name, Type)                                                                                            \
  gboolean name (Type *lock)                                                                                           \
  {                                                                                                                    \
    gboolean locked = REAL (name) (lock);                                                                              \
    if (locked)                                                                                                        \
      acquire (lock);                                                                                                  \
    return locked;                                                                                                     \
  }

#define UNLOCK(name, Type)                                                                                             \
  void name (Type *lock)                                                                                               \
  {                                                                                                                    \
    release (lock);                                                                                                    \
    REAL (name) (lock);                                                                                                \
  }

LOCK (g_mutex_lock, GMutex)
TRYLOCK (g_mutex_trylock, GMutex)
UNLOCK (g_mutex_unlock, GMutex)
LOCK (g_rec_mutex_lock, GRecMutex)
TRYLOCK (g_rec_mutex_trylock, GRecMutex)
UNLOCK (g_rec_mutex_unlock, GRecMutex)
LOCK (g_rw_lock_writer_lock, GRWLock)
TRYLOCK (g_rw_lock_writer_trylock, GRWLock)
UNLOCK (g_rw_lock_writer_unlock, GRWLock)
LOCK (g_rw_lock_reader_lock, GRWLock)
TRYLOCK (g_rw_lock_reader_trylock, GRWLock)
UNLOCK (g_rw_lock_reader_unlock, GRWLock)
LOCK (g_async_queue_lock, GAsyncQueue)
UNLOCK (g_async_queue_unlock, GAsyncQueue)

/* A wait opens the lock and closes it again, inside GLib. */

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  release (mutex);
  REAL (g_cond_wait) (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  release (mutex);
  gboolean signalled = REAL (g_cond_wait_until) (cond, mutex, end_time);
  acquire (mutex);
  return signalled;
}

/* ---- Once: the fast path is an atomic load in the caller, which ThreadSanitizer pairs with this release. ---- */

gboolean (g_once_init_enter) (volatile void *location)
{
  gboolean first = REAL (g_once_init_enter) (location);
  acquire (location);
  return first;
}

void (g_once_init_leave) (volatile void *location, gsize result)
{
  release (location);
  REAL (g_once_init_leave) (location, result);
}

gpointer
g_once_impl (GOnce *once, GThreadFunc func, gpointer arg)
{
  gpointer value = REAL (g_once_impl) (once, func, arg);
  release (once);
  acquire (once);
  return value;
}

/* ---- References: the count is atomic, so whoever drops the last one comes after all who dropped one before. ---- */

#define UNREF(name, Type)                                                                                              \
  void name (Type *object)                                                                                             \
  {                                                                                                                    \
    release (object);                                                                                                  \
    acquire (object);                                                                                                  \
    REAL (name) (object);                                                                                              \
  }

/* The same for what is counted in sight: the only owner has nothing to tell, which spares most of the cost. */
#define UNREF_COUNTED(name, Type, count)                                                                               \
  void name (Type *object)                                                                                             \
  {                                                                                                                    \
    if (__atomic_load_n (&(count), __ATOMIC_RELAXED) > 1)                                                              \
      release (object);                                                                                                \
    acquire (object);                                                                                                  \
    REAL (name) (object);                                                                                              \
  }

UNREF_COUNTED (g_object_unref, void, ((GObject *)object)->ref_count)
UNREF_COUNTED (gst_object_unref, void, ((GObject *)object)->ref_count)
UNREF_COUNTED (gst_mini_object_unref, GstMiniObject, object->refcount)
UNREF (g_bytes_unref, GBytes)
UNREF (g_main_context_unref, GMainContext)
UNREF (g_source_unref, GSource)
UNREF (g_async_queue_unref, GAsyncQueue)
UNREF (g_atomic_rc_box_release, void)

void
g_atomic_rc_box_release_full (gpointer box, GDestroyNotify clear)
{
  release (box);
  acquire (box);
  REAL (g_atomic_rc_box_release_full) (box, clear);
}

gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  gboolean last;

  release (count);
  last = REAL (g_atomic_ref_count_dec) (count);
  if (last)
    acquire (count);
  return last;
}

/* ---- Queues: what came before a push comes before what follows the pop. ---- */

#define PUSH(name)                                                                                                     \
  void name (GAsyncQueue *queue, gpointer data)                                                                        \
  {                                                                                                                    \
    release (queue);                                                                                                   \
    REAL (name) (queue, data);                                                                                         \
  }

#define POP(name)                                                                                                      \
  gpointer name (GAsyncQueue *queue)                                                                                   \
  {                                                                                                                    \
    gpointer data = REAL (name) (queue);                                                                               \
    if (data)                                                                                                          \
      acquire (queue);                                                                                                 \
    return data;                                                                                                       \
  }

#define TIMEOUT_POP(name)                                                                                              \
  gpointer name (GAsyncQueue *queue, guint64 timeout)                                                                  \
  {                                                                                                                    \
    gpointer data = REAL (name) (queue, timeout);                                                                      \
    if (data)                                                                                                          \
      acquire (queue);                                                                                                 \
    return data;                                                                                                       \
  }

PUSH (g_async_queue_push)
PUSH (g_async_queue_push_unlocked)
PUSH (g_async_queue_push_front)
PUSH (g_async_queue_push_front_unlocked)
POP (g_async_queue_pop)
POP (g_async_queue_pop_unlocked)
POP (g_async_queue_try_pop)
POP (g_async_queue_try_pop_unlocked)
TIMEOUT_POP (g_async_queue_timeout_pop)
TIMEOUT_POP (g_async_queue_timeout_pop_unlocked)

gboolean
gst_bus_post (GstBus *bus, GstMessage *message)
{
  release (bus);
  return REAL (gst_bus_post) (bus, message);
}

GstMessage *
gst_bus_timed_pop_filtered (GstBus *bus, GstClockTime timeout, GstMessageType types)
{
  GstMessage *message = REAL (gst_bus_timed_pop_filtered) (bus, timeout, types);
  acquire (bus);
  return message;
}

GstMessage *
gst_bus_pop (GstBus *bus)
{
  GstMessage *message = REAL (gst_bus_pop) (bus);
  acquire (bus);
  return message;
}

/* ---- Calls on another thread's main context: what came before the hand-over comes before the call. ---- */

typedef struct {
  GSourceFunc func;
  GSourceOnceFunc once;
  gpointer data;
  GDestroyNotify destroy;
} Call;

static Call *
call_new (GSourceFunc func, GSourceOnceFunc once, gpointer data, GDestroyNotify destroy)
{
  Call *call = malloc (sizeof *call);
  *call = (Call){ func, once, data, destroy };
  release (call);
  return call;
}

static gboolean
call_run (gpointer data)
{
  Call *call = data;
  gboolean again = G_SOURCE_REMOVE;
  acquire (call);
  if (call->func)
    again = call->func (call->data);
  else
    call->once (call->data);
  release (call);
  return again;
}

static void
call_free (gpointer data)
{
  Call *call = data;
  acquire (call);
  if (call->destroy)
    call->destroy (call->data);
  free (call);
}

guint
g_idle_add_full (gint priority, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  return REAL (g_idle_add_full) (priority, call_run, call_new (func, NULL, data, destroy), call_free);
}

guint
g_idle_add (GSourceFunc func, gpointer data)
{
  return g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, func, data, NULL);
}

guint
g_idle_add_once (GSourceOnceFunc func, gpointer data)
{
  return REAL (g_idle_add_full) (G_PRIORITY_DEFAULT_IDLE, call_run, call_new (NULL, func, data, NULL), call_free);
}

guint
g_timeout_add_full (gint priority, guint interval, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  return REAL (g_timeout_add_full) (priority, interval, call_run, call_new (func, NULL, data, destroy), call_free);
}

guint
g_timeout_add (guint interval, GSourceFunc func, gpointer data)
{
  return g_timeout_add_full (G_PRIORITY_DEFAULT, interval, func, data, NULL);
}

guint
g_timeout_add_once (guint interval, GSourceOnceFunc func, gpointer data)
{
  Call *call = call_new (NULL, func, data, NULL);
  return REAL (g_timeout_add_full) (G_PRIORITY_DEFAULT, interval, call_run, call, call_free);
}

guint
g_timeout_add_seconds_full (gint priority, guint interval, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  Call *call = call_new (func, NULL, data, destroy);
  return REAL (g_timeout_add_seconds_full) (priority, interval, call_run, call, call_free);
}

guint
g_timeout_add_seconds (guint interval, GSourceFunc func, gpointer data)
{
  return g_timeout_add_seconds_full (G_PRIORITY_DEFAULT, interval, func, data, NULL);
}

void
g_main_context_invoke_full (GMainContext *context, gint priority, GSourceFunc func, gpointer data,
                            GDestroyNotify destroy)
{
  Call *call = call_new (func, NULL, data, destroy);
  REAL (g_main_context_invoke_full) (context, priority, call_run, call, call_free);
}

void
g_main_context_invoke (GMainContext *context, GSourceFunc func, gpointer data)
{
  g_main_context_invoke_full (context, G_PRIORITY_DEFAULT, func, data, NULL);
}

/* The callback of an idle or a timeout source. Those of other sources have arguments of their own, and come with a file
 * descriptor whose reads and writes ThreadSanitizer follows by itself. */
void
g_source_set_callback (GSource *source, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  GSourceFuncs *idle = dlsym (RTLD_DEFAULT, "g_idle_funcs");
  GSourceFuncs *timeout = dlsym (RTLD_DEFAULT, "g_timeout_funcs");
  if (func && (source->source_funcs == idle || source->source_funcs == timeout))
    REAL (g_source_set_callback) (source, call_run, call_new (func, NULL, data, destroy), call_free);
  else
    REAL (g_source_set_callback) (source, func, data, destroy);
}

/* ---- Thread pools and tasks ---- */

typedef struct {
  GFunc func;
  gpointer data;
} PoolCall;

static void
pool_run (gpointer item, gpointer data)
{
  PoolCall *call = data;
  acquire (call);
  call->func (item, call->data);
}

static PoolCall *
pool_call_new (GFunc func, gpointer data)
{
  PoolCall *call = malloc (sizeof *call);
  *call = (PoolCall){ func, data };
  return call;
}

GThreadPool *
g_thread_pool_new (GFunc func, gpointer data, gint max_threads, gboolean exclusive, GError **error)
{
  return REAL (g_thread_pool_new) (pool_run, pool_call_new (func, data), max_threads, exclusive, error);
}

GThreadPool *
g_thread_pool_new_full (GFunc func, gpointer data, GDestroyNotify free_item, gint max_threads, gboolean exclusive,
                        GError **error)
{
  PoolCall *call = pool_call_new (func, data);
  return REAL (g_thread_pool_new_full) (pool_run, call, free_item, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer item, GError **error)
{
  if (pool->func == pool_run)
    release (pool->user_data);
  return REAL (g_thread_pool_push) (pool, item, error);
}

static void
task_run (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  __typeof__ (&g_object_get_data) get_data = (__typeof__ (&g_object_get_data))dlsym (RTLD_DEFAULT, "g_object_get_data");
  acquire (task);
  GTaskThreadFunc func = (GTaskThreadFunc)get_data ((GObject *)task, "tsan-shim-func");
  func (task, source, data, cancellable);
}

void
g_task_run_in_thread (GTask *task, GTaskThreadFunc func)
{
  __typeof__ (&g_object_set_data) set_data = (__typeof__ (&g_object_set_data))dlsym (RTLD_DEFAULT, "g_object_set_data");
  set_data ((GObject *)task, "tsan-shim-func", (gpointer)func);
  release (task);
  REAL (g_task_run_in_thread) (task, task_run);
}

void
g_task_return_pointer (GTask *task, gpointer result, GDestroyNotify destroy)
{
  release (task);
  REAL (g_task_return_pointer) (task, result, destroy);
}

void
g_task_return_boolean (GTask *task, gboolean result)
{
  release (task);
  REAL (g_task_return_boolean) (task, result);
}

void
g_task_return_int (GTask *task, gssize result)
{
  release (task);
  REAL (g_task_return_int) (task, result);
}

void
g_task_return_error (GTask *task, GError *error)
{
  release (task);
  REAL (g_task_return_error) (task, error);
}

gpointer
g_task_propagate_pointer (GTask *task, GError **error)
{
  acquire (task);
  return REAL (g_task_propagate_pointer) (task, error);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  acquire (task);
  return REAL (g_task_propagate_boolean) (task, error);
}

gssize
g_task_propagate_int (GTask *task, GError **error)
{
  acquire (task);
  return REAL (g_task_propagate_int) (task, error);
}
