/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading runs back. */

#include "app/run-record.h"

#include <math.h>
#include <string.h>

#include "app/file-util.h"

#define MAX_COLUMNS 6

/* Called for each row below the header with the texts of its columns. */
typedef void (*RowFunc) (HlRunRecord *self, guint n, char **column);

static void
read_csv (HlRunRecord *self, const char *name, guint n_columns, RowFunc func)
{
  g_autoptr (GFile) file = g_file_get_child (self->folder, name);
  g_autofree char *text = hl_file_load_text (file, NULL, NULL);
  char *line = text ? strchr (text, '\n') : NULL;

  while (line && line[1])
    {
      char *column[MAX_COLUMNS] = { line + 1 };
      char *end = strchr (line + 1, '\n');
      guint n = 1;

      /* A row without its newline was cut off by a crash. */
      if (!end)
        return;
      *end = 0;
      for (char *c = line + 1; (c = strchr (c, ',')) && n < MAX_COLUMNS; n++)
        {
          *c++ = 0;
          column[n] = c;
        }
      if (n == n_columns)
        func (self, n, column);
      line = end;
      *line = '\n';
    }
}

static guint
to_uint (const char *text)
{
  return MIN (g_ascii_strtoull (text, NULL, 10), G_MAXINT32);
}

static void
add_point (GArray *points, double x, const char *loss, const char *accuracy)
{
  HlRunPoint point = { x, g_ascii_strtod (loss, NULL), accuracy[0] ? g_ascii_strtod (accuracy, NULL) : NAN };

  if (!isfinite (point.loss) || (accuracy[0] && !isfinite (point.accuracy))
      || (points->len > 0 && g_array_index (points, HlRunPoint, points->len - 1).x >= x))
    return;
  g_array_append_val (points, point);
}

/* step,epoch,loss,accuracy,seconds */
static void
add_step_row (HlRunRecord *self, guint n, char **column)
{
  double steps = MAX (self->info->steps_per_epoch, 1);

  add_point (self->train, g_ascii_strtoull (column[0], NULL, 10) / steps, column[2], column[3]);
}

/* epoch,step,part,loss,accuracy,seconds */
static void
add_metric_row (HlRunRecord *self, guint n, char **column)
{
  if (g_str_equal (column[2], "validation"))
    add_point (self->validation, to_uint (column[0]), column[3], column[4]);
}

/* epoch,label,prediction,count */
static void
add_confusion_row (HlRunRecord *self, guint n, char **column)
{
  HlRunCell cell = { to_uint (column[0]), to_uint (column[1]), to_uint (column[2]), to_uint (column[3]) };

  if (cell.epoch > 0 && cell.label < self->info->n_classes && cell.prediction < self->info->n_classes)
    g_array_append_val (self->cells, cell);
}

static void
add_prediction_row (HlRunRecord *self, guint n, char **column)
{
  gint32 prediction = g_ascii_strtoll (column[0], NULL, 10);

  g_array_append_val (self->predictions, prediction);
}

HlRunRecord *
hl_run_record_read (GFile *folder, GError **error)
{
  g_autoptr (HlRunRecord) self = g_new0 (HlRunRecord, 1);
  g_autoptr (GFile) project = g_file_get_child (folder, "project.hillock");
  g_autofree char *name = g_file_get_basename (folder);

  self->folder = g_object_ref (folder);
  self->number = to_uint (name);
  self->info = hl_run_info_load (folder, error);
  self->state = self->info ? hl_project_state_load (project, error) : NULL;
  if (!self->state)
    return NULL;
  self->train = g_array_new (FALSE, FALSE, sizeof (HlRunPoint));
  self->validation = g_array_new (FALSE, FALSE, sizeof (HlRunPoint));
  self->cells = g_array_new (FALSE, FALSE, sizeof (HlRunCell));
  self->predictions = g_array_new (FALSE, FALSE, sizeof (gint32));
  read_csv (self, "steps.csv", 5, add_step_row);
  read_csv (self, "metrics.csv", 6, add_metric_row);
  read_csv (self, "confusion.csv", 4, add_confusion_row);
  read_csv (self, "predictions.csv", 1, add_prediction_row);
  return g_steal_pointer (&self);
}

void
hl_run_record_free (HlRunRecord *self)
{
  if (!self)
    return;
  g_clear_object (&self->folder);
  hl_run_info_free (self->info);
  hl_project_state_unref (self->state);
  g_clear_pointer (&self->train, g_array_unref);
  g_clear_pointer (&self->validation, g_array_unref);
  g_clear_pointer (&self->cells, g_array_unref);
  g_clear_pointer (&self->predictions, g_array_unref);
  g_free (self);
}

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  const HlRunRecord *x = *(HlRunRecord *const *) a, *y = *(HlRunRecord *const *) b;

  return x->number < y->number ? 1 : x->number > y->number ? -1 : 0;
}

GPtrArray *
hl_run_record_list (GFile *runs_folder, GCancellable *cancellable)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify) hl_run_record_free);
  g_autoptr (GFileEnumerator) children = NULL;

  children = g_file_enumerate_children (runs_folder, G_FILE_ATTRIBUTE_STANDARD_NAME, 0, cancellable, NULL);
  while (children)
    {
      g_autoptr (GError) error = NULL;
      GFileInfo *info;
      GFile *child;
      HlRunRecord *record;
      guint64 number;

      if (!g_file_enumerator_iterate (children, &info, &child, cancellable, NULL) || !child)
        break;
      if (!g_ascii_string_to_unsigned (g_file_info_get_name (info), 10, 1, 999999, &number, NULL))
        continue;
      record = hl_run_record_read (child, &error);
      if (record)
        g_ptr_array_add (records, record);
      else
        g_message ("A run is left out: %s", error->message);
    }
  g_ptr_array_sort (records, compare_newest_first);
  return records;
}
