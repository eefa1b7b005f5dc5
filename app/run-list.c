/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRunList: the runs of a project's folder, read on another thread whenever the project gets another file. */

#include "config.h"

#include "app/run-private.h"

struct _HlRunList
{
  GObject parent;
  HlProject *project;
  GPtrArray *runs;           /* HlRun, newest first */
  GCancellable *reading;     /* NULL while nothing is read */
  gboolean had_file;         /* the project, when its runs were read last */
  gboolean moved;            /* since then it was saved for the first time, and its runs went with it */
};

static void run_list_iface_init (GListModelInterface *iface);
G_DEFINE_TYPE_WITH_CODE (HlRunList, hl_run_list, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, run_list_iface_init))

static GType
run_list_get_item_type (GListModel *model)
{
  return HL_TYPE_RUN;
}

static guint
run_list_get_n_items (GListModel *model)
{
  return HL_RUN_LIST (model)->runs->len;
}

static gpointer
run_list_get_item (GListModel *model, guint i)
{
  HlRunList *self = HL_RUN_LIST (model);

  return i < self->runs->len ? g_object_ref (g_ptr_array_index (self->runs, i)) : NULL;
}

static void
run_list_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = run_list_get_item_type;
  iface->get_n_items = run_list_get_n_items;
  iface->get_item = run_list_get_item;
}

static void
hl_run_list_dispose (GObject *object)
{
  HlRunList *self = HL_RUN_LIST (object);

  if (self->reading)
    g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  if (self->project)
    g_signal_handlers_disconnect_by_data (self->project, self);
  g_clear_object (&self->project);
  G_OBJECT_CLASS (hl_run_list_parent_class)->dispose (object);
}

static void
hl_run_list_finalize (GObject *object)
{
  g_ptr_array_unref (HL_RUN_LIST (object)->runs);
  G_OBJECT_CLASS (hl_run_list_parent_class)->finalize (object);
}

static void
hl_run_list_class_init (HlRunListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hl_run_list_dispose;
  G_OBJECT_CLASS (klass)->finalize = hl_run_list_finalize;
}

static void
hl_run_list_init (HlRunList *self)
{
  self->runs = g_ptr_array_new_with_free_func (g_object_unref);
}

static HlRun *
get_run (HlRunList *self, guint i)
{
  return g_ptr_array_index (self->runs, i);
}

/* Each run is compared with the one made before it. */
static void
update_summaries (HlRunList *self)
{
  for (guint i = 0; i < self->runs->len; i++)
    {
      HlRun *before = i + 1 < self->runs->len ? get_run (self, i + 1) : NULL;
      g_autofree char *summary = hl_run_describe_difference (before ? hl_run_get_state (before) : NULL,
                                                             hl_run_get_state (get_run (self, i)));

      hl_run_set_summary (get_run (self, i), summary);
    }
}

HlRun *
hl_run_list_find (HlRunList *self, GFile *folder)
{
  for (guint i = 0; i < self->runs->len; i++)
    {
      GFile *other = hl_run_get_folder (get_run (self, i));

      if (other && g_file_equal (other, folder))
        return get_run (self, i);
    }
  return NULL;
}

static guint
insert_sorted (HlRunList *self, HlRun *run)
{
  guint i = 0;

  while (i < self->runs->len && hl_run_get_number (get_run (self, i)) > hl_run_get_number (run))
    i++;
  g_ptr_array_insert (self->runs, i, g_object_ref (run));
  return i;
}

void
hl_run_list_add (HlRunList *self, HlRun *run)
{
  guint i = insert_sorted (self, run);

  update_summaries (self);
  g_list_model_items_changed (G_LIST_MODEL (self), i, 0, 1);
}

/* ---- Reading ---- */

static void
read_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, hl_run_record_list (data, cancellable), (GDestroyNotify) g_ptr_array_unref);
}

static void
read_done (GObject *source, GAsyncResult *result, gpointer data)
{
  HlRunList *self = HL_RUN_LIST (source);
  g_autoptr (GPtrArray) records = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autoptr (GPtrArray) old = NULL;

  if (!records)
    return;
  g_clear_object (&self->reading);
  old = g_steal_pointer (&self->runs);
  self->runs = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < records->len; i++)
    {
      const HlRunRecord *record = g_ptr_array_index (records, i);
      g_autoptr (HlRun) run = NULL;

      for (guint k = 0; k < old->len; k++)
        {
          HlRun *known = g_ptr_array_index (old, k);

          if (g_file_equal (hl_run_get_folder (known), record->folder)
              || (self->moved && hl_run_get_number (known) == record->number))
            run = g_object_ref (known);
        }
      if (run)
        hl_run_set_folder (run, record->folder);
      else
        run = hl_run_new_stored (record);
      insert_sorted (self, run);
    }
  /* A run that began while the folder was read, or goes on elsewhere, stays. */
  for (guint k = 0; k < old->len; k++)
    {
      HlRun *run = g_ptr_array_index (old, k);

      if (hl_run_get_active (run) && !g_ptr_array_find (self->runs, run, NULL))
        insert_sorted (self, run);
    }
  self->moved = FALSE;
  update_summaries (self);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, old->len, self->runs->len);
}

static void
read_folder (HlRunList *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->reading)
    g_cancellable_cancel (self->reading);
  g_clear_object (&self->reading);
  self->reading = g_cancellable_new ();
  self->moved = self->moved || (!self->had_file && hl_project_get_file (self->project));
  self->had_file = hl_project_get_file (self->project) != NULL;
  task = g_task_new (self, self->reading, read_done, NULL);
  g_task_set_task_data (task, hl_project_get_runs_folder (self->project), g_object_unref);
  g_task_run_in_thread (task, read_thread);
}

HlRunList *
hl_run_list_new (HlProject *project)
{
  HlRunList *self = g_object_new (HL_TYPE_RUN_LIST, NULL);

  self->project = g_object_ref (project);
  self->had_file = hl_project_get_file (project) != NULL;
  g_signal_connect_swapped (project, "notify::file", G_CALLBACK (read_folder), self);
  read_folder (self);
  return self;
}

/* ---- Removing ---- */

static void
delete_tree (GFile *file)
{
  g_autoptr (GFileEnumerator) children = NULL;
  GFile *child;

  children = g_file_enumerate_children (file, G_FILE_ATTRIBUTE_STANDARD_NAME, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL,
                                        NULL);
  while (children && g_file_enumerator_iterate (children, NULL, &child, NULL, NULL) && child)
    delete_tree (child);
  g_file_delete (file, NULL, NULL);
}

static void
remove_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  if (!g_file_trash (data, NULL, NULL))
    delete_tree (data);
  g_task_return_boolean (task, TRUE);
}

void
hl_run_list_remove (HlRunList *self, HlRun *run)
{
  g_autoptr (GTask) task = NULL;
  guint i;

  if (hl_run_get_active (run) || !g_ptr_array_find (self->runs, run, &i))
    return;
  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_task_data (task, g_object_ref (hl_run_get_folder (run)), g_object_unref);
  g_task_run_in_thread (task, remove_thread);
  g_ptr_array_remove_index (self->runs, i);
  update_summaries (self);
  g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
}
