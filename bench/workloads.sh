# What bench/compare has done through every target: a server, a load, and who takes part.

all_workloads=(json events stdio sse large list fifty workers)

# begin_workload NAME: starts its server. Sets
#   transport  http or stdio: how the server is reached        upstream, path or child  where
#   door       mcp or sse: how the gateway is reached
#   servers    how many the gateway knows (all are that one)   tool    what is called
#   loads      the connections to try, one after the other     load_options
begin_workload() {
  local options=() program=$bin/mooring-bench-upstream
  workload=$1 transport=http door=mcp path=/mcp servers=1 tool=echo loads=$connections
  targets=(direct nginx haproxy mooring aggregate mcp-proxy supergateway mcp-hub)
  load_options=(--warmup "$warmup" -t "$seconds")
  pin_load=("${on_load_core[@]}") pin_proxy=("${on_proxy_core[@]}")
  case $1 in
    json) ;;
    events) path=/events ;;
    stdio) transport=stdio ;;
    sse) # HTTP+SSE (2024-11-05) is what all gateways have in common
      transport=stdio door=sse targets=(mooring aggregate mcp-proxy supergateway mcp-hub)
      load_options+=(--sse) ;;
    large) # 100 MB of text in one result
      options=(--text-bytes 100000000) loads=1
      load_options=(-n 3 -t 300 --timeout 100) ;;
    list) # tools/list of a server with 1,000 tools more than it has anyway
      program=$bin/mooring-everything options=(--extra-tools 1000 --allow-host "*") loads=8
      load_options+=(--method tools/list) ;;
    fifty) servers=50 loads=32 targets=(mooring aggregate) ;;
    workers) # everybody on all cores: a second worker must come from somewhere
      loads=32 targets=(1-worker 2-workers) pin_load=() pin_proxy=() ;;
  esac
  if [[ $transport == stdio ]]; then
    child=("$(command -v taskset)" "${pin_load[@]:1}" "$program" --stdio)
    return
  fi
  start upstream "${pin_load[@]}" "$program" --listen 127.0.0.1:0 "${options[@]}"
  wait_for_line upstream '^listening '
  upstream=${line##*http://} upstream_pid=$started
}
