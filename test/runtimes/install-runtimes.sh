#!/usr/bin/env bash
#
# Installs the runtimes beside Node that this library is tested on, from npm:
#
#   export RUNTIMES="$(bash test/runtimes/install-runtimes.sh [folder])"
#
# The folder (default: ${XDG_CACHE_HOME:-~/.cache}/kubernetes-lease/runtimes) then holds `bin/bun` and `bin/deno`, and
# is the only thing printed on stdout. A second run returns at once.
#
# They are no devDependencies: with over 100 MB each, they would make every `npm ci` wait for what one test needs.
# Bun's package is that of its binary, in the last version that has it: the newest ones fetch it from elsewhere.
#
# Made for Linux on x64 with glibc. Elsewhere, put `bun` and `deno` into a folder `bin` and name its parent.
set -euo pipefail

bun=1.4.0
deno=2.9.6

target="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/kubernetes-lease/runtimes}"

say() { printf 'install-runtimes: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

complete() {
  [[ -f "$target/versions" && "$(<"$target/versions")" == "bun $bun deno $deno" ]]
}

finish() { (cd "$target" && pwd); exit 0; }

if complete; then finish; fi

[[ "$(uname -sm)" == "Linux x86_64" ]] || die "this is made for Linux on x64; elsewhere, install them by other means"

mkdir -p "$(dirname "$target")"
exec 9>"$target.lock"
flock --nonblock 9 || { say "waiting for another run to end"; flock 9; }
if complete; then finish; fi

# What a killed run has left goes too.
work="$target.new"
rm -rf "$work" "$target"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin"

say "installing Bun $bun and Deno $deno (some 100 MB)"
# Without install scripts: Deno's would only copy the binary that its package for this platform already holds.
npm install --prefix "$work" --no-save --no-audit --no-fund --no-package-lock --ignore-scripts \
  "@oven/bun-linux-x64@$bun" "@deno/linux-x64-glibc@$deno" >&2

ln "$work/node_modules/@oven/bun-linux-x64/bin/bun" "$work/bin/bun"
ln "$work/node_modules/@deno/linux-x64-glibc/deno" "$work/bin/deno"
rm -r "$work/node_modules"
chmod +x "$work"/bin/*

[[ "$("$work/bin/bun" --version)" == "$bun" ]] || die "the new bun does not run"
[[ "$("$work/bin/deno" --version)" == "deno $deno "* ]] || die "the new deno does not run"

printf 'bun %s deno %s\n' "$bun" "$deno" >"$work/versions"
mv "$work" "$target"
say "done: $target"
finish
