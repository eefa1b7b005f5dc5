/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDataset: the samples in memory, and the choice of a format for a file. */

#include "engine/data/dataset.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A whole page, so that devices which share memory with the processor may use it as it is. */
#define VALUES_ALIGN 4096
#define PROBE_BYTES 64

struct _HlDataset
{
  gatomicrefcount ref_count;
  char *title;
  HlShape shape;
  HlDType type;
  gpointer values;
  gsize n, n_test;
  gint32 *labels;
  guint n_classes;
  GStrv class_names;
  float low, high;
};

gpointer
hl_dataset_alloc_values (gsize n_bytes, GError **error)
{
  guint64 memory = (guint64) sysconf (_SC_PHYS_PAGES) * (guint64) sysconf (_SC_PAGESIZE);
  g_autofree char *wanted = g_format_size (n_bytes);
  g_autofree char *there = g_format_size (memory);
  gpointer values = NULL;

  /* An allocation beyond the memory may well succeed and end the program later, when it is filled. */
  if (n_bytes > memory || n_bytes > G_MAXSIZE - VALUES_ALIGN
      || posix_memalign (&values, VALUES_ALIGN, MAX ((n_bytes + 63) / 64 * 64, 64)) != 0)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                   _("The samples need %s of memory, which cannot be had: this computer has %s. Use fewer or smaller "
                     "samples."), wanted, there);
      return NULL;
    }
  return values;
}

void
hl_dataset_free_values (gpointer values)
{
  free (values);
}

static void
find_range (HlDataset *self)
{
  gsize count = self->n * hl_shape_get_count (&self->shape);
  const float *values = self->values;

  if (self->type == HL_DTYPE_U8)
    {
      self->low = 0;
      self->high = 255;
      return;
    }
  self->low = self->high = count > 0 ? values[0] : 0;
  for (gsize i = 1; i < count; i++)
    {
      self->low = MIN (self->low, values[i]);
      self->high = MAX (self->high, values[i]);
    }
}

HlDataset *
hl_dataset_new (const char *title, const HlShape *shape, HlDType type, gpointer values, gsize n, gsize n_test,
                gint32 *labels, guint n_classes, GStrv class_names)
{
  HlDataset *self = g_new0 (HlDataset, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->title = g_strdup (title);
  self->shape = *shape;
  self->type = type;
  self->values = values;
  self->n = n;
  self->n_test = n_test;
  self->labels = labels;
  self->n_classes = n_classes;
  self->class_names = class_names;
  if (!class_names)
    {
      self->class_names = g_new0 (char *, n_classes + 1);
      for (guint i = 0; i < n_classes; i++)
        self->class_names[i] = g_strdup_printf ("%u", i);
    }
  find_range (self);
  return self;
}

HlDataset *
hl_dataset_ref (HlDataset *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
hl_dataset_unref (HlDataset *self)
{
  if (!self || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->title);
  hl_dataset_free_values (self->values);
  g_free (self->labels);
  g_strfreev (self->class_names);
  g_free (self);
}

const char *
hl_dataset_get_title (const HlDataset *self)
{
  return self->title;
}

gsize
hl_dataset_get_length (const HlDataset *self)
{
  return self->n;
}

gsize
hl_dataset_get_n_test (const HlDataset *self)
{
  return self->n_test;
}

const HlShape *
hl_dataset_get_shape (const HlDataset *self)
{
  return &self->shape;
}

HlDType
hl_dataset_get_dtype (const HlDataset *self)
{
  return self->type;
}

gconstpointer
hl_dataset_get_values (const HlDataset *self)
{
  return self->values;
}

const gint32 *
hl_dataset_get_labels (const HlDataset *self)
{
  return self->labels;
}

guint
hl_dataset_get_n_classes (const HlDataset *self)
{
  return self->n_classes;
}

const char *
hl_dataset_get_class_name (const HlDataset *self, guint label)
{
  g_return_val_if_fail (label < self->n_classes, NULL);
  return self->class_names[label];
}

void
hl_dataset_read_sample (const HlDataset *self, gsize index, float *values)
{
  gsize count = hl_shape_get_count (&self->shape);

  g_return_if_fail (index < self->n);
  if (self->type == HL_DTYPE_U8)
    for (gsize i = 0; i < count; i++)
      values[i] = ((const guint8 *) self->values)[index * count + i];
  else
    memcpy (values, (const float *) self->values + index * count, count * sizeof (float));
}

void
hl_dataset_get_range (const HlDataset *self, float *low, float *high)
{
  *low = self->low;
  *high = self->high;
}

/* ---- Opening ---- */

/* The first bytes of an ordinary file; 0 for folders and for what cannot be read, which the format reports. */
static gsize
read_first_bytes (GFile *file, guint8 *bytes, GCancellable *cancellable)
{
  g_autoptr (GFileInputStream) stream = NULL;
  gsize n = 0;

  if (g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, cancellable) != G_FILE_TYPE_REGULAR)
    return 0;
  stream = g_file_read (file, cancellable, NULL);
  if (stream)
    g_input_stream_read_all (G_INPUT_STREAM (stream), bytes, PROBE_BYTES, &n, cancellable, NULL);
  return n;
}

static const HlFormatClass *
probe_formats (GFile *file, GCancellable *cancellable, GError **error)
{
  const HlFormatClass *const *classes = hl_format_classes ();
  const HlFormatClass *best = NULL;
  g_autoptr (GString) titles = g_string_new (NULL);
  guint8 first[PROBE_BYTES];
  gsize n = read_first_bytes (file, first, cancellable);
  guint best_score = 0;

  for (guint i = 0; classes[i]; i++)
    {
      guint score = classes[i]->probe ? classes[i]->probe (file, first, n) : 0;

      if (classes[i]->probe)
        g_string_append_printf (titles, "%s%s", titles->len > 0 ? ", " : "", _(classes[i]->base.title));
      if (score > best_score)
        {
          best_score = score;
          best = classes[i];
        }
    }
  if (!best)
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                 _("“%s” is not in a known format. Known formats: %s. Choose another file or folder."),
                 g_file_peek_path (file), titles->str);
  return best;
}

/* Debian's packages of data sets are called dataset-NAME and install into one folder. */
#define PACKAGED_DATASETS "/usr/share/datasets/"

static void
set_missing_error (GFile *file, GError **error)
{
  const char *path = g_file_peek_path (file);
  g_autofree char *advice = NULL;

  if (g_str_has_prefix (path, PACKAGED_DATASETS))
    {
      g_auto (GStrv) parts = g_strsplit (path + strlen (PACKAGED_DATASETS), "/", 2);

      advice = g_strdup_printf (_("Install the package “dataset-%s”, or choose other data, for instance Strokes."),
                                parts[0] ? parts[0] : "");
    }
  g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING, _("“%s” is not there. %s"), path,
               advice ? advice : _("Check the path, or choose other data."));
}

static GFile *
resolve_path (const char *path, GFile *base_folder)
{
  if (base_folder && !g_path_is_absolute (path))
    return g_file_resolve_relative_path (base_folder, path);
  return g_file_new_for_path (path);
}

HlDataset *
hl_dataset_open (const HlChoice *format, const char *path, GFile *base_folder, const HlProgress *progress,
                 GCancellable *cancellable, GError **error)
{
  const HlFormatClass *klass = format ? (const HlFormatClass *) format->klass : NULL;
  g_autofree gpointer initial = NULL;
  g_autoptr (GFile) file = NULL;

  if (klass && !klass->needs_path)
    return klass->open (NULL, format->params, progress, cancellable, error);
  if (!path || path[0] == '\0')
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
                   _("No file or folder is given for the data%s%s%s. Choose one."), klass ? " (" : "",
                   klass ? _(klass->base.title) : "", klass ? ")" : "");
      return NULL;
    }
  file = resolve_path (path, base_folder);
  if (!g_file_query_exists (file, cancellable))
    {
      if (!g_cancellable_set_error_if_cancelled (cancellable, error))
        set_missing_error (file, error);
      return NULL;
    }
  if (!klass)
    klass = probe_formats (file, cancellable, error);
  if (!klass)
    return NULL;
  if (!format)
    initial = hl_class_new_params (&klass->base);
  return klass->open (file, format ? format->params : initial, progress, cancellable, error);
}
