/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli: the application without a window. One file a command; each returns the exit status: 0 done, 1 failed (one sentence on
 * standard error), 2 wrong usage, 130 interrupted. */
#pragma once

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>

#include "app/project-state.h"
#include "engine/train/trainer.h"

G_BEGIN_DECLS

#define HL_CLI_FAILED 1
#define HL_CLI_USAGE 2
#define HL_CLI_INTERRUPTED 130

typedef struct
{
  const char *name;
  const char *arguments;   /* "PROJECT IMAGE…" */
  const char *summary;     /* translatable */
  int (*run) (int argc, char **argv);
} HlCliCommand;

int hl_cli_devices  (int argc, char **argv);
int hl_cli_describe (int argc, char **argv);
int hl_cli_check    (int argc, char **argv);
int hl_cli_train    (int argc, char **argv);
int hl_cli_eval     (int argc, char **argv);
int hl_cli_predict  (int argc, char **argv);
int hl_cli_export   (int argc, char **argv);
int hl_cli_import   (int argc, char **argv);
int hl_cli_run      (int argc, char **argv);
int hl_cli_test_onnx(int argc, char **argv);

const HlCliCommand *hl_cli_commands (void);    /* ends with name == NULL */

/* Prints "hillock-cli: sentence" on standard error; returns HL_CLI_FAILED. */
int      hl_cli_fail  (const GError *error);
/* "hillock-cli COMMAND: sentence; see hillock-cli COMMAND --help"; returns HL_CLI_USAGE. */
int      hl_cli_usage (const char *command, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Parses a command's options; --help prints and exits with 0. FALSE: *status is what to return. n_arguments: how many words must be
 * left, -1: at least one. */
gboolean hl_cli_parse (const char *command, const GOptionEntry *entries, int *argc, char ***argv, int n_arguments, int *status);

/* From here on Ctrl-C (or SIGTERM) cancels this and sets hl_cli_interrupted, and a second one leaves at once with
 * HL_CLI_INTERRUPTED. Once a process. */
GCancellable *hl_cli_watch_interrupts (void) G_GNUC_WARN_UNUSED_RESULT;
gboolean hl_cli_interrupted (void);

/* ---- A project with the options that several commands share ---- */

typedef struct
{
  int epochs, batch;          /* 0: as in the project */
  gint64 seed;                /* -1: as in the project */
  char *device, *data, *weights;
  gboolean no_shuffle;
} HlCliOverrides;

#define HL_CLI_OVERRIDES_INIT { .seed = -1 }

/* The state with the overrides applied; data becomes an absolute path. */
HlProjectState *hl_cli_load  (const char *project, const HlCliOverrides *overrides, GError **error) G_GNUC_WARN_UNUSED_RESULT;
HlProjectState *hl_cli_apply (HlProjectState *state, const HlCliOverrides *overrides, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Opens data and device and builds kernels. */
HlTrainer      *hl_cli_open_trainer (HlProjectState *state, GFile *project, const HlCliOverrides *overrides, const HlProgress *progress,
                                     GCancellable *cancellable, HlDataset **dataset /* out, transfer full */, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GFile          *hl_cli_runs_folder (GFile *project) G_GNUC_WARN_UNUSED_RESULT;
/* The folder of the newest run, by number. */
GFile          *hl_cli_newest_run  (GFile *project, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* overrides->weights if given (a file, or a run's folder), else the newest run's last checkpoint, else the
 * weights that were imported with the project, PROJECT.safetensors. */
GFile          *hl_cli_find_weights (GFile *project, const HlCliOverrides *overrides, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- Output ---- */

char *hl_cli_format_count (guint64 n) G_GNUC_WARN_UNUSED_RESULT;          /* "61 706" with narrow no-break spaces on UTF-8 terminals */
char *hl_cli_format_time  (double seconds) G_GNUC_WARN_UNUSED_RESULT;     /* "0:42", "1:02:03" */

typedef struct _HlCliReport HlCliReport;                                  /* where a training run's news go: bar and lines, or JSON lines */

HlCliReport *hl_cli_report_new  (gboolean json, gboolean quiet) G_GNUC_WARN_UNUSED_RESULT;
void         hl_cli_report_free (HlCliReport *self);
const HlProgress *hl_cli_report_get_progress (HlCliReport *self);         /* reports "preparing" */
/* Start values from a file: hl_trainer_load_weights's report, indented, unless quiet; an event "weights" in JSON. */
void         hl_cli_report_weights    (HlCliReport *self, const char *matches);
void         hl_cli_report_started    (HlCliReport *self, guint epochs, guint64 n_steps, const char *device);
void         hl_cli_report_step       (HlCliReport *self, const HlStepResult *result);              /* a JSON line */
void         hl_cli_report_bar        (HlCliReport *self, const HlStepResult *result, double images_per_second, double seconds_left);
void         hl_cli_report_epoch      (HlCliReport *self, const HlStep *step, double seconds);
void         hl_cli_report_checkpoint (HlCliReport *self, GFile *file);
void         hl_cli_report_notice     (HlCliReport *self, const char *sentence);

typedef struct
{
  const char *state;           /* "done" or "stopped" */
  guint epochs;
  guint64 steps, seed;
  double seconds, images_per_second;
  HlScore test;
  const char *weights_sha256, *device, *folder;
} HlCliSummary;

void         hl_cli_report_done       (HlCliReport *self, const HlCliSummary *summary);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlCliReport, hl_cli_report_free)

G_END_DECLS
