/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlTiles draws with Cairo and its nearest filter: GTK 4.8 has no crisp scaling of textures, and a Cairo node is rasterised at the
 * scale it is shown at, so pictures stay sharp when a canvas zooms. The pixels of all tiles lie in one block, tile after tile. */

#include "config.h"

#include "ui/widgets/tiles.h"

#include <glib/gi18n.h>
#include <math.h>

#define WELL_RADIUS 6.0
#define WELL_PADDING 6.0
#define TILE_GAP 2.0
#define PIXELS_PER_VALUE 3.2   /* of a volume at most, so that 28×28 looks larger than 14×14 on the next card */
#define DEPTH_SLANT 0.36

static const GdkRGBA well_color = { 0.141, 0.122, 0.192, 1 };
static const GdkRGBA bar_color = { 0.341, 0.890, 0.537, 1 };
static const GdkRGBA bar_other_color = { 0.384, 0.627, 0.918, 1 };
static const GdkRGBA volume_color = { 0.600, 0.757, 0.945, 1 };

typedef enum { MODE_EMPTY, MODE_TILES, MODE_VECTOR, MODE_BARS, MODE_VOLUME } Mode;

struct _HlTiles
{
  GtkWidget parent_instance;
  Mode mode;
  HlShape shape;
  guint n_tiles, rows, columns;      /* tiles and the pixels of one; a vector: n_tiles values */
  guint32 *pixels;
  guint n_bars;
  GStrv names;
  float *bars;
  int highlight;
  char *description;
};

G_DEFINE_FINAL_TYPE (HlTiles, hl_tiles, GTK_TYPE_WIDGET)

void
hl_tiles_layout (guint n_tiles, double tile_aspect, double well_aspect, guint *columns, guint *rows)
{
  double best = -1;

  *columns = 1;
  *rows = MAX (n_tiles, 1);
  if (!(tile_aspect > 0) || !(well_aspect > 0) || n_tiles == 0)
    return;
  /* In a well one high and well_aspect wide, the grid with the largest tiles wins; of equals the one with fewer empty places. */
  for (guint c = 1; c <= n_tiles; c++)
    {
      guint r = (n_tiles + c - 1) / c;
      double height = MIN (1.0 / r, well_aspect / c / tile_aspect);
      guint empty = c * r - n_tiles;

      if (height > best * (1 + 1e-9) || (height > best * (1 - 1e-9) && empty < *columns * *rows - n_tiles))
        {
          best = height;
          *columns = c;
          *rows = r;
        }
    }
}

static void
tiles_describe (HlTiles *self, char *description /* taken */)
{
  if (g_strcmp0 (description, self->description) == 0)
    {
      g_free (description);
      return;
    }
  g_free (self->description);
  self->description = description;
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
}

static void
tiles_clear (HlTiles *self)
{
  self->mode = MODE_EMPTY;
  g_clear_pointer (&self->pixels, g_free);
  g_clear_pointer (&self->names, g_strfreev);
  g_clear_pointer (&self->bars, g_free);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
find_range (const float *values, gsize n, float *low, float *high)
{
  *low = G_MAXFLOAT;
  *high = -G_MAXFLOAT;
  for (gsize i = 0; i < n; i++)
    if (isfinite (values[i]))
      {
        *low = MIN (*low, values[i]);
        *high = MAX (*high, values[i]);
      }
}

/* A range without width comes from a silent unit and shows black; a value that is no number shows red. */
static guint32
grey_level (float value, float low, float high)
{
  if (!isfinite (value))
    return 0x100;
  return high > low ? (guint32) lrintf (255 * (value - low) / (high - low)) : 0;
}

static guint32
grey_pixel (float value, float low, float high)
{
  guint32 level = grey_level (value, low, high);

  return level > 255 ? 0xffe01b24u : 0xff000000u | level * 0x010101u;
}

static void
fill_color (HlTiles *self, const float *values)
{
  gsize n = (gsize) self->rows * self->columns;
  float low, high;

  find_range (values, 3 * n, &low, &high);
  for (gsize i = 0; i < n; i++)
    {
      guint32 red = grey_level (values[i], low, high) & 0xff;
      guint32 green = grey_level (values[n + i], low, high) & 0xff;
      guint32 blue = grey_level (values[2 * n + i], low, high) & 0xff;

      self->pixels[i] = 0xff000000u | red << 16 | green << 8 | blue;
    }
}

static void
fill_grey (HlTiles *self, const float *values, guint n_tiles, gsize n, gboolean own_range)
{
  float low, high;

  find_range (values, n_tiles * n, &low, &high);
  for (guint tile = 0; tile < n_tiles; tile++)
    {
      if (own_range)
        find_range (values + tile * n, n, &low, &high);
      for (gsize i = tile * n; i < (tile + 1) * n; i++)
        self->pixels[i] = grey_pixel (values[i], low, high);
    }
}

void
hl_tiles_set_array (HlTiles *self, const HlShape *shape, const float *values, gboolean own_range, gboolean color)
{
  g_autofree char *text = NULL;

  g_return_if_fail (HL_IS_TILES (self));
  tiles_clear (self);
  if (values == NULL || shape == NULL || hl_shape_get_count (shape) == 0)
    {
      tiles_describe (self, g_strdup (_("empty")));
      return;
    }
  self->shape = *shape;
  self->pixels = g_new (guint32, hl_shape_get_count (shape));
  text = hl_shape_to_string (shape);
  if (shape->n_dims < 2)
    {
      self->mode = MODE_VECTOR;
      self->n_tiles = hl_shape_get_count (shape);
      fill_grey (self, values, 1, self->n_tiles, FALSE);
      tiles_describe (self, g_strdup_printf (_("%u values as grey squares"), self->n_tiles));
      return;
    }
  self->mode = MODE_TILES;
  self->rows = shape->dim[shape->n_dims - 2];
  self->columns = shape->dim[shape->n_dims - 1];
  self->n_tiles = hl_shape_get_count (shape) / ((guint64) self->rows * self->columns);
  if (color && self->n_tiles == 3)
    {
      self->n_tiles = 1;
      fill_color (self, values);
    }
  else
    fill_grey (self, values, self->n_tiles, (gsize) self->rows * self->columns, own_range);
  tiles_describe (self, g_strdup_printf (g_dngettext (NULL, "%u picture of %u×%u values", "%u pictures of %u×%u values", self->n_tiles),
                                         self->n_tiles, self->rows, self->columns));
}

void
hl_tiles_set_bars (HlTiles *self, guint n, const char *const *names, const float *values, int highlight)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  guint best = 0;

  g_return_if_fail (HL_IS_TILES (self));
  tiles_clear (self);
  if (values == NULL || n == 0)
    {
      tiles_describe (self, g_strdup (_("empty")));
      return;
    }
  self->mode = MODE_BARS;
  self->n_bars = n;
  self->bars = g_memdup2 (values, n * sizeof (float));
  self->highlight = highlight;
  for (guint i = 0; i < n; i++)
    {
      g_strv_builder_add (builder, names != NULL && names[i] != NULL ? names[i] : "");
      if (values[i] > values[best])
        best = i;
    }
  self->names = g_strv_builder_end (builder);
  tiles_describe (self, g_strdup_printf (_("%s with %.0f %%"), self->names[best], 100 * values[best]));
}

void
hl_tiles_set_volume (HlTiles *self, const HlShape *shape)
{
  g_autofree char *text = NULL;

  g_return_if_fail (HL_IS_TILES (self));
  tiles_clear (self);
  if (shape == NULL || shape->n_dims == 0)
    {
      tiles_describe (self, g_strdup (_("empty")));
      return;
    }
  self->mode = MODE_VOLUME;
  self->shape = *shape;
  text = hl_shape_to_string (shape);
  tiles_describe (self, g_strdup_printf (_("drawing of the size %s; no values yet"), text));
}

/* ---- Drawing ---- */

typedef struct { double x, y, step_x, step_y, width, height; guint columns, rows; } Grid;

static Grid
grid_fit (HlTiles *self, double width, double height)
{
  gboolean vector = self->mode == MODE_VECTOR;
  double gap = vector || self->n_tiles == 1 ? 0 : TILE_GAP;
  double aspect = vector ? 1 : (double) self->columns / self->rows;
  double scale;
  Grid grid;

  hl_tiles_layout (self->n_tiles, aspect, width / height, &grid.columns, &grid.rows);
  grid.height = MIN ((height - gap * (grid.rows - 1)) / grid.rows, (width - gap * (grid.columns - 1)) / grid.columns / aspect);
  grid.height = MAX (grid.height, 0.5);
  /* Whole pixels per value look calmest; below three pixels that would waste too much of the well. */
  scale = vector ? grid.height : grid.height / self->rows;
  if (scale >= 3)
    grid.height = floor (scale) * (vector ? 1 : self->rows);
  grid.width = grid.height * aspect;
  grid.step_x = grid.width + gap;
  grid.step_y = grid.height + gap;
  grid.x = floor ((width - grid.columns * grid.step_x + gap) / 2);
  grid.y = floor ((height - grid.rows * grid.step_y + gap) / 2);
  return grid;
}

static void
draw_tiles (HlTiles *self, cairo_t *cr, double width, double height)
{
  Grid grid = grid_fit (self, width, height);
  gboolean vector = self->mode == MODE_VECTOR;
  gsize n = (gsize) self->rows * self->columns;

  for (guint i = 0; i < self->n_tiles; i++)
    {
      double x = grid.x + i % grid.columns * grid.step_x;
      double y = grid.y + i / grid.columns * grid.step_y;

      if (vector)
        {
          guint32 pixel = self->pixels[i];

          cairo_set_source_rgb (cr, (pixel >> 16 & 0xff) / 255.0, (pixel >> 8 & 0xff) / 255.0, (pixel & 0xff) / 255.0);
          cairo_rectangle (cr, x, y, grid.width, grid.height);
          cairo_fill (cr);
        }
      else
        {
          cairo_surface_t *surface = cairo_image_surface_create_for_data ((guchar *) (self->pixels + i * n), CAIRO_FORMAT_RGB24,
                                                                          self->columns, self->rows, self->columns * 4);

          cairo_save (cr);
          cairo_translate (cr, x, y);
          cairo_scale (cr, grid.width / self->columns, grid.height / self->rows);
          cairo_set_source_surface (cr, surface, 0, 0);
          cairo_pattern_set_filter (cairo_get_source (cr), CAIRO_FILTER_NEAREST);
          cairo_rectangle (cr, 0, 0, self->columns, self->rows);
          cairo_fill (cr);
          cairo_restore (cr);
          cairo_surface_destroy (surface);
        }
    }
}

static double
widest_name (HlTiles *self, PangoLayout *layout, PangoFontDescription *font, double size)
{
  int widest = 0;

  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  pango_font_description_set_weight (font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description (layout, font);
  for (guint i = 0; i < self->n_bars; i++)
    {
      int width;

      pango_layout_set_text (layout, self->names[i], -1);
      pango_layout_get_pixel_size (layout, &width, NULL);
      widest = MAX (widest, width);
    }
  return widest;
}

static void
draw_bars (HlTiles *self, cairo_t *cr, double width, double height)
{
  g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), NULL);
  PangoFontDescription *font = pango_font_description_copy (pango_context_get_font_description (pango_layout_get_context (layout)));
  double row = MIN (height / self->n_bars, 26), names = floor (width * 0.46), top = floor ((height - row * self->n_bars) / 2);
  double size = CLAMP (row * 0.68, 5, 13);
  gboolean with_names = row >= 6;

  size = CLAMP (size * (names - 6) / MAX (1, widest_name (self, layout, font, size)), MIN (size, 7), size);
  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_alignment (layout, PANGO_ALIGN_RIGHT);
  pango_layout_set_width (layout, (names - 6) * PANGO_SCALE);
  pango_layout_set_height (layout, 0);
  for (guint i = 0; i < self->n_bars; i++)
    {
      double y = top + i * row, bar = CLAMP (isfinite (self->bars[i]) ? self->bars[i] : 0, 0, 1);
      const GdkRGBA *color = (int) i == self->highlight ? &bar_color : &bar_other_color;
      double x = with_names ? names : 0;

      if (with_names)
        {
          int text_height;

          pango_font_description_set_weight (font, (int) i == self->highlight ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
          pango_layout_set_font_description (layout, font);
          pango_layout_set_text (layout, self->names[i], -1);
          pango_layout_get_pixel_size (layout, NULL, &text_height);
          cairo_set_source_rgba (cr, 1, 1, 1, (int) i == self->highlight ? 1 : 0.75);
          cairo_move_to (cr, 0, y + (row - text_height) / 2);
          pango_cairo_show_layout (cr, layout);
        }
      cairo_set_source_rgba (cr, color->red, color->green, color->blue, 1);
      cairo_rectangle (cr, x, y + row * 0.2, MAX (1, (width - x) * bar), MAX (1, row * 0.6));
      cairo_fill (cr);
    }
  pango_font_description_free (font);
}

static void
draw_face (cairo_t *cr, const double *points, guint n, double shade)
{
  cairo_move_to (cr, points[0], points[1]);
  for (guint i = 1; i < n; i++)
    cairo_line_to (cr, points[2 * i], points[2 * i + 1]);
  cairo_close_path (cr);
  cairo_set_source_rgba (cr, volume_color.red * shade, volume_color.green * shade, volume_color.blue * shade, 0.85);
  cairo_fill_preserve (cr);
  cairo_set_source_rgba (cr, well_color.red, well_color.green, well_color.blue, 1);
  cairo_set_line_width (cr, 1);
  cairo_stroke (cr);
}

static void
draw_volume (HlTiles *self, cairo_t *cr, double width, double height)
{
  double d = hl_shape_channels (&self->shape), h = hl_shape_rows (&self->shape), w = hl_shape_columns (&self->shape);
  double scale = MIN (PIXELS_PER_VALUE, MIN (width / (w + d * DEPTH_SLANT), height / (h + d * DEPTH_SLANT)));
  double x, y, slant;
  guint n_slices;

  /* A vector is a rod of one by one: kept thick enough to be seen. */
  slant = MAX (2, d * DEPTH_SLANT * scale);
  w = MAX (w * scale, 5);
  h = MAX (h * scale, 5);
  slant = MIN (slant, MIN (width - w, height - h));
  x = (width - w - slant) / 2;
  y = (height - h + slant) / 2;
  cairo_save (cr);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  draw_face (cr, (double[]) { x, y, x + slant, y - slant, x + w + slant, y - slant, x + w, y }, 4, 0.85);
  draw_face (cr, (double[]) { x + w, y, x + w + slant, y - slant, x + w + slant, y + h - slant, x + w, y + h }, 4, 0.6);
  draw_face (cr, (double[]) { x, y, x + w, y, x + w, y + h, x, y + h }, 4, 1);
  /* One line a channel, as long as there is room to tell them apart. */
  n_slices = slant / d >= 2.5 ? (guint) d : 1;
  cairo_set_line_width (cr, 1);
  for (guint i = 1; i < n_slices; i++)
    {
      double s = slant * i / n_slices;

      cairo_move_to (cr, x + s, y - s);
      cairo_line_to (cr, x + w + s, y - s);
      cairo_line_to (cr, x + w + s, y + h - s);
    }
  cairo_stroke (cr);
  cairo_restore (cr);
}

void
hl_tiles_draw (HlTiles *self, cairo_t *cr, double width, double height)
{
  g_return_if_fail (HL_IS_TILES (self));
  if (width < 1 || height < 1)
    return;
  switch (self->mode)
    {
    case MODE_TILES:
    case MODE_VECTOR:
      draw_tiles (self, cr, width, height);
      break;
    case MODE_BARS:
      draw_bars (self, cr, width, height);
      break;
    case MODE_VOLUME:
      draw_volume (self, cr, width, height);
      break;
    case MODE_EMPTY:
      break;
    }
}

int
hl_tiles_pick (HlTiles *self, double x, double y)
{
  double width = gtk_widget_get_width (GTK_WIDGET (self)) - 2 * WELL_PADDING;
  double height = gtk_widget_get_height (GTK_WIDGET (self)) - 2 * WELL_PADDING;
  Grid grid;
  guint column, row;

  g_return_val_if_fail (HL_IS_TILES (self), -1);
  x -= WELL_PADDING;
  y -= WELL_PADDING;
  if (width < 1 || height < 1 || x < 0 || y < 0)
    return -1;
  if (self->mode == MODE_BARS)
    {
      double step = MIN (height / self->n_bars, 26), top = floor ((height - step * self->n_bars) / 2);

      return y >= top && y < top + step * self->n_bars ? (int) ((y - top) / step) : -1;
    }
  if (self->mode != MODE_TILES && self->mode != MODE_VECTOR)
    return -1;
  grid = grid_fit (self, width, height);
  if (x < grid.x || y < grid.y)
    return -1;
  column = (x - grid.x) / grid.step_x;
  row = (y - grid.y) / grid.step_y;
  return column < grid.columns && row * grid.columns + column < self->n_tiles ? (int) (row * grid.columns + column) : -1;
}

/* ---- Widget ---- */

static void
tiles_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  HlTiles *self = HL_TILES (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  graphene_rect_t bounds = GRAPHENE_RECT_INIT (0, 0, width, height);
  GskRoundedRect well;
  cairo_t *cr;

  gsk_rounded_rect_init_from_rect (&well, &bounds, WELL_RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &well);
  gtk_snapshot_append_color (snapshot, &well_color, &bounds);
  if (self->mode != MODE_EMPTY && width > 2 * WELL_PADDING && height > 2 * WELL_PADDING)
    {
      cr = gtk_snapshot_append_cairo (snapshot, &bounds);
      cairo_translate (cr, WELL_PADDING, WELL_PADDING);
      hl_tiles_draw (self, cr, width - 2 * WELL_PADDING, height - 2 * WELL_PADDING);
      cairo_destroy (cr);
    }
  gtk_snapshot_pop (snapshot);
}

static void
tiles_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum, int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = 24;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 156 : 104;
}

static void
tiles_finalize (GObject *object)
{
  HlTiles *self = HL_TILES (object);

  g_free (self->pixels);
  g_strfreev (self->names);
  g_free (self->bars);
  g_free (self->description);
  G_OBJECT_CLASS (hl_tiles_parent_class)->finalize (object);
}

static void
hl_tiles_class_init (HlTilesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = tiles_finalize;
  widget_class->snapshot = tiles_snapshot;
  widget_class->measure = tiles_measure;
  gtk_widget_class_set_css_name (widget_class, "tiles");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
hl_tiles_init (HlTiles *self)
{
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Values as a picture"), -1);
  tiles_describe (self, g_strdup (_("empty")));
}

GtkWidget *
hl_tiles_new (void)
{
  return g_object_new (HL_TYPE_TILES, NULL);
}
