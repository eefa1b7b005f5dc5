/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Hinge loss for several classes (Crammer and Singer, 2001), as torch.nn.MultiMarginLoss. */

#include "engine/train/class-loss.h"

#include <math.h>

typedef struct
{
  double margin;
  int p;
} MultiMargin;

static const HlParam multi_margin_params[] = {
  HL_FLOAT (MultiMargin, margin, N_("Margin"), HL_UNIT_NONE, 0, 1e6, 1,
            N_("How far the right class's output should be above each other one.")),
  HL_INT (MultiMargin, p, N_("Power"), HL_UNIT_NONE, 1, 2, 1,
          N_("1: a lack counts as it is; 2: squared.")),
  HL_PARAM_END
};

static gboolean
multi_margin_prepare (HlLossCall *call, GError **error)
{
  const MultiMargin *self = call->params;
  char margin[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *defines = NULL;

  defines = g_strdup_printf ("MARGIN=%sf;POWER=%d;", g_ascii_formatd (margin, sizeof margin, "%.9e", self->margin), self->p);
  return hl_class_loss_prepare (call, "multi_margin", defines);
}

static double
multi_margin_reference (const HlLossReference *call)
{
  const MultiMargin *self = call->params;
  double loss = 0;

  for (guint i = 0; i < call->batch; i++)
    {
      const double *y = call->y + (gsize) i * call->n;
      double *dy = call->dy ? call->dy + (gsize) i * call->n : NULL;
      guint target = (guint) call->targets[i];

      if (dy)
        dy[target] = 0;
      for (guint c = 0; c < call->n; c++)
        {
          double lack = fmax (self->margin - y[target] + y[c], 0);
          double slope = (self->p == 1 ? lack > 0 : 2 * lack) / call->n / call->batch;

          if (c == target)
            continue;
          loss += self->p == 1 ? lack : lack * lack;
          if (dy)
            {
              dy[c] = slope;
              dy[target] -= slope;
            }
        }
    }
  return loss / call->n / call->batch;
}

const HlLossClass hl_multi_margin_loss = {
  .base = {
    .name = "multi_margin",
    .title = N_("Hinge"),
    .summary = N_("Asks only that the right class wins by a margin."),
    .help = N_("For each class but the right one, max (0, margin − output of the right class + its output), or the square "
               "of that, summed and divided by the number of classes; averaged over the batch (Crammer and Singer, 2001). "
               "A sample whose right class leads by the margin teaches nothing more. The loss of support vector machines."),
    .params_size = sizeof (MultiMargin),
    .params = multi_margin_params,
  },
  .prepare = multi_margin_prepare,
  .run = hl_class_loss_run,
  .reference = multi_margin_reference,
  .check = hl_class_loss_check,
  .answer = hl_class_loss_answer,
};
