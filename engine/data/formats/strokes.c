/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Strokes: ten handwritten digits, drawn and not photographed. Each digit has a few forms people write; a form is a
 * list of points the pen passes. Every sample bends, slants, scales, shifts and inks its form in its own way, as a
 * pure function of (seed, sample): Philox numbers, and arithmetic without library functions that differ among
 * systems. */

#include "engine/base/random.h"
#include "engine/data/dataset.h"

#include <math.h>
#include <string.h>

#define SIZE 28                        /* pixels the sizes below are meant for; other pictures are drawn to scale */
#define CLASSES 10
#define MOST_DIGITS 3
#define DIGIT_STEP 0.7                 /* from one digit of a number to the next, in widths of a digit's square */
#define MOST_POINTS 16
#define STEPS 6                        /* straight pieces between two points */
#define MARGIN 1.5                     /* pixels left white around the ink */
/* Test samples have numbers far from those of training samples, so that neither count changes the other part. */
#define FIRST_TEST_SAMPLE ((guint64) 1 << 40)
/* Philox blocks a sample may use. */
#define BLOCKS_PER_SAMPLE 64
#define PIECE_SAMPLES 200
#define MOST_THREADS 8

typedef struct
{
  int count, test_count, seed, size, digits;
  gboolean color;
} Strokes;

static const HlParam strokes_params[] = {
  HL_INT (Strokes, count, N_("Training samples"), HL_UNIT_NONE, 10, 1000000, 20000,
          N_("Digits for training and validation together.")),
  HL_INT (Strokes, test_count, N_("Test samples"), HL_UNIT_NONE, 0, 1000000, 4000,
          N_("Further digits, kept apart for the test at the end.")),
  HL_INT (Strokes, seed, N_("Seed"), HL_UNIT_NONE, 0, G_MAXINT, 1,
          N_("The same seed draws the same digits.")),
  HL_INT (Strokes, size, N_("Height and width"), HL_UNIT_PIXEL, 16, 256, SIZE,
          N_("The same digits, drawn finer or coarser. The network's input must have the same size.")),
  HL_INT (Strokes, digits, N_("Digits"), HL_UNIT_NONE, 1, MOST_DIGITS, 1,
          N_("Side by side in a picture. Two make numbers of 100 classes, three of 1000, as many as ImageNet has.")),
  HL_BOOL (Strokes, color, N_("Colour"), FALSE,
           N_("Light ink on dark paper, both of any colour: three channels instead of one.")),
  HL_PARAM_END
};

/* ---- The forms ---- */

enum { SMOOTH, CORNER, LIFT, END };    /* CORNER: the pen turns sharply here; LIFT: it leaves the paper after this */

/* In percent of the digit's box, from the upper left. */
typedef struct
{
  gint8 x, y;
  guint8 kind;
} FormPoint;

typedef struct
{
  guint8 digit, weight;                /* how often people write it so, among the forms of this digit */
  FormPoint points[MOST_POINTS];
} Form;

static const Form forms[] = {
  { 0, 6, { { 52, 3 }, { 22, 14 }, { 6, 50 }, { 20, 86 }, { 50, 98 }, { 80, 86 }, { 94, 50 }, { 80, 14 },
            { 52, 3, END } } },
  { 0, 3, { { 64, 6 }, { 28, 9 }, { 8, 48 }, { 20, 88 }, { 52, 97 }, { 84, 80 }, { 92, 42 }, { 74, 12 }, { 48, 9 },
            { 38, 22, END } } },
  { 0, 1, { { 52, 3 }, { 22, 14 }, { 6, 50 }, { 20, 86 }, { 50, 98 }, { 80, 86 }, { 94, 50 }, { 80, 14 },
            { 52, 3, LIFT }, { 84, 12 }, { 50, 50 }, { 16, 90, END } } },
  { 1, 5, { { 50, 2 }, { 50, 34 }, { 50, 66 }, { 50, 98, END } } },
  { 1, 4, { { 26, 28 }, { 40, 17 }, { 54, 2, CORNER }, { 54, 50 }, { 53, 98, END } } },
  { 1, 2, { { 28, 26 }, { 40, 17 }, { 52, 2, CORNER }, { 52, 50 }, { 52, 97, LIFT }, { 26, 98 }, { 52, 97 },
            { 80, 98, END } } },
  { 2, 5, { { 10, 26 }, { 24, 7 }, { 54, 2 }, { 82, 14 }, { 84, 37 }, { 62, 60 }, { 32, 82 }, { 8, 97, CORNER },
            { 50, 95 }, { 95, 96, END } } },
  { 2, 4, { { 12, 24 }, { 30, 5 }, { 62, 3 }, { 84, 20 }, { 74, 48 }, { 44, 76 }, { 15, 95 }, { 8, 84 }, { 24, 78 },
            { 50, 90 }, { 74, 98 }, { 94, 88, END } } },
  { 3, 5, { { 12, 14 }, { 40, 2 }, { 74, 8 }, { 80, 28 }, { 62, 43 }, { 38, 48, CORNER }, { 68, 52 }, { 88, 70 },
            { 76, 92 }, { 42, 99 }, { 10, 88, END } } },
  { 3, 2, { { 12, 5 }, { 50, 4 }, { 86, 4, CORNER }, { 62, 24 }, { 40, 42, CORNER }, { 74, 50 }, { 90, 70 },
            { 74, 93 }, { 40, 99 }, { 8, 88, END } } },
  { 4, 5, { { 22, 4 }, { 16, 30 }, { 10, 57, CORNER }, { 50, 57 }, { 94, 54, LIFT }, { 72, 14 }, { 70, 56 },
            { 66, 98, END } } },
  { 4, 4, { { 68, 98 }, { 68, 50 }, { 68, 2, CORNER }, { 36, 34 }, { 5, 66, CORNER }, { 50, 66 }, { 96, 66, END } } },
  { 5, 5, { { 86, 4 }, { 54, 4 }, { 25, 5, CORNER }, { 21, 25 }, { 16, 46, CORNER }, { 50, 38 }, { 82, 50 },
            { 88, 74 }, { 66, 95 }, { 34, 98 }, { 8, 86, END } } },
  { 5, 3, { { 26, 6 }, { 22, 27 }, { 18, 46, CORNER }, { 48, 38 }, { 80, 50 }, { 86, 74 }, { 64, 95 }, { 34, 98 },
            { 8, 88, LIFT }, { 26, 6 }, { 58, 5 }, { 94, 2, END } } },
  { 5, 2, { { 86, 6 }, { 52, 4 }, { 26, 14 }, { 22, 36 }, { 50, 46 }, { 80, 58 }, { 82, 82 }, { 52, 97 },
            { 12, 90, END } } },
  { 6, 5, { { 76, 4 }, { 46, 16 }, { 20, 44 }, { 10, 72 }, { 28, 95 }, { 60, 97 }, { 86, 80 }, { 76, 58 },
            { 48, 52 }, { 20, 64 }, { 12, 78, END } } },
  { 6, 4, { { 58, 2 }, { 34, 30 }, { 15, 62 }, { 24, 92 }, { 56, 98 }, { 84, 82 }, { 76, 60 }, { 50, 54 },
            { 22, 68, END } } },
  { 7, 5, { { 8, 6 }, { 50, 5 }, { 92, 5, CORNER }, { 70, 40 }, { 50, 70 }, { 38, 98, END } } },
  { 7, 3, { { 8, 6 }, { 50, 5 }, { 92, 5, CORNER }, { 70, 40 }, { 50, 70 }, { 38, 98, LIFT }, { 28, 54 }, { 56, 52 },
            { 84, 49, END } } },
  { 7, 2, { { 9, 24 }, { 11, 6, CORNER }, { 50, 7 }, { 90, 5, CORNER }, { 64, 36 }, { 52, 66 }, { 50, 98, END } } },
  { 8, 6, { { 76, 15 }, { 50, 3 }, { 24, 14 }, { 28, 35 }, { 54, 50 }, { 82, 68 }, { 78, 90 }, { 50, 98 },
            { 20, 88 }, { 18, 68 }, { 46, 50 }, { 74, 33 }, { 76, 15, END } } },
  { 8, 3, { { 50, 3 }, { 25, 12 }, { 24, 34 }, { 50, 46 }, { 76, 34 }, { 75, 12 }, { 50, 3, LIFT }, { 50, 46 },
            { 18, 58 }, { 14, 84 }, { 50, 98 }, { 86, 84 }, { 82, 58 }, { 50, 46, END } } },
  { 9, 5, { { 82, 18 }, { 54, 3 }, { 22, 12 }, { 13, 34 }, { 34, 50 }, { 64, 42 }, { 82, 18, CORNER }, { 80, 56 },
            { 72, 98, END } } },
  { 9, 4, { { 80, 18 }, { 54, 3 }, { 22, 12 }, { 14, 34 }, { 34, 49 }, { 64, 42 }, { 80, 18, CORNER }, { 84, 50 },
            { 74, 82 }, { 46, 98 }, { 14, 89, END } } },
};

static const Form *
choose_form (guint digit, HlRandom *random)
{
  guint total = 0, drawn;

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    total += forms[i].digit == digit ? forms[i].weight : 0;
  drawn = hl_random_below (random, total);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    if (forms[i].digit == digit)
      {
        if (drawn < forms[i].weight)
          return &forms[i];
        drawn -= forms[i].weight;
      }
  return NULL;
}

/* ---- One hand ---- */

typedef struct
{
  double x, y;
} Point;

/* How this sample is written. */
typedef struct
{
  double shake;                        /* of the points, share of the box */
  double slant, cosine, sine;          /* shear; rotation */
  double bend[4];                      /* a slow bend of the whole paper */
  double width, height, x, y;          /* pixels */
  double radius, swell;                /* of the pen; how much thicker it ends than it begins */
  double ink;                          /* darkest value */
} Hand;

static double
uniform (HlRandom *random, double low, double high)
{
  return low + (high - low) * (hl_random_u32 (random) / 4294967296.0);
}

/* Near to normal with deviation 1, but within ±3.46: the sum of four uniform numbers. */
static double
bell (HlRandom *random)
{
  double sum = 0;

  for (guint i = 0; i < 4; i++)
    sum += hl_random_u32 (random) / 4294967296.0;
  return (sum - 2) * sqrt (3);
}

static void
draw_hand (Hand *self, HlRandom *random)
{
  double turn = 0.06 * bell (random);

  self->shake = uniform (random, 0.01, 0.055);
  self->slant = 0.05 + 0.24 * bell (random);
  /* `turn` is the tangent of half the angle: so sine and cosine need no library function. */
  self->cosine = (1 - turn * turn) / (1 + turn * turn);
  self->sine = 2 * turn / (1 + turn * turn);
  for (guint i = 0; i < 4; i++)
    self->bend[i] = 0.17 * bell (random);
  self->height = uniform (random, 15, 23);
  self->width = self->height * uniform (random, 0.5, 0.95);
  self->x = SIZE / 2.0 + 1.85 * bell (random);
  self->y = SIZE / 2.0 + 1.55 * bell (random);
  self->radius = uniform (random, 0.55, 1.35) + uniform (random, 0, 0.45);
  self->swell = uniform (random, -0.35, 0.35);
  self->ink = uniform (random, 190, 255);
}

/* From the form's box to pixels. */
static Point
place_point (const Hand *hand, const FormPoint *point, HlRandom *random)
{
  double x = point->x / 100.0 - 0.5 + hand->shake * bell (random);
  double y = point->y / 100.0 - 0.5 + hand->shake * bell (random);
  double u = x + hand->bend[0] * (y * y - 0.08) + hand->bend[1] * x * y;
  double v = y + hand->bend[2] * (x * x - 0.08) + hand->bend[3] * x * y;

  u = u * hand->width - hand->slant * v * hand->height;
  v = v * hand->height;
  return (Point) { hand->x + u * hand->cosine - v * hand->sine, hand->y + u * hand->sine + v * hand->cosine };
}

/* ---- The line ---- */

typedef struct
{
  Point from, to;
  double radius;
} Piece;

typedef struct
{
  guint n;
  Piece pieces[MOST_POINTS * STEPS];
} Line;

/* A Catmull-Rom curve from b to c; a and d are its neighbours. */
static Point
curve_point (Point a, Point b, Point c, Point d, double t)
{
  double wa = ((2 - t) * t - 1) * t / 2, wb = ((3 * t - 5) * t * t + 2) / 2;
  double wc = ((4 - 3 * t) * t + 1) * t / 2, wd = (t - 1) * t * t / 2;

  return (Point) { wa * a.x + wb * b.x + wc * c.x + wd * d.x, wa * a.y + wb * b.y + wc * c.y + wd * d.y };
}

static void
make_line (Line *self, const Form *form, const Hand *hand, HlRandom *random)
{
  Point points[MOST_POINTS];
  guint n = 0;

  do
    points[n] = place_point (hand, &form->points[n], random);
  while (form->points[n++].kind != END);
  self->n = 0;
  for (guint i = 0; i + 1 < n; i++)
    {
      const FormPoint *here = &form->points[i], *next = &form->points[i + 1];
      gboolean begins = i == 0 || here->kind == CORNER || form->points[i - 1].kind == LIFT;
      gboolean ends = next->kind != SMOOTH;
      Point before = points[begins ? i : i - 1], after = points[ends ? i + 1 : i + 2];
      Point from = points[i];

      if (here->kind == LIFT)
        continue;
      for (guint step = 1; step <= STEPS; step++)
        {
          double done = (i + (double) step / STEPS) / (n - 1);
          Point to = curve_point (before, points[i], points[i + 1], after, (double) step / STEPS);

          self->pieces[self->n++] = (Piece) { from, to, hand->radius * (1 + hand->swell * (done - 0.5)) };
          from = to;
        }
    }
}

/* A digit that leaves the picture is moved back into it, and made smaller where that is not enough. */
static void
fit_line (Line *self)
{
  Point low = { SIZE, SIZE }, high = { 0, 0 };
  Point middle, half, target;
  double scale;

  for (guint i = 0; i < self->n; i++)
    {
      const Piece *piece = &self->pieces[i];

      low.x = MIN (low.x, MIN (piece->from.x, piece->to.x) - piece->radius);
      low.y = MIN (low.y, MIN (piece->from.y, piece->to.y) - piece->radius);
      high.x = MAX (high.x, MAX (piece->from.x, piece->to.x) + piece->radius);
      high.y = MAX (high.y, MAX (piece->from.y, piece->to.y) + piece->radius);
    }
  middle = (Point) { (low.x + high.x) / 2, (low.y + high.y) / 2 };
  scale = MIN (1, (SIZE - 2 * MARGIN) / MAX (high.x - low.x, high.y - low.y));
  half = (Point) { (high.x - low.x) * scale / 2, (high.y - low.y) * scale / 2 };
  /* Rounding may put the upper bound a little below the lower. */
  target.x = CLAMP (middle.x, MARGIN + half.x, MAX (SIZE - MARGIN - half.x, MARGIN + half.x));
  target.y = CLAMP (middle.y, MARGIN + half.y, MAX (SIZE - MARGIN - half.y, MARGIN + half.y));
  for (guint i = 0; i < self->n; i++)
    {
      Piece *piece = &self->pieces[i];

      piece->from.x = target.x + (piece->from.x - middle.x) * scale;
      piece->from.y = target.y + (piece->from.y - middle.y) * scale;
      piece->to.x = target.x + (piece->to.x - middle.x) * scale;
      piece->to.y = target.y + (piece->to.y - middle.y) * scale;
      piece->radius *= scale;
    }
}

/* ---- The picture ---- */

/* From a picture of SIZE pixels to digit number `place` of `digits` in a picture of `size`. One digit at SIZE does not
 * change, to the last bit. */
static void
scale_line (Line *self, int size, guint place, guint digits)
{
  double scale = (double) size / SIZE / (1 + DIGIT_STEP * (digits - 1));
  double left = SIZE * scale * DIGIT_STEP * place, top = (size - SIZE * scale) / 2;

  for (guint i = 0; i < self->n; i++)
    {
      Piece *piece = &self->pieces[i];

      piece->from = (Point) { piece->from.x * scale + left, piece->from.y * scale + top };
      piece->to = (Point) { piece->to.x * scale + left, piece->to.y * scale + top };
      piece->radius *= scale;
    }
}

/* Coverage of the pixels near one piece, kept where it is more than what is there. */
static void
ink_piece (const Piece *piece, int size, float *coverage)
{
  double dx = piece->to.x - piece->from.x, dy = piece->to.y - piece->from.y, reach = piece->radius + 0.5;
  double squared = dx * dx + dy * dy, inverse = squared > 0 ? 1 / squared : 0;
  int left = MAX (0, (int) floor (MIN (piece->from.x, piece->to.x) - reach));
  int right = MIN (size - 1, (int) floor (MAX (piece->from.x, piece->to.x) + reach));
  int top = MAX (0, (int) floor (MIN (piece->from.y, piece->to.y) - reach));
  int bottom = MIN (size - 1, (int) floor (MAX (piece->from.y, piece->to.y) + reach));

  for (int row = top; row <= bottom; row++)
    for (int column = left; column <= right; column++)
      {
        double x = column + 0.5 - piece->from.x, y = row + 0.5 - piece->from.y;
        double along = CLAMP ((x * dx + y * dy) * inverse, 0, 1);
        double away_x = x - along * dx, away_y = y - along * dy;
        float covered = (float) (reach - sqrt (away_x * away_x + away_y * away_y));

        coverage[row * size + column] = MAX (coverage[row * size + column], covered);
      }
}

typedef struct
{
  guint64 seed;
  gsize n, n_files;                    /* all samples; those for training */
  int size;
  guint digits, n_classes, channels;
  guint8 *values;
  gint32 *labels;
  GCancellable *cancellable;
  gint next_piece;                     /* atomic */
} Work;

/* What one thread draws with: the coverage of size × size pixels, and one number a class. */
typedef struct
{
  float *coverage;
  guint32 *classes;
} Desk;

/* As many consecutive samples as there are classes are these in a drawn order, so that classes are equally large. */
static guint
sample_class (const Work *work, guint64 sample, guint32 *classes)
{
  HlRandom random;

  hl_random_init (&random, work->seed, HL_PURPOSE_STROKES, 1);
  random.index = sample / work->n_classes * BLOCKS_PER_SAMPLE * (work->n_classes / CLASSES);
  for (guint i = 0; i < work->n_classes; i++)
    classes[i] = i;
  hl_random_shuffle (&random, classes, work->n_classes);
  return classes[sample % work->n_classes];
}

/* Returns how dark the ink is. The first digit of a number has the stream 0, the others those after the one of the classes. */
static double
draw_digit (const Work *work, guint64 sample, guint digit, guint place, float *coverage)
{
  HlRandom random;
  const Form *form;
  Hand hand;
  Line line;

  hl_random_init (&random, work->seed, HL_PURPOSE_STROKES, place == 0 ? 0 : place + 1);
  random.index = sample * BLOCKS_PER_SAMPLE;
  form = choose_form (digit, &random);
  draw_hand (&hand, &random);
  make_line (&line, form, &hand, &random);
  fit_line (&line);
  scale_line (&line, work->size, place, work->digits);
  for (guint i = 0; i < line.n; i++)
    ink_piece (&line.pieces[i], work->size, coverage);
  return hand.ink;
}

static void
fill_plane (guint8 *values, const float *coverage, gsize n, double paper, double ink)
{
  for (gsize i = 0; i < n; i++)
    values[i] = (guint8) (paper + MIN (coverage[i], 1) * (ink - paper) + 0.5);
}

static void
draw_sample (const Work *work, guint64 sample, Desk *desk, guint8 *values, gint32 *label)
{
  guint number = sample_class (work, sample, desk->classes), unit = work->n_classes / CLASSES;
  gsize plane = (gsize) work->size * (gsize) work->size;
  double ink = 0;
  HlRandom random;

  memset (desk->coverage, 0, plane * sizeof *desk->coverage);
  for (guint place = 0; place < work->digits; place++, unit /= CLASSES)
    ink = draw_digit (work, sample, number / unit % CLASSES, place, desk->coverage);
  *label = (gint32) number;
  if (work->channels == 1)
    {
      fill_plane (values, desk->coverage, plane, 0, ink);
      return;
    }
  hl_random_init (&random, work->seed, HL_PURPOSE_STROKES, MOST_DIGITS + 1);
  random.index = sample * BLOCKS_PER_SAMPLE;
  for (guint c = 0; c < work->channels; c++)
    {
      double paper = uniform (&random, 0, 90);

      fill_plane (values + c * plane, desk->coverage, plane, paper, uniform (&random, 150, 255));
    }
}

/* ---- The set ---- */

/* Draws pieces until none is left; several threads do so at once. Only the caller's own reports. */
static void
draw_pieces (Work *work, const HlProgress *progress)
{
  gsize plane = (gsize) work->size * (gsize) work->size;
  g_autofree float *coverage = g_new (float, plane);
  g_autofree guint32 *classes = g_new (guint32, work->n_classes);
  Desk desk = { coverage, classes };

  for (;;)
    {
      gsize first = (gsize) g_atomic_int_add (&work->next_piece, 1) * PIECE_SAMPLES;

      if (first >= work->n || g_cancellable_is_cancelled (work->cancellable))
        return;
      hl_progress_report (progress, (double) first / (double) work->n, _("Drawing digits"));
      for (gsize i = first; i < MIN (first + PIECE_SAMPLES, work->n); i++)
        draw_sample (work, i < work->n_files ? i : FIRST_TEST_SAMPLE + (i - work->n_files), &desk,
                     work->values + i * work->channels * plane, &work->labels[i]);
    }
}

static gpointer
draw_thread (gpointer data)
{
  draw_pieces (data, NULL);
  return NULL;
}

static HlDataset *
strokes_open (GFile *file, const void *params, const HlProgress *progress, GCancellable *cancellable, GError **error)
{
  const Strokes *strokes = params;
  gsize n = (gsize) strokes->count + (gsize) strokes->test_count;
  guint n_threads = MIN (g_get_num_processors (), MOST_THREADS) - 1;
  GThread *threads[MOST_THREADS] = { NULL };
  Work work = { .seed = (guint64) strokes->seed, .n = n, .n_files = n - (gsize) strokes->test_count,
                .size = strokes->size, .digits = (guint) strokes->digits, .n_classes = 1,
                .channels = strokes->color ? 3 : 1, .cancellable = cancellable };
  HlShape shape = HL_SHAPE_3 (work.channels, (guint) strokes->size, (guint) strokes->size);

  for (guint i = 0; i < work.digits; i++)
    work.n_classes *= CLASSES;
  work.values = hl_dataset_alloc_values (n * hl_shape_get_count (&shape), error);
  if (!work.values)
    return NULL;
  work.labels = g_new (gint32, n);
  /* A thread that cannot be had is no harm: the others draw its share. */
  for (guint i = 0; i < n_threads; i++)
    threads[i] = g_thread_try_new ("strokes", draw_thread, &work, NULL);
  draw_pieces (&work, progress);
  for (guint i = 0; i < n_threads; i++)
    if (threads[i])
      g_thread_join (threads[i]);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      hl_dataset_free_values (work.values);
      g_free (work.labels);
      return NULL;
    }
  hl_progress_report (progress, 1, _("Drew %zu digits"), n);
  return hl_dataset_new ("Strokes", &shape, HL_DTYPE_U8, work.values, n,
                         (gsize) strokes->test_count, work.labels, work.n_classes, NULL);
}

const HlFormatClass hl_strokes_format = {
  .base = {
    .name = "strokes",
    .title = N_("Strokes"),
    .summary = N_("Handwritten digits drawn by the program: as many as wanted, without any file."),
    .help = N_("Each digit is written as a pen would: one of several forms, bent, slanted, stretched, shifted and "
               "inked in its own way. 28 by 28 pixels or any other size, grey or coloured, one digit or a number of several; "
               "classes of equal size. The same seed and number always give the same digit."),
    .params_size = sizeof (Strokes),
    .params = strokes_params,
  },
  .open = strokes_open,
};
