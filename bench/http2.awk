# Lines "part server mode parallel round value…" → the table of bench/http2. A mode is tls, clear or front and the version of HTTP;
# the values are client ns, server ns, p50 and p99, or proxy ns and peak KB, or instructions.

function shown_ratio(list, key, base) { return key == base ? "" : sprintf("%.2f", ratio(list, key, base)) }

{
  key = $1 SUBSEP $2 SUBSEP $4 SUBSEP $3
  own[key, $5] = $6
  if ($1 ~ /client$/ || $1 == "connect") server[key, $5] = $7
  else if (!(key in peak)) peak[key] = $7 # of the first round: it never falls
  p50[key, $5] = $8
  p99[key, $5] = $9
  if (!(key in seen)) { seen[key]; order[++count] = key }
}

END {
  printf "%-11s %-8s %8s  %-8s %9s %9s %9s %9s %7s %7s %8s\n", "part", "server", "parallel", "mode", "CPU µs", "of HTTP/1", "server µs", "of HTTP/1", "p50 µs", "p99 µs", "peak KB"
  for (i = 1; i <= count; i++) {
    key = base = order[i]
    split(key, part, SUBSEP)
    if (part[4] == "front/2") sub(/front\/2$/, "clear/1", base)
    else sub(/2$/, "1", base)
    printf "%-11s %-8s %8d  %-8s ", part[1], part[2], part[3], part[4]
    if (part[1] == "counted") {
      printf "%9d %9s (instructions)\n", median(own, key), shown_ratio(own, key, base)
      continue
    }
    printf "%9.2f %9s ", median(own, key) / 1000, shown_ratio(own, key, base)
    if (part[1] ~ /client$/) printf "%9.2f %9s %7d %7d", median(server, key) / 1000, shown_ratio(server, key, base), median(p50, key), median(p99, key)
    else if (part[1] == "connect") printf "%9.2f %9s", median(server, key) / 1000, shown_ratio(server, key, base)
    else printf "%44d", peak[key]
    printf "\n"
  }
}
