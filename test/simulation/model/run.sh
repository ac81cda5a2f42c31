#!/usr/bin/env bash
#
# Checks the model exhaustively, then that it finds what each variant without a rule does wrong.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
command -v spin >/dev/null || { echo "needs spin and gcc (Debian: apt-get install spin gcc)" >&2; exit 2; }
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

# Prints "errors: N" and the number of states.
check() {
  spin "$@" -a "$here/lease.pml" >/dev/null
  gcc -O2 -DSAFETY -DCOLLAPSE -DMEMLIM=3000 -o pan pan.c 2>/dev/null
  ./pan -m1000000 -w24
}

states() { sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' <<<"$1" | head -n 1; }

result="$(check)"
if ! grep -q 'errors: 0' <<<"$result"; then
  echo "$result"
  echo "the protocol: two holders" >&2
  exit 1
fi
if grep -q 'max search depth too small\|out of memory' <<<"$result"; then
  echo "$result"
  echo "not searched exhaustively" >&2
  exit 1
fi
echo "the protocol: one holder in all $(states "$result") states"

for mutant in FROM_ANSWER NO_PRECONDITION 'DEADLINE=4'; do
  result="$(check "-D$mutant")"
  if ! grep -q 'errors: 1' <<<"$result"; then
    echo "$mutant: not caught" >&2
    exit 1
  fi
  echo "$mutant: caught after $(states "$result") states"
done
