/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Recurrent layers by definition, in double precision. */

#include "engine/layers/dropout-mask.h"
#include "engine/layers/recurrent.h"

/* One layer and direction of one sample. */
typedef struct
{
  const HlRecurrentSizes *sizes;
  guint direction, n_in;
  const double *w_ih, *w_hh, *b_ih, *b_hh;
  double *dw_ih, *dw_hh, *db_ih, *db_hh;       /* may be NULL */
  const double *x;                             /* [time][n_in] */
  double *dx;                                  /* may be NULL */
  double *states, *d_states;                   /* [time][width] */
  double *gates, *cells;                       /* [time][4 × hidden], [time][hidden] */
} Pass;

static double
sigmoid (double v)
{
  return 1 / (1 + exp (-v));
}

/* The time before in processing order, or -1. */
static int
time_before (const Pass *self, int time)
{
  int before = self->direction ? time + 1 : time - 1;

  return before < (int) self->sizes->times ? before : -1;
}

static double
state_before (const Pass *self, int time, guint unit)
{
  int before = time_before (self, time);

  return before < 0 ? 0 : self->states[(gsize) before * self->sizes->width + self->direction * self->sizes->hidden + unit];
}

static double
input_part (const Pass *self, int time, guint row)
{
  double sum = self->b_ih ? self->b_ih[row] : 0;

  for (guint k = 0; k < self->n_in; k++)
    sum += self->w_ih[(gsize) row * self->n_in + k] * self->x[(gsize) time * self->n_in + k];
  return sum;
}

static double
state_part (const Pass *self, int time, guint row)
{
  double sum = self->b_hh ? self->b_hh[row] : 0;

  for (guint k = 0; k < self->sizes->hidden; k++)
    sum += self->w_hh[(gsize) row * self->sizes->hidden + k] * state_before (self, time, k);
  return sum;
}

static void
step_forward (Pass *self, int time, guint unit)
{
  const HlRecurrentSizes *s = self->sizes;
  guint h = s->hidden;
  double *gate = self->gates + (gsize) time * 4 * h + unit, *cell = self->cells + (gsize) time * h + unit;
  double *state = self->states + (gsize) time * s->width + self->direction * h + unit;
  double in[4], of_state[4];

  for (guint g = 0; g < s->gates; g++)
    {
      in[g] = input_part (self, time, g * h + unit);
      of_state[g] = state_part (self, time, g * h + unit);
    }
  if (s->cell == HL_CELL_LSTM)
    {
      for (guint g = 0; g < 4; g++)
        gate[g * h] = g == 2 ? tanh (in[g] + of_state[g]) : sigmoid (in[g] + of_state[g]);
      *cell = gate[0] * gate[2 * h];
      if (time_before (self, time) >= 0)
        *cell += gate[h] * self->cells[(gsize) time_before (self, time) * h + unit];
      *state = gate[3 * h] * tanh (*cell);
    }
  else if (s->cell == HL_CELL_GRU)
    {
      gate[0] = sigmoid (in[0] + of_state[0]);
      gate[h] = sigmoid (in[1] + of_state[1]);
      gate[2 * h] = tanh (in[2] + gate[0] * of_state[2]);
      gate[3 * h] = of_state[2];
      *state = (1 - gate[h]) * gate[2 * h] + gate[h] * state_before (self, time, unit);
    }
  else
    *state = gate[0] = s->cell == HL_CELL_TANH ? tanh (in[0] + of_state[0]) : MAX (in[0] + of_state[0], 0);
}

/* The gradients of the gates' arguments: what W_ih sees, and what W_hh sees; d_cell and d_before are for the step before. */
static void
cell_gradient (const Pass *self, int time, guint unit, double d, double *d_cell, double in[4], double of_state[4], double *d_before)
{
  guint h = self->sizes->hidden;
  const double *gate = self->gates + (gsize) time * 4 * h + unit;
  int before = time_before (self, time);

  *d_before = 0;
  if (self->sizes->cell == HL_CELL_LSTM)
    {
      double i = gate[0], f = gate[h], g = gate[2 * h], o = gate[3 * h], t = tanh (self->cells[(gsize) time * h + unit]);
      double dc = *d_cell + d * o * (1 - t * t);

      in[0] = dc * g * i * (1 - i);
      in[1] = before < 0 ? 0 : dc * self->cells[(gsize) before * h + unit] * f * (1 - f);
      in[2] = dc * i * (1 - g * g);
      in[3] = d * t * o * (1 - o);
      *d_cell = dc * f;
    }
  else if (self->sizes->cell == HL_CELL_GRU)
    {
      double r = gate[0], z = gate[h], n = gate[2 * h];

      in[2] = d * (1 - z) * (1 - n * n);
      in[1] = d * (state_before (self, time, unit) - n) * z * (1 - z);
      in[0] = in[2] * gate[3 * h] * r * (1 - r);
      *d_before = d * z;
    }
  else
    in[0] = self->sizes->cell == HL_CELL_TANH ? d * (1 - gate[0] * gate[0]) : gate[0] > 0 ? d : 0;
  for (guint g = 0; g < self->sizes->gates; g++)
    of_state[g] = in[g];
  if (self->sizes->cell == HL_CELL_GRU)
    of_state[2] = in[2] * gate[0];
}

/* One row's share of everything that depends on it. d_before: [hidden]. */
static void
spread_row (Pass *self, int time, guint row, double in, double of_state, double *d_before)
{
  guint h = self->sizes->hidden;

  for (guint k = 0; k < self->n_in; k++)
    {
      gsize at = (gsize) row * self->n_in + k, from = (gsize) time * self->n_in + k;

      if (self->dw_ih)
        self->dw_ih[at] += in * self->x[from];
      if (self->dx)
        self->dx[from] += in * self->w_ih[at];
    }
  for (guint k = 0; k < h; k++)
    {
      if (self->dw_hh)
        self->dw_hh[(gsize) row * h + k] += of_state * state_before (self, time, k);
      d_before[k] += of_state * self->w_hh[(gsize) row * h + k];
    }
  if (self->db_ih)
    self->db_ih[row] += in;
  if (self->db_hh)
    self->db_hh[row] += of_state;
}

static void
step_backward (Pass *self, int time, double *d_cells)
{
  const HlRecurrentSizes *s = self->sizes;
  const double *d = self->d_states + (gsize) time * s->width + self->direction * s->hidden;
  int before = time_before (self, time);
  g_autofree double *d_before = g_new0 (double, s->hidden);

  for (guint unit = 0; unit < s->hidden; unit++)
    {
      double in[4], of_state[4], direct;

      cell_gradient (self, time, unit, d[unit], &d_cells[unit], in, of_state, &direct);
      d_before[unit] += direct;
      for (guint g = 0; g < s->gates; g++)
        spread_row (self, time, g * s->hidden + unit, in[g], of_state[g], d_before);
    }
  for (guint unit = 0; before >= 0 && unit < s->hidden; unit++)
    self->d_states[(gsize) before * s->width + self->direction * s->hidden + unit] += d_before[unit];
}

static int
time_of_step (const Pass *self, guint step)
{
  return (int) (self->direction ? self->sizes->times - 1 - step : step);
}

/* ---- A whole sample ---- */

typedef struct
{
  const HlLayerReference *call;
  HlRecurrentSizes sizes;
  guint sample;
  double *in[HL_RECURRENT_MAX_LAYERS];         /* what each layer reads */
  double *d_in[HL_RECURRENT_MAX_LAYERS];       /* NULL: not wanted */
  double *mask[HL_RECURRENT_MAX_LAYERS];       /* of the states of each layer but the last */
  double *states[HL_RECURRENT_MAX_LAYERS], *gates[HL_RECURRENT_MAX_LAYERS][2], *cells[HL_RECURRENT_MAX_LAYERS][2];
} Sample;

static void
fill_pass (Sample *self, guint layer, guint direction, double *d_states, Pass *pass)
{
  const HlLayerReference *call = self->call;
  guint k = hl_recurrent_weight (&self->sizes, layer, direction);
  gboolean bias = self->sizes.bias;

  *pass = (Pass) {
    .sizes = &self->sizes, .direction = direction, .n_in = hl_recurrent_n_inputs (&self->sizes, layer),
    .w_ih = call->w[k], .w_hh = call->w[k + 1], .b_ih = bias ? call->w[k + 2] : NULL, .b_hh = bias ? call->w[k + 3] : NULL,
    .x = self->in[layer], .dx = self->d_in[layer], .states = self->states[layer], .d_states = d_states,
    .gates = self->gates[layer][direction], .cells = self->cells[layer][direction],
  };
  if (!d_states)
    return;
  pass->dw_ih = call->dw[k];
  pass->dw_hh = call->dw[k + 1];
  pass->db_ih = bias ? call->dw[k + 2] : NULL;
  pass->db_hh = bias ? call->dw[k + 3] : NULL;
}

static void
fill_mask (const Sample *self, guint layer, double *mask)
{
  const HlRecurrent *params = self->call->params;
  gsize n = (gsize) self->sizes.times * self->sizes.width;
  guint64 node = self->call->node | (layer + 1) << 20;
  guint32 words[4];

  for (gsize i = 0; i < n; i++)
    {
      if (i % 4 == 0)
        hl_random_words (&self->call->random, (node << 40) + self->sample * ((n + 3) / 4) + i / 4, words);
      mask[i] = words[i % 4] >= hl_dropout_threshold (params->dropout) ? hl_dropout_scale (params->dropout) : 0;
    }
}

static void
sample_forward (Sample *self)
{
  const HlRecurrentSizes *s = &self->sizes;

  for (guint layer = 0; layer < s->layers; layer++)
    {
      for (guint direction = 0; direction < s->directions; direction++)
        {
          Pass pass;

          fill_pass (self, layer, direction, NULL, &pass);
          for (guint step = 0; step < s->times; step++)
            for (guint unit = 0; unit < s->hidden; unit++)
              step_forward (&pass, time_of_step (&pass, step), unit);
        }
      if (layer + 1 == s->layers)
        break;
      if (s->masked)
        fill_mask (self, layer, self->mask[layer]);
      for (gsize i = 0; i < (gsize) s->times * s->width; i++)
        self->in[layer + 1][i] = self->states[layer][i] * (s->masked ? self->mask[layer][i] : 1);
    }
}

/* Where an element of the states shows in the output, or -1. */
static gssize
output_index (const Sample *self, guint time, guint unit)
{
  const HlRecurrent *params = self->call->params;
  guint last = unit < self->sizes.hidden ? self->sizes.times - 1 : 0;

  if (params->output == HL_RECURRENT_ALL)
    return (gssize) time * self->sizes.width + unit;
  return time == last ? (gssize) unit : -1;
}

static void
sample_backward (Sample *self, const double *dy)
{
  const HlRecurrentSizes *s = &self->sizes;
  gsize n = (gsize) s->times * s->width;
  g_autofree double *d_states = g_new0 (double, n), *d_cells = g_new (double, s->hidden);

  for (guint time = 0; time < s->times; time++)
    for (guint unit = 0; unit < s->width; unit++)
      if (output_index (self, time, unit) >= 0)
        d_states[(gsize) time * s->width + unit] = dy[output_index (self, time, unit)];
  for (guint layer = s->layers; layer-- > 0;)
    {
      for (guint direction = 0; direction < s->directions; direction++)
        {
          Pass pass;

          fill_pass (self, layer, direction, d_states, &pass);
          for (guint unit = 0; unit < s->hidden; unit++)
            d_cells[unit] = 0;
          for (guint step = s->times; step-- > 0;)
            step_backward (&pass, time_of_step (&pass, step), d_cells);
        }
      for (gsize i = 0; layer > 0 && i < n; i++)
        d_states[i] = self->d_in[layer][i] * (s->masked ? self->mask[layer - 1][i] : 1);
    }
}

static void
sample_init (Sample *self)
{
  const HlRecurrentSizes *s = &self->sizes;
  const HlLayerReference *call = self->call;
  gsize n = (gsize) s->times * s->width, n_x = (gsize) s->times * s->features;

  for (guint layer = 0; layer < s->layers; layer++)
    {
      self->in[layer] = layer > 0 ? g_new0 (double, n) : (double *) call->x[0] + self->sample * n_x;
      self->d_in[layer] = layer > 0 ? g_new0 (double, n) : call->dy && call->dx[0] ? call->dx[0] + self->sample * n_x : NULL;
      self->mask[layer] = g_new0 (double, n);
      self->states[layer] = g_new0 (double, n);
      for (guint direction = 0; direction < s->directions; direction++)
        {
          self->gates[layer][direction] = g_new0 (double, 4 * (gsize) s->times * s->hidden);
          self->cells[layer][direction] = g_new0 (double, (gsize) s->times * s->hidden);
        }
    }
}

static void
sample_clear (Sample *self)
{
  for (guint layer = 0; layer < self->sizes.layers; layer++)
    {
      if (layer > 0)
        {
          g_free (self->in[layer]);
          g_free (self->d_in[layer]);
        }
      g_free (self->mask[layer]);
      g_free (self->states[layer]);
      for (guint direction = 0; direction < 2; direction++)
        {
          g_free (self->gates[layer][direction]);
          g_free (self->cells[layer][direction]);
        }
    }
}

void
hl_recurrent_reference (HlCell cell, const HlLayerReference *call)
{
  gsize n_y = hl_shape_get_count (&call->plan->output);

  for (guint sample = 0; sample < call->batch; sample++)
    {
      Sample self = { .call = call, .sample = sample };
      guint last;

      hl_recurrent_get_sizes (cell, call->params, &call->x_shape[0], 1, 1, call->training, &self.sizes);
      last = self.sizes.layers - 1;
      sample_init (&self);
      sample_forward (&self);
      for (guint time = 0; time < self.sizes.times; time++)
        for (guint unit = 0; unit < self.sizes.width; unit++)
          if (output_index (&self, time, unit) >= 0)
            call->y[sample * n_y + output_index (&self, time, unit)] = self.states[last][(gsize) time * self.sizes.width + unit];
      if (call->dy)
        sample_backward (&self, call->dy + sample * n_y);
      sample_clear (&self);
    }
}
