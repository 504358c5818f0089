# The functions of a profile (llvm-profdata merge --text) of which a part ran at_least times: each on a line, with \1 for
# its line ends, without the comments.
BEGIN { RS = ""; FS = "\n" }
{
  lines = 0
  for (i = 1; i <= NF; i++) if ($i !~ /^[#:]/) line[++lines] = $i
  # The name, the hash, how many counters there are, the counters.
  if (lines < 4) next
  most = 0
  for (i = 4; i < 4 + line[3]; i++) if (line[i] + 0 > most) most = line[i] + 0
  if (most < at_least) next
  for (i = 1; i <= lines; i++) printf "%s\1", line[i]
  printf "\n"
}
