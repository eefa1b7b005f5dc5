/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli devices: every OpenCL device, with the outcome of a self-test. */

#include "config.h"

#include <stdio.h>

#include "app/cli/cli.h"
#include "engine/device/blas.h"

static const char *
type_name (HlDeviceType type)
{
  switch (type)
    {
    case HL_DEVICE_CPU:
      return _("processor");
    case HL_DEVICE_GPU:
      return _("graphics card");
    default:
      return _("other");
    }
}

/* Opens and tests one device; FALSE with the reason in *outcome. */
static gboolean
test_device (const HlDeviceInfo *info, gboolean *uses_clblast, char **outcome)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HlDevice) device = hl_device_open (info->id, &error);

  if (device && hl_device_self_test (device, NULL, &error))
    {
      *uses_clblast = hl_blas_use_clblast (device);
      *outcome = g_strdup (_("passed"));
      return TRUE;
    }
  *outcome = g_strdup_printf (_("failed: %s"), error->message);
  return FALSE;
}

static void
print_text (const HlDeviceInfo *info, gboolean verbose, const char *outcome, gboolean uses_clblast)
{
  g_autofree char *memory = g_format_size_full (info->memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *largest = g_format_size_full (info->max_allocation_bytes, G_FORMAT_SIZE_IEC_UNITS);

  printf ("%s\n", info->name);
  printf (_("  identifier     %s\n"), info->id);
  printf (_("  vendor         %s\n"), info->vendor);
  printf (_("  platform       %s\n"), info->platform);
  printf (_("  type           %s\n"), type_name (info->type));
  printf (_("  driver         %s\n"), info->driver);
  printf (_("  compute units  %u\n"), info->compute_units);
  printf (_("  memory         %s, largest piece %s\n"), memory, largest);
  if (verbose)
    {
      printf (_("  version        %s\n"), info->version);
      printf (_("  clock          %u MHz\n"), info->clock_mhz);
      printf (_("  lanes          %u images side by side\n"), info->lanes);
      if (outcome)
        printf (_("  products       %s\n"), uses_clblast ? _("CLBlast") : _("Hillock's own kernels"));
    }
  if (outcome)
    printf (_("  self-test      %s\n"), outcome);
}

static void
add_json (JsonBuilder *builder, const HlDeviceInfo *info, const char *outcome, gboolean passed)
{
  const char *const strings[][2] = { { "id", info->id },           { "name", info->name },     { "vendor", info->vendor },
                                     { "platform", info->platform }, { "driver", info->driver }, { "version", info->version },
                                     { "type", info->type == HL_DEVICE_CPU ? "cpu" : info->type == HL_DEVICE_GPU ? "gpu" : "other" } };
  const struct { const char *name; gint64 value; } numbers[] = { { "compute_units", info->compute_units },
                                                                 { "lanes", info->lanes },
                                                                 { "memory_bytes", info->memory_bytes },
                                                                 { "max_allocation_bytes", info->max_allocation_bytes },
                                                                 { "clock_mhz", info->clock_mhz } };

  json_builder_begin_object (builder);
  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      json_builder_set_member_name (builder, strings[i][0]);
      json_builder_add_string_value (builder, strings[i][1]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      json_builder_set_member_name (builder, numbers[i].name);
      json_builder_add_int_value (builder, numbers[i].value);
    }
  if (outcome)
    {
      json_builder_set_member_name (builder, "self_test");
      json_builder_add_boolean_value (builder, passed);
      json_builder_set_member_name (builder, "self_test_text");
      json_builder_add_string_value (builder, outcome);
    }
  json_builder_end_object (builder);
}

int
hl_cli_devices (int argc, char **argv)
{
  gboolean verbose = FALSE, json = FALSE, no_test = FALSE;
  const GOptionEntry entries[] = {
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, N_("Tell everything that is known of each device"), NULL },
    { "no-test", 0, 0, G_OPTION_ARG_NONE, &no_test, N_("Leave out the self-test"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("One JSON array"), NULL },
    { NULL }
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) devices = NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  int status = 0;

  if (!hl_cli_parse ("devices", entries, &argc, &argv, 0, &status))
    return status;
  devices = hl_device_list (&error);
  if (!devices)
    return hl_cli_fail (error);

  json_builder_begin_array (builder);
  for (guint i = 0; i < devices->len; i++)
    {
      const HlDeviceInfo *info = g_ptr_array_index (devices, i);
      g_autofree char *outcome = NULL;
      gboolean uses_clblast = FALSE, passed = TRUE;

      if (!no_test)
        passed = test_device (info, &uses_clblast, &outcome);
      if (!passed)
        status = HL_CLI_FAILED;
      if (json)
        add_json (builder, info, outcome, passed);
      else
        print_text (info, verbose, outcome, uses_clblast);
    }
  json_builder_end_array (builder);
  if (json)
    {
      g_autoptr (JsonNode) node = json_builder_get_root (builder);
      g_autofree char *text = json_to_string (node, TRUE);

      puts (text);
    }
  return status;
}
