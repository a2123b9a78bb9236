#!/usr/bin/env bash
# Builds the Kubernetes that tests run against, from Go modules: nothing is installed on the machine but, for a node, the
# few Debian packages that it needs. Run it as often as you like: what is there stays, and two runs at once build once.
#
#   tests/cluster/install.sh [--find] SET…     SET: control-plane, chart, node
#
# control-plane  etcd, kube-apiserver, kube-controller-manager, kubectl
# chart          helm, kubeconform, kube-score
# node           kube-scheduler, kubelet, kube-proxy, containerd, its shim, ctr, runc, coredns and the CNI plugins
#
# It prints the folder of each set, one in a line; what it does meanwhile goes to standard error. With `--find` nothing is
# built: the exit status says whether all of it is there.
#
# A folder lies under ${TROUPE_CLUSTER:-$HOME/.cache/troupe/cluster} and is named after the content of what builds it (the
# recipes below, go.mod, go.sum), so any clone finds it again, and a change of a version builds another one beside it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${TROUPE_CLUSTER:-$HOME/.cache/troupe/cluster}

say() {
    echo "cluster: $*" >&2
}

# The version that kube-apiserver reports, taken from where it is pinned.
kubernetes_version() {
    awk '$1 == "k8s.io/kubernetes" { print $2 }' "$here/modules/kubernetes/go.mod"
}

# The folders of modules/ that a set is built from.
modules_of() {
    case $1 in
    control-plane) echo kubernetes etcd ;;
    chart) echo helm kubeconform kube-score ;;
    node) echo kubernetes containerd runc coredns cni ;;
    *) say "there is no set $1" && return 1 ;;
    esac
}

# build MODULE TARGET [FLAG…] PACKAGE…: programs without cgo, symbols or paths of this machine.
build() {
    local module=$1 target=$2
    shift 2
    say "building $module: ${*: -1}"
    (cd "$here/modules/$module" && GOWORK=off CGO_ENABLED=${CGO_ENABLED:-0} \
        nice -n 10 go build -mod=readonly -buildvcs=false -trimpath -o "$target" "$@")
}

kubernetes() {
    local folder=$1 package=k8s.io/component-base/version version
    shift
    version=$(kubernetes_version)
    local minor=${version#v*.}
    local flags="-s -w -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
    build kubernetes "$folder/" -ldflags "$flags" "${@/#/k8s.io/kubernetes/cmd/}"
}

build_control_plane() {
    kubernetes "$1" kube-apiserver kube-controller-manager kubectl
    build etcd "$1/etcd" -ldflags '-s -w' go.etcd.io/etcd/server/v3
}

build_chart() {
    build helm "$1/" -ldflags '-s -w' helm.sh/helm/v4/cmd/helm
    build kubeconform "$1/" -ldflags '-s -w' github.com/yannh/kubeconform/cmd/kubeconform
    build kube-score "$1/" -ldflags '-s -w' github.com/zegl/kube-score/cmd/kube-score
}

build_node() {
    local containerd=github.com/containerd/containerd/v2 cni=github.com/containernetworking/plugins/plugins
    kubernetes "$1" kube-scheduler kubelet kube-proxy
    build containerd "$1/" -ldflags '-s -w' "$containerd"/cmd/{containerd,containerd-shim-runc-v2,ctr}
    # runc enters namespaces in C, before Go's threads start.
    CGO_ENABLED=1 build runc "$1/runc" -tags seccomp -ldflags '-s -w' github.com/opencontainers/runc
    build coredns "$1/" -ldflags '-s -w' github.com/coredns/coredns
    mkdir "$1/cni"
    build cni "$1/cni/" -ldflags '-s -w' "$cni"/{main/bridge,main/loopback,ipam/host-local,meta/portmap}
    # What holds a pod's namespaces: it waits for ever, and is the image `pause` (see the image writer).
    cc -Os -static -s -o "$1/pause" "$here/node/pause.c"
}

# Debian's packages that a node needs to run (the first four) and runc to be built.
packages() {
    local missing=() package
    for package in nftables conntrack iproute2 kmod libseccomp-dev pkg-config gcc libc6-dev; do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing Debian's ${missing[*]}"
    apt-get update --quiet=2 >&2 || true
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >&2
}

# The name of a set's folder changes with whatever changes its content.
folder_of() {
    local module files=()
    [ "$1" != node ] || files+=("$here/node/pause.c")
    for module in $(modules_of "$1"); do
        files+=("$here/modules/$module/go.mod" "$here/modules/$module/go.sum")
    done
    echo "$cache/$1-$({ declare -f build kubernetes "build_${1//-/_}" && cat "${files[@]}"; } | sha256sum | cut -c 1-16)"
}

# Built beside its place and moved there when it is whole, so what has the name is never half there.
install() {
    local set=$1 folder
    folder=$(folder_of "$set")
    if [ ! -d "$folder" ]; then
        command -v go >/dev/null || { say "$set cannot be built without Go 1.26"; return 1; }
        [ "$set" != node ] || packages
        rm -rf "$folder.partial"
        mkdir "$folder.partial"
        "build_${set//-/_}" "$folder.partial"
        mv "$folder.partial" "$folder"
        say "$set is in $folder, built in $SECONDS s"
    fi
    echo "$folder"
}

# The folders of sets that are all there, without waiting for whoever builds another.
find() {
    local set folder folders=()
    for set in "$@"; do
        folder=$(folder_of "$set")
        [ -d "$folder" ] || { echo "$set"; return 1; }
        folders+=("$folder")
    done
    printf '%s\n' "${folders[@]}"
}

find_only=false
[ "${1:-}" != --find ] || { find_only=true; shift; }
[ $# -gt 0 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

found=$(find "$@") && { echo "$found"; exit; }
$find_only && { say "$found is not built: tests/cluster/install.sh $found"; exit 1; }

mkdir -p "$cache"
exec 9>"$cache/.lock"
if command -v flock >/dev/null; then flock 9; fi
for set in "$@"; do
    install "$set"
done
