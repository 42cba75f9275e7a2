# A Docker engine for one run of the tests: how is nothing of it left, however the run ends? Sourced by tests/containers.sh.
#
# An engine that ends in the middle of a build leaves the build's command running, in a network namespace that stays mounted and tied to
# the bridge. The next engine gives out the same addresses, and the MAC addresses that it makes of them: a container then has a twin, the
# bridge may take the twin's port for the container's, and nothing from outside reaches the container. So every engine has a bridge
# of its own, and an address range that no other interface has; what is left is ended with it.

engine='' bridge='' engine_folder=

# Starts one that keeps everything in this folder, and sets DOCKER_HOST.
start_engine() {
    engine_folder=$1 bridge=tilebrot$$
    mkdir -p "$engine_folder"
    ip link add name "$bridge" type bridge
    # Kept, whatever joins and leaves: left alone, a bridge's own address is the lowest of its ports'.
    ip link set dev "$bridge" address "$(cat "/sys/class/net/$bridge/address")"
    export DOCKER_HOST=unix://$engine_folder/engine.sock
    # In a session of its own: Ctrl-C is for the tests, which still need it to clean up.
    setsid dockerd --bridge "$bridge" --data-root "$engine_folder/data" --exec-root "$engine_folder/exec" \
        --pidfile "$engine_folder/engine.pid" --host "$DOCKER_HOST" >"$engine_folder/engine.log" 2>&1 &
    engine=$!
    for _ in $(seq 300); do
        docker info >/dev/null 2>&1 && return
        kill -0 "$engine" 2>/dev/null || { tail -20 "$engine_folder/engine.log" >&2; fail "the container engine does not start"; }
        sleep 0.1
    done
    tail -20 "$engine_folder/engine.log" >&2
    fail "the container engine does not answer"
}

# Ends it, and everything that it started, made or mounted.
end_engine() {
    if [[ $engine ]]; then
        # Of tests that broke off: an engine that is told to end forgets their networks, but leaves the bridges.
        timeout 60 docker ps --all --quiet | timeout 60 xargs --no-run-if-empty docker rm --force --volumes >/dev/null || true
        timeout 60 docker network prune --force >/dev/null || true
        kill -TERM "$engine" 2>/dev/null || true
        wait "$engine" || true
        engine=
    fi
    end_processes
    # The last one first: it may be inside another one.
    awk -v inside="$engine_folder/" 'index($2, inside) == 1 { print $2 }' /proc/self/mounts | tac | xargs --no-run-if-empty umount || true
    local port
    for port in "/sys/class/net/$bridge/brif"/*; do
        [[ ! -e $port ]] || ip link delete "${port##*/}" || true
    done
    [[ ! -e /sys/class/net/$bridge ]] || ip link delete "$bridge" || true
    forget_rules
}

# Kills what is in a network namespace that the engine made; its mount says which those are.
end_processes() {
    local namespace process
    for namespace in "$engine_folder"/exec/netns/*; do
        # That of a container with the machine's own network is the machine's.
        [[ $namespace -ef /proc/self/ns/net ]] && continue
        for process in /proc/[0-9]*; do
            if [[ $process/ns/net -ef $namespace ]]; then kill -KILL "${process#/proc/}" 2>/dev/null || true; fi
        done
    done
}

# Takes back the packet filter's rules for the bridge.
forget_rules() {
    local table rule
    for table in filter nat; do
        while read -ra rule; do
            iptables --wait --table "$table" --delete "${rule[@]:1}" || true
        done < <(iptables --wait --table "$table" --list-rules | grep -w -- "$bridge" || true)
    done
}
