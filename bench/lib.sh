# What the scripts of bench/ share. Every process that is started here is ended at exit.

die() { echo "${0##*/}: $*" >&2; exit 1; }

bench_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/mooring-bench.XXXXXX")
children=()

stop_all() {
  local pid
  for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${children[@]}"; do wait "$pid" 2>/dev/null || true; done
  children=()
}
trap 'stop_all; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# need_build DIR: the programs of that build; a Debug build measures nothing.
need_build() {
  bin=$1/bin
  [[ -x $bin/mooring ]] || die "there is no $bin/mooring; build first: cmake --preset release && cmake --build --preset release"
  grep -q '^CMAKE_BUILD_TYPE:[A-Z]*=Release$' "$1/CMakeCache.txt" || die "$1 is not a Release build"
}

# start NAME COMMAND…: runs it in the background, its stderr in $work/NAME.log, its id in $started.
start() {
  local name=$1
  shift
  : >"$work/$name.log"
  "$@" 2>"$work/$name.log" >/dev/null </dev/null &
  started=$!
  children+=("$started")
}

# wait_for_line NAME PATTERN: the first line of its log that holds it, in $line.
wait_for_line() {
  local tries
  for ((tries = 0; tries < 200; ++tries)); do
    line=$(grep -m 1 -E "$2" "$work/$1.log" || true)
    [[ -z $line ]] || return 0
    kill -0 "$started" 2>/dev/null || break
    sleep 0.05
  done
  cat "$work/$1.log" >&2
  die "$1 did not start"
}

# http_status HOST:PORT PATH: the status of one GET, in $status; 0 where nobody answers.
http_status() {
  local answer=
  status=0
  exec 9<>"/dev/tcp/${1%:*}/${1##*:}" || return 0
  printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$1" >&9
  IFS= read -r answer <&9 || true
  exec 9<&- 9>&-
  [[ $answer =~ ^HTTP/1\.[01]\ ([0-9]{3}) ]] && status=${BASH_REMATCH[1]}
  return 0
}

# wait_for_http NAME HOST:PORT: until it answers, whatever it says.
wait_for_http() {
  local tries
  for ((tries = 0; tries < 300; ++tries)); do
    http_status "$2" / 2>/dev/null
    [[ $status == 0 ]] || return 0
    kill -0 "$started" 2>/dev/null || break
    sleep 0.05
  done
  tail -n 5 "$work/$1.log" | cut -c1-300 >&2
  die "$1 did not start"
}

# wait_for_upstreams HOST:PORT N [PATH PATTERN]: until the gateway there is connected to so many, as its status at PATH says.
wait_for_upstreams() {
  local tries ready path=${3:-/api/v1/status} pattern=${4:-'"state" *: *"ready"'}
  for ((tries = 0; tries < 200; ++tries)); do
    exec 9<>"/dev/tcp/${1%:*}/${1##*:}"
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$path" "$1" >&9
    ready=$({ grep -o "$pattern" <&9 || true; } | wc -l)
    exec 9<&- 9>&-
    [[ $ready -lt $2 ]] || return 0
    sleep 0.05
  done
  die "only $ready of $2 upstreams are connected"
}

rss_bytes() { awk '$1 == "VmRSS:" { print $2 * 1024 }' "/proc/$1/status"; }

# A port that nobody listens on, in $port.
free_port() {
  local tries
  for ((tries = 0; tries < 100; ++tries)); do
    port=$((20000 + RANDOM % 12000))
    (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
  done
  die "found no free port"
}

machine() {
  awk -F ': *' '/^model name/ { name = $2; n++ } END { printf "%d × %s", n, name }' /proc/cpuinfo
}

busy() { awk '{ exit !($1 > 0.5) }' /proc/loadavg; }
