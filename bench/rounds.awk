# What the tables of bench/compare and bench/http2 make of several rounds. `rounds` is how many there were.

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
