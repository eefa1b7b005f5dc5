/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arithmetic of sliding windows. */

#include "engine/layers/window.h"

guint
hl_window_count (guint size, guint window, guint stride, guint pad, guint dilation, gboolean ceil_mode)
{
  gint64 room = (gint64) size + 2 * (gint64) pad - (gint64) dilation * ((gint64) window - 1) - 1;
  guint count;

  if (room < 0)
    return 0;
  count = (guint) ((room + (ceil_mode ? stride - 1 : 0)) / stride) + 1;
  if (ceil_mode && (guint64) (count - 1) * stride >= (guint64) size + pad)
    count--;
  return count;
}

gboolean
hl_window_output (const HlWindow *window, const HlShape *input, guint channels, HlShape *output, GError **error)
{
  g_autofree char *got = hl_shape_to_string (input);
  guint rows, columns;

  if (input->n_dims != 3)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs an image of three dimensions, channels×rows×columns, but gets %s."), got);
      return FALSE;
    }
  rows = hl_window_count (input->dim[1], window->size_y, window->stride_y, window->pad_y, window->dilation_y,
                          window->ceil_mode);
  columns = hl_window_count (input->dim[2], window->size_x, window->stride_x, window->pad_x, window->dilation_x,
                             window->ceil_mode);
  if (rows == 0 || columns == 0)
    {
      gint64 least_y = (gint64) window->dilation_y * (window->size_y - 1) + 1 - 2 * (gint64) window->pad_y;
      gint64 least_x = (gint64) window->dilation_x * (window->size_x - 1) + 1 - 2 * (gint64) window->pad_x;

      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs at least %d×%d pixels for its window of %u×%u, but gets %s."), (int) MAX (least_y, 1),
                   (int) MAX (least_x, 1), window->size_y, window->size_x, got);
      return FALSE;
    }
  *output = HL_SHAPE_3 (channels ? channels : input->dim[0], rows, columns);
  return TRUE;
}

static void
append_pair (GString *text, const char *what, guint y, guint x, guint usual_y, guint usual_x)
{
  if (y == usual_y && x == usual_x)
    return;
  if (y == x)
    g_string_append_printf (text, ", %s %u", what, y);
  else
    g_string_append_printf (text, ", %s %u×%u", what, y, x);
}

char *
hl_window_describe (const HlWindow *window, guint stride_y, guint stride_x)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%u×%u", window->size_y, window->size_x);
  append_pair (text, _("stride"), window->stride_y, window->stride_x, stride_y, stride_x);
  append_pair (text, _("pad"), window->pad_y, window->pad_x, 0, 0);
  append_pair (text, _("dilation"), window->dilation_y, window->dilation_x, 1, 1);
  return g_string_free (text, FALSE);
}
