/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The news of a training run: a bar and a line an epoch for people, one JSON object a line for programs. */

#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/cli/cli.h"

struct _HlCliReport
{
  gboolean json, bar;
  gboolean bar_shown;
  guint epochs;
  guint64 n_steps;
  gint64 last_bar_us;
  HlProgress progress;
};

static void
clear_bar (HlCliReport *self)
{
  if (!self->bar_shown)
    return;
  fputs ("\r\033[K", stderr);
  fflush (stderr);
  self->bar_shown = FALSE;
}

static guint
terminal_width (void)
{
  struct winsize size;

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}

/* "label ███████░░░ rest", as wide as the terminal, at most ten times a second. */
static void
draw_bar (HlCliReport *self, const char *label, double fraction, const char *rest)
{
  gint64 now = g_get_monotonic_time ();
  gboolean utf8 = g_get_charset (NULL);
  int room = (int) terminal_width () - (int) g_utf8_strlen (label, -1) - (int) g_utf8_strlen (rest, -1) - 4;
  int width = CLAMP (room, 5, 40), full;
  g_autoptr (GString) line = g_string_new ("\r\033[K");

  if (!self->bar || (self->bar_shown && now - self->last_bar_us < 100000 && fraction < 1))
    return;
  full = (int) lround (CLAMP (fraction, 0, 1) * width);
  g_string_append_printf (line, "%s ", label);
  for (int i = 0; i < width; i++)
    g_string_append (line, i < full ? (utf8 ? "█" : "#") : (utf8 ? "░" : "."));
  g_string_append_printf (line, " %s", rest);
  fputs (line->str, stderr);
  fflush (stderr);
  self->bar_shown = TRUE;
  self->last_bar_us = now;
}

static void
print_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  json_builder_end_object (builder);
  node = json_builder_get_root (builder);
  text = json_to_string (node, FALSE);
  puts (text);
  fflush (stdout);
}

static JsonBuilder *
begin_event (const char *name)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "event");
  json_builder_add_string_value (builder, name);
  return builder;
}

static void
add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

/* JSON has no infinities: those become null. */
static void
add_double (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  if (isfinite (value))
    json_builder_add_double_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_score (JsonBuilder *builder, const char *part, const HlScore *score)
{
  g_autofree char *loss = g_strconcat (part, "_loss", NULL), *accuracy = g_strconcat (part, "_accuracy", NULL);

  if (score->n == 0)
    return;
  add_double (builder, loss, score->loss);
  /* Where there are no right answers there is no such member. */
  if (!isnan (score->accuracy))
    add_double (builder, accuracy, score->accuracy);
}

static void
report_preparing (gpointer data, double fraction, const char *text)
{
  HlCliReport *self = data;

  if (self->json)
    {
      g_autoptr (JsonBuilder) builder = begin_event ("preparing");

      if (fraction >= 0)
        add_double (builder, "fraction", fraction);
      add_string (builder, "text", text);
      print_json (builder);
    }
  else
    draw_bar (self, _("Preparing"), MAX (fraction, 0), text);
}

HlCliReport *
hl_cli_report_new (gboolean json, gboolean quiet)
{
  HlCliReport *self = g_new0 (HlCliReport, 1);

  self->json = json;
  self->bar = !json && !quiet && isatty (STDERR_FILENO);
  self->progress = (HlProgress) { report_preparing, self };
  return self;
}

void
hl_cli_report_free (HlCliReport *self)
{
  clear_bar (self);
  g_free (self);
}

const HlProgress *
hl_cli_report_get_progress (HlCliReport *self)
{
  return &self->progress;
}

void
hl_cli_report_weights (HlCliReport *self, const char *matches)
{
  g_auto (GStrv) lines = g_strsplit (matches, "\n", -1);

  clear_bar (self);
  if (self->json)
    {
      g_autoptr (JsonBuilder) builder = begin_event ("weights");

      json_builder_set_member_name (builder, "matches");
      json_builder_begin_array (builder);
      for (guint i = 0; lines[i] != NULL; i++)
        if (*lines[i])
          json_builder_add_string_value (builder, lines[i]);
      json_builder_end_array (builder);
      print_json (builder);
      return;
    }
  printf ("%s\n", _("Start weights:"));
  for (guint i = 0; lines[i] != NULL; i++)
    if (*lines[i])
      printf ("  %s\n", lines[i]);
}

void
hl_cli_report_started (HlCliReport *self, guint epochs, guint64 n_steps, const char *device)
{
  self->epochs = epochs;
  self->n_steps = n_steps;
  clear_bar (self);
  if (!self->json)
    {
      g_autofree char *steps = hl_cli_format_count (n_steps);

      printf (_("Training %u epochs, %s steps, on %s\n"), epochs, steps, device);
      fflush (stdout);
    }
}

void
hl_cli_report_step (HlCliReport *self, const HlStepResult *result)
{
  g_autoptr (JsonBuilder) builder = NULL;

  if (!self->json)
    {
      clear_bar (self);
      if (isnan (result->accuracy))
        printf (_("  step %" PRIu64 "  loss %.6g\n"), result->step, result->loss);
      else
        printf (_("  step %" PRIu64 "  loss %.6g  accuracy %.1f %%\n"), result->step, result->loss, 100.0 * result->accuracy);
      return;
    }
  builder = begin_event ("step");
  add_int (builder, "epoch", result->epoch + 1);
  add_int (builder, "step", result->step);
  add_double (builder, "loss", result->loss);
  if (!isnan (result->accuracy))
    add_double (builder, "accuracy", result->accuracy);
  add_int (builder, "batch", result->batch);
  print_json (builder);
}

void
hl_cli_report_bar (HlCliReport *self, const HlStepResult *result, double images_per_second, double seconds_left)
{
  g_autofree char *label = NULL, *rest = NULL, *rate = NULL, *left = NULL;

  if (!self->bar)
    return;
  rate = hl_cli_format_count ((guint64) images_per_second);
  left = hl_cli_format_time (seconds_left);
  label = g_strdup_printf (_("Epoch %u/%u"), result->epoch + 1, self->epochs);
  rest = g_strdup_printf (_("loss %.3f · %s images/s · %s left"), result->loss, rate, left);
  draw_bar (self, label, self->n_steps ? (double) result->step / self->n_steps : 0, rest);
}

/* "loss 0.1234, 98.76 %", or the loss alone where there are no right answers. */
static char *
format_score (const HlScore *score)
{
  return isnan (score->accuracy) ? g_strdup_printf (_("loss %.4f"), score->loss)
                                 : g_strdup_printf (_("loss %.4f, %.2f %%"), score->loss, 100 * score->accuracy);
}

void
hl_cli_report_epoch (HlCliReport *self, const HlStep *step, double seconds)
{
  clear_bar (self);
  if (self->json)
    {
      g_autoptr (JsonBuilder) builder = begin_event ("epoch");

      add_int (builder, "epoch", step->epoch + 1);
      add_int (builder, "step", step->step);
      add_score (builder, "training", &step->train);
      add_score (builder, "validation", &step->validation);
      add_double (builder, "seconds", seconds);
      print_json (builder);
      return;
    }
  g_autofree char *time = hl_cli_format_time (seconds), *train = format_score (&step->train);
  g_autofree char *validation = format_score (&step->validation);

  printf (_("Epoch %2u/%u  training %s"), step->epoch + 1, self->epochs, train);
  if (step->validation.n)
    printf (_("  validation %s"), validation);
  printf ("  %s\n", time);
  fflush (stdout);
}

void
hl_cli_report_checkpoint (HlCliReport *self, GFile *file)
{
  g_autofree char *name = g_file_get_parse_name (file);

  if (self->json)
    {
      g_autoptr (JsonBuilder) builder = begin_event ("checkpoint");

      add_string (builder, "file", name);
      print_json (builder);
    }
}

void
hl_cli_report_notice (HlCliReport *self, const char *sentence)
{
  clear_bar (self);
  if (self->json)
    {
      g_autoptr (JsonBuilder) builder = begin_event ("notice");

      add_string (builder, "text", sentence);
      print_json (builder);
    }
  g_printerr ("hillock-cli: %s\n", sentence);
}

void
hl_cli_report_done (HlCliReport *self, const HlCliSummary *summary)
{
  clear_bar (self);
  if (self->json)
    {
      g_autoptr (JsonBuilder) builder = begin_event (summary->state);

      add_int (builder, "epochs", summary->epochs);
      add_int (builder, "steps", summary->steps);
      add_double (builder, "seconds", summary->seconds);
      add_double (builder, "images_per_second", summary->images_per_second);
      add_score (builder, "test", &summary->test);
      add_string (builder, "weights_sha256", summary->weights_sha256);
      add_string (builder, "device", summary->device);
      add_int (builder, "seed", summary->seed);
      add_string (builder, "folder", summary->folder);
      print_json (builder);
      return;
    }
  g_autofree char *time = hl_cli_format_time (summary->seconds), *rate = hl_cli_format_count ((guint64) summary->images_per_second);

  if (summary->test.n && isnan (summary->test.accuracy))
    printf (_("Test loss %.4f\n"), summary->test.loss);
  else if (summary->test.n)
    printf (_("Test loss %.4f, accuracy %.2f %%\n"), summary->test.loss, 100 * summary->test.accuracy);
  printf (_("%s, %s images/s; saved in %s\n"), time, rate, summary->folder);
}
