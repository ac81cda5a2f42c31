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
# which takes some minutes and 4 GB of disk, given back at the end. The build tools are installed, with sudo when not root.
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

work="$(mktemp -d "$target.XXXXXX")"
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# The machine's own package sources with the source index switched on, and lists of their own beside them, so that the
# machine's apt configuration stays as it is.
mkdir -p "$work"/apt/{sources.list.d,lists/partial,cache/archives/partial} "$work"/{packages,unpacked,source,bin}
copy_sources() {
  local file
  if [[ -f /etc/apt/sources.list ]]; then
    sed -E 's/^[[:space:]]*deb[[:space:]].*/&\n&/; s/\n[[:space:]]*deb/\ndeb-src/' /etc/apt/sources.list \
      >"$work/apt/sources.list"
  else
    : >"$work/apt/sources.list"
  fi
  for file in /etc/apt/sources.list.d/*.list; do
    [[ -f "$file" ]] || continue
    sed -E 's/^[[:space:]]*deb[[:space:]].*/&\n&/; s/\n[[:space:]]*deb/\ndeb-src/' "$file" \
      >"$work/apt/sources.list.d/$(basename "$file")"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -f "$file" ]] || continue
    sed -E 's/^Types:.*/Types: deb deb-src/I' "$file" >"$work/apt/sources.list.d/$(basename "$file")"
  done
}
copy_sources

apt_options=(
  -o "Dir::Etc::sourcelist=$work/apt/sources.list"
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
  golang-go jq make rsync xz-utils >&2

say "fetching etcd, kubectl and the source of Kubernetes"
(
  cd "$work/packages"
  apt-get "${apt_options[@]}" download etcd-server kubernetes-client golang-github-modern-go-reflect2-dev >&2
  for package in *.deb; do dpkg-deb --extract "$package" "$work/unpacked"; done
  apt-get "${apt_options[@]}" source --download-only kubernetes >&2
  tar --extract --file kubernetes_*.orig.tar.* --directory "$work/source" --strip-components=1
)
version="$(basename "$work"/packages/kubernetes_*.dsc .dsc)"
version="${version#kubernetes_}"
version="${version%%[-+]*}"

# The reflect2 that Kubernetes 1.20 vendors panics under Go 1.18 and later; Debian's does not.
vendored="$work/source/vendor/github.com/modern-go/reflect2"
rm -f "$vendored"/*.go "$vendored"/*.s
cp "$work"/unpacked/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$vendored"

say "building kube-apiserver $version (2 to 8 minutes on two cores)"
IFS=. read -r major minor _ <<<"$version"
env --chdir="$work/source" --unset=GOFLAGS --unset=GOROOT --unset=GOPATH PATH="/usr/bin:$PATH" \
  GOCACHE="$work/gocache" CGO_ENABLED=0 \
  KUBE_GIT_VERSION="v$version" KUBE_GIT_MAJOR="$major" KUBE_GIT_MINOR="$minor" \
  KUBE_GIT_COMMIT="$(basename "$work"/packages/kubernetes_*.dsc .dsc)" KUBE_GIT_TREE_STATE=archive \
  make WHAT=cmd/kube-apiserver >&2

cp "$work/unpacked/usr/bin/etcd" "$work/unpacked/usr/bin/kubectl" "$work/bin"
cp --dereference "$work/source/_output/bin/kube-apiserver" "$work/bin"
for binary in "${binaries[@]}"; do
  "$work/bin/$binary" --help >/dev/null 2>&1 || die "the new $binary does not run"
done

rm -rf "$target"
mv --no-target-directory "$work/bin" "$target"
say "done: $target"
finish
