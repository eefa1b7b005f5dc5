/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Error domains and progress reports. */

#include "engine/base/error.h"

G_DEFINE_QUARK (hl-device-error, hl_device_error)
G_DEFINE_QUARK (hl-graph-error, hl_graph_error)
G_DEFINE_QUARK (hl-data-error, hl_data_error)
G_DEFINE_QUARK (hl-file-error, hl_file_error)
G_DEFINE_QUARK (hl-train-error, hl_train_error)

void
hl_progress_report (const HlProgress *self, double fraction, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  if (!self || !self->report)
    return;
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  self->report (self->data, fraction, text);
}
