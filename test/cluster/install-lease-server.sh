#!/usr/bin/env bash
#
# Builds a server of Leases from the library of the current Kubernetes (1.36 and later), all of it from Debian sid:
#
#   export LEASE_SERVER="$(bash test/cluster/install-lease-server.sh [folder])"
#
# The folder (default: ${XDG_CACHE_HOME:-~/.cache}/kubernetes-lease/lease-server) then holds `etcd` and `lease-server`,
# and is the only thing printed on stdout. A second run returns at once, unless the sources have changed.
#
# Nothing is installed and nothing of the machine is changed: the packages are only unpacked, the Go compiler among
# them. On an amd64 Debian 12 they run as they are. It needs 4 GB of disk while it works, and 10 minutes of CPU.
#
# sid changes every day. Exit code 75: its packages cannot be had, or do not fit each other today, which says nothing
# about the sources here.
set -euo pipefail

target="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/kubernetes-lease/lease-server}"
sources="$(cd "$(dirname "${BASH_SOURCE[0]}")/lease-server" && pwd)"
binaries=(etcd lease-server)

say() { printf 'install-lease-server: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
not_today() { say "$@"; exit 75; }

fingerprint="$(cat "$sources"/*.go | sha256sum)"

complete() {
  local binary
  for binary in "${binaries[@]}"; do
    [[ -x "$target/$binary" ]] || return 1
  done
  [[ "$(cat "$target/sources.sha256" 2>/dev/null)" == "$fingerprint" ]]
}

finish() { (cd "$target" && pwd); exit 0; }

if complete; then finish; fi

command -v apt-get >/dev/null || die "this needs Debian's apt-get"

mkdir -p "$(dirname "$target")"
exec 9>"$target.lock"
flock --nonblock 9 || { say "waiting for another run to end"; flock 9; }
if complete; then finish; fi

# What a killed run has left goes too.
work="$(cd "$(dirname "$target")" && pwd)/$(basename "$target").build"
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
rm -rf "$work"
mkdir -p "$work"/{lists/partial,cache/archives/partial,packages,root}

# sid from where the machine has its own Debian from, and no package counts as installed.
mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep --max-count=1 '/debian/\?$')" ||
  die "apt knows no Debian archive"
echo "deb $mirror sid main" >"$work/sources.list"
: >"$work/status"
apt_options=(
  -o "Dir::Etc::sourcelist=$work/sources.list"
  -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists"
  -o "Dir::State::status=$work/status"
  -o "Dir::Cache=$work/cache"
  -o APT::Sandbox::User=root
  -o APT::Install-Recommends=false
  -o Acquire::Languages=none
  -o Acquire::Retries=3
  -o APT::Update::Error-Mode=any
  -q
)

say "reading the package lists of sid"
apt-get "${apt_options[@]}" update >&2 || not_today "no package lists"

# Packages depend on whatever any part of them imports. The large ones are SDKs that these parts do not import.
largest=4000000
packages="$(
  apt-get "${apt_options[@]}" install --yes --print-uris golang-k8s-apiserver-dev golang-go etcd-server |
    awk -v largest="$largest" '
      /^\x27/ { name = $2; sub(/_.*/, "", name) }
      /^\x27/ && (name ~ /^(etcd-server|golang-[0-9.]+-(go|src))$/ || (name ~ /^golang-.*-dev$/ && $3 < largest)) { print name }'
)" || not_today "the packages do not fit each other"

say "fetching $(wc -w <<<"$packages") packages"
(cd "$work/packages" && xargs apt-get "${apt_options[@]}" download <<<"$packages" >&2) || not_today "no packages"
for package in "$work"/packages/*.deb; do
  dpkg-deb --fsys-tarfile "$package" |
    tar --extract --directory "$work/root" --exclude './usr/share/doc' --exclude './lib' --exclude './etc'
done
version="$(dpkg-deb --field "$work"/packages/golang-k8s-apiserver-dev_*.deb Version)"
# The library counts from 0 where Kubernetes counts from 1.
version="v1${version#0}"
version="${version%%-*}"
say "Kubernetes $version"

compiler=("$work"/root/usr/lib/go-*)
go() {
  env --chdir="$sources" --unset=GOFLAGS GOROOT="${compiler[0]}" GOTOOLCHAIN=local GO111MODULE=off CGO_ENABLED=0 \
    GOPATH="$work/root/usr/share/gocode" GOCACHE="$work/gocache" "${compiler[0]}/bin/go" "$@"
}

say "building the library (4 to 8 minutes on two cores)"
mapfile -t imports < <(go list -f '{{join .Imports "\n"}}')
((${#imports[@]} > 0)) || die "the sources cannot be read"
go build "${imports[@]}" >&2 || not_today "the library does not build"

say "building the server"
go build -o "$work/lease-server" \
  -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" >&2

mv "$work/root/usr/bin/etcd" "$work"
for binary in "${binaries[@]}"; do
  "$work/$binary" --help >/dev/null 2>&1 || die "the new $binary does not run"
done

mkdir -p "$target"
for binary in "${binaries[@]}"; do mv "$work/$binary" "$target"; done
printf '%s\n' "$fingerprint" >"$target/sources.sha256"
say "done: $target"
finish
