#!/usr/bin/env bash
#
# Installs what a local Kubernetes control plane needs, from Debian's own packages:
#
#   export KUBEBUILDER_ASSETS="$(bash test/cluster/install-control-plane.sh [folder])"
#
# The folder (default: ${XDG_CACHE_HOME:-~/.cache}/kubernetes-lease/control-plane) then holds `etcd`, `kube-apiserver`
# and `kubectl`, and is the only thing printed on stdout. A second run returns at once.
#
# etcd and kubectl are unpacked from their packages rather than installed: Debian's etcd starts a service, and a kubectl
# of the machine's own stays the one in use. Debian has no package of kube-apiserver, only its source: that is built,
# which takes some minutes. The tools to build it are installed, with sudo when not root.
#
# Made for Debian 12 (Kubernetes 1.20.2). Elsewhere, or for another version, use `setup-envtest`.
set -euo pipefail

target="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/kubernetes-lease/control-plane}"
binaries=(etcd kube-apiserver kubectl)

say() { printf 'install-control-plane: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

complete() {
  local binary
  for binary in "${binaries[@]}"; do
    [[ -x "$target/$binary" ]] || return 1
  done
}

finish() { (cd "$target" && pwd); exit 0; }

if complete; then finish; fi

command -v apt-get >/dev/null || die "this needs Debian's apt-get; elsewhere, run: setup-envtest use -p path"

mkdir -p "$(dirname "$target")"
exec 9>"$target.lock"
flock --nonblock 9 || { say "waiting for another run to end"; flock 9; }
if complete; then finish; fi

# What a killed run has left goes too.
work="$(cd "$(dirname "$target")" && pwd)/$(basename "$target").build"
cleanup() {
  local status=$?
  rm -rf "$work"
  ((status == 0)) || say "failed. This is made for Debian 12; elsewhere, run: setup-envtest use -p path"
}
rm -rf "$work"
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# The machine's own package sources with the source index switched on, and lists of their own beside them, so that the
# machine's apt configuration stays as it is.
mkdir -p "$work"/apt/{sources.list.d,lists/partial,cache/archives/partial} "$work"/{packages,unpacked,source,bin}
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
  [[ -f "$file" ]] || continue
  copy="$work/apt/sources.list.d/$(basename "$file")"
  case "$file" in
    *.list) sed -E 's/^[[:space:]]*deb[[:space:]].*/&\n&/; s/\n[[:space:]]*deb/\ndeb-src/' "$file" >"$copy" ;;
    *.sources) sed -E 's/^Types:.*/Types: deb deb-src/I' "$file" >"$copy" ;;
  esac
done

apt_options=(
  -o Dir::Etc::sourcelist=/dev/null
  -o "Dir::Etc::sourceparts=$work/apt/sources.list.d"
  -o "Dir::State::lists=$work/apt/lists"
  -o "Dir::Cache=$work/apt/cache"
  -o APT::Sandbox::User=root
  -q
)

say "reading the package lists"
apt-get "${apt_options[@]}" update >&2

say "installing the build tools"
as_root env DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" install --yes --no-install-recommends \
  golang-go make rsync >&2

say "fetching etcd, kubectl and the source of Kubernetes"
(
  cd "$work/packages"
  apt-get "${apt_options[@]}" download etcd-server kubernetes-client golang-github-modern-go-reflect2-dev >&2
  for package in *.deb; do dpkg-deb --extract "$package" "$work/unpacked"; done
  apt-get "${apt_options[@]}" source --download-only kubernetes >&2
  tar --extract --file kubernetes_*.orig.tar.* --directory "$work/source" --strip-components=1
)

# The reflect2 that Kubernetes 1.20 vendors panics under Go 1.18 and later; Debian's does not.
vendored="$work/source/vendor/github.com/modern-go/reflect2"
rm -f "$vendored"/*.go "$vendored"/*.s
cp "$work"/unpacked/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$vendored"

say "building kube-apiserver (2 to 8 minutes on two cores)"
env --chdir="$work/source" --unset=GOFLAGS --unset=GOROOT --unset=GOPATH PATH="/usr/bin:$PATH" \
  GOCACHE="$work/gocache" CGO_ENABLED=0 make WHAT=cmd/kube-apiserver >&2

cp "$work/unpacked/usr/bin/etcd" "$work/unpacked/usr/bin/kubectl" "$work/bin"
cp --dereference "$work/source/_output/bin/kube-apiserver" "$work/bin"
for binary in "${binaries[@]}"; do
  "$work/bin/$binary" --help >/dev/null 2>&1 || die "the new $binary does not run"
done

mkdir -p "$target"
for binary in "${binaries[@]}"; do mv "$work/bin/$binary" "$target"; done
say "done: $target"
finish
