# Sends the memory of this host, part by part, to the evidence bucket. Set above this line: id, list, tool_sha256, part_bytes, arguments.
# The list, fetched by a presigned URL, has the tool's URL in its first line, then one URL for each part. Nothing stays on the host.
set -u
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
dir= writer= lock=

say() { printf 'cordon-memory: %s\n' "$*"; }

clean() {
  if [ -n "$dir" ]; then
    [ ! -s "$dir/pid" ] || kill "$(cat "$dir/pid")" 2>/dev/null
    [ -z "$writer" ] || kill "$writer" 2>/dev/null
    rm -rf "$dir"
  fi
  [ -z "$lock" ] || rmdir "$lock"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM

fail() {
  say "failed: $*"
  exit 1
}

# Two runs would mix their parts in one upload.
mkdir "/run/cordon-memory-$id" 2>/dev/null || fail "another run sends this upload already, or /run cannot be written"
lock=/run/cordon-memory-$id

# request URL [curl options]: sets code to the HTTP status, 000 for none. The URL goes in by standard input: arguments show in ps.
request() {
  url=$1
  shift
  code=$(printf 'url = "%s"\n' "$url" |
    curl -q -K - -sS -g --connect-timeout 20 --speed-limit 1024 --speed-time 60 -w '%{http_code}' "$@" 2>"$dir/error") ||
    case $code in '' | 2??) code=000 ;; esac # not all of it came
}

# patiently WHAT URL [curl options]: request, four times where trying again may help; 4xx is S3's last word but for 408 and 429.
patiently() {
  what=$1
  shift
  for pause in 1 2 4 0; do
    request "$@"
    case $code in
    200) return ;;
    408 | 429) ;;
    4??) break ;;
    esac
    sleep "$pause"
  done
  case $code in
  000) fail "$what: no answer ($(head -c 120 "$dir/error" | tr -d '\n'))" ;;
  403) fail "$what: refused (403): the URL has expired, or Cordon may not do this" ;;
  404) fail "$what: not there (404)" ;;
  *) fail "$what: HTTP status $code" ;;
  esac
}

# md5 FILE: base64, as Content-MD5 has it.
md5() {
  hex=$(md5sum <"$1" | cut -c1-32)
  while [ -n "$hex" ]; do
    rest=${hex#??}
    printf %b "\\0$(printf %03o "0x${hex%"$rest"}")"
    hex=$rest
  done | base64
}

for need in base64 curl cut df head kill md5sum mkfifo mktemp rm sha256sum sleep tail tr wc; do
  command -v "$need" >/dev/null 2>&1 || fail "$need is missing on the host"
done
[ "$(printf abcdef | { head -c 3 >/dev/null; cat; })" = def ] || fail "head reads further than it is told: GNU coreutils are needed"

# One part, the list and the tool are all that is on a disk at a time.
wanted=$((part_bytes / 1024 + 65536))
for base in /var/tmp /tmp /run /root; do
  dir=$(mktemp -d "$base/cordon-XXXXXXXXXX" 2>/dev/null) || { dir=; continue; }
  free=$(df -Pk "$dir" | tail -n 1 | { read -r _ _ _ free _ && printf %s "$free"; })
  printf '#!/bin/sh\nexit 0\n' >"$dir/try" && chmod 700 "$dir/try"
  if [ "${free:-0}" -ge "$wanted" ] && "$dir/try" 2>/dev/null; then break; fi
  rm -rf "$dir"
  dir=
done
[ -n "$dir" ] || fail "no place with $((wanted / 1024)) MiB free where a program may run (of /var/tmp, /tmp, /run, /root)"

patiently "fetch the list of URLs" "$list" -o "$dir/list"
exec 5<"$dir/list"
IFS= read -r tool <&5 || fail "the list of URLs is empty"
patiently "fetch the tool" "$tool" -o "$dir/tool"
sum=$(sha256sum <"$dir/tool" | cut -c1-64)
[ "$sum" = "$tool_sha256" ] || fail "the tool has the SHA-256 $sum, not the configured one: it was not run"
chmod 700 "$dir/tool"
mkfifo "$dir/image" || fail "cannot make a pipe"

# The tool writes into the pipe. Whoever holds the pipe open for it notes its exit code before the pipe ends.
(
  exec 4>"$dir/image" 5<&-
  "$dir/tool" $arguments "$dir/image" 4>&- >"$dir/log" 2>&1 &
  printf %s "$!" >"$dir/pid"
  wait "$!"
  printf %s "$?" >"$dir/status"
) &
writer=$!
exec 3<"$dir/image"

parts=0 total=0
while :; do
  head -c "$part_bytes" <&3 >"$dir/part" || fail "cannot store a part on the host (is the disk full?)"
  size=$(wc -c <"$dir/part")
  size=$((size))
  [ "$size" -gt 0 ] || break
  IFS= read -r put <&5 || fail "the image is larger than expected: $parts parts are sent and there are no more URLs"
  parts=$((parts + 1))
  sha256sum <"$dir/part" | cut -c1-64 >>"$dir/sums"
  patiently "send part $parts" "$put" -T "$dir/part" -H "Content-MD5: $(md5 "$dir/part")" -o /dev/null
  total=$((total + size))
  [ "$size" -eq "$part_bytes" ] || break # the end: a part in the middle is never short
done
exec 3<&-
wait "$writer"
status=$(cat "$dir/status" 2>/dev/null)
log=$(tail -c 200 "$dir/log" 2>/dev/null | tr -cs '[:graph:]' ' ')
rm -f "$dir/pid"
[ "${status:-none}" = 0 ] || fail "the tool ended with ${status:-no exit code} after $total bytes: $log"
[ "$total" -gt 0 ] || fail "the tool wrote nothing: $log"
say "done parts=$parts bytes=$total sha256=$(sha256sum <"$dir/sums" | cut -c1-64)"
