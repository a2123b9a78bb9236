#!/bin/sh
# Installs Troupe @VERSION@ with the resources of the service that made this script, and starts it.
#
#   curl -s http://HOST:7988/v1/setup | sh
#
# AGENT_SERVICE_HOME   where it goes; $PWD/agents without it
# AGENTS_RUNTIME_DIR   where resources and data go; runtime below AGENT_SERVICE_HOME without it
# AGENT_SERVICE_PORT   where it listens, on this machine only; 7988 without it
# START_AGENT_SERVICE  background (as without it), foreground, or none
#
# Nothing happens before the last line: a script that broke off on its way does nothing.
set -eu

say() { printf '%s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# A text as one word of a shell script.
quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

decode() {
  if command -v base64 >/dev/null 2>&1; then base64 -d
  elif command -v openssl >/dev/null 2>&1; then openssl base64 -d
  else fail "this needs base64 or openssl: install one of them"
  fi
}

unpack() {
  decode <<'TROUPE_PAYLOAD' | gzip -dc | tar -xf - -C "$1"
@PAYLOAD@
TROUPE_PAYLOAD
}

install_files() {
  work=$(mktemp -d "$home/.setup.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  unpack "$work" || fail "what is packed in this script is damaged: fetch it again"
  mv -f "$work/app/troupe" "$home/app/troupe"
  mv -f "$work/manifest.json" "$home/app/manifest.json"
  mv -f "$work/missing.txt" "$home/app/missing.txt"
  # What is there already is somebody's work, and stays.
  for file in "$work"/resources/*.yaml; do
    [ -e "$file" ] || continue
    name=${file##*/}
    [ -e "$runtime/resources/$name" ] || mv "$file" "$runtime/resources/$name"
  done
  rm -rf "$work"
  trap - EXIT HUP INT TERM
}

write_start() {
  cat >"$start.new" <<TROUPE_START
#!/bin/sh
# Starts Troupe; AGENT_SERVICE_PORT says where it listens.
exec $(quoted "$home/app/troupe") serve $(quoted "$runtime/resources") --data $(quoted "$runtime/data") \\
  --workspace $(quoted "$home/workspace") --listen "127.0.0.1:\${AGENT_SERVICE_PORT:-$port}" "\$@"
TROUPE_START
  chmod 755 "$start.new"
  mv -f "$start.new" "$start"
}

# The process of this installation that runs already, if one does. Its number alone may be another program's by now.
running() {
  earlier=$(cat "$home/server.pid" 2>/dev/null) || return 1
  case "$earlier" in '' | *[!0-9]*) return 1 ;; esac
  command=$(tr '\0' ' ' 2>/dev/null <"/proc/$earlier/cmdline") || return 1
  case "$command" in */app/troupe\ serve\ *) say "$earlier" ;; *) return 1 ;; esac
}

# Whether a process listens at the port: another program may have it, and would answer. The system's table names the
# socket that listens (state 0A), and the process has that socket open.
listens() {
  sockets=$(awk -v port="$(printf ':%04X' "$port")" '$4 == "0A" && index($2, port) { print $10 }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  for socket in $sockets; do
    ! ls -l "/proc/$1/fd" 2>/dev/null | grep -q "socket:\[$socket\]" || return 0
  done
  return 1
}

ready() {
  listens "$1" || return 1
  ! command -v curl >/dev/null 2>&1 || curl -sf "http://127.0.0.1:$port/readyz" >/dev/null 2>&1
}

start_in_background() {
  if earlier=$(running); then
    fail "process $earlier runs what was installed here before: stop it with \`kill $earlier\`, then start $start"
  fi
  nohup "$start" >"$home/server.log" 2>&1 </dev/null &
  process=$!
  tries=0
  until ready "$process"; do
    kill -0 "$process" 2>/dev/null || { tail -n 5 "$home/server.log" >&2; fail "it did not start: see $home/server.log"; }
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || fail "process $process is not ready yet: see $home/server.log"
    sleep 0.2
  done
  # Not before: the file of a service that runs must not name a process that could not take its port.
  printf '%s\n' "$process" >"$home/server.pid"
  say "Troupe runs at http://127.0.0.1:$port/ (process $process, log $home/server.log)"
}

main() {
  home=${AGENT_SERVICE_HOME:-$PWD/agents}
  port=${AGENT_SERVICE_PORT:-7988}
  how=${START_AGENT_SERVICE:-background}
  case "$how" in background | foreground | none) ;; *) fail "START_AGENT_SERVICE is background, foreground or none" ;; esac
  case "$port" in '' | 0* | *[!0-9]*) fail "AGENT_SERVICE_PORT is the number of a port" ;; esac
  [ "$(uname -s)" = Linux ] || fail "this program is for Linux, and this is $(uname -s)"
  case "$(uname -m)" in
    @MACHINE@) ;;
    arm64 | aarch64) [ "@MACHINE@" = aarch64 ] || fail "this program is for @MACHINE@, and this is $(uname -m)" ;;
    *) fail "this program is for @MACHINE@, and this is $(uname -m)" ;;
  esac
  mkdir -p "$home/app" "$home/workspace"
  home=$(cd "$home" && pwd)
  runtime=${AGENTS_RUNTIME_DIR:-$home/runtime}
  mkdir -p "$runtime/resources" "$runtime/data"
  runtime=$(cd "$runtime" && pwd)
  start=$home/start-agent-service.sh
  install_files
  write_start
  say "Installed in $home; start it with $start"
  [ ! -s "$home/app/missing.txt" ] || cat "$home/app/missing.txt"
  case "$how" in
    background) start_in_background ;;
    foreground) exec "$start" ;;
    none) ;;
  esac
}

main
