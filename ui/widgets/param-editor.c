/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows from a parameter table. */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#include "ui/widgets/param-editor.h"

#include "ui/widgets/param-row.h"

struct _HlParamEditor
{
  GtkWidget parent_instance;
  GtkWidget *list;
  const HlClass *klass;
  GPtrArray *controls;     /* one a parameter, in table order; borrowed from the rows */
  GPtrArray *own_rows;     /* the caller's */
  gboolean showing;        /* values are being set by the program */
};

G_DEFINE_FINAL_TYPE (HlParamEditor, hl_param_editor, GTK_TYPE_WIDGET)

enum { CHANGED, RELEASED, N_SIGNALS };
static guint signals[N_SIGNALS];

static const HlParam *
control_param (GtkWidget *control)
{
  return g_object_get_data (G_OBJECT (control), "hl-param");
}

static void
emit_changed (HlParamEditor *self, GtkWidget *control, double value)
{
  if (!self->showing)
    g_signal_emit (self, signals[CHANGED], 0, (gpointer) control_param (control), value);
}

/* ---- Numbers ---- */

/* A tenth of the leading digit's place: 0.001 moves in steps of 0.0001. */
static double
float_step (const HlParam *param, double value)
{
  double range = param->max - param->min;

  if (fabs (value) < 1e-12)
    return range <= 1 ? range / 100 : 0.01;
  return pow (10, floor (log10 (fabs (value)) + 1e-9) - 1);
}

static void
spin_changed_cb (GtkSpinButton *spin, HlParamEditor *self)
{
  const HlParam *param = control_param (GTK_WIDGET (spin));
  double value = gtk_spin_button_get_value (spin);

  if (param->kind == HL_PARAM_FLOAT)
    gtk_adjustment_set_step_increment (gtk_spin_button_get_adjustment (spin), float_step (param, value));
  emit_changed (self, GTK_WIDGET (spin), value);
}

/* As few digits as say the number: 0.001, not 0.00100000. */
static gboolean
float_output_cb (GtkSpinButton *spin, gpointer data)
{
  g_autofree char *text = g_strdup_printf ("%.6g", gtk_spin_button_get_value (spin));

  if (strcmp (gtk_editable_get_text (GTK_EDITABLE (spin)), text) != 0)
    gtk_editable_set_text (GTK_EDITABLE (spin), text);
  return TRUE;
}

static void
released_cb (GtkEventControllerFocus *controller, HlParamEditor *self)
{
  g_signal_emit (self, signals[RELEASED], 0);
}

static void
watch_release (HlParamEditor *self, GtkWidget *control)
{
  GtkEventController *focus = gtk_event_controller_focus_new ();

  g_signal_connect (focus, "leave", G_CALLBACK (released_cb), self);
  gtk_widget_add_controller (control, focus);
}

static GtkWidget *
spin_new (HlParamEditor *self, const HlParam *param, int width)
{
  gboolean is_float = param->kind == HL_PARAM_FLOAT;
  GtkAdjustment *adjustment = gtk_adjustment_new (param->initial, param->min, param->max,
                                                  is_float ? float_step (param, param->initial) : 1, is_float ? 0 : 10, 0);
  GtkWidget *spin = gtk_spin_button_new (adjustment, 0, is_float ? 10 : 0);

  gtk_spin_button_set_numeric (GTK_SPIN_BUTTON (spin), !is_float);
  gtk_editable_set_width_chars (GTK_EDITABLE (spin), width);
  gtk_editable_set_max_width_chars (GTK_EDITABLE (spin), width);
  gtk_editable_set_alignment (GTK_EDITABLE (spin), 1);
  gtk_widget_add_css_class (spin, "number");
  g_object_set_data (G_OBJECT (spin), "hl-param", (gpointer) param);
  if (is_float)
    g_signal_connect (spin, "output", G_CALLBACK (float_output_cb), NULL);
  g_signal_connect (spin, "value-changed", G_CALLBACK (spin_changed_cb), self);
  hl_ignore_wheel (spin);
  watch_release (self, spin);
  return spin;
}

/* ---- Pairs ---- */

static gboolean
is_pair (const HlParam *first)
{
  const HlParam *second = first + 1;
  gsize n = strlen (first->name);

  return first->kind == HL_PARAM_INT && n > 2 && g_str_has_suffix (first->name, "_y") && second->label
         && second->kind == HL_PARAM_INT && strlen (second->name) == n && strncmp (first->name, second->name, n - 2) == 0
         && g_str_has_suffix (second->name, "_x");
}

static const char *
pair_title (const HlParam *first)
{
  static const struct { const char *name, *title; } titles[] = {
    { "size_y", N_("Size") }, { "stride_y", N_("Stride") }, { "padding_y", N_("Padding") }, { "dilation_y", N_("Dilation") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_str_equal (titles[i].name, first->name))
      return _(titles[i].title);
  return _(first->label);
}

/* A spin button without its buttons: the pair has one of each for both numbers. */
static void
hide_buttons (GtkWidget *spin)
{
  for (GtkWidget *child = gtk_widget_get_first_child (spin); child; child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_BUTTON (child))
      gtk_widget_set_visible (child, FALSE);
}

static void
step_both_cb (GtkButton *button, GtkWidget *pair)
{
  double by = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (button), "hl-step"));

  for (guint i = 0; i < 2; i++)
    {
      GtkSpinButton *spin = g_object_get_data (G_OBJECT (pair), i ? "hl-x" : "hl-y");

      gtk_spin_button_set_value (spin, gtk_spin_button_get_value (spin) + by);
    }
}

static GtkWidget *
step_button (GtkWidget *pair, const char *icon, int by, const char *title)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);
  g_autofree char *text = g_strdup_printf (by < 0 ? _("%s: both smaller") : _("%s: both larger"), title);

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  g_object_set_data (G_OBJECT (button), "hl-step", GINT_TO_POINTER (by));
  g_signal_connect (button, "clicked", G_CALLBACK (step_both_cb), pair);
  return button;
}

static GtkWidget *
pair_new (HlParamEditor *self, const HlParam *first)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0), *times = gtk_label_new ("×");
  GtkWidget *y = spin_new (self, first, 2), *x = spin_new (self, first + 1, 2);

  hide_buttons (y);
  hide_buttons (x);
  gtk_editable_set_alignment (GTK_EDITABLE (x), 0);
  g_object_set_data (G_OBJECT (box), "hl-y", y);
  g_object_set_data (G_OBJECT (box), "hl-x", x);
  gtk_widget_add_css_class (box, "pair");
  gtk_box_append (GTK_BOX (box), y);
  gtk_box_append (GTK_BOX (box), times);
  gtk_box_append (GTK_BOX (box), x);
  gtk_box_append (GTK_BOX (box), step_button (box, "value-decrease-symbolic", -1, pair_title (first)));
  gtk_box_append (GTK_BOX (box), step_button (box, "value-increase-symbolic", 1, pair_title (first)));
  g_ptr_array_add (self->controls, y);
  g_ptr_array_add (self->controls, x);
  return box;
}

/* ---- Switches and choices ---- */

static void
switch_changed_cb (GtkSwitch *control, GParamSpec *pspec, HlParamEditor *self)
{
  emit_changed (self, GTK_WIDGET (control), gtk_switch_get_active (control));
}

static void
choice_changed_cb (GtkDropDown *control, GParamSpec *pspec, HlParamEditor *self)
{
  emit_changed (self, GTK_WIDGET (control), gtk_drop_down_get_selected (control));
}

static GtkWidget *
choice_new (HlParamEditor *self, const HlParam *param)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;
  GtkWidget *control;

  for (guint i = 0; param->choices[i]; i++)
    {
      g_autofree char *name = g_strdup (_(param->choices[i]));

      g_strv_builder_add (builder, g_strdelimit (name, "_", ' '));
    }
  names = g_strv_builder_end (builder);
  control = gtk_drop_down_new_from_strings ((const char *const *) names);
  gtk_widget_add_css_class (control, "choice");
  g_object_set_data (G_OBJECT (control), "hl-param", (gpointer) param);
  g_signal_connect (control, "notify::selected", G_CALLBACK (choice_changed_cb), self);
  return control;
}

static GtkWidget *
control_new (HlParamEditor *self, const HlParam *param)
{
  GtkWidget *control;

  if (param->kind == HL_PARAM_BOOL)
    {
      control = gtk_switch_new ();
      g_object_set_data (G_OBJECT (control), "hl-param", (gpointer) param);
      g_signal_connect (control, "notify::active", G_CALLBACK (switch_changed_cb), self);
    }
  else if (param->kind == HL_PARAM_CHOICE)
    control = choice_new (self, param);
  else
    control = spin_new (self, param, param->kind == HL_PARAM_FLOAT ? 6 : 4);
  g_ptr_array_add (self->controls, control);
  return control;
}

/* ---- Rows ---- */

static char *
param_help (const HlParam *param)
{
  GString *text = g_string_new (param->help ? _(param->help) : "");

  if (param->kind == HL_PARAM_INT || param->kind == HL_PARAM_FLOAT)
    {
      g_string_append_printf (text, text->len ? "\n%s" : "%s", "");
      g_string_append_printf (text, _("%g to %g"), param->min, param->max);
      if (param->unit == HL_UNIT_PIXEL)
        g_string_append (text, _(" pixels"));
    }
  return g_string_free (text, FALSE);
}

static GtkWidget *
row_new (const char *title, const char *help, GtkWidget *control)
{
  GtkWidget *row = gtk_list_box_row_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *label = gtk_label_new (title);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_set_valign (control, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (box), label);
  gtk_box_append (GTK_BOX (box), control);
  gtk_widget_add_css_class (box, "param-row");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_list_box_row_set_selectable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_set_focusable (row, FALSE);
  gtk_widget_set_tooltip_text (row, help);
  return row;
}

static void
set_accessible (GtkWidget *control, const char *title, const char *help)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, help ? help : "", -1);
}

static void
build_rows (HlParamEditor *self)
{
  const HlParam *param = self->klass->params;
  int place = 0;

  for (; param && param->label; param++)
    {
      g_autofree char *help = param_help (param);
      gboolean pair = is_pair (param);
      GtkWidget *control = pair ? pair_new (self, param) : control_new (self, param);

      gtk_list_box_insert (GTK_LIST_BOX (self->list), row_new (pair ? pair_title (param) : _(param->label), help, control), place++);
      set_accessible (self->controls->pdata[self->controls->len - (pair ? 2 : 1)], _(param->label), help);
      if (pair)
        {
          param++;
          set_accessible (self->controls->pdata[self->controls->len - 1], _(param->label), help);
        }
    }
}

static void
clear_rows (HlParamEditor *self)
{
  GtkWidget *row = gtk_widget_get_first_child (self->list);

  while (row)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (row);

      if (!g_ptr_array_find (self->own_rows, row, NULL))
        gtk_list_box_remove (GTK_LIST_BOX (self->list), row);
      row = next;
    }
  g_ptr_array_set_size (self->controls, 0);
}

static void
show_value (GtkWidget *control, double value)
{
  if (GTK_IS_SWITCH (control))
    gtk_switch_set_active (GTK_SWITCH (control), value != 0);
  else if (GTK_IS_DROP_DOWN (control))
    gtk_drop_down_set_selected (GTK_DROP_DOWN (control), (guint) value);
  else if (gtk_spin_button_get_value (GTK_SPIN_BUTTON (control)) != value)
    gtk_spin_button_set_value (GTK_SPIN_BUTTON (control), value);
}

void
hl_param_editor_show (HlParamEditor *self, const HlClass *klass, gconstpointer params)
{
  self->showing = TRUE;
  if (klass != self->klass)
    {
      clear_rows (self);
      self->klass = klass;
      if (klass)
        build_rows (self);
    }
  for (guint i = 0; params && i < self->controls->len; i++)
    {
      GtkWidget *control = g_ptr_array_index (self->controls, i);

      show_value (control, hl_param_get (control_param (control), params));
    }
  self->showing = FALSE;
  gtk_widget_set_visible (GTK_WIDGET (self), gtk_widget_get_first_child (self->list) != NULL);
}

void
hl_param_editor_add_row (HlParamEditor *self, const char *title, const char *help, GtkWidget *control)
{
  GtkWidget *row = row_new (title, help, control);

  set_accessible (control, title, help);
  g_ptr_array_add (self->own_rows, row);
  gtk_list_box_append (GTK_LIST_BOX (self->list), row);
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
}

void
hl_param_editor_clear_rows (HlParamEditor *self)
{
  for (guint i = 0; i < self->own_rows->len; i++)
    gtk_list_box_remove (GTK_LIST_BOX (self->list), g_ptr_array_index (self->own_rows, i));
  g_ptr_array_set_size (self->own_rows, 0);
  gtk_widget_set_visible (GTK_WIDGET (self), gtk_widget_get_first_child (self->list) != NULL);
}

GtkWidget *
hl_param_editor_find (HlParamEditor *self, const char *param)
{
  for (guint i = 0; i < self->controls->len; i++)
    if (g_str_equal (control_param (g_ptr_array_index (self->controls, i))->name, param))
      return g_ptr_array_index (self->controls, i);
  return NULL;
}

static void
hl_param_editor_dispose (GObject *object)
{
  HlParamEditor *self = HL_PARAM_EDITOR (object);

  /* Rows taken down lose the focus; nobody wants to hear of it any more. */
  self->showing = TRUE;
  g_clear_pointer (&self->list, gtk_widget_unparent);
  g_clear_pointer (&self->controls, g_ptr_array_unref);
  g_clear_pointer (&self->own_rows, g_ptr_array_unref);
  G_OBJECT_CLASS (hl_param_editor_parent_class)->dispose (object);
}

static void
hl_param_editor_init (HlParamEditor *self)
{
  self->controls = g_ptr_array_new ();
  self->own_rows = g_ptr_array_new ();
  self->list = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (self->list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (self->list, "boxed-list");
  gtk_widget_add_css_class (self->list, "params");
  gtk_widget_set_parent (self->list, GTK_WIDGET (self));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

static void
hl_param_editor_class_init (HlParamEditorClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = hl_param_editor_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (klass), GTK_TYPE_BIN_LAYOUT);
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 2, G_TYPE_POINTER, G_TYPE_DOUBLE);
  signals[RELEASED] = g_signal_new ("released", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

GtkWidget *
hl_param_editor_new (void)
{
  return g_object_new (HL_TYPE_PARAM_EDITOR, NULL);
}
