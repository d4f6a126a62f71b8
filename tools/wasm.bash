# Completes the command line of `wasm` in bash: verbs, the options that each one's --help lists, values of
# options that are one of a few words, files. Nothing is listed here that the program can tell by itself.

_wasm_verbs() { # PROGRAM
  "$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'
}

_wasm_options() { # PROGRAM VERB
  "$1" "$2" --help 2>/dev/null | sed -n 's/^  \(-[-a-zA-Z0-9]*\).*/\1/p'
  echo --help
}

# What stands behind an option: words; "-" for a file, nothing for what cannot be guessed.
_wasm_values() { # VERB OPTION
  case $2 in
    --tier) echo auto jit interp ;;
    --profile) echo perfmap jitdump gdb ;;
    --resolver) echo auto openat2 walker ;;
    --net) echo all tcp-connect= tcp-bind= udp-send= udp-bind= lookup= ;;
    --clock) echo real frozen: stepped: coarse: ;;
    --stage) echo ir lir asm ;;
    --dir | --mapdir | --overlay | --cache-dir | --archive | --policy | --record | --replay | --audit | --env-file | -o) echo - ;;
    --keep | --invoke | --argv0 | --func | --functions | --fuel | --timeout | --compile-threads | --random-seed | -X) ;;
    --max-* | --cache-limit | --mount | --prefix | --interface | --tcplisten | --env) ;;
    *) return 1 ;; # takes no value
  esac
}

_wasm() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=run values
  COMPREPLY=()
  # bash takes "--tier=jit" apart at the "=".
  if [ "$before" = = ]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [ "$word" = = ]; then before=${COMP_WORDS[COMP_CWORD - 1]} word=; fi
  if [ "$COMP_CWORD" -gt 1 ] && _wasm_verbs "$1" | grep -qx -e "${COMP_WORDS[1]}"; then verb=${COMP_WORDS[1]}; fi
  if values=$(_wasm_values "$verb" "$before"); then
    if [ "$values" != - ]; then
      mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
      return
    fi
  elif [ "${word:0:1}" = - ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_wasm_options "$1" "$verb")" -- "$word")
    return
  elif [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_wasm_verbs "$1")" -- "$word")
  elif [ "$verb" = cache ]; then
    mapfile -t COMPREPLY < <(compgen -W "list clean" -- "$word")
    return
  elif [ "$verb" = component ] && [ "$COMP_CWORD" = 2 ]; then
    mapfile -t COMPREPLY < <(compgen -W "wit header" -- "$word")
    return
  fi
  compopt -o filenames 2>/dev/null
  local file
  while IFS= read -r file; do
    COMPREPLY+=("$file")
  done < <(compgen -f -- "$word")
}

complete -F _wasm wasm
