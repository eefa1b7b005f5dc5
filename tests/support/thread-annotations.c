/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For builds with thread sanitizer only. GLib locks with futexes, which the sanitizer does not see, so it takes
 * everything handed from one thread to another through GLib for a race. The functions here stand in front of GLib's,
 * call them, and tell the sanitizer what orders what. They replace calls from our own code; inside GLib nothing is
 * watched (see thread-suppressions.txt). */

#include <dlfcn.h>
#include <gio/gio.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

#define REAL(name) ((__typeof__ (&name)) real_function (#name))

#undef g_atomic_ref_count_dec
#undef g_atomic_ref_count_inc

static gpointer
real_function (const char *name)
{
  gpointer function = dlsym (RTLD_NEXT, name);

  if (!function)
    g_error ("There is no %s behind this one", name);
  return function;
}

/* ---- Locks and queues ---- */

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock) (mutex);
  __tsan_acquire (mutex);
}

void
g_mutex_unlock (GMutex *mutex)
{
  __tsan_release (mutex);
  REAL (g_mutex_unlock) (mutex);
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  __tsan_release (queue);
  REAL (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_pop) (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  gpointer data = REAL (g_async_queue_try_pop) (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  gpointer data = REAL (g_async_queue_timeout_pop) (queue, timeout);

  __tsan_acquire (queue);
  return data;
}

/* ---- Reference counts ---- */

gboolean
(g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  gboolean is_last;

  __tsan_release (count);
  is_last = REAL (g_atomic_ref_count_dec) (count);
  if (is_last)
    __tsan_acquire (count);
  return is_last;
}

void
g_atomic_rc_box_release_full (gpointer box, GDestroyNotify clear)
{
  __tsan_release (box);
  __tsan_acquire (box);
  REAL (g_atomic_rc_box_release_full) (box, clear);
}

void
g_object_unref (gpointer object)
{
  __tsan_release (object);
  __tsan_acquire (object);
  REAL (g_object_unref) (object);
}

/* ---- Tasks ---- */

static GQuark
thread_func_quark (void)
{
  return g_quark_from_static_string ("hillock-test-thread-func");
}

static void
run_annotated (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GTaskThreadFunc func = (GTaskThreadFunc) g_object_get_qdata (G_OBJECT (task), thread_func_quark ());

  __tsan_acquire (task);
  func (task, source, data, cancellable);
}

void
g_task_run_in_thread (GTask *task, GTaskThreadFunc func)
{
  g_object_set_qdata (G_OBJECT (task), thread_func_quark (), (gpointer) func);
  __tsan_release (task);
  REAL (g_task_run_in_thread) (task, run_annotated);
}

void
g_task_return_pointer (GTask *task, gpointer result, GDestroyNotify destroy)
{
  __tsan_release (task);
  REAL (g_task_return_pointer) (task, result, destroy);
}

void
g_task_return_boolean (GTask *task, gboolean result)
{
  __tsan_release (task);
  REAL (g_task_return_boolean) (task, result);
}

void
g_task_return_error (GTask *task, GError *error)
{
  __tsan_release (task);
  REAL (g_task_return_error) (task, error);
}

gpointer
g_task_propagate_pointer (GTask *task, GError **error)
{
  __tsan_acquire (task);
  return REAL (g_task_propagate_pointer) (task, error);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  __tsan_acquire (task);
  return REAL (g_task_propagate_boolean) (task, error);
}

/* ---- Thread pools ---- */

typedef struct { GFunc func; gpointer data; } PoolFunc;

static void
run_in_pool (gpointer job, gpointer data)
{
  PoolFunc *self = data;

  __tsan_acquire (job);
  self->func (job, self->data);
  __tsan_release (self);
}

/* The small struct lives as long as its pool. */
GThreadPool *
g_thread_pool_new (GFunc func, gpointer data, gint max_threads, gboolean exclusive, GError **error)
{
  PoolFunc *self = g_new (PoolFunc, 1);

  *self = (PoolFunc) { func, data };
  return REAL (g_thread_pool_new) (run_in_pool, self, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer job, GError **error)
{
  __tsan_release (job);
  return REAL (g_thread_pool_push) (pool, job, error);
}

void
g_thread_pool_free (GThreadPool *pool, gboolean immediate, gboolean wait)
{
  gpointer self = pool->user_data;

  REAL (g_thread_pool_free) (pool, immediate, wait);
  __tsan_acquire (self);
  if (wait)
    g_free (self);
}

/* ---- Calls into the main loop ---- */

typedef struct { GSourceFunc func; gpointer data; GDestroyNotify notify; } Invocation;

static gboolean
invoke_annotated (gpointer data)
{
  Invocation *invocation = data;

  __tsan_acquire (invocation);
  return invocation->func (invocation->data);
}

static void
free_annotated (gpointer data)
{
  Invocation *invocation = data;

  __tsan_acquire (invocation);
  if (invocation->notify)
    invocation->notify (invocation->data);
  g_free (invocation);
}

void
g_main_context_invoke_full (GMainContext *context, gint priority, GSourceFunc func, gpointer data,
                            GDestroyNotify notify)
{
  Invocation *invocation = g_new (Invocation, 1);

  *invocation = (Invocation) { func, data, notify };
  __tsan_release (invocation);
  REAL (g_main_context_invoke_full) (context, priority, invoke_annotated, invocation, free_annotated);
}
