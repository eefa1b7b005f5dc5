/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Making and freeing messages. */

#include "app/messages.h"

HlJob *
hl_job_new (HlJobKind kind, HlProjectState *state)
{
  HlJob *self = g_new0 (HlJob, 1);

  self->kind = kind;
  self->state = hl_project_state_ref (state);
  return self;
}

void
hl_job_free (HlJob *self)
{
  if (!self)
    return;
  hl_project_state_unref (self->state);
  g_clear_pointer (&self->dataset, hl_dataset_unref);
  g_clear_object (&self->project_file);
  g_clear_object (&self->runs_folder);
  g_clear_object (&self->run_folder);
  g_free (self->device);
  g_free (self);
}

void
hl_command_free (HlCommand *self)
{
  if (!self)
    return;
  g_clear_object (&self->file);
  g_free (self->sample);
  g_free (self);
}

static void
array_free (gpointer data)
{
  HlArray *array = data;

  g_free (array->name);
  g_free (array->values);
  g_free (array);
}

HlProbeResult *
hl_probe_result_new (void)
{
  HlProbeResult *self = g_atomic_rc_box_new0 (HlProbeResult);

  self->values = g_ptr_array_new_with_free_func (array_free);
  return self;
}

HlArray *
hl_probe_result_add (HlProbeResult *self, gboolean weight, guint32 node, const char *name, const HlShape *shape)
{
  HlArray *array = g_new0 (HlArray, 1);

  array->node = node;
  array->name = g_strdup (name);
  array->shape = *shape;
  array->n = hl_shape_get_count (shape);
  array->values = g_new0 (float, array->n);
  if (weight && !self->weights)
    self->weights = g_ptr_array_new_with_free_func (array_free);
  g_ptr_array_add (weight ? self->weights : self->values, array);
  return array;
}

HlProbeResult *
hl_probe_result_ref (HlProbeResult *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
probe_result_clear (gpointer data)
{
  HlProbeResult *self = data;

  g_ptr_array_unref (self->values);
  g_clear_pointer (&self->weights, g_ptr_array_unref);
}

void
hl_probe_result_unref (HlProbeResult *self)
{
  if (self)
    g_atomic_rc_box_release_full (self, probe_result_clear);
}

HlEvent *
hl_event_new (HlEventKind kind, guint job)
{
  HlEvent *self = g_new0 (HlEvent, 1);

  self->kind = kind;
  self->job = job;
  return self;
}

void
hl_event_free (HlEvent *self)
{
  if (!self)
    return;
  switch (self->kind)
    {
    case HL_EVENT_PROGRESS:
      g_free (self->u.progress.text);
      break;
    case HL_EVENT_STARTED:
      g_clear_object (&self->u.started.folder);
      g_free (self->u.started.device);
      break;
    case HL_EVENT_STEPS:
      g_free (self->u.steps.results);
      break;
    case HL_EVENT_EPOCH:
      g_free (self->u.epoch.confusion);
      g_free (self->u.epoch.predictions);
      break;
    case HL_EVENT_PROBE:
      hl_probe_result_unref (self->u.probe);
      break;
    case HL_EVENT_SAVED:
      g_clear_object (&self->u.file);
      break;
    case HL_EVENT_NOTICE:
    case HL_EVENT_FAILED:
      g_clear_error (&self->u.error);
      break;
    case HL_EVENT_STATE:
    case HL_EVENT_TEST:
      break;
    }
  g_free (self);
}
