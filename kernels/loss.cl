/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Losses. One item is one block of samples; N outputs a sample, which are the channels of Y where classes are told apart.
 * per_sample holds four planes of CAPACITY_BLOCKS vectors: loss, 1 where the prediction is right, predicted class, weight.
 * With GRADIENT also dy := d(mean loss) / dy, scale being the factor of the mean. A target below 0 marks a lane beyond
 * the batch: select, not multiplication, so that whatever that lane holds stays out. With WEIGHTED, class_weights holds N
 * weights and then, left by sum_class_weights, what takes the place of scale. */

#if HL_GPU
#define LOSS_TARGETS(p, i) ((p)[(size_t) (i) * LANES + LANE])
#define LOSS_TO_FLOAT(v) ((float) (v))
#elif LANES == 16
#define LOSS_TARGETS(p, i) (((const __global IVEC *) (p))[i])
#define LOSS_TO_FLOAT(v) convert_float16 (v)
#elif LANES == 8
#define LOSS_TARGETS(p, i) (((const __global IVEC *) (p))[i])
#define LOSS_TO_FLOAT(v) convert_float8 (v)
#else
#define LOSS_TARGETS(p, i) (((const __global IVEC *) (p))[i])
#define LOSS_TO_FLOAT(v) convert_float4 (v)
#endif

#if WEIGHTED
#define LOSS_WEIGHTS_PARAMETER , TENSOR_IN (class_weights)
#define LOSS_SCALE_PARAMETER
#else
#define LOSS_WEIGHTS_PARAMETER
#define LOSS_SCALE_PARAMETER , float scale
#endif

#ifdef KERNEL_sum_class_weights
/* class_weights[N] := 1 / the sum of the weights of the batch's samples, 0 when that is 0. One item. */
ITEM_KERNEL void
NAME (sum_class_weights) (TENSOR_IN_OF (int, targets), TENSOR_OUT (class_weights), int n_blocks)
{
  USE_IN_OF (int, targets);
  USE_OUT (class_weights);
  LANE_SCRATCH
  VEC lanes = (VEC) 0;
  float sum;

  for (int block = 0; block < n_blocks; block++)
    {
      IVEC target = LOSS_TARGETS (targets, block);
      VEC weight = (VEC) 0;

      for (int c = 0; c < N; c++)
        weight = select (weight, (VEC) class_weights[c], target == (IVEC) c);
      lanes += weight;
    }
  sum = LANE_SUM (lanes);
  if (FIRST_LANE)
    class_weights[N] = sum > 0 ? 1 / sum : 0;
}
#endif

#ifdef KERNEL_cross_entropy
/* loss = log (sum of exp (y)) - y[target], shifted by the largest y so that exp cannot overflow. With SMOOTHING or weights
 * the sum over the classes of share × (log (sum) - y), a class's share being SMOOTHING / N, the target's 1 - SMOOTHING more,
 * times the class's weight. */
#if WEIGHTED
#define LOSS_CLASS_WEIGHT(c) class_weights[c]
#else
#define LOSS_CLASS_WEIGHT(c) 1.0f
#endif
#ifdef SMOOTHING
#define LOSS_SPREAD (SMOOTHING / N)
#define LOSS_REST (1 - SMOOTHING)
#else
#define LOSS_SPREAD 0.0f
#define LOSS_REST 1.0f
#endif
#define LOSS_SHARE(c)                                                                                                       \
  select ((VEC) (LOSS_SPREAD * LOSS_CLASS_WEIGHT (c)), (VEC) ((LOSS_SPREAD + LOSS_REST) * LOSS_CLASS_WEIGHT (c)),           \
          target == (IVEC) (c))

ITEM_KERNEL void
NAME (cross_entropy) (TENSOR_IN (y), TENSOR_IN_OF (int, targets), TENSOR_OUT (per_sample) LOSS_WEIGHTS_PARAMETER
#ifdef GRADIENT
                      , TENSOR_OUT (dy) LOSS_SCALE_PARAMETER
#endif
                      )
{
  USE_IN (y);
  USE_IN_OF (int, targets);
  USE_OUT (per_sample);
#if WEIGHTED
  USE_IN (class_weights);
#endif
#ifdef GRADIENT
  USE_OUT (dy);
#if WEIGHTED
  float scale = class_weights[N];
#endif
#endif
  int block = ITEM;
  IVEC target = LOSS_TARGETS (targets, block), best = (IVEC) 0;
  VEC zero = (VEC) 0, largest = LOAD (y, AT (Y, block, 0, 0, 0)), wanted = zero, sum = zero, weight = (VEC) 1, loss;
#ifdef SMOOTHING
  VEC shares = zero;
#endif

  for (int c = 0; c < N; c++)
    {
      VEC v = LOAD (y, AT (Y, block, c, 0, 0));

      best = select (best, (IVEC) c, v > largest);
      largest = select (largest, v, v > largest);
      wanted = select (wanted, v, target == (IVEC) c);
#if WEIGHTED
      weight = select (weight, (VEC) class_weights[c], target == (IVEC) c);
#endif
    }
  for (int c = 0; c < N; c++)
    {
      VEC e = exp (LOAD (y, AT (Y, block, c, 0, 0)) - largest);

      sum += e;
#ifdef GRADIENT
      STORE (e, dy, AT (DY, block, c, 0, 0));
#endif
    }
#ifdef SMOOTHING
  loss = zero;
  for (int c = 0; c < N; c++)
    {
      VEC share = LOSS_SHARE (c);

      shares += share;
      loss += share * (log (sum) + (largest - LOAD (y, AT (Y, block, c, 0, 0))));
    }
#else
  loss = log (sum) + (largest - wanted);
#if WEIGHTED
  loss *= weight;
#endif
#endif
  STORE (select (loss, zero, target < (IVEC) 0), per_sample, block);
  STORE (select (zero, (VEC) 1, best == target), per_sample, CAPACITY_BLOCKS + block);
  STORE (select (LOSS_TO_FLOAT (best), zero, target < (IVEC) 0), per_sample, 2 * CAPACITY_BLOCKS + block);
  STORE (select (weight, zero, target < (IVEC) 0), per_sample, 3 * CAPACITY_BLOCKS + block);
#ifdef GRADIENT
  for (int c = 0; c < N; c++)
    {
      VEC share = LOAD (dy, AT (DY, block, c, 0, 0)) / sum;
#ifdef SMOOTHING
      VEC gradient = scale * (shares * share - LOSS_SHARE (c));
#elif WEIGHTED
      VEC gradient = scale * weight * (share - select (zero, (VEC) 1, target == (IVEC) c));
#else
      VEC gradient = scale * (share - select (zero, (VEC) 1, target == (IVEC) c));
#endif

      STORE (select (gradient, zero, target < (IVEC) 0), dy, AT (DY, block, c, 0, 0));
    }
#endif
}
#endif

#ifdef KERNEL_multi_margin
/* loss = mean over the classes, the right one left out but counted, of max (0, MARGIN - y[target] + y) to the POWER. */
#if POWER == 1
#define LOSS_OF_LACK(lack) (lack)
#define LOSS_SLOPE(lack) select ((VEC) 0, (VEC) 1, (lack) > (VEC) 0)
#else
#define LOSS_OF_LACK(lack) ((lack) * (lack))
#define LOSS_SLOPE(lack) (2 * (lack))
#endif
ITEM_KERNEL void
NAME (multi_margin) (TENSOR_IN (y), TENSOR_IN_OF (int, targets), TENSOR_OUT (per_sample)
#ifdef GRADIENT
                     , TENSOR_OUT (dy), float scale
#endif
                     )
{
  USE_IN (y);
  USE_IN_OF (int, targets);
  USE_OUT (per_sample);
#ifdef GRADIENT
  USE_OUT (dy);
#endif
  int block = ITEM;
  IVEC target = LOSS_TARGETS (targets, block), best = (IVEC) 0;
  VEC zero = (VEC) 0, largest = LOAD (y, AT (Y, block, 0, 0, 0)), wanted = zero, sum = zero, pull = zero;

  for (int c = 0; c < N; c++)
    {
      VEC v = LOAD (y, AT (Y, block, c, 0, 0));

      best = select (best, (IVEC) c, v > largest);
      largest = select (largest, v, v > largest);
      wanted = select (wanted, v, target == (IVEC) c);
    }
  for (int c = 0; c < N; c++)
    {
      VEC difference = MARGIN - wanted + LOAD (y, AT (Y, block, c, 0, 0));
      /* Not max: what is not a number must stay that. */
      VEC lack = select (difference, zero, difference < zero | target == (IVEC) c);

      sum += LOSS_OF_LACK (lack);
      pull += LOSS_SLOPE (lack);
#ifdef GRADIENT
      STORE (LOSS_SLOPE (lack), dy, AT (DY, block, c, 0, 0));
#endif
    }
  STORE (select (sum / N, zero, target < (IVEC) 0), per_sample, block);
  STORE (select (zero, (VEC) 1, best == target), per_sample, CAPACITY_BLOCKS + block);
  STORE (select (LOSS_TO_FLOAT (best), zero, target < (IVEC) 0), per_sample, 2 * CAPACITY_BLOCKS + block);
  STORE (select ((VEC) 1, zero, target < (IVEC) 0), per_sample, 3 * CAPACITY_BLOCKS + block);
#ifdef GRADIENT
  for (int c = 0; c < N; c++)
    {
      VEC slope = select (LOAD (dy, AT (DY, block, c, 0, 0)), -pull, target == (IVEC) c);

      STORE (select (scale / N * slope, zero, target < (IVEC) 0), dy, AT (DY, block, c, 0, 0));
    }
#endif
}
#endif

#ifdef KERNEL_element_loss
/* loss = mean over the outputs of VALUE, an expression in v, the output, and t, its target; SLOPE is its derivative by v.
 * The target is the input's number at the same plain place where INPUT is 1, else ON for the class's output and OFF for the
 * others. Output and input may differ in shape and border, not in count. Partial sums of a few numbers keep the rounding
 * of long ones small. */
#define LOSS_PARTIAL 128
#define LOSS_AT(V, i) AT (V, block, (i) / (V##_ROWS * V##_COLUMNS), (i) / V##_COLUMNS % V##_ROWS, (i) % V##_COLUMNS)
ITEM_KERNEL void
NAME (element_loss) (TENSOR_IN (y), TENSOR_IN (x), TENSOR_IN_OF (int, targets), TENSOR_OUT (per_sample)
#ifdef GRADIENT
                     , TENSOR_OUT (dy), float scale
#endif
                     )
{
  USE_IN (y);
  USE_IN_OF (int, targets);
  USE_OUT (per_sample);
#if INPUT
  USE_IN (x);
#endif
#ifdef GRADIENT
  USE_OUT (dy);
#endif
  int block = ITEM;
  IVEC target = LOSS_TARGETS (targets, block), best = (IVEC) 0;
  VEC zero = (VEC) 0, largest = LOAD (y, LOSS_AT (Y, 0)), sum = zero;

  for (int first = 0; first < N; first += LOSS_PARTIAL)
    {
      VEC partial = zero;

      for (int i = first; i < min (first + LOSS_PARTIAL, N); i++)
        {
          VEC v = LOAD (y, LOSS_AT (Y, i));
#if INPUT
          VEC t = LOAD (x, LOSS_AT (X, i));
#else
          VEC t = select ((VEC) OFF, (VEC) ON, target == (IVEC) i);

          best = select (best, (IVEC) i, v > largest);
          largest = select (largest, v, v > largest);
#endif

          partial += VALUE;
#ifdef GRADIENT
          STORE (select (scale / N * (SLOPE), zero, target < (IVEC) 0), dy, LOSS_AT (DY, i));
#endif
        }
      sum += partial;
    }
  STORE (select (sum / N, zero, target < (IVEC) 0), per_sample, block);
#if INPUT
  STORE (zero, per_sample, CAPACITY_BLOCKS + block);
  STORE (zero, per_sample, 2 * CAPACITY_BLOCKS + block);
#else
  STORE (select (zero, (VEC) 1, best == target), per_sample, CAPACITY_BLOCKS + block);
  STORE (select (LOSS_TO_FLOAT (best), zero, target < (IVEC) 0), per_sample, 2 * CAPACITY_BLOCKS + block);
#endif
  STORE (select ((VEC) 1, zero, target < (IVEC) 0), per_sample, 3 * CAPACITY_BLOCKS + block);
}
#endif

#undef LOSS_WEIGHTS_PARAMETER
#undef LOSS_SCALE_PARAMETER
#undef LOSS_CLASS_WEIGHT
#undef LOSS_SPREAD
#undef LOSS_REST
#undef LOSS_OF_LACK
#undef LOSS_SLOPE
