/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Image files to numbers, through GdkPixbuf. */

#include "engine/data/decode.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n.h>
#include <math.h>

typedef struct
{
  int width, height;    /* what the header claims */
  gboolean too_large;
} SizeRequest;

static void
size_prepared_cb (GdkPixbufLoader *loader, int width, int height, SizeRequest *request)
{
  request->width = width;
  request->height = height;
  if (width <= 0 || height <= 0 || (guint64) width * height > HL_DECODE_MAX_PIXELS)
    {
      request->too_large = TRUE;
      gdk_pixbuf_loader_set_size (loader, 1, 1);
    }
}

/* The decoded file; stops as soon as the header claims too much. */
static GdkPixbuf *
read_pixbuf (GFile *file, const char *name, SizeRequest *request, GError **error)
{
  g_autoptr (GFileInputStream) stream = NULL;
  g_autoptr (GdkPixbufLoader) loader = gdk_pixbuf_loader_new ();
  g_autoptr (GError) local = NULL;
  g_autofree guint8 *buffer = g_malloc (65536);
  GdkPixbuf *pixbuf = NULL;
  gssize n = 0;

  if (g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_DIRECTORY)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT, _("%s is a folder, not an image file."), name);
      gdk_pixbuf_loader_close (loader, NULL);
      return NULL;
    }
  stream = g_file_read (file, NULL, &local);
  if (!stream)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING, _("%s cannot be read: %s."), name, local->message);
      gdk_pixbuf_loader_close (loader, NULL);
      return NULL;
    }
  g_signal_connect (loader, "size-prepared", G_CALLBACK (size_prepared_cb), request);
  while (!local && !request->too_large && (n = g_input_stream_read (G_INPUT_STREAM (stream), buffer, 65536, NULL, &local)) > 0)
    gdk_pixbuf_loader_write (loader, buffer, n, &local);
  gdk_pixbuf_loader_close (loader, local || request->too_large ? NULL : &local);
  if (!local && !request->too_large)
    pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  if (request->too_large)
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT, _("%s claims to be %d×%d pixels; images of more than %u million pixels are not read."), name,
                 request->width, request->height, HL_DECODE_MAX_PIXELS / 1000000);
  else if (!pixbuf)
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT, _("%s is not an image that can be read (%s)."), name,
                 local ? local->message : _("it is empty or cut short"));
  return pixbuf ? gdk_pixbuf_apply_embedded_orientation (pixbuf) : NULL;
}

/* Red, green, blue 0..255 of a pixel over black. */
static void
read_pixel (const GdkPixbuf *pixbuf, int x, int y, double rgb[3])
{
  int n_channels = gdk_pixbuf_get_n_channels (pixbuf);
  const guint8 *pixel = gdk_pixbuf_read_pixels (pixbuf) + (gsize) y * gdk_pixbuf_get_rowstride (pixbuf) + x * n_channels;
  double alpha = gdk_pixbuf_get_has_alpha (pixbuf) ? pixel[3] / 255.0 : 1;

  for (int i = 0; i < 3; i++)
    rgb[i] = pixel[i] * alpha;
}

gboolean
hl_decode_image (GFile *file, const HlShape *shape, gboolean invert, float *values, GError **error)
{
  guint channels = hl_shape_channels (shape);
  int rows = hl_shape_rows (shape), columns = hl_shape_columns (shape), width, height, left, top;
  SizeRequest request = { 0 };
  g_autofree char *name = g_file_get_parse_name (file);
  g_autoptr (GdkPixbuf) pixbuf = NULL, scaled = NULL;
  double scale;

  if (channels != 1 && channels != 3)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT, _("%s cannot be shown to this network: it takes %u channels, and images have 1 or 3."), name,
                   channels);
      return FALSE;
    }
  pixbuf = read_pixbuf (file, name, &request, error);
  if (!pixbuf)
    return FALSE;
  scale = MIN ((double) columns / gdk_pixbuf_get_width (pixbuf), (double) rows / gdk_pixbuf_get_height (pixbuf));
  width = CLAMP ((int) lround (gdk_pixbuf_get_width (pixbuf) * scale), 1, columns);
  height = CLAMP ((int) lround (gdk_pixbuf_get_height (pixbuf) * scale), 1, rows);
  scaled = gdk_pixbuf_scale_simple (pixbuf, width, height, GDK_INTERP_BILINEAR);
  if (!scaled)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT, _("There is not enough memory to scale %s."), name);
      return FALSE;
    }
  left = (columns - width) / 2;
  top = (rows - height) / 2;
  memset (values, 0, sizeof (float) * hl_shape_get_count (shape));
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      {
        gsize at = (gsize) (y + top) * columns + x + left;
        double rgb[3];

        read_pixel (scaled, x, y, rgb);
        for (guint i = 0; i < 3 && invert; i++)
          rgb[i] = 255 - rgb[i];
        if (channels == 1)
          values[at] = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
        else
          for (guint i = 0; i < 3; i++)
            values[(gsize) i * rows * columns + at] = rgb[i];
      }
  return TRUE;
}
