# Lines "target form connections round {report of mooring-load}" → the table of bench/compare, and its JSON.

function field(text, name,    at) {
  at = index(text, "\"" name "\":")
  return at ? substr(text, at + length(name) + 3) + 0 : 0
}

# The median of list[key, 1 … rounds].
function median(list, key,    n, i, j, t, v) {
  n = 0
  for (i = 1; i <= rounds; i++) if ((key, i) in list) v[++n] = list[key, i]
  for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
  return n == 0 ? 0 : n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

# The median over the rounds of what `key` and `base` had in the same round, divided.
function ratio(list, key, base,    i, quotients) {
  for (i = 1; i <= rounds; i++) {
    if ((key, i) in list && list[base, i] > 0) quotients["r", i] = list[key, i] / list[base, i]
  }
  return median(quotients, "r")
}

{
  key = $2 SUBSEP $3 SUBSEP $1
  report = $0
  sub(/^[^{]*/, "", report)
  rate[key, $4] = field(report, "calls_per_s")
  p50[key, $4] = field(report, "p50_us")
  p99[key, $4] = field(report, "p99_us")
  p999[key, $4] = field(report, "p999_us")
  cpu[key, $4] = field(report, "cpu_us")
  rss[key, $4] = field(report, "rss_bytes") / 1048576
  forms[$2]; if (!(($2, $3) in seen)) { seen[$2, $3]; order[++groups] = $2 SUBSEP $3 }
  runs = runs (NR > 1 ? ",\n  " : "  ") sprintf("{\"target\":\"%s\",\"form\":\"%s\",\"connections\":%d,\"round\":%d,\"report\":%s}", $1, $2, $3, $4, report)
}

END {
  count = split("direct nginx mooring aggregate", targets, " ")
  printf "%-7s %5s  %-10s %9s %8s %8s %8s %9s %7s   %s\n", "form", "conns", "through", "calls/s", "p50 µs", "p99 µs", "p99.9 µs", "CPU µs", "RSS MB", "to nginx: calls/s, CPU, p99"
  for (g = 1; g <= groups; g++) {
    split(order[g], group, SUBSEP)
    base = order[g] SUBSEP "nginx"
    for (t = 1; t <= count; t++) {
      key = order[g] SUBSEP targets[t]
      if (!((key, 1) in rate)) continue
      printf "%-7s %5d  %-10s %9.0f %8.0f %8.0f %8.0f %9.1f %7.1f", group[1], group[2], targets[t], median(rate, key), median(p50, key), median(p99, key), median(p999, key), median(cpu, key), median(rss, key)
      if (targets[t] != "direct" && targets[t] != "nginx") {
        r = ratio(rate, key, base); c = ratio(cpu, key, base); l = ratio(p99, key, base)
        printf "   %.2f  %.2f  %.2f", r, c, l
        ratios = ratios (ratios == "" ? "  " : ",\n  ") sprintf("{\"target\":\"%s\",\"form\":\"%s\",\"connections\":%d,\"calls_per_s\":%.3f,\"cpu\":%.3f,\"p50\":%.3f,\"p99\":%.3f}", targets[t], group[1], group[2], r, c, ratio(p50, key, base), l)
      }
      print ""
    }
  }
  printf "{\"date\":\"%s\",\"machine\":\"%s\",\"rounds\":%d,\"seconds\":%s,\n \"ratios_to_nginx\":[\n%s],\n \"runs\":[\n%s]}\n", date, machine, rounds, seconds, ratios, runs >json
}
