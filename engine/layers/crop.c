/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Crop: cuts off the rim of images and sequences, or keeps their centre. */

#include "engine/layers/strided.h"

enum { FORWARD, BACKWARD };
enum { SIDES, CENTER };

typedef struct
{
  int mode, top, left, bottom, right, height, width;
} Crop;

/* What is kept: the first place and the number of places of each axis. */
typedef struct { guint first[HL_MAX_DIMS], size[HL_MAX_DIMS]; } Part;

static const char *const modes[] = { N_("sides"), N_("center"), NULL };

static const HlParam crop_params[] = {
  HL_CHOICE (Crop, mode, N_("What is given"), modes, 2, SIDES,
             N_("sides: how much is cut off; center: how much is kept in the middle.")),
  HL_INT (Crop, top, N_("Off the top"), HL_UNIT_PIXEL, 0, 1 << 16, 0, N_("Rows cut off the top.")),
  HL_INT (Crop, left, N_("Off the left"), HL_UNIT_PIXEL, 0, 1 << 16, 0, N_("Columns, or steps, cut off the left.")),
  HL_INT (Crop, bottom, N_("Off the bottom"), HL_UNIT_PIXEL, 0, 1 << 16, 0, N_("Rows cut off the bottom.")),
  HL_INT (Crop, right, N_("Off the right"), HL_UNIT_PIXEL, 0, 1 << 16, 0, N_("Columns, or steps, cut off the right.")),
  HL_INT (Crop, height, N_("Height of the centre"), HL_UNIT_PIXEL, 1, 1 << 16, 1, N_("Rows kept in the middle.")),
  HL_INT (Crop, width, N_("Width of the centre"), HL_UNIT_PIXEL, 1, 1 << 16, 1, N_("Columns, or steps, kept in the middle.")),
  HL_PARAM_END
};

static const HlLayerExample crop_examples[] = {
  { "top=1;left=2;right=3", { HL_SHAPE_3 (3, 5, 7) } },
  { "mode=center;height=2;width=4", { HL_SHAPE_3 (2, 5, 7) } },
  { "left=1;right=2", { HL_SHAPE_2 (3, 9) } },
  { "top=1;bottom=1;right=1", { HL_SHAPE_4 (2, 3, 4, 3) } },
  { NULL, { { 0 } } }
};

/* Half of what is cut off; a half row goes to the even side, as Python rounds. */
static guint
get_margin (guint size, guint kept)
{
  guint difference = size - kept, half = difference / 2;

  return difference % 2 == 1 && half % 2 == 1 ? half + 1 : half;
}

static gboolean
find_axis (const Crop *crop, guint size, guint before, guint after, guint kept, guint *first, guint *n, GError **error)
{
  if (crop->mode == CENTER && kept <= size)
    {
      *first = get_margin (size, kept);
      *n = kept;
      return TRUE;
    }
  if (crop->mode == SIDES && before + after < size)
    {
      *first = before;
      *n = size - before - after;
      return TRUE;
    }
  if (crop->mode == CENTER)
    g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE, _("needs at least the %u places it keeps, but an axis has %u."),
                 kept, size);
  else
    g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                 _("needs more than the %u places it cuts off, but an axis has %u."), before + after, size);
  return FALSE;
}

static gboolean
find_part (const Crop *crop, const HlShape *shape, Part *part, GError **error)
{
  guint n = shape->n_dims;

  for (guint k = 0; k < n; k++)
    {
      part->first[k] = 0;
      part->size[k] = shape->dim[k];
    }
  if (n == 1)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs an image or a sequence, of two dimensions or more, but gets %u numbers in a row."), shape->dim[0]);
      return FALSE;
    }
  if (n == 2 && crop->mode == SIDES && crop->top + crop->bottom > 0)
    {
      g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_SHAPE,
                   _("needs an image to cut %d rows off, but gets a sequence of %u×%u."), crop->top + crop->bottom, shape->dim[0],
                   shape->dim[1]);
      return FALSE;
    }
  return find_axis (crop, shape->dim[n - 1], crop->left, crop->right, crop->width, &part->first[n - 1], &part->size[n - 1],
                    error)
         && (n == 2 || find_axis (crop, shape->dim[n - 2], crop->top, crop->bottom, crop->height, &part->first[n - 2],
                                  &part->size[n - 2], error));
}

static gboolean
crop_plan (const void *params, const HlPlanOptions *options, guint n_inputs, const HlShape *inputs, HlLayerPlan *plan,
           GError **error)
{
  Part part;

  if (!find_part (params, &inputs[0], &part, error))
    return FALSE;
  plan->output.n_dims = inputs[0].n_dims;
  for (guint k = 0; k < inputs[0].n_dims; k++)
    plan->output.dim[k] = part.size[k];
  plan->needs_x = plan->needs_y = FALSE;
  return TRUE;
}

static void
slice_part (HlView *view, const Part *part)
{
  for (guint k = 0; k < view->n_dims; k++)
    hl_view_slice (view, k, (int) part->first[k], (int) part->size[k], 1);
}

static gboolean
crop_prepare (HlLayerCall *call, GError **error)
{
  HlPasses *passes = call->state = g_new0 (HlPasses, 2);
  HlView x = hl_view_new (call->x[0]), y = hl_view_new (call->y);
  Part part;

  if (!find_part (call->params, &call->x[0]->shape, &part, error))
    return FALSE;
  slice_part (&x, &part);
  hl_strided_prepare (hl_passes_add (&passes[FORWARD]), call, &y, &x, NULL, "a", 1, FALSE);
  if (!call->dx[0])
    return TRUE;
  x = hl_view_new (call->dx[0]);
  y = hl_view_new (call->dy);
  slice_part (&x, &part);
  if (!call->accumulate[0])
    hl_passes_add_fill (&passes[BACKWARD], call, call->dx[0], part.first, part.size, 0);
  hl_strided_prepare (hl_passes_add (&passes[BACKWARD]), call, &x, &y, NULL, "a", 1, call->accumulate[0]);
  return TRUE;
}

static gboolean
crop_forward (const HlLayerCall *call, GError **error)
{
  return hl_passes_run ((const HlPasses *) call->state + FORWARD, call, error);
}

static gboolean
crop_backward (const HlLayerCall *call, GError **error)
{
  return hl_passes_run ((const HlPasses *) call->state + BACKWARD, call, error);
}

static gint64
source (const void *params, const HlShape *x, const guint *at)
{
  guint from[HL_MAX_DIMS];
  Part part;

  find_part (params, x, &part, NULL);
  for (guint k = 0; k < x->n_dims; k++)
    from[k] = at[k] + part.first[k];
  return (gint64) hl_shape_number (x, from);
}

static void
crop_reference (const HlLayerReference *call)
{
  hl_gather_reference (call, source, 0);
}

static gboolean
crop_lower (const void *params, const HlLayerPlan *plan, guint n_inputs, const HlShape *inputs, HlOpList *ops, GError **error)
{
  guint n = inputs[0].n_dims, n_axes = MIN (n - 1, 2);
  gint64 starts[2], ends[2], axes[2];
  Part part;

  if (!find_part (params, &inputs[0], &part, error))
    return FALSE;
  for (guint k = 0; k < n_axes; k++)
    {
      guint axis = n - n_axes + k;

      starts[k] = part.first[axis];
      ends[k] = (gint64) part.first[axis] + part.size[axis];
      axes[k] = axis + 1;
    }
  hl_op_list_add_ints (ops, "starts", n_axes, starts);
  hl_op_list_add_ints (ops, "ends", n_axes, ends);
  hl_op_list_add_ints (ops, "axes", n_axes, axes);
  hl_op_list_add (ops, "Slice", "$x0,starts,ends,axes", "$y");
  return TRUE;
}

static char *
crop_describe (const void *params)
{
  const Crop *crop = params;

  if (crop->mode == CENTER)
    return g_strdup_printf (_("centre %d×%d"), crop->height, crop->width);
  return g_strdup_printf (_("top %d, left %d, bottom %d, right %d"), crop->top, crop->left, crop->bottom, crop->right);
}

const HlLayerClass hl_crop_layer = {
  .base = {
    .name = "crop",
    .title = N_("Crop"),
    .group = N_("Shape"),
    .summary = N_("Cuts off the rim of an image, or keeps its centre."),
    .help = N_("Give how many rows and columns go on each side, or the size of the centre that stays. Where an odd number is to be cut "
               "off around a centre, the margin above and to the left is half of it rounded to the even number, as torchvision's "
               "center_crop does. U-Net (Ronneberger, Fischer and Brox, 2015) crops the images of its contracting side before it "
               "joins them to the expanding side. Of sequences, columns are the steps; of volumes the last two axes are cropped."),
    .params_size = sizeof (Crop),
    .params = crop_params,
  },
  .min_inputs = 1,
  .max_inputs = 1,
  .examples = crop_examples,
  .plan = crop_plan,
  .prepare = crop_prepare,
  .forward = crop_forward,
  .backward = crop_backward,
  .reference = crop_reference,
  .lower = crop_lower,
  .describe = crop_describe,
};
