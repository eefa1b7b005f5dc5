/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows made from a parameter table. */

#include "config.h"

#include "ui/widgets/param-row.h"

#include <glib/gi18n.h>
#include <math.h>

struct _HlParamRow
{
  GtkListBoxRow parent_instance;
  const HlParam *param;
  GtkWidget *control;
  gboolean setting;      /* the program writes the control: not the user's change */
};

enum { SIGNAL_CHANGED, SIGNAL_DONE, N_SIGNALS };

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HlParamRow, hl_param_row, GTK_TYPE_LIST_BOX_ROW)

/* ---- Rows in general ---- */

static void
fill_row (GtkListBoxRow *row, const char *label, const char *help, GtkWidget *control)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8), *name = gtk_label_new (label);

  gtk_widget_add_css_class (box, "hl-row");
  gtk_label_set_xalign (GTK_LABEL (name), 0);
  gtk_label_set_ellipsize (GTK_LABEL (name), PANGO_ELLIPSIZE_END);
  gtk_label_set_wrap (GTK_LABEL (name), TRUE);
  gtk_label_set_lines (GTK_LABEL (name), 2);
  gtk_widget_set_hexpand (name, TRUE);
  gtk_widget_set_valign (control, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (GTK_WIDGET (row), help);
  gtk_box_append (GTK_BOX (box), name);
  gtk_box_append (GTK_BOX (box), control);
  gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  if (help != NULL)
    gtk_accessible_update_property (GTK_ACCESSIBLE (control), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, help, -1);
  gtk_list_box_row_set_child (row, box);
  gtk_list_box_row_set_activatable (row, FALSE);
  gtk_widget_set_focusable (GTK_WIDGET (row), FALSE);
}

GtkWidget *
hl_control_row_new (const char *label, const char *help, GtkWidget *control)
{
  GtkWidget *row = gtk_list_box_row_new ();

  fill_row (GTK_LIST_BOX_ROW (row), label, help, control);
  return row;
}

GtkWidget *
hl_rows_new (void)
{
  GtkWidget *list = gtk_list_box_new ();

  gtk_widget_add_css_class (list, "boxed-list");
  gtk_widget_add_css_class (list, "hl-rows");
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  return list;
}

void
hl_ignore_wheel (GtkWidget *control)
{
  g_autoptr(GListModel) controllers = gtk_widget_observe_controllers (control);

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr(GtkEventController) controller = g_list_model_get_item (controllers, i);

      if (GTK_IS_EVENT_CONTROLLER_SCROLL (controller))
        gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_NONE);
    }
}

/* ---- Controls ---- */

static void
row_changed (HlParamRow *self)
{
  if (!self->setting)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, hl_param_row_get_value (self));
}

static void
row_done (HlParamRow *self)
{
  g_signal_emit (self, signals[SIGNAL_DONE], 0);
}

/* Fractions read as 0.001 or 1e-08, whatever their size: fixed decimals would show 0.000000. */
static gboolean
output_cb (GtkSpinButton *spin, gpointer data)
{
  g_autofree char *text = g_strdup_printf ("%.6g", gtk_spin_button_get_value (spin));

  if (strcmp (text, gtk_editable_get_text (GTK_EDITABLE (spin))) != 0)
    gtk_editable_set_text (GTK_EDITABLE (spin), text);
  return TRUE;
}

/* A comma is what many keyboards offer. */
static int
input_cb (GtkSpinButton *spin, double *value, gpointer data)
{
  g_autofree char *text = g_strdelimit (g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (spin)))), ",", '.');
  char *end;

  *value = g_ascii_strtod (text, &end);
  return end == text || *end != '\0' || !isfinite (*value) ? GTK_INPUT_ERROR : TRUE;
}

/* A step is a tenth to a whole of the value's leading digit, so that 0.001 and 0.9 are both easy to turn. */
static void
fit_step (GtkAdjustment *adjustment)
{
  double value = fabs (gtk_adjustment_get_value (adjustment)), step;

  step = value > 0 ? pow (10, floor (log10 (value) - 1e-9)) : (gtk_adjustment_get_upper (adjustment) <= 1 ? 0.01 : 0.1);
  gtk_adjustment_set_step_increment (adjustment, step);
  gtk_adjustment_set_page_increment (adjustment, step * 10);
}

static GtkWidget *
make_spin (HlParamRow *self)
{
  const HlParam *param = self->param;
  gboolean fraction = param->kind == HL_PARAM_FLOAT;
  GtkAdjustment *adjustment = gtk_adjustment_new (param->initial, param->min, param->max, 1, 10, 0);
  GtkWidget *spin = gtk_spin_button_new (adjustment, 1, fraction ? 12 : 0);

  gtk_spin_button_set_numeric (GTK_SPIN_BUTTON (spin), FALSE);
  gtk_editable_set_width_chars (GTK_EDITABLE (spin), fraction ? 5 : 4);
  gtk_editable_set_max_width_chars (GTK_EDITABLE (spin), 6);
  gtk_editable_set_alignment (GTK_EDITABLE (spin), 1);
  if (fraction)
    {
      g_signal_connect (spin, "output", G_CALLBACK (output_cb), NULL);
      g_signal_connect (spin, "input", G_CALLBACK (input_cb), NULL);
      g_signal_connect (adjustment, "value-changed", G_CALLBACK (fit_step), NULL);
      fit_step (adjustment);
    }
  g_signal_connect_swapped (spin, "value-changed", G_CALLBACK (row_changed), self);
  hl_ignore_wheel (spin);
  return spin;
}

static GtkWidget *
make_dropdown (HlParamRow *self)
{
  g_autoptr(GtkStringList) names = gtk_string_list_new (NULL);
  GtkWidget *dropdown;

  for (guint i = 0; self->param->choices[i] != NULL; i++)
    gtk_string_list_take (names, g_strdelimit (g_strdup (_(self->param->choices[i])), "_", ' '));
  dropdown = gtk_drop_down_new (G_LIST_MODEL (g_steal_pointer (&names)), NULL);
  g_signal_connect_swapped (dropdown, "notify::selected", G_CALLBACK (row_changed), self);
  return dropdown;
}

static GtkWidget *
make_switch (HlParamRow *self)
{
  GtkWidget *toggle = gtk_switch_new ();

  g_signal_connect_swapped (toggle, "notify::active", G_CALLBACK (row_changed), self);
  return toggle;
}

/* ---- The row ---- */

const HlParam *
hl_param_row_get_param (HlParamRow *self)
{
  g_return_val_if_fail (HL_IS_PARAM_ROW (self), NULL);
  return self->param;
}

double
hl_param_row_get_value (HlParamRow *self)
{
  g_return_val_if_fail (HL_IS_PARAM_ROW (self), 0);
  switch (self->param->kind)
    {
    case HL_PARAM_BOOL:
      return gtk_switch_get_active (GTK_SWITCH (self->control));
    case HL_PARAM_CHOICE:
      return gtk_drop_down_get_selected (GTK_DROP_DOWN (self->control));
    default:
      return gtk_spin_button_get_value (GTK_SPIN_BUTTON (self->control));
    }
}

void
hl_param_row_set_value (HlParamRow *self, double value)
{
  g_return_if_fail (HL_IS_PARAM_ROW (self));
  if (hl_param_row_get_value (self) == value)
    return;
  self->setting = TRUE;
  switch (self->param->kind)
    {
    case HL_PARAM_BOOL:
      gtk_switch_set_active (GTK_SWITCH (self->control), value != 0);
      break;
    case HL_PARAM_CHOICE:
      gtk_drop_down_set_selected (GTK_DROP_DOWN (self->control), (guint) value);
      break;
    default:
      gtk_spin_button_set_value (GTK_SPIN_BUTTON (self->control), value);
    }
  self->setting = FALSE;
}

static void
hl_param_row_class_init (HlParamRowClass *klass)
{
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", HL_TYPE_PARAM_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_DOUBLE);
  signals[SIGNAL_DONE] = g_signal_new ("done", HL_TYPE_PARAM_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hl_param_row_init (HlParamRow *self)
{
}

GtkWidget *
hl_param_row_new (const HlParam *param, double value)
{
  HlParamRow *self = g_object_new (HL_TYPE_PARAM_ROW, NULL);
  GtkEventController *focus = gtk_event_controller_focus_new ();

  self->param = param;
  self->control = param->kind == HL_PARAM_BOOL ? make_switch (self) : param->kind == HL_PARAM_CHOICE ? make_dropdown (self) : make_spin (self);
  fill_row (GTK_LIST_BOX_ROW (self), _(param->label), param->help != NULL ? _(param->help) : NULL, self->control);
  hl_param_row_set_value (self, value);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (row_done), self);
  gtk_widget_add_controller (GTK_WIDGET (self), focus);
  return GTK_WIDGET (self);
}
