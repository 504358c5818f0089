# The runs of bench/compare (see summary.awk) → one SVG: a panel for each workload that was tried with several numbers of
# connections, a line for each target. figure: throughput (calls/s, linear) or cpu (µs per call, logarithmic).

function field(text, name,    at) {
  at = index(text, "\"" name "\":")
  return at ? substr(text, at + length(name) + 3) + 0 : 0
}

function log2(x) { return log(x) / log(2) }
function log10(x) { return log(x) / log(10) }

function median(key,    n, i, j, t, v) {
  n = split(list[key], v, " ")
  for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
  return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

# 1, 2 or 5 times a power of ten, not less than x.
function nice(x,    power) {
  power = 10 ^ int(log10(x) - (x < 1 ? 1 : 0))
  return x <= power ? power : x <= 2 * power ? 2 * power : x <= 5 * power ? 5 * power : 10 * power
}

function number(x) { return x >= 1000 ? sprintf("%gk", x / 1000) : sprintf("%g", x) }

function x_of(connections) { return left + log2(connections) / log2(most_connections) * width }
function y_of(value) {
  if (value < low) value = low
  return top + height - (logarithmic ? log10(value / low) / log10(high / low) : value / high) * height
}

function grid(value) {
  printf "<path class=\"grid\" d=\"M%.1f %.1fh%d\"/><text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left, y_of(value), width, left - 6, y_of(value) + 4, number(value)
}

# The labels at the ends of the lines, apart from each other.
function labels(    i, j, t, y) {
  for (i = 2; i <= ends; i++) for (j = i; j > 1 && end_y[j - 1] > end_y[j]; j--) {
    t = end_y[j]; end_y[j] = end_y[j - 1]; end_y[j - 1] = t
    t = end_name[j]; end_name[j] = end_name[j - 1]; end_name[j - 1] = t
  }
  for (i = 1; i <= ends; i++) {
    y = end_y[i] + 4
    if (i > 1 && y < last_y + 13) y = last_y + 13
    last_y = y
    printf "<text class=\"name\" x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s</text>\n", left + width + 6, y, colour[end_name[i]], title[end_name[i]]
  }
}

function panel(workload,    t, c, key, path, v, step) {
  high = 0; low = logarithmic ? 1e9 : 0
  for (t = 1; t <= targets; t++) for (c = 1; c <= counts; c++) {
    key = workload SUBSEP target[t] SUBSEP count[c]
    if (!(key in list)) continue
    v = median(key)
    if (v > high) high = v
    if (logarithmic && v > 0 && v < low) low = v
  }
  printf "<text class=\"head\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", left, top - 10, heading[workload]
  if (logarithmic) {
    low = 10 ^ int(log10(low)); high = nice(high)
    for (v = low; v <= high; v *= 10) { grid(v); if (2 * v <= high) grid(2 * v); if (5 * v <= high) grid(5 * v) }
  } else {
    step = nice(high / 5); high = step * int(high / step + 0.999)
    for (v = 0; v <= high; v += step) grid(v)
  }
  for (c = 1; c <= counts; c++) printf "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>\n", x_of(count[c]), top + height + 16, count[c]
  ends = 0
  for (t = 1; t <= targets; t++) {
    path = ""
    for (c = 1; c <= counts; c++) {
      key = workload SUBSEP target[t] SUBSEP count[c]
      if (!(key in list)) continue
      v = y_of(median(key))
      path = path sprintf("%s%.1f %.1f", path == "" ? "M" : "L", x_of(count[c]), v)
      printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\" fill=\"%s\"/>\n", x_of(count[c]), v, colour[target[t]]
    }
    if (path == "") continue
    printf "<path class=\"line\" stroke=\"%s\" d=\"%s\"/>\n", colour[target[t]], path
    end_name[++ends] = target[t]; end_y[ends] = v
  }
  labels()
}

BEGIN {
  column = figure == "cpu" ? "cpu_us" : "calls_per_s"
  logarithmic = figure == "cpu"
  what = figure == "cpu" ? "CPU of the proxy, µs per call (logarithmic)" : "calls/s"
  targets = split("direct nginx haproxy mooring aggregate mcp-proxy supergateway mcp-hub", target, " ")
  split("#777777 #009639 #106da9 #d55e00 #e69f00 #8b3fa8 #b5449b #5a5a00", paint, " ")
  split("direct,nginx,HAProxy,Mooring /mcp/SERVER,Mooring /mcp,mcp-proxy,supergateway,mcp-hub", names, ",")
  for (t = 1; t <= targets; t++) { colour[target[t]] = paint[t]; title[target[t]] = names[t] }
  heading["json"] = "HTTP server, JSON answers"; heading["events"] = "HTTP server, event streams"; heading["stdio"] = "stdio server"; heading["sse"] = "stdio server, clients on HTTP+SSE"
  width = 250; height = 220
}

figure == "cpu" && $1 == "direct" { next }
$2 in heading {
  key = $2 SUBSEP $1 SUBSEP $3
  list[key] = list[key] " " field($0, column)
  if (!(($2, $3) in tried)) { tried[$2, $3]; tries[$2]++ }
  if (!($3 in known)) { known[$3]; count[++counts] = $3; if ($3 > most_connections) most_connections = $3 }
}

END {
  panels = split("json events stdio sse", order, " ")
  for (p = 1; p <= panels; p++) if (tries[order[p]] > 1) shown++
  if (!shown) { print "plot.awk: nothing was tried with several numbers of connections" >"/dev/stderr"; exit 1 }
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui, sans-serif\">\n", shown * 440, height + 110
  print "<style>.grid{stroke:#ddd;fill:none}.line{fill:none;stroke-width:2}.tick{font-size:11px;fill:#555}.name{font-size:12px}.head{font-size:14px;font-weight:600;fill:#222}</style>"
  print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
  top = 50; left = 55
  for (p = 1; p <= panels; p++) {
    if (tries[order[p]] < 2) continue
    panel(order[p])
    left += 440
  }
  printf "<text class=\"tick\" x=\"55\" y=\"%d\">%s, by connections; one core. %s</text>\n</svg>\n", top + height + 42, what, caption
}
