#!/usr/bin/env bash
# Clears away what one test node left, and nothing else: its containers, mounts, cgroups, network and folder. It waits until
# its input ends, which the kernel sees to when the node's owner is killed.
#
#   tests/cluster/node/clean.sh FOLDER NETWORK LINK
set -uo pipefail
folder=$1 network=$2 link=$3
[[ $folder == */troupe-cluster-* ]] || { echo "clean: $folder is not a test cluster's folder" >&2; exit 2; }
cat >/dev/null

# Shims of our containerd outlive it. The first process of each container is a child of one: with it ends the container.
shims() {
    local file words
    for file in /proc/[0-9]*/cmdline; do
        mapfile -d '' -t words 2>/dev/null <"$file" || continue
        case "${words[0]:-}/${words[*]}" in
        *containerd-shim-runc-v2*" $folder/"*) file=${file%/cmdline} && echo "${file#/proc/}" ;;
        esac
    done
}

children() {
    cat "/proc/$1/task/"*/children 2>/dev/null
}

# What else was started for this node, such as a program that was being started: its home is our folder, as nobody else's is.
daemons() {
    local file
    for file in /proc/[0-9]*/environ; do
        file=${file%/environ}
        grep --quiet --null-data --line-regexp --fixed-strings "HOME=$folder" "$file/environ" 2>/dev/null &&
            [[ $(cat "$file/comm" 2>/dev/null) != containerd-shim* ]] && echo "${file#/proc/}"
    done
}

end() {
    [ $# -eq 0 ] || kill -KILL "$@" 2>/dev/null
}

unmount() {
    awk -v prefix="$folder/" 'index($5, prefix) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r mount; do
        umount --lazy "$mount" 2>/dev/null
    done
}

tasks=$folder/containerd/state/io.containerd.runtime.v2.task/k8s.io
ids=$(ls "$tasks" 2>/dev/null)
sockets=$(cat "$tasks"/*/bootstrap.json "$tasks"/*/address 2>/dev/null | grep --only-matching '/run/containerd/s/[0-9a-f]*')

for _ in 1 2 3 4 5 6 7 8 9 10; do
    # Containers before their shims, whose children they are; shims before what else would start new ones.
    for shim in $(shims); do
        end $(children "$shim") "$shim"
    done
    end $(daemons)
    unmount
    for id in $ids; do
        rmdir /sys/fs/cgroup/k8s.io/"$id" /sys/fs/cgroup/*/k8s.io/"$id" 2>/dev/null
        rm -f /var/lib/cni/results/*-"$id"-*
    done
    # Beside the root folder that it is given, the kubelet links logs here, and nowhere else.
    [ ! -d /var/log/containers ] || find /var/log/containers -lname "$folder/*" -delete
    rm -f $sockets
    rm -rf --one-file-system -- "$folder" 2>/dev/null
    [ -e "$folder" ] || [ -n "$(shims)" ] || break
    sleep 0.2
done
ip link delete "$link" 2>/dev/null
ip netns delete "$network" 2>/dev/null
[ ! -e "$folder" ]
