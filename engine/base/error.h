/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Error domains and the few codes callers branch on. Messages are whole sentences a student can act
 * on: they name the file or layer, the numbers that clash, and what to do. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HL_DEVICE_ERROR (hl_device_error_quark ())
#define HL_GRAPH_ERROR  (hl_graph_error_quark ())
#define HL_DATA_ERROR   (hl_data_error_quark ())
#define HL_FILE_ERROR   (hl_file_error_quark ())
#define HL_TRAIN_ERROR  (hl_train_error_quark ())

typedef enum
{
  HL_DEVICE_ERROR_NONE_FOUND,  /* no platform, no device, or not the one asked for */
  HL_DEVICE_ERROR_MEMORY,
  HL_DEVICE_ERROR_BUILD,       /* a kernel does not compile */
  HL_DEVICE_ERROR_FAILED,      /* any other failing call, lost device included */
} HlDeviceErrorCode;

typedef enum
{
  HL_GRAPH_ERROR_PARAM,        /* a parameter out of range */
  HL_GRAPH_ERROR_SHAPE,        /* shapes that do not fit */
  HL_GRAPH_ERROR_CYCLE,
  HL_GRAPH_ERROR_STRUCTURE,    /* no input, no output, a port left open, ... */
} HlGraphErrorCode;

typedef enum
{
  HL_DATA_ERROR_MISSING,       /* the file or folder is not there */
  HL_DATA_ERROR_FORMAT,        /* corrupt, truncated, wrong magic, counts that disagree */
  HL_DATA_ERROR_SPLIT,         /* a split that leaves a part empty, batch larger than data */
} HlDataErrorCode;

typedef enum
{
  HL_FILE_ERROR_SYNTAX,        /* not JSON, not safetensors, ... */
  HL_FILE_ERROR_CONTENT,       /* unknown key, wrong type, value out of range */
  HL_FILE_ERROR_NEWER,         /* written by a newer version */
  HL_FILE_ERROR_MISMATCH,      /* weights that do not fit the network */
} HlFileErrorCode;

typedef enum
{
  HL_TRAIN_ERROR_NOT_FINITE,   /* loss became infinite or not-a-number */
  HL_TRAIN_ERROR_SETTINGS,     /* loss, targets and network do not go together */
} HlTrainErrorCode;

GQuark hl_device_error_quark (void);
GQuark hl_graph_error_quark  (void);
GQuark hl_data_error_quark   (void);
GQuark hl_file_error_quark   (void);
GQuark hl_train_error_quark  (void);

/* Long work tells how far it is through one of these; a NULL HlProgress is silent.
 * report may be called from the thread that does the work; text is a translated sentence part
 * such as "Building 7 of 19 kernels"; fraction is 0..1, or -1 when unknown. */
typedef struct
{
  void (*report) (gpointer data, double fraction, const char *text);
  gpointer data;
} HlProgress;

void hl_progress_report (const HlProgress *self, double fraction, const char *format, ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
