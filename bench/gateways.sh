# What bench/compare puts between the load and the server: how each is started, and what each cannot do.

npm_gateways=(mcp-proxy supergateway mcp-hub)
node_modules=$bench_root/.cache/node/bench/node_modules
declare -A url pid calls

# cannot TARGET: true where it has no place in this workload; $why says why.
cannot() {
  why=
  case $1/$transport/$door in
    direct/stdio/*) why="the load generator speaks HTTP" ;;
    nginx/stdio/* | haproxy/stdio/*) why="reaches servers over HTTP alone" ;;
    mcp-proxy/http/*) why="fronts servers on stdio alone" ;;
    supergateway/http/*) why="what it reaches over Streamable HTTP it serves on stdio alone" ;;
    mcp-hub/*/mcp) why="serves clients over HTTP+SSE alone" ;;
  esac
  [[ -n $why ]]
}

# begin_target NAME: starts it before the server of the workload; sets url[NAME], pid[NAME] and calls[NAME], the tool.
begin_target() {
  calls[$1]=$tool
  case $1 in
    direct) url[$1]=$upstream$path pid[$1]=$upstream_pid ;;
    nginx | haproxy | mcp-proxy | supergateway)
      free_port
      "begin_$1"
      url[$1]=127.0.0.1:$port$path pid[$1]=$started
      [[ $door == mcp ]] || url[$1]=127.0.0.1:$port/sse
      wait_for_http "$1" "127.0.0.1:$port" ;;
    mcp-hub)
      free_port
      begin_mcp-hub
      url[$1]=127.0.0.1:$port/mcp pid[$1]=$started calls[$1]=s0__$tool
      wait_for_http "$1" "127.0.0.1:$port"
      wait_for_upstreams "127.0.0.1:$port" 1 /api/health '"status":"connected"' ;;
    mooring | aggregate)
      # One process for both.
      [[ -n ${mooring_at-} ]] || begin_mooring 1
      url[$1]=$mooring_at/$door/s0 pid[$1]=$mooring_pid
      [[ $1 == mooring ]] || url[$1]=$mooring_at/$door calls[$1]=s0__$tool ;;
    1-worker | 2-workers)
      begin_mooring "${1%%-*}"
      url[$1]=$mooring_at/mcp/s0 pid[$1]=$mooring_pid ;;
  esac
}

# N workers
begin_mooring() {
  write_servers
  start "mooring-$1" "${pin_proxy[@]}" "$bin/mooring" serve --config "$work/servers.json" --state-dir "$work/state-$1" \
    --listen 127.0.0.1:0 --threads "$1" --log-level warn
  wait_for_line "mooring-$1" '^listening '
  mooring_at=${line##*http://} mooring_pid=$started
  wait_for_upstreams "$mooring_at" "$servers"
}

# The configuration that Mooring and mcp-hub both read.
write_servers() {
  local i entry listed=
  entry="\"url\": \"http://${upstream-}$path\""
  if [[ $transport == stdio ]]; then
    entry="\"command\": \"${child[0]}\", \"args\": [$(printf '"%s", ' "${child[@]:1}" | sed 's/, $//')]"
  fi
  for ((i = 0; i < servers; ++i)); do listed+="${listed:+, }\"s$i\": {$entry}"; done
  echo "{\"mcpServers\": {$listed}}" >"$work/servers.json"
}

begin_nginx() {
  mkdir -p "$work/nginx"
  sed "s|@DIR@|$work/nginx|; s|@UPSTREAM@|$upstream|; s|@PORT@|$port|" "$here/nginx.conf.in" >"$work/nginx.conf"
  start nginx "${pin_proxy[@]}" "$nginx" -e "$work/nginx/nginx-error.log" -p "$work/nginx" -c "$work/nginx.conf"
}

begin_haproxy() {
  sed "s|@UPSTREAM@|$upstream|; s|@PORT@|$port|" "$here/haproxy.cfg.in" >"$work/haproxy.cfg"
  start haproxy "${pin_proxy[@]}" "$haproxy" -db -f "$work/haproxy.cfg"
}

# One child for all sessions.
begin_mcp-proxy() {
  start mcp-proxy "${pin_proxy[@]}" "$node" "$node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs" \
    --host 127.0.0.1 --port "$port" --server "$([[ $door == sse ]] && echo sse || echo stream)" -- "${child[@]}"
}

# One child for each session; without --stateful it would be one for each request. Over HTTP+SSE one for all.
begin_supergateway() {
  local form=(--outputTransport sse)
  [[ $door == sse ]] || form=(--outputTransport streamableHttp --stateful)
  start supergateway "${pin_proxy[@]}" "$node" "$node_modules/supergateway/dist/index.js" \
    --stdio "${child[*]}" "${form[@]}" --port "$port" --logLevel none
}

# One child for all sessions. It writes into the directories of the user, which get elsewhere here.
begin_mcp-hub() {
  local name home=()
  mkdir -p "$work/home"
  for name in HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME; do home+=("$name=$work/home"); done
  write_servers
  start mcp-hub "${pin_proxy[@]}" env "${home[@]}" "$node" "$node_modules/mcp-hub/dist/cli.js" \
    --port "$port" --config "$work/servers.json"
}

# need_target NAME: what it takes is installed.
need_target() {
  case $1 in
    nginx) nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || die "nginx is missing: scripts/install-packages bench" ;;
    haproxy) haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy) || die "haproxy is missing: scripts/install-packages bench" ;;
    mcp-proxy | supergateway | mcp-hub)
      [[ -z ${node-} ]] || return 0
      node=$bench_root/scripts/node
      "$bench_root/scripts/install-node-packages" conformance && "$bench_root/scripts/install-node-packages" bench ||
        die "the gateways of npm could not be installed" ;;
  esac
}

# version_of NAME
version_of() {
  case $1 in
    nginx) "$nginx" -v 2>&1 | sed 's/.*: //' ;;
    haproxy) "$haproxy" -v | awk 'NR == 1 { print "HAProxy/" $3 }' ;;
    mcp-proxy | supergateway | mcp-hub) sed -n "s|^ *\"$1\": \"\([^\"]*\)\".*|$1/\1|p" "$here/package.json" ;;
  esac
}
