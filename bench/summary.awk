# Lines "target workload connections round RSS-when-idle {report of mooring-load}" → the table of bench/compare, and its JSON.

function field(text, name,    at) {
  at = index(text, "\"" name "\":")
  return at ? substr(text, at + length(name) + 3) + 0 : 0
}

# The median over the rounds of what `key` and `base` had in the same round, subtracted.
function added(list, key, base,    i, differences) {
  for (i = 1; i <= rounds; i++) {
    if ((key, i) in list && (base, i) in list) differences["d", i] = list[key, i] - list[base, i]
  }
  return median(differences, "d")
}

# What the others of a group are divided by: nginx where it takes part.
function base_of(group,    i, count, names) {
  count = split("nginx mooring 1-worker direct", names, " ")
  for (i = 1; i <= count; i++) if ((group SUBSEP names[i], 1) in rate) return names[i]
  return ""
}

{
  key = $2 SUBSEP $3 SUBSEP $1
  report = $0
  sub(/^[^{]*/, "", report)
  rate[key, $4] = field(report, "calls_per_s")
  volume[key, $4] = field(report, "bytes_per_s") / 1000000
  p50[key, $4] = field(report, "p50_us")
  p99[key, $4] = field(report, "p99_us")
  p999[key, $4] = field(report, "p999_us")
  cpu[key, $4] = field(report, "cpu_us")
  rss[key, $4] = field(report, "rss_bytes") / 1048576
  growth = (field(report, "peak_rss_bytes") - $5) / 1048576
  if (!(key in grown) || growth > grown[key]) grown[key] = growth
  if (!(($2, $3) in seen)) { seen[$2, $3]; order[++groups] = $2 SUBSEP $3 }
  runs = runs (NR > 1 ? ",\n  " : "  ") sprintf("{\"target\":\"%s\",\"workload\":\"%s\",\"connections\":%d,\"round\":%d,\"idle_rss_bytes\":%.0f,\"report\":%s}", $1, $2, $3, $4, $5, report)
}

END {
  count = split("direct nginx haproxy mooring aggregate mcp-proxy supergateway mcp-hub 1-worker 2-workers", targets, " ")
  printf "%-8s %5s  %-12s %8s %7s %8s %8s %8s %9s %9s %7s %7s   %s\n", "workload", "conns", "through", "calls/s", "MB/s", "p50 µs", "+p50 µs", "p99 µs", "p99.9 µs", "CPU µs", "RSS MB", "+RSS MB", "of the base: calls/s  CPU  p99"
  for (g = 1; g <= groups; g++) {
    split(order[g], group, SUBSEP)
    base = base_of(order[g])
    direct = order[g] SUBSEP "direct"
    for (t = 1; t <= count; t++) {
      key = order[g] SUBSEP targets[t]
      if (!((key, 1) in rate)) continue
      calls = median(rate, key)
      printf "%-8s %5d  %-12s %8.*f %7.1f %8.0f", group[1], group[2], targets[t], calls < 100 ? 2 : 0, calls, median(volume, key), median(p50, key)
      if (targets[t] != "direct" && (direct, 1) in rate) printf " %8.0f", added(p50, key, direct); else printf " %8s", ""
      printf " %8.0f %9.0f %9.1f %7.1f %7.1f", median(p99, key), median(p999, key), median(cpu, key), median(rss, key), grown[key]
      if (targets[t] == base) {
        printf "   base"
      } else if (targets[t] != "direct" && base != "") {
        b = order[g] SUBSEP base
        r = ratio(rate, key, b); c = ratio(cpu, key, b); l = ratio(p99, key, b)
        printf "   %.2f  %.2f  %.2f", r, c, l
        ratios = ratios (ratios == "" ? "  " : ",\n  ") sprintf("{\"target\":\"%s\",\"to\":\"%s\",\"workload\":\"%s\",\"connections\":%d,\"calls_per_s\":%.3f,\"cpu\":%.3f,\"p50\":%.3f,\"p99\":%.3f}", targets[t], base, group[1], group[2], r, c, ratio(p50, key, b), l)
      }
      print ""
    }
  }
  printf "{\"date\":\"%s\",\"machine\":\"%s\",\"rounds\":%d,\"seconds\":%s,\n \"ratios\":[\n%s],\n \"runs\":[\n%s]}\n", date, machine, rounds, seconds, ratios, runs >json
}
