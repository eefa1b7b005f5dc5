# SPDX-License-Identifier: GPL-3.0-or-later
#
# Completion of hillock-cli's commands, options and files for bash.

_hillock_cli ()
{
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options
  local command=${COMP_WORDS[1]}

  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "devices describe check train eval predict export import run test-onnx --help --version" -- "$current")
    return
  fi
  case $previous in
    --part | -p) mapfile -t COMPREPLY < <(compgen -W "training validation test all" -- "$current"); return ;;
    --format | -f) mapfile -t COMPREPLY < <(compgen -W "safetensors onnx" -- "$current"); return ;;
    --normalize) mapfile -t COMPREPLY < <(compgen -W "none unit standard" -- "$current"); return ;;
    --input | --output | -i | --data | --out | -o | --init | --weights | -w) mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames; return ;;
    --epochs | -e | --batch | -b | --seed | -s | --log-every | -l | --device | -d) return ;;
  esac
  case $command in
    devices) options="--verbose --no-test --json --help" ;;
    describe)
      options="--help"
      case $COMP_CWORD in
        2) options="layer loss optimizer schedule gradient initializer format --help" ;;
        3) options=$(hillock-cli describe "${COMP_WORDS[2]}" 2>/dev/null | awk 'NR > 1 { print $1 }') ;;
      esac
      mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
      return
      ;;
    check) options="--batch --json --help" ;;
    train) options="--epochs --batch --seed --device --data --out --resume --init --no-shuffle --log-every --json --quiet --help" ;;
    eval) options="--weights --part --device --data --batch --json --help" ;;
    predict) options="--weights --invert --device --data --json --help" ;;
    export) options="--format --out --weights --help" ;;
    import) options="--out --data --normalize --help" ;;
    run) options="--input --output --device --help" ;;
    test-onnx) options="--device --help" ;;
    *) return ;;
  esac
  case $current in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
    *)
      if [ "$command" = predict ] && [ "$COMP_CWORD" -gt 2 ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
      else
        mapfile -t COMPREPLY < <(compgen -f -X '!*.hillock' -- "$current"; compgen -d -- "$current")
      fi
      compopt -o filenames
      ;;
  esac
}

complete -F _hillock_cli hillock-cli
