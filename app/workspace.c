/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlWorkspace: holds a window's shared objects and keeps the session's probe image in step with the data. */

#include "config.h"

#include "app/workspace.h"

struct _HlWorkspace
{
  GObject parent;
  HlProject *project;
  HlDataSource *source;
  HlRunList *runs;
  HlSession *session;
  HlDeviceStore *devices;
  HlSettings *settings;
  gint64 probe_index;
};

G_DEFINE_TYPE (HlWorkspace, hl_workspace, G_TYPE_OBJECT)

enum { PROP_PROBE_INDEX = 1, N_PROPS };
static GParamSpec *props[N_PROPS];

static void
hl_workspace_dispose (GObject *object)
{
  HlWorkspace *self = HL_WORKSPACE (object);

  if (self->source)
    g_signal_handlers_disconnect_by_data (self->source, self);
  if (self->session)
    g_object_run_dispose (G_OBJECT (self->session));   /* a page that still holds it must not keep a worker alive */
  g_clear_object (&self->session);
  g_clear_object (&self->runs);
  g_clear_object (&self->source);
  g_clear_object (&self->project);
  g_clear_object (&self->devices);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (hl_workspace_parent_class)->dispose (object);
}

static void
hl_workspace_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_PROBE_INDEX)
    g_value_set_int64 (value, HL_WORKSPACE (object)->probe_index);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hl_workspace_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_PROBE_INDEX)
    hl_workspace_set_probe_index (HL_WORKSPACE (object), g_value_get_int64 (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hl_workspace_class_init (HlWorkspaceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = hl_workspace_dispose;
  object_class->get_property = hl_workspace_get_property;
  object_class->set_property = hl_workspace_set_property;
  props[PROP_PROBE_INDEX] = g_param_spec_int64 ("probe-index", NULL, NULL, -1, G_MAXINT64, -1,
                                                G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
hl_workspace_init (HlWorkspace *self)
{
  self->probe_index = -1;
}

static void
send_probe (HlWorkspace *self)
{
  HlDataset *dataset = hl_data_source_get_dataset (self->source);
  g_autofree float *sample = NULL;
  gsize n;

  if (!dataset || self->probe_index < 0)
    return;
  n = hl_shape_get_count (hl_dataset_get_shape (dataset));
  sample = g_new (float, n);
  hl_dataset_read_sample (dataset, self->probe_index, sample);
  hl_session_set_probe (self->session, sample, n, TRUE);
}

static void
data_changed (HlWorkspace *self)
{
  HlDataset *dataset = hl_data_source_get_dataset (self->source);
  const HlSplit *split = hl_data_source_get_split (self->source);
  gint64 index = -1;
  gsize n = 0;

  hl_model_document_set_dataset (hl_project_get_model (self->project), dataset);
  if (dataset && hl_dataset_get_length (dataset) > 0)
    {
      const guint32 *indices = split ? hl_split_get_indices (split, HL_PART_VALIDATION, &n) : NULL;

      index = n > 0 ? (gint64) indices[0] : 0;
      /* A new split of the same images is no reason to look away from the chosen one. */
      if (self->probe_index >= 0 && self->probe_index < (gint64) hl_dataset_get_length (dataset))
        index = self->probe_index;
    }
  if (index != self->probe_index)
    {
      self->probe_index = index;
      g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PROBE_INDEX]);
    }
  send_probe (self);
}

HlWorkspace *
hl_workspace_new (HlProject *project, HlDeviceStore *devices, HlSettings *settings)
{
  HlWorkspace *self = g_object_new (HL_TYPE_WORKSPACE, NULL);
  g_autofree char *device = hl_settings_dup_device (settings);

  self->project = g_object_ref (project);
  self->devices = g_object_ref (devices);
  self->settings = g_object_ref (settings);
  self->source = hl_data_source_new (project);
  self->runs = hl_run_list_new (project);
  self->session = hl_session_new (project, self->runs);
  hl_session_set_device (self->session, device);
  g_signal_connect_swapped (self->source, "changed", G_CALLBACK (data_changed), self);
  return self;
}

HlProject *
hl_workspace_get_project (HlWorkspace *self)
{
  return self->project;
}

HlDataSource *
hl_workspace_get_source (HlWorkspace *self)
{
  return self->source;
}

HlRunList *
hl_workspace_get_runs (HlWorkspace *self)
{
  return self->runs;
}

HlSession *
hl_workspace_get_session (HlWorkspace *self)
{
  return self->session;
}

HlDeviceStore *
hl_workspace_get_devices (HlWorkspace *self)
{
  return self->devices;
}

HlSettings *
hl_workspace_get_settings (HlWorkspace *self)
{
  return self->settings;
}

gint64
hl_workspace_get_probe_index (HlWorkspace *self)
{
  return self->probe_index;
}

void
hl_workspace_set_probe_index (HlWorkspace *self, gint64 index)
{
  HlDataset *dataset = hl_data_source_get_dataset (self->source);

  if (index >= 0 && (!dataset || index >= (gint64) hl_dataset_get_length (dataset)))
    return;
  if (index == self->probe_index)
    return;
  self->probe_index = MAX (index, -1);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PROBE_INDEX]);
  send_probe (self);
}

void
hl_workspace_get_estimate (HlWorkspace *self, HlEstimate *estimate)
{
  HlProjectState *state = hl_project_get_state (self->project);
  g_autofree char *wanted = hl_settings_dup_device (self->settings);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) infos = g_ptr_array_new ();

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->devices)); i++)
    {
      g_ptr_array_add (items, g_list_model_get_item (G_LIST_MODEL (self->devices), i));
      g_ptr_array_add (infos, (gpointer) hl_device_item_get_info (items->pdata[i]));
    }
  hl_estimate_training (estimate, hl_project_state_get_graph (state), hl_project_state_get_recipe (state),
                        hl_data_source_get_dataset (self->source), hl_project_state_get_data (state),
                        hl_device_choose (infos, wanted));
}

void
hl_workspace_set_recipe (HlWorkspace *self, const char *label, const char *merge_key, HlRecipe *recipe)
{
  hl_project_commit (self->project, label, merge_key,
                     hl_project_state_with_recipe (hl_project_get_state (self->project), recipe));
}

void
hl_workspace_set_data (HlWorkspace *self, const char *label, const char *merge_key, HlDataSpec *data)
{
  hl_project_commit (self->project, label, merge_key,
                     hl_project_state_with_data (hl_project_get_state (self->project), data));
}
