/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The card of one node. */

#include "config.h"

#include <glib/gi18n.h>

#include "ui/canvas/node-widget.h"

#include "ui/canvas/dock.h"
#include "ui/canvas/geometry.h"
#include "ui/widgets/format.h"

#define WELL_WIDTH 156
#define MAX_BARS   16

struct _HlNodeWidget
{
  GtkWidget parent_instance;
  HlNodeItem *item;
  GPtrArray *chips;              /* HlNodeItem */
  GtkWidget *stripe, *title, *lock, *line, *subtitle, *chip_box, *well, *shape, *parameters, *problem_box, *problem, *fix;
  char *inputs;                  /* what comes in where, for assistive programs; NULL or empty: no matter */
  gboolean has_values, has_bars;
  HlShape drawn;                 /* whose volume the well shows */
};

G_DEFINE_FINAL_TYPE (HlNodeWidget, hl_node_widget, GTK_TYPE_WIDGET)

enum { VERB, N_SIGNALS };
static guint signals[N_SIGNALS];

static const struct { const char *group, *color, *rgb; } groups[] = {
  { N_("Convolution"), "blue", "#1c71d8" },   { N_("Pooling"), "teal", "#2190a4" },       { N_("Basic"), "purple", "#9141ac" },
  { N_("Recurrent"), "rose", "#b5295f" },
  { N_("Shape"), "purple", "#9141ac" },       { N_("Activation"), "orange", "#e66100" },  { N_("Regularization"), "green", "#26a269" },
  { N_("Normalization"), "green", "#26a269" },{ N_("Merge"), "grey", "#77767b" },         { N_("Data"), "grey", "#77767b" },
  { NULL, "grey", "#77767b" },
};

static guint
group_find (const char *group)
{
  guint i = 0;

  while (groups[i].group && g_strcmp0 (groups[i].group, group) != 0)
    i++;
  return i;
}

guint
hl_group_rank (const char *group)
{
  return group_find (group);
}

const char *
hl_group_color (const char *group)
{
  return groups[group_find (group)].color;
}

void
hl_group_get_rgba (const char *group, GdkRGBA *color)
{
  gdk_rgba_parse (color, groups[group_find (group)].rgb);
}

static const HlClass *
item_class (HlNodeItem *item)
{
  const HlNode *node = hl_node_item_get_node (item);

  return node ? &node->klass->base : NULL;
}

/* ---- What it shows ---- */

static HlNodeItem *
last_item (HlNodeWidget *self)
{
  return self->chips->len ? g_ptr_array_index (self->chips, self->chips->len - 1) : self->item;
}

/* Flatten only renames places: the shape before it is the one worth a picture. */
static gboolean
picture_shape (HlNodeWidget *self, HlShape *shape)
{
  for (int i = (int) self->chips->len - 1; i >= 0; i--)
    {
      HlNodeItem *chip = g_ptr_array_index (self->chips, i);

      if (g_strcmp0 (item_class (chip) ? item_class (chip)->name : NULL, "flatten") != 0)
        return hl_node_item_get_shape (chip, shape);
    }
  return hl_node_item_get_shape (self->item, shape);
}

/* The well keeps its height when values arrive, so it follows from the shape alone. */
static int
well_height (HlNodeWidget *self, const HlShape *shape)
{
  guint channels = hl_shape_channels (shape), columns, rows;
  double tile;

  if (self->has_bars)
    return CLAMP ((int) channels * 15 + 12, 64, 168);
  if (shape->n_dims < 2)
    {
      hl_tiles_layout (channels, 1, 2.1, &columns, &rows);
      return CLAMP ((WELL_WIDTH - 12) * (int) rows / MAX ((int) columns, 1) + 12, 40, 96);
    }
  if (channels == 1 || channels == 3)
    return 116;
  hl_tiles_layout (channels, (double) hl_shape_columns (shape) / hl_shape_rows (shape), 1.5, &columns, &rows);
  tile = (WELL_WIDTH - 12.0 - 2.0 * (columns - 1)) / columns * hl_shape_rows (shape) / hl_shape_columns (shape);
  return CLAMP ((int) (tile * rows + 2.0 * (rows - 1) + 12), 56, 150);
}

static void
update_well (HlNodeWidget *self)
{
  HlShape shape;

  if (!picture_shape (self, &shape))
    shape = (HlShape) { 0 };
  gtk_widget_set_size_request (self->well, WELL_WIDTH, shape.n_dims ? well_height (self, &shape) : 40);
  if (self->has_values && hl_shape_equal (&shape, &self->drawn))
    return;
  self->drawn = shape;
  self->has_values = FALSE;
  if (shape.n_dims)
    hl_tiles_set_volume (HL_TILES (self->well), &shape);
  else
    hl_tiles_set_array (HL_TILES (self->well), NULL, NULL, FALSE, FALSE);
}

static char *
shape_text (HlNodeWidget *self)
{
  HlShape picture, output;
  g_autofree char *a = NULL, *b = NULL;

  if (!hl_node_item_get_shape (last_item (self), &output))
    return g_strdup ("");
  b = hl_shape_to_string (&output);
  if (!picture_shape (self, &picture) || hl_shape_equal (&picture, &output))
    return g_steal_pointer (&b);
  a = hl_shape_to_string (&picture);
  return g_strdup_printf ("%s → %s", a, b);
}

/* Hints are for the inspector; a card only says what has to be looked at. */
static const HlProblem *
grave_problem (HlNodeItem *item)
{
  const HlProblem *problem = hl_node_item_get_problem (item);

  return problem && problem->severity > HL_SEVERITY_HINT ? problem : NULL;
}

static HlNodeItem *
problem_item (HlNodeWidget *self)
{
  HlNodeItem *worst = grave_problem (self->item) ? self->item : NULL;

  for (guint i = 0; i < self->chips->len; i++)
    {
      HlNodeItem *chip = g_ptr_array_index (self->chips, i);
      const HlProblem *problem = grave_problem (chip);

      if (problem && (!worst || problem->severity > hl_node_item_get_problem (worst)->severity))
        worst = chip;
    }
  return worst;
}

static void
set_class (GtkWidget *widget, const char *name, gboolean on)
{
  if (on)
    gtk_widget_add_css_class (widget, name);
  else
    gtk_widget_remove_css_class (widget, name);
}

static void
update_problem (HlNodeWidget *self)
{
  HlNodeItem *item = problem_item (self);
  const HlProblem *problem = item ? hl_node_item_get_problem (item) : NULL;

  gtk_widget_set_visible (self->problem_box, problem != NULL);
  set_class (GTK_WIDGET (self), "has-error", problem && problem->severity == HL_SEVERITY_ERROR);
  set_class (GTK_WIDGET (self), "has-warning", problem && problem->severity == HL_SEVERITY_WARNING);
  gtk_label_set_label (GTK_LABEL (self->problem), problem ? problem->text : "");
  gtk_widget_set_visible (self->fix, problem && problem->fix && problem->fix_kind != HL_FIX_NONE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "card.fix", problem && problem->fix_kind != HL_FIX_NONE);
  if (problem && problem->fix)
    gtk_label_set_label (GTK_LABEL (gtk_button_get_child (GTK_BUTTON (self->fix))), problem->fix);
}

gboolean
hl_node_widget_get_selected (HlNodeWidget *self)
{
  gboolean selected = hl_node_item_get_selected (self->item);

  for (guint i = 0; i < self->chips->len; i++)
    selected |= hl_node_item_get_selected (g_ptr_array_index (self->chips, i));
  return selected;
}

static gboolean
is_frozen (HlNodeWidget *self)
{
  gboolean frozen = hl_node_item_get_frozen (self->item);

  for (guint i = 0; i < self->chips->len; i++)
    frozen |= hl_node_item_get_frozen (g_ptr_array_index (self->chips, i));
  return frozen;
}

static void
update_accessible (HlNodeWidget *self)
{
  const HlClass *klass = item_class (self->item);
  const char *subtitle = hl_node_item_get_subtitle (self->item);
  GString *text = g_string_new (klass ? _(klass->title) : "");
  g_autofree char *shape = shape_text (self), *description = NULL;
  HlNodeItem *item = problem_item (self);

  if (subtitle && *subtitle)
    g_string_append_printf (text, ", %s", subtitle);
  for (guint i = 0; i < self->chips->len; i++)
    {
      const HlClass *chip = item_class (g_ptr_array_index (self->chips, i));

      g_string_append_printf (text, ", %s", chip ? _(chip->title) : "");
    }
  if (self->inputs && *self->inputs)
    g_string_append_printf (text, ", %s", self->inputs);
  if (*shape)
    g_string_append_printf (text, _(", output %s"), shape);
  if (is_frozen (self))
    g_string_append (text, _(", frozen"));
  if (item)
    g_string_append_printf (text, ". %s", hl_node_item_get_problem (item)->text);
  description = g_string_free (text, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, hl_node_item_get_title (self->item),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_STATE_SELECTED, hl_node_widget_get_selected (self), -1);
}

static void
update_chips_selected (HlNodeWidget *self)
{
  GtkWidget *button = gtk_widget_get_first_child (self->chip_box);

  for (guint i = 0; i < self->chips->len && button; i++, button = gtk_widget_get_next_sibling (button))
    {
      HlNodeItem *chip = g_ptr_array_index (self->chips, i);

      set_class (button, "selected", hl_node_item_get_selected (chip));
      set_class (button, "has-error", hl_node_item_get_problem (chip) && hl_node_item_get_problem (chip)->severity == HL_SEVERITY_ERROR);
    }
}

static void
update (HlNodeWidget *self)
{
  g_autofree char *shape = NULL, *parameters = NULL;
  const char *subtitle;
  guint64 n = 0;

  if (!hl_node_item_get_node (self->item))
    return;
  subtitle = hl_node_item_get_subtitle (self->item);
  n = hl_node_item_get_parameters (self->item);
  for (guint i = 0; i < self->chips->len; i++)
    n += hl_node_item_get_parameters (g_ptr_array_index (self->chips, i));
  shape = shape_text (self);
  parameters = hl_format_count (n);
  gtk_label_set_label (GTK_LABEL (self->title), hl_node_item_get_title (self->item));
  gtk_widget_set_visible (self->lock, is_frozen (self));
  gtk_label_set_label (GTK_LABEL (self->subtitle), subtitle ? subtitle : "");
  gtk_widget_set_visible (self->subtitle, subtitle && *subtitle);
  gtk_widget_set_visible (self->line, (subtitle && *subtitle) || self->chips->len);
  gtk_label_set_label (GTK_LABEL (self->shape), shape);
  gtk_label_set_label (GTK_LABEL (self->parameters), n ? parameters : "");
  set_class (GTK_WIDGET (self), "selected", hl_node_widget_get_selected (self));
  update_chips_selected (self);
  update_well (self);
  update_problem (self);
  update_accessible (self);
}

static void
notify_cb (HlNodeItem *item, GParamSpec *pspec, HlNodeWidget *self)
{
  if (g_str_equal (pspec->name, "selected"))
    {
      set_class (GTK_WIDGET (self), "selected", hl_node_widget_get_selected (self));
      update_chips_selected (self);
      gtk_accessible_update_state (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_STATE_SELECTED, hl_node_widget_get_selected (self), -1);
    }
  else if (!g_str_equal (pspec->name, "x") && !g_str_equal (pspec->name, "y"))
    update (self);
}

/* ---- Verbs ---- */

static void
emit_verb (HlNodeWidget *self, HlNodeItem *item, HlNodeVerb verb)
{
  g_signal_emit (self, signals[VERB], 0, hl_node_item_get_id (item), (guint) verb);
}

static void
verb_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  static const struct { const char *name; HlNodeVerb verb; } verbs[] = {
    { "card.select", HL_NODE_VERB_SELECT }, { "card.open", HL_NODE_VERB_OPEN }, { "card.rename", HL_NODE_VERB_RENAME },
    { "card.fix", HL_NODE_VERB_FIX }, { "card.delete", HL_NODE_VERB_DELETE }, { "card.menu", HL_NODE_VERB_MENU },
  };
  HlNodeWidget *self = HL_NODE_WIDGET (widget);

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].name, name))
      emit_verb (self, verbs[i].verb == HL_NODE_VERB_FIX && problem_item (self) ? problem_item (self) : self->item, verbs[i].verb);
}

static void
fix_cb (GtkButton *button, HlNodeWidget *self)
{
  if (problem_item (self))
    emit_verb (self, problem_item (self), HL_NODE_VERB_FIX);
}

static void
chip_cb (GtkButton *button, HlNodeWidget *self)
{
  emit_verb (self, g_object_get_data (G_OBJECT (button), "hl-item"), HL_NODE_VERB_SELECT);
}

static GtkWidget *
chip_new (HlNodeWidget *self, HlNodeItem *item)
{
  const HlClass *klass = item_class (item);
  GtkWidget *button = gtk_button_new (), *label = gtk_label_new (klass ? _(klass->title) : "");
  const char *subtitle = hl_node_item_get_subtitle (item);
  g_autofree char *tip = g_strdup_printf (subtitle && *subtitle ? "%s: %s, %s" : "%s: %s", hl_node_item_get_title (item),
                                          klass ? _(klass->title) : "", subtitle);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_button_set_child (GTK_BUTTON (button), label);
  gtk_widget_add_css_class (button, "chip");
  gtk_widget_add_css_class (button, klass ? hl_group_color (klass->group) : "grey");
  gtk_widget_set_tooltip_text (button, tip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tip, -1);
  g_object_set_data_full (G_OBJECT (button), "hl-item", g_object_ref (item), g_object_unref);
  g_signal_connect (button, "clicked", G_CALLBACK (chip_cb), self);
  return button;
}

static gboolean
chips_equal (HlNodeWidget *self, HlNodeItem *const *chips, guint n)
{
  if (self->chips->len != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (g_ptr_array_index (self->chips, i) != chips[i])
      return FALSE;
  return TRUE;
}

void
hl_node_widget_set_inputs (HlNodeWidget *self, const char *text)
{
  if (g_strcmp0 (self->inputs, text) == 0)
    return;
  g_free (self->inputs);
  self->inputs = g_strdup (text);
  update_accessible (self);
}

void
hl_node_widget_set_chips (HlNodeWidget *self, HlNodeItem *const *chips, guint n)
{
  GtkWidget *child;

  if (chips_equal (self, chips, n))
    return;
  for (guint i = 0; i < self->chips->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->chips, i), self);
  g_ptr_array_set_size (self->chips, 0);
  while ((child = gtk_widget_get_first_child (self->chip_box)))
    gtk_box_remove (GTK_BOX (self->chip_box), child);
  for (guint i = 0; i < n; i++)
    {
      g_ptr_array_add (self->chips, g_object_ref (chips[i]));
      g_signal_connect (chips[i], "notify", G_CALLBACK (notify_cb), self);
      gtk_box_append (GTK_BOX (self->chip_box), chip_new (self, chips[i]));
    }
  gtk_widget_set_visible (self->chip_box, n > 0);
  /* One chip fits beside the parameters, more need a line of their own. */
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self->line), n > 1 ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL);
  update (self);
}

guint32
hl_node_widget_pick_chip (HlNodeWidget *self, double x, double y)
{
  GtkWidget *widget = gtk_widget_pick (GTK_WIDGET (self), x, y, GTK_PICK_DEFAULT);

  for (; widget && widget != GTK_WIDGET (self); widget = gtk_widget_get_parent (widget))
    {
      HlNodeItem *item = g_object_get_data (G_OBJECT (widget), "hl-item");

      if (item)
        return hl_node_item_get_id (item);
    }
  return 0;
}

HlNodeItem *
hl_node_widget_get_item (HlNodeWidget *self)
{
  return self->item;
}

/* ---- Values ---- */

void
hl_node_widget_set_values (HlNodeWidget *self, const HlShape *shape, const float *values)
{
  const HlClass *klass = item_class (self->item);
  gboolean picture = klass && g_str_equal (klass->name, "input");

  self->has_values = TRUE;
  self->drawn = *shape;
  if (self->has_bars)
    {
      self->has_bars = FALSE;
      update_well (self);
    }
  hl_tiles_set_array (HL_TILES (self->well), shape, values, TRUE, picture);
}

void
hl_node_widget_set_bars (HlNodeWidget *self, guint n, const char *const *names, const float *values)
{
  guint best = 0;
  HlShape shape = HL_SHAPE_1 (n);

  if (n > MAX_BARS)
    {
      hl_node_widget_set_values (self, &shape, values);
      return;
    }
  for (guint i = 1; i < n; i++)
    if (values[i] > values[best])
      best = i;
  self->has_values = TRUE;
  self->drawn = shape;
  if (!self->has_bars)
    {
      self->has_bars = TRUE;
      update_well (self);
    }
  hl_tiles_set_bars (HL_TILES (self->well), n, names, values, best);
}

void
hl_node_widget_clear_values (HlNodeWidget *self)
{
  self->has_values = FALSE;
  self->has_bars = FALSE;
  self->drawn = (HlShape) { 0 };
  update_well (self);
}

/* ---- The widget ---- */

static GtkWidget *
label_new (const char *css_class, float xalign)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), xalign);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, css_class);
  return label;
}

static GtkWidget *
problem_new (HlNodeWidget *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4), *label = gtk_label_new (NULL);

  self->problem = label_new ("card-problem", 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->problem), PANGO_ELLIPSIZE_NONE);
  gtk_label_set_wrap (GTK_LABEL (self->problem), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (self->problem), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_width_chars (GTK_LABEL (self->problem), 10);
  gtk_label_set_max_width_chars (GTK_LABEL (self->problem), 20);
  self->fix = gtk_button_new ();
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 18);
  gtk_button_set_child (GTK_BUTTON (self->fix), label);
  gtk_widget_add_css_class (self->fix, "card-fix");
  g_signal_connect (self->fix, "clicked", G_CALLBACK (fix_cb), self);
  gtk_box_append (GTK_BOX (box), self->problem);
  gtk_box_append (GTK_BOX (box), self->fix);
  gtk_widget_add_css_class (box, "card-body");
  gtk_widget_set_visible (box, FALSE);
  return box;
}

/* The title, and a padlock where weights stay as they are. */
static GtkWidget *
head_new (HlNodeWidget *self)
{
  GtkWidget *head = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);

  self->lock = gtk_image_new_from_icon_name ("changes-prevent-symbolic");
  gtk_widget_add_css_class (self->lock, "card-lock");
  gtk_widget_set_tooltip_text (self->lock, _("Frozen: training leaves its weights alone"));
  gtk_widget_set_hexpand (self->title, TRUE);
  gtk_box_append (GTK_BOX (head), self->title);
  gtk_box_append (GTK_BOX (head), self->lock);
  return head;
}

static void
build_children (HlNodeWidget *self)
{
  GtkWidget *body = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0), *footer = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *widget = GTK_WIDGET (self);

  self->stripe = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_widget_add_css_class (self->stripe, "stripe");
  gtk_widget_set_parent (self->stripe, widget);
  self->title = label_new ("card-title", 0);
  self->line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 4);
  self->subtitle = label_new ("card-subtitle", 0);
  self->chip_box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 3);
  gtk_widget_set_visible (self->chip_box, FALSE);
  gtk_box_append (GTK_BOX (self->line), self->subtitle);
  gtk_box_append (GTK_BOX (self->line), self->chip_box);
  gtk_widget_add_css_class (body, "card-body");
  gtk_box_append (GTK_BOX (body), head_new (self));
  gtk_box_append (GTK_BOX (body), self->line);
  gtk_widget_set_parent (body, widget);
  self->well = hl_tiles_new ();
  gtk_widget_add_css_class (self->well, "card-well");
  gtk_widget_set_halign (self->well, GTK_ALIGN_CENTER);
  gtk_widget_set_parent (self->well, widget);
  self->shape = label_new ("card-number", 0);
  self->parameters = label_new ("card-number", 1);
  gtk_widget_set_hexpand (self->shape, TRUE);
  gtk_label_set_ellipsize (GTK_LABEL (self->parameters), PANGO_ELLIPSIZE_NONE);
  gtk_box_append (GTK_BOX (footer), self->shape);
  gtk_box_append (GTK_BOX (footer), self->parameters);
  gtk_widget_add_css_class (footer, "card-footer");
  gtk_widget_set_parent (footer, widget);
  self->problem_box = problem_new (self);
  gtk_widget_set_parent (self->problem_box, widget);
}

static void
hl_node_widget_dispose (GObject *object)
{
  HlNodeWidget *self = HL_NODE_WIDGET (object);
  GtkWidget *child;

  if (self->item)
    g_signal_handlers_disconnect_by_data (self->item, self);
  for (guint i = 0; self->chips && i < self->chips->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->chips, i), self);
  g_clear_pointer (&self->chips, g_ptr_array_unref);
  g_clear_pointer (&self->inputs, g_free);
  g_clear_object (&self->item);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))))
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (hl_node_widget_parent_class)->dispose (object);
}

static void
hl_node_widget_init (HlNodeWidget *self)
{
  self->chips = g_ptr_array_new_with_free_func (g_object_unref);
  gtk_orientable_set_orientation (GTK_ORIENTABLE (gtk_widget_get_layout_manager (GTK_WIDGET (self))), GTK_ORIENTATION_VERTICAL);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_VISIBLE);
  build_children (self);
}

static void
hl_node_widget_class_init (HlNodeWidgetClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  static const char *const actions[] = { "card.select", "card.open", "card.rename", "card.fix", "card.delete", "card.menu" };

  G_OBJECT_CLASS (klass)->dispose = hl_node_widget_dispose;
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BOX_LAYOUT);
  gtk_widget_class_set_css_name (widget_class, "nodecard");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_OPTION);
  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    gtk_widget_class_install_action (widget_class, actions[i], NULL, verb_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Return, 0, "card.open", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_KP_Enter, 0, "card.open", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F2, 0, "card.rename", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "card.menu", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "card.menu", NULL);
  signals[VERB] = g_signal_new ("verb", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_UINT);
}

GtkWidget *
hl_node_widget_new (HlNodeItem *item)
{
  HlNodeWidget *self = g_object_new (HL_TYPE_NODE_WIDGET, NULL);
  const HlClass *klass = item_class (item);

  self->item = g_object_ref (item);
  if (klass)
    gtk_widget_add_css_class (GTK_WIDGET (self), hl_group_color (klass->group));
  g_signal_connect (item, "notify", G_CALLBACK (notify_cb), self);
  update (self);
  return GTK_WIDGET (self);
}
