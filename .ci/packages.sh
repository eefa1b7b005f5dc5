# SPDX-License-Identifier: GPL-3.0-or-later
#
# What Hillock needs, and how ./run and ./test get it: sourced by both, run by nobody.

build_packages="gcc meson ninja-build pkg-config gettext libglib2.0-dev-bin
  libgtk-4-dev libadwaita-1-dev libjson-glib-dev libgdk-pixbuf-2.0-dev
  ocl-icd-opencl-dev opencl-headers libclblast-dev
  libonnx-dev protobuf-c-compiler libprotobuf-c-dev
  desktop-file-utils shared-mime-info gtk-update-icon-cache"
run_packages="pocl-opencl-icd dataset-fashion-mnist adwaita-icon-theme librsvg2-common"
test_packages="xvfb xauth dbus at-spi2-core python3 python3-gi python3-pyatspi gir1.2-gtk-4.0
  libonnx-testdata xdotool appstream libxml2-utils man-db fonts-cantarell"

# missing PACKAGE...: prints those that dpkg does not have installed.
missing () {
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    awk '$1 == "installed" { print $2 }' | sort -u >"${TMPDIR:-/tmp}/hillock-have.$$"
  printf '%s\n' "$@" | sort -u | comm -23 - "${TMPDIR:-/tmp}/hillock-have.$$"
  rm -f "${TMPDIR:-/tmp}/hillock-have.$$"
}

# install_packages PACKAGE...: installs what is missing on Debian 12 or newer and its relatives; elsewhere prints the list and
# stops.
install_packages () {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This system does not use Debian's packages. Please install the equivalents of:"
    printf '  %s\n' "$@"
    echo "(GTK 4.8, libadwaita 1.2, json-glib, GdkPixbuf, an OpenCL loader and driver, CLBlast, protobuf-c, onnx.proto, Meson) and run this again."
    exit 1
  fi
  local wanted
  wanted=$(missing "$@" | tr '\n' ' ')
  [ -z "${wanted// /}" ] && return 0
  echo "Installing: $wanted"
  local as_root=""
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing and this user may not install them (no sudo). As root: apt-get install $wanted"
      exit 1
    fi
    as_root=sudo
  fi
  local log
  log=$(mktemp)
  if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $wanted; } >"$log" 2>&1; then
    tail -n 20 "$log"
    echo "Installing packages failed; the last lines above say why."
    exit 1
  fi
  rm -f "$log"
}

# build FOLDER MESON-OPTION...: configures once, then builds; quiet unless something is wrong.
build () {
  local folder=$1 log
  shift
  log=$(mktemp)
  if [ ! -f "$folder/build.ninja" ]; then
    echo "Configuring $folder …"
    if ! meson setup "$folder" "$@" >"$log" 2>&1; then
      tail -n 30 "$log"
      echo "Configuring failed; the last lines above say why."
      exit 1
    fi
  fi
  if ! ninja -C "$folder" -n 2>/dev/null | grep -q 'no work to do'; then echo "Building $folder …"; fi
  if ! ninja -C "$folder" >"$log" 2>&1; then
    grep -A 20 -m 5 -E 'FAILED|error:' "$log" || tail -n 30 "$log"
    echo "Building failed; the lines above say why."
    exit 1
  fi
  rm -f "$log"
}
