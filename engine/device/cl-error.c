/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * OpenCL and CLBlast status codes, their names, and what they mean to a student. */

#include "engine/device/cl.h"

#include <glib/gi18n.h>

#define LOST N_("the device stopped in the middle of the work. Checkpoints and everything saved are kept: resume " \
             "from the last checkpoint, with a smaller batch or on another device if it happens again")
#define FULL N_("the device has no memory left. Choose a smaller batch or a smaller network, close other programs " \
             "that use the device, or choose another device")
#define BUG  N_("the device refused the call, which is a mistake in Hillock or in the driver. Please report it with " \
             "the output of “hillock-cli devices”; another device may work")

typedef struct
{
  int code;
  const char *name;
  HlDeviceErrorCode kind;
  const char *advice;
} CodeText;

static const CodeText code_texts[] = {
  { -1, "CL_DEVICE_NOT_FOUND", HL_DEVICE_ERROR_NONE_FOUND, N_("no OpenCL device answers. Install an OpenCL driver, for "
    "instance the package “pocl-opencl-icd”, which works on every processor. (PoCL shows none when the folder in "
    "POCL_CACHE_DIR cannot be written)") },
  { -1001, "CL_PLATFORM_NOT_FOUND_KHR", HL_DEVICE_ERROR_NONE_FOUND, N_("no OpenCL driver is installed. Install one, for "
    "instance the package “pocl-opencl-icd”, which works on every processor") },
  { -2, "CL_DEVICE_NOT_AVAILABLE", HL_DEVICE_ERROR_FAILED, LOST },
  { -3, "CL_COMPILER_NOT_AVAILABLE", HL_DEVICE_ERROR_BUILD, N_("the driver has no compiler. Choose another device") },
  { -4, "CL_MEM_OBJECT_ALLOCATION_FAILURE", HL_DEVICE_ERROR_MEMORY, FULL },
  { -5, "CL_OUT_OF_RESOURCES", HL_DEVICE_ERROR_FAILED, LOST },
  { -6, "CL_OUT_OF_HOST_MEMORY", HL_DEVICE_ERROR_MEMORY, N_("this computer has no memory left. Close other programs, or choose "
    "a smaller batch or a smaller network") },
  { -9, "CL_IMAGE_FORMAT_MISMATCH", HL_DEVICE_ERROR_FAILED, BUG },
  { -11, "CL_BUILD_PROGRAM_FAILURE", HL_DEVICE_ERROR_BUILD, N_("the driver's compiler does not accept the kernels") },
  { -12, "CL_MAP_FAILURE", HL_DEVICE_ERROR_FAILED, LOST },
  { -13, "CL_MISALIGNED_SUB_BUFFER_OFFSET", HL_DEVICE_ERROR_FAILED, BUG },
  { -14, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST", HL_DEVICE_ERROR_FAILED, LOST },
  { -15, "CL_COMPILE_PROGRAM_FAILURE", HL_DEVICE_ERROR_BUILD, N_("the driver's compiler does not accept the kernels") },
  { -17, "CL_LINK_PROGRAM_FAILURE", HL_DEVICE_ERROR_BUILD, N_("the driver's compiler does not accept the kernels") },
  { -30, "CL_INVALID_VALUE", HL_DEVICE_ERROR_FAILED, BUG },
  { -33, "CL_INVALID_DEVICE", HL_DEVICE_ERROR_FAILED, BUG },
  { -34, "CL_INVALID_CONTEXT", HL_DEVICE_ERROR_FAILED, BUG },
  { -36, "CL_INVALID_COMMAND_QUEUE", HL_DEVICE_ERROR_FAILED, LOST },
  { -37, "CL_INVALID_HOST_PTR", HL_DEVICE_ERROR_FAILED, BUG },
  { -38, "CL_INVALID_MEM_OBJECT", HL_DEVICE_ERROR_FAILED, BUG },
  { -42, "CL_INVALID_BINARY", HL_DEVICE_ERROR_BUILD, BUG },
  { -43, "CL_INVALID_BUILD_OPTIONS", HL_DEVICE_ERROR_BUILD, BUG },
  { -44, "CL_INVALID_PROGRAM", HL_DEVICE_ERROR_BUILD, BUG },
  { -45, "CL_INVALID_PROGRAM_EXECUTABLE", HL_DEVICE_ERROR_BUILD, BUG },
  { -46, "CL_INVALID_KERNEL_NAME", HL_DEVICE_ERROR_BUILD, BUG },
  { -47, "CL_INVALID_KERNEL_DEFINITION", HL_DEVICE_ERROR_BUILD, BUG },
  { -48, "CL_INVALID_KERNEL", HL_DEVICE_ERROR_FAILED, BUG },
  { -49, "CL_INVALID_ARG_INDEX", HL_DEVICE_ERROR_FAILED, BUG },
  { -50, "CL_INVALID_ARG_VALUE", HL_DEVICE_ERROR_FAILED, BUG },
  { -51, "CL_INVALID_ARG_SIZE", HL_DEVICE_ERROR_FAILED, BUG },
  { -52, "CL_INVALID_KERNEL_ARGS", HL_DEVICE_ERROR_FAILED, BUG },
  { -54, "CL_INVALID_WORK_GROUP_SIZE", HL_DEVICE_ERROR_FAILED, BUG },
  { -55, "CL_INVALID_WORK_ITEM_SIZE", HL_DEVICE_ERROR_FAILED, BUG },
  { -57, "CL_INVALID_EVENT_WAIT_LIST", HL_DEVICE_ERROR_FAILED, BUG },
  { -58, "CL_INVALID_EVENT", HL_DEVICE_ERROR_FAILED, BUG },
  { -59, "CL_INVALID_OPERATION", HL_DEVICE_ERROR_FAILED, BUG },
  { -61, "CL_INVALID_BUFFER_SIZE", HL_DEVICE_ERROR_MEMORY, N_("the device does not allow a single piece of memory of that "
    "size. Choose a smaller batch or another device") },
  { -63, "CL_INVALID_GLOBAL_WORK_SIZE", HL_DEVICE_ERROR_FAILED, BUG },
  { -1024, "CLBlastNotImplemented", HL_DEVICE_ERROR_FAILED, BUG },
  { -1022, "CLBlastInvalidMatrixA", HL_DEVICE_ERROR_FAILED, BUG },
  { -1021, "CLBlastInvalidMatrixB", HL_DEVICE_ERROR_FAILED, BUG },
  { -1020, "CLBlastInvalidMatrixC", HL_DEVICE_ERROR_FAILED, BUG },
  { -1019, "CLBlastInvalidVectorX", HL_DEVICE_ERROR_FAILED, BUG },
  { -1018, "CLBlastInvalidVectorY", HL_DEVICE_ERROR_FAILED, BUG },
  { -1017, "CLBlastInvalidDimension", HL_DEVICE_ERROR_FAILED, BUG },
  { -1016, "CLBlastInvalidLeadDimA", HL_DEVICE_ERROR_FAILED, BUG },
  { -1015, "CLBlastInvalidLeadDimB", HL_DEVICE_ERROR_FAILED, BUG },
  { -1014, "CLBlastInvalidLeadDimC", HL_DEVICE_ERROR_FAILED, BUG },
  { -1013, "CLBlastInvalidIncrementX", HL_DEVICE_ERROR_FAILED, BUG },
  { -1012, "CLBlastInvalidIncrementY", HL_DEVICE_ERROR_FAILED, BUG },
  { -1011, "CLBlastInsufficientMemoryA", HL_DEVICE_ERROR_FAILED, BUG },
  { -1010, "CLBlastInsufficientMemoryB", HL_DEVICE_ERROR_FAILED, BUG },
  { -1009, "CLBlastInsufficientMemoryC", HL_DEVICE_ERROR_FAILED, BUG },
  { -1008, "CLBlastInsufficientMemoryX", HL_DEVICE_ERROR_FAILED, BUG },
  { -1007, "CLBlastInsufficientMemoryY", HL_DEVICE_ERROR_FAILED, BUG },
  { -2050, "CLBlastInsufficientMemoryTemp", HL_DEVICE_ERROR_FAILED, BUG },
  { -2049, "CLBlastInvalidBatchCount", HL_DEVICE_ERROR_FAILED, BUG },
  { -2048, "CLBlastInvalidOverrideKernel", HL_DEVICE_ERROR_FAILED, BUG },
  { -2047, "CLBlastMissingOverrideParameter", HL_DEVICE_ERROR_FAILED, BUG },
  { -2046, "CLBlastInvalidLocalMemUsage", HL_DEVICE_ERROR_FAILED, BUG },
  { -2045, "CLBlastNoHalfPrecision", HL_DEVICE_ERROR_FAILED, BUG },
  { -2044, "CLBlastNoDoublePrecision", HL_DEVICE_ERROR_FAILED, BUG },
  { -2043, "CLBlastInvalidVectorScalar", HL_DEVICE_ERROR_FAILED, BUG },
  { -2042, "CLBlastInsufficientMemoryScalar", HL_DEVICE_ERROR_FAILED, BUG },
  { -2041, "CLBlastDatabaseError", HL_DEVICE_ERROR_FAILED, BUG },
  { -2040, "CLBlastUnknownError", HL_DEVICE_ERROR_FAILED, BUG },
  { -2039, "CLBlastUnexpectedError", HL_DEVICE_ERROR_FAILED, BUG },
};

static const CodeText *
find_code (int code)
{
  static const CodeText unknown = { 0, "unknown code", HL_DEVICE_ERROR_FAILED, LOST };

  for (guint i = 0; i < G_N_ELEMENTS (code_texts); i++)
    if (code_texts[i].code == code)
      return &code_texts[i];
  return &unknown;
}

const char *
hl_cl_error_name (int code)
{
  return find_code (code)->name;
}

gboolean
hl_set_cl_error (GError **error, int code, const char *format, ...)
{
  const CodeText *text = find_code (code);
  g_autofree char *what = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, HL_DEVICE_ERROR, text->kind, "%s: %s. (%s, %d)", what, _(text->advice), text->name, code);
  return FALSE;
}
