/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What LSTM, GRU and plain recurrent layers share: everything but their names and the formula of a cell. A sample is
 * [time, features]. Weights are PyTorch's: for each layer and direction weight_ih [gates × hidden][features], weight_hh [gates ×
 * hidden][hidden], bias_ih and bias_hh [gates × hidden], gates in PyTorch's order. */
#pragma once

#include "engine/graph/layer.h"

G_BEGIN_DECLS

#define HL_RECURRENT_MAX_LAYERS 8

/* The numbers are CELL of kernels/recurrent.cl. */
typedef enum { HL_CELL_LSTM, HL_CELL_GRU, HL_CELL_TANH, HL_CELL_RELU } HlCell;

/* LAST: the state after the last step; of two directions first the forward one's (after the last time), then the
 * backward one's (after time 0): PyTorch's h_n of the last layer, side by side. ALL: [time, hidden × directions]. */
typedef enum { HL_RECURRENT_LAST, HL_RECURRENT_ALL } HlRecurrentOutput;

typedef struct
{
  int hidden, layers;
  gboolean bidirectional, bias;
  int output;               /* HlRecurrentOutput */
  double dropout;           /* between layers, while training */
  int nonlinearity;         /* of the plain layer only: 0 tanh, 1 ReLU */
} HlRecurrent;

extern const char *const hl_recurrent_outputs[];

#define HL_RECURRENT_PARAMS                                                                                              \
  HL_INT (HlRecurrent, hidden, N_("Units"), HL_UNIT_NONE, 1, 8192, 64, N_("Numbers in the state of each direction.")),    \
  HL_INT (HlRecurrent, layers, N_("Layers"), HL_UNIT_NONE, 1, HL_RECURRENT_MAX_LAYERS, 1,                                \
          N_("Recurrent layers on top of each other; each reads the states of the one below.")),                         \
  HL_BOOL (HlRecurrent, bidirectional, N_("Both directions"), FALSE,                                                     \
           N_("A second set of weights reads the sequence from its end; the states stand side by side.")),               \
  HL_BOOL (HlRecurrent, bias, N_("Bias"), TRUE, N_("Adds two learnt numbers to each gate, as PyTorch does.")),            \
  HL_CHOICE (HlRecurrent, output, N_("Output"), hl_recurrent_outputs, 2, HL_RECURRENT_LAST,                              \
             N_("The state after the last step only, or the states of all steps.")),                                     \
  HL_FLOAT (HlRecurrent, dropout, N_("Dropout between layers"), HL_UNIT_RATIO, 0, 1, 0,                                  \
            N_("Share of the states that become 0 on their way to the next layer while training; of no use with one layer."))

/* All counts of a layer, and where its stores lie. */
typedef struct
{
  HlCell cell;
  guint gates, slots;       /* rows of the weights and vectors kept, per unit */
  guint times, features, hidden, layers, directions, width;   /* width: hidden × directions */
  guint blocks, lanes;
  gboolean bias, masked, keep;   /* keep: gates are kept for backward */
} HlRecurrentSizes;

void     hl_recurrent_get_sizes (HlCell cell, const HlRecurrent *self, const HlShape *input, guint capacity, guint lanes,
                                 gboolean training, HlRecurrentSizes *sizes);
guint    hl_recurrent_weight    (const HlRecurrentSizes *self, guint layer, guint direction);   /* number of its weight_ih */
guint    hl_recurrent_n_inputs  (const HlRecurrentSizes *self, guint layer);

/* The store, in floats: for each layer the states [block][time][width], the same after dropout, and for each direction the
 * cells [block][time][hidden] (LSTM) and gates [block][time][slots × hidden] (training). */
typedef enum { HL_RECURRENT_STATES, HL_RECURRENT_DROPPED, HL_RECURRENT_CELLS, HL_RECURRENT_GATES } HlRecurrentPart;
gsize    hl_recurrent_part_length  (const HlRecurrentSizes *self, HlRecurrentPart part);
gsize    hl_recurrent_part_first   (const HlRecurrentSizes *self, HlRecurrentPart part, guint layer, guint direction);
gsize    hl_recurrent_store_length (const HlRecurrentSizes *self);

/* What the classes call. */
gboolean hl_recurrent_plan      (HlCell cell, const HlRecurrent *self, const HlPlanOptions *options, const HlShape *input,
                                 HlLayerPlan *plan, GError **error);
gboolean hl_recurrent_prepare   (HlCell cell, HlLayerCall *call, GError **error);
gboolean hl_recurrent_forward   (const HlLayerCall *call, GError **error);
gboolean hl_recurrent_backward  (const HlLayerCall *call, GError **error);
void     hl_recurrent_reference (HlCell cell, const HlLayerReference *call);
gboolean hl_recurrent_lower     (HlCell cell, const HlRecurrent *self, const HlShape *input, HlOpList *ops, GError **error);
char    *hl_recurrent_describe  (const void *params) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
