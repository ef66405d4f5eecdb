#!/bin/sh
# enter-root.sh ROOT FOLDER FROM:TO ... -- COMMAND: run a command in another root file system.
# Call it in a mount namespace of its own: what is mounted here ends with that namespace.
set -e
root=$1 folder=$2
shift 2
for path in /proc /sys /dev /tmp; do
  mount --rbind "$path" "$root$path"
done
while [ "$1" != -- ]; do
  from=${1%:*} to=$root${1##*:}
  if [ -d "$from" ]; then
    mkdir -p "$to"
  else
    mkdir -p "${to%/*}"
    : >> "$to"
  fi
  mount --bind "$from" "$to"
  shift
done
shift
search=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin
# shellcheck disable=SC2016 # these are for the inner shell
exec chroot "$root" /usr/bin/env PATH=$search HOME=/tmp /bin/sh -c 'cd "$1"; shift; exec "$@"' sh "$folder" "$@"
