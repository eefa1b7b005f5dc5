/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli describe: reference documentation from the parameter tables. */

#include "config.h"

#include <stdio.h>

#include "app/cli/cli.h"
#include "engine/data/dataset.h"
#include "engine/train/gradient.h"

typedef const HlClass *const *(*ListFamily) (void);

typedef struct
{
  const char *name, *title;
  ListFamily list;
} Family;

/* Each class struct begins with its HlClass, so a table of classes is one of HlClass pointers. */
static const Family families[] = {
  { "layer", N_("Layers"), (ListFamily) hl_layer_classes },
  { "loss", N_("Losses"), (ListFamily) hl_loss_classes },
  { "optimizer", N_("Optimizers"), (ListFamily) hl_optimizer_classes },
  { "schedule", N_("Learning-rate schedules"), (ListFamily) hl_schedule_classes },
  { "gradient", N_("Penalty and clipping"), hl_gradient_classes },
  { "initializer", N_("Start values"), (ListFamily) hl_initializer_classes },
  { "format", N_("Data formats"), (ListFamily) hl_format_classes },
};

static const Family *
find_family (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    if (g_str_equal (families[i].name, name))
      return &families[i];
  return NULL;
}

static const HlClass *
find_class (const Family *family, const char *name)
{
  for (const HlClass *const *klass = family->list (); *klass; klass++)
    if (g_str_equal ((*klass)->name, name))
      return *klass;
  return NULL;
}

static void
list_family (const Family *family)
{
  printf ("%s (%s)\n", _(family->title), family->name);
  for (const HlClass *const *klass = family->list (); *klass; klass++)
    printf ("  %-18s %s\n", (*klass)->name, _((*klass)->summary));
}

static void
print_param (const HlParam *param)
{
  static const char *const units[] = { [HL_UNIT_NONE] = "", [HL_UNIT_PIXEL] = N_(" pixels"), [HL_UNIT_RATIO] = "" };

  printf ("  %-18s %s\n", param->name, _(param->label));
  switch (param->kind)
    {
    case HL_PARAM_BOOL:
      printf (_("%21syes or no; %s\n"), "", param->initial != 0 ? _("yes") : _("no"));
      break;
    case HL_PARAM_CHOICE:
      {
        g_autofree char *choices = g_strjoinv (", ", (char **) param->choices);

        printf (_("%21sone of %s; %s\n"), "", choices, param->choices[(int) param->initial]);
        break;
      }
    default:
      printf (_("%21s%s from %.10g to %.10g%s; %.10g\n"), "", param->kind == HL_PARAM_INT ? _("whole number") : _("number"), param->min, param->max,
              *units[param->unit] ? _(units[param->unit]) : "", param->initial);
    }
  if (param->help)
    printf ("%21s%s\n", "", _(param->help));
}

static void
describe_class (const HlClass *klass)
{
  printf ("%s (%s)\n%s\n", _(klass->title), klass->name, _(klass->summary));
  if (klass->help)
    printf ("\n%s\n", _(klass->help));
  if (hl_class_get_n_params (klass) == 0)
    {
      printf (_("\nNo parameters.\n"));
      return;
    }
  printf (_("\nParameters (range; initial value):\n"));
  for (const HlParam *param = klass->params; param->name; param++)
    print_param (param);
}

int
hl_cli_describe (int argc, char **argv)
{
  const Family *family;
  const HlClass *klass;
  int status;

  if (argc == 1 || (argc > 1 && g_str_has_prefix (argv[1], "-")))
    {
      if (argc > 1 && !hl_cli_parse ("describe", NULL, &argc, &argv, 0, &status))
        return status;
      for (guint i = 0; i < G_N_ELEMENTS (families); i++)
        list_family (&families[i]);
      return 0;
    }
  if (argc > 3)
    return hl_cli_usage ("describe", _("Too many arguments: %d instead of 2."), argc - 1);
  family = find_family (argv[1]);
  if (!family)
    return hl_cli_usage ("describe", _("\"%s\" is none of layer, loss, optimizer, schedule, gradient, initializer, format."), argv[1]);
  if (argc == 2)
    {
      list_family (family);
      return 0;
    }
  klass = find_class (family, argv[2]);
  if (!klass)
    return hl_cli_usage ("describe", _("There is no %s \"%s\"; \"hillock-cli describe %s\" lists them."), family->name, argv[2], family->name);
  describe_class (klass);
  return 0;
}
