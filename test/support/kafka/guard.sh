#!/bin/sh
# guard.sh FOLDER: leaves nothing running, whatever becomes of the test run.
# The harness holds the other end of stdin and writes "add PID" and "remove PID". When the pipe closes, because the
# harness is done or was itself killed, every process still listed is killed and FOLDER is deleted.
trap '' INT TERM HUP
pids=' '
while read -r verb pid; do
  case $verb in
    add) pids="$pids$pid " ;;
    remove) pids=$(printf '%s' "$pids" | sed "s/ $pid / /") ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
for _ in 1 2 3 4 5; do
  rm -rf -- "$1" 2>/dev/null && [ ! -e "$1" ] && exit 0
  sleep 0.2
done
