/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The layers on offer. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/build/palette.h"

#include "ui/canvas/canvas.h"
#include "ui/canvas/node-widget.h"

struct _HlPalette
{
  GtkWidget parent_instance;
  GtkWidget *box, *search, *list, *empty;
  GPtrArray *words;     /* of the search, casefolded */
};

G_DEFINE_FINAL_TYPE (HlPalette, hl_palette, GTK_TYPE_WIDGET)

enum { LAYER_ACTIVATED, N_SIGNALS };
static guint signals[N_SIGNALS];

static const HlLayerClass *
row_class (GtkListBoxRow *row)
{
  return g_object_get_data (G_OBJECT (row), "hl-class");
}

static gboolean
row_matches (HlPalette *self, GtkListBoxRow *row)
{
  const HlClass *klass = &row_class (row)->base;
  g_autofree char *all = g_strjoin (" ", _(klass->title), klass->name, _(klass->group), _(klass->summary), NULL);
  g_autofree char *text = g_utf8_casefold (all, -1);

  for (guint i = 0; i < self->words->len; i++)
    if (!strstr (text, g_ptr_array_index (self->words, i)))
      return FALSE;
  return TRUE;
}

static gboolean
filter_cb (GtkListBoxRow *row, gpointer data)
{
  return row_matches (data, row);
}

static void
header_cb (GtkListBoxRow *row, GtkListBoxRow *before, gpointer data)
{
  const char *group = row_class (row)->base.group;
  GtkWidget *label;

  if (before && g_strcmp0 (row_class (before)->base.group, group) == 0)
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }
  label = gtk_label_new (group ? _(group) : "");
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_add_css_class (label, "palette-group");
  gtk_list_box_row_set_header (row, label);
}

static GdkContentProvider *
prepare_cb (GtkDragSource *source, double x, double y, GtkListBoxRow *row)
{
  return gdk_content_provider_new_typed (HL_TYPE_LAYER_DRAG, row_class (row));
}

static void
drag_begin_cb (GtkDragSource *source, GdkDrag *drag, GtkListBoxRow *row)
{
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (GTK_WIDGET (row));

  gtk_drag_source_set_icon (source, paintable, 24, 14);
}

static GtkWidget *
row_new (const HlLayerClass *klass)
{
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 10);
  GtkWidget *stripe = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0), *label = gtk_label_new (_(klass->base.title));
  GtkDragSource *source = gtk_drag_source_new ();

  gtk_widget_add_css_class (stripe, "palette-stripe");
  gtk_widget_add_css_class (stripe, hl_group_color (klass->base.group));
  gtk_widget_set_valign (stripe, GTK_ALIGN_CENTER);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_box_append (GTK_BOX (box), stripe);
  gtk_box_append (GTK_BOX (box), label);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_widget_set_tooltip_text (row, _(klass->base.summary));
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, _(klass->base.title),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, _(klass->base.summary), -1);
  g_object_set_data (G_OBJECT (row), "hl-class", (gpointer) klass);
  g_signal_connect (source, "prepare", G_CALLBACK (prepare_cb), row);
  g_signal_connect (source, "drag-begin", G_CALLBACK (drag_begin_cb), row);
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (source));
  return row;
}

static int
sort_cb (GtkListBoxRow *a, GtkListBoxRow *b, gpointer data)
{
  const char *first = row_class (a)->base.group, *second = row_class (b)->base.group;
  int rank = (int) hl_group_rank (first) - (int) hl_group_rank (second);

  if (rank)
    return rank;
  return g_strcmp0 (first, second);
}

static void
search_cb (GtkSearchEntry *entry, HlPalette *self)
{
  g_autofree char *text = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (entry)), -1);
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  gboolean any = FALSE;

  g_ptr_array_set_size (self->words, 0);
  for (guint i = 0; words[i]; i++)
    if (*words[i])
      g_ptr_array_add (self->words, g_strdup (words[i]));
  gtk_list_box_invalidate_filter (GTK_LIST_BOX (self->list));
  gtk_list_box_invalidate_headers (GTK_LIST_BOX (self->list));
  for (int i = 0; gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->list), i); i++)
    any |= row_matches (self, gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->list), i));
  gtk_widget_set_visible (self->empty, !any);
}

/* Enter in the search field takes the first row that is left. */
static void
search_activate_cb (GtkSearchEntry *entry, HlPalette *self)
{
  for (int i = 0; gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->list), i); i++)
    {
      GtkListBoxRow *row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->list), i);

      if (row_matches (self, row))
        {
          g_signal_emit (self, signals[LAYER_ACTIVATED], 0, (gpointer) row_class (row));
          return;
        }
    }
}

static void
row_activated_cb (GtkListBox *list, GtkListBoxRow *row, HlPalette *self)
{
  g_signal_emit (self, signals[LAYER_ACTIVATED], 0, (gpointer) row_class (row));
}

void
hl_palette_focus_search (HlPalette *self)
{
  gtk_widget_grab_focus (self->search);
}

static void
hl_palette_dispose (GObject *object)
{
  HlPalette *self = HL_PALETTE (object);

  g_clear_pointer (&self->box, gtk_widget_unparent);
  g_clear_pointer (&self->words, g_ptr_array_unref);
  G_OBJECT_CLASS (hl_palette_parent_class)->dispose (object);
}

static void
hl_palette_init (HlPalette *self)
{
  GtkWidget *scrolled = gtk_scrolled_window_new (), *content = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  const HlLayerClass *const *classes = hl_layer_classes ();

  self->words = g_ptr_array_new_with_free_func (g_free);
  self->box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  self->search = gtk_search_entry_new ();
  g_object_set (self->search, "placeholder-text", _("Search layers"), NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->search), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Search layers"), -1);
  gtk_editable_set_width_chars (GTK_EDITABLE (self->search), 4);
  gtk_editable_set_max_width_chars (GTK_EDITABLE (self->search), 14);
  gtk_widget_add_css_class (self->search, "palette-search");
  g_signal_connect (self->search, "search-changed", G_CALLBACK (search_cb), self);
  g_signal_connect (self->search, "activate", G_CALLBACK (search_activate_cb), self);
  self->list = gtk_list_box_new ();
  gtk_list_box_set_activate_on_single_click (GTK_LIST_BOX (self->list), FALSE);
  gtk_list_box_set_filter_func (GTK_LIST_BOX (self->list), filter_cb, self, NULL);
  gtk_list_box_set_sort_func (GTK_LIST_BOX (self->list), sort_cb, self, NULL);
  gtk_list_box_set_header_func (GTK_LIST_BOX (self->list), header_cb, self, NULL);
  gtk_widget_add_css_class (self->list, "palette-list");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->list), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Layers"), -1);
  g_signal_connect (self->list, "row-activated", G_CALLBACK (row_activated_cb), self);
  for (guint i = 0; classes[i]; i++)
    gtk_list_box_append (GTK_LIST_BOX (self->list), row_new (classes[i]));
  self->empty = gtk_label_new (_("No layer has these words."));
  gtk_label_set_wrap (GTK_LABEL (self->empty), TRUE);
  gtk_widget_add_css_class (self->empty, "dim-label");
  gtk_widget_set_visible (self->empty, FALSE);
  gtk_box_append (GTK_BOX (content), self->list);
  gtk_box_append (GTK_BOX (content), self->empty);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), content);
  gtk_widget_set_vexpand (scrolled, TRUE);
  gtk_box_append (GTK_BOX (self->box), self->search);
  gtk_box_append (GTK_BOX (self->box), scrolled);
  gtk_widget_set_parent (self->box, GTK_WIDGET (self));
}

static void
hl_palette_class_init (HlPaletteClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hl_palette_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_css_name (GTK_WIDGET_CLASS (klass), "palette");
  signals[LAYER_ACTIVATED] = g_signal_new ("layer-activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                           G_TYPE_NONE, 1, G_TYPE_POINTER);
}

GtkWidget *
hl_palette_new (void)
{
  return g_object_new (HL_TYPE_PALETTE, NULL);
}
