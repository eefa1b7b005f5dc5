/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finding what crashed sessions left behind. */

#include "app/autosave.h"
#include "app/project.h"

void
hl_recovery_free (HlRecovery *self)
{
  if (!self)
    return;
  g_clear_object (&self->autosave);
  g_clear_object (&self->file);
  g_free (self->title);
  g_clear_pointer (&self->when, g_date_time_unref);
  g_free (self);
}

static HlRecovery *
read_recovery (GFile *autosave)
{
  g_autoptr (HlAutosaveInfo) info = NULL;
  g_autoptr (GFileInfo) times = NULL;
  HlRecovery *recovery;

  if (!hl_autosave_is_orphan (autosave, &info))
    return NULL;
  times = g_file_query_info (autosave, G_FILE_ATTRIBUTE_TIME_MODIFIED, 0, NULL, NULL);
  recovery = g_new0 (HlRecovery, 1);
  recovery->autosave = g_object_ref (autosave);
  recovery->file = info->uri ? g_file_new_for_uri (info->uri) : NULL;
  recovery->title = g_strdup (info->title);
  recovery->when = times ? g_file_info_get_modification_date_time (times) : NULL;
  if (!recovery->when)
    recovery->when = g_date_time_new_now_local ();
  return recovery;
}

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  const HlRecovery *x = *(HlRecovery *const *) a, *y = *(HlRecovery *const *) b;

  return g_date_time_compare (y->when, x->when);
}

static void
list_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (GFile) folder = hl_autosave_get_folder ();
  g_autoptr (GFileEnumerator) children = NULL;
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_recovery_free);

  children = g_file_enumerate_children (folder, G_FILE_ATTRIBUTE_STANDARD_NAME, 0, cancellable, NULL);
  while (children)
    {
      GFileInfo *info;
      GFile *child;
      HlRecovery *recovery;

      if (!g_file_enumerator_iterate (children, &info, &child, cancellable, NULL) || !child)
        break;
      /* Others are temporary files of a write that a crash cut off. */
      if (!g_str_has_suffix (g_file_info_get_name (info), ".json"))
        continue;
      recovery = read_recovery (child);
      if (recovery)
        g_ptr_array_add (found, recovery);
    }
  g_ptr_array_sort (found, compare_newest_first);
  g_task_return_pointer (task, found, (GDestroyNotify) g_ptr_array_unref);
}

void
hl_recovery_list_async (GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, hl_recovery_list_async);
  g_task_run_in_thread (task, list_thread);
}

GPtrArray *
hl_recovery_list_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
hl_recovery_discard (const HlRecovery *recovery)
{
  g_file_delete (recovery->autosave, NULL, NULL);
}
