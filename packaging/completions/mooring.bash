# bash completion for mooring

_mooring_servers() {
  mooring status 2>/dev/null | awk '/^SERVER/ { on = 1; next } on && NF { print $1 }'
}

_mooring() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local commands="serve connect wrap tools resources prompts call read prompt status logs login logout token test doctor add remove import explain chaos"
  local clients="claude claude-code cursor vscode windsurf zed codex gemini cline roo continue goose lmstudio amp opencode qwen kiro copilot"
  local command="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ " $commands " == *" $word "* ]] && { command=$word; break; }
  done

  case $prev in
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --state-dir | --cwd) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W "trace debug info warn error off" -- "$cur"); return ;;
    --log-format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$cur"); return ;;
    --listen) mapfile -t COMPREPLY < <(compgen -W "127.0.0.1:7777 127.0.0.1:0" -- "$cur"); return ;;
    --upstream | --seed | --bearer | --header | --ignore-tool | --name | --scope | --timeout | --threads | -n | --lines) COMPREPLY=(); return ;;
    --transport)
      local transports="http-first sse-first http-only sse-only"
      [[ $command == add ]] && transports="http sse"
      mapfile -t COMPREPLY < <(compgen -W "$transports" -- "$cur")
      return
      ;;
    --from) mapfile -t COMPREPLY < <(compgen -W "$clients" -- "$cur"); return ;;
    --cwd) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    --env) mapfile -t COMPREPLY < <(compgen -v -- "$cur"); return ;;
    --fault)
      mapfile -t COMPREPLY < <(compgen -W "$(mooring chaos --list 2>/dev/null | awk '/^When/ { exit } /^  / { print $1 }')" -- "$cur")
      return ;;
  esac
  local options="--config --state-dir --log-level --help"
  case $command in
    "") mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$cur"); return ;;
    serve) options+=" --listen --stdio --threads --insecure --log-format" ;;
    connect)
      options="--header --transport --ignore-tool --timeout --log-level --debug --silent --allow-http --state-dir --help" ;;
    wrap)
      options="--listen --name --env --pass-environment --cwd --timeout --log-level --state-dir --insecure --help" ;;
    logs) options+=" --lines --follow" ;;
    login) options+=" --device --headless --scope" ;;
    logout | token | remove) ;;
    add) options+=" --header --bearer --transport --env --cwd --replace" ;;
    import) options+=" --from --dry-run --replace --yes" ;;
    status | doctor) options+=" --json" ;;
    chaos) options="--upstream --listen --fault --seed --list --json --control --insecure --help" ;;
    explain) options="--jsonl --help" ;;
    *) options+=" --json --header --timeout" ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  elif [[ $prev == "$command" && $command =~ ^(tools|resources|prompts|call|read|prompt|status|logs|login|logout|token|test|remove)$ ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_mooring_servers)" -- "$cur")
  elif [[ $command == import ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$clients" -- "$cur"; compgen -f -- "$cur")
  fi
}
complete -F _mooring mooring
