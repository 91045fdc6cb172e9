#!/usr/bin/env bash
# Record the sample captures of this folder from real programs in network namespaces.
#
#   sudo ./record.sh [NAME...]      one or more of the functions under "Captures"; without a name, all of them
#
# Needs root, a kernel with veth, bridge, VXLAN and TUN, and the Debian packages: iproute2 procps tcpdump tshark nmap
# dnsmasq nginx-light openssh-server curl dnsutils iputils-ping socat openssl python3. Takes about two minutes.
#
# Eight hosts hang on one bridge; hosts and bridge live in namespaces called bgs-*, with no interface that leads out
# of them. 10.20.0.0/24 and fd20::/64, and in the tunnels 10.21 to 10.24 and fd25::/64, exist only there.
# Every program is bounded in count or time; namespaces, processes and temporary files are gone when this ends.
# Addresses, link-layer addresses and the order of work are fixed; timestamps, ports and keys differ each time.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
namespaces=()
servers=()
recorder=

captures=(office dns_ipv6 portscan beacon any cooked_v1 fragments vlan_tunnels)

# Last number of each address: 10.20.0.N, fd20::N and 02:20:00:00:00:N.
declare -A hosts=([gw]=1 [www]=10 [files]=11 [pc1]=21 [pc2]=22 [pc3]=23 [pc4]=24 [guest]=66)

cleanup() {
    local namespace pids
    # A second signal, as from `timeout` or an impatient Ctrl-C, must not cut this short.
    trap '' INT TERM
    for namespace in "${namespaces[@]}"; do
        mapfile -t pids < <(ip netns pids "$namespace")
        ((${#pids[@]} == 0)) || kill -TERM "${pids[@]}" 2>/dev/null || true
    done
    wait 2>/dev/null
    for namespace in "${namespaces[@]}"; do ip netns del "$namespace"; done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- The network ---

# on HOST COMMAND...: run it on a host that knows only its own name, /run and name servers.
on() {
    local host=$1
    shift
    ip netns exec "bgs-$host" unshare --uts bash -c '
        echo "$0" >/proc/sys/kernel/hostname
        mount -t tmpfs tmpfs /run && mkdir /run/sshd
        mount --bind "$RESOLV_CONF" /etc/resolv.conf
        exec "$@"' "$host" "$@"
}

add_namespace() {
    ip netns add "bgs-$1"
    namespaces+=("bgs-$1")
    ip -n "bgs-$1" link set lo up
}

# Checksums by the sender and frames no longer than the MTU, as on a wire: ETHTOOL_STXCSUM and ETHTOOL_SGSO of
# linux/ethtool.h set to 0, which also ends segmentation offload.
disable_offloads() {
    ip netns exec "bgs-$1" python3 - "$2" <<'PYTHON'
import array, fcntl, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    for command in (0x17, 0x24):
        value = array.array("I", [command, 0])
        fcntl.ioctl(control, 0x8946, struct.pack("16sP16x", sys.argv[1].encode(), value.buffer_info()[0]))
PYTHON
}

add_host() {
    local host=$1 number=${hosts[$1]}
    add_namespace "$host"
    ip link add name eth0 netns "bgs-$host" address "02:20:00:00:00:$number" \
        type veth peer name "to-$host" netns bgs-switch
    disable_offloads "$host" eth0
    disable_offloads switch "to-$host"
    ip -n bgs-switch link set "to-$host" master br0 up
    ip -n "bgs-$host" link set eth0 up
    ip -n "bgs-$host" address add "10.20.0.$number/24" dev eth0
    ip -n "bgs-$host" address add "fd20::$number/64" dev eth0 nodad
    ip -n "bgs-$host" route add default via 10.20.0.1
}

build_network() {
    local host
    add_namespace switch
    ip netns exec bgs-switch sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    ip -n bgs-switch link add name br0 address 02:20:00:00:00:ff type bridge mcast_snooping 0
    ip -n bgs-switch link set br0 up
    for host in "${!hosts[@]}"; do add_host "$host"; done
    printf 'nameserver 10.20.0.1\n' >"$work/resolv4"
    printf 'nameserver fd20::1\n' >"$work/resolv6"
    export RESOLV_CONF=$work/resolv4
}

# --- The servers ---

start_name_server() {
    on gw dnsmasq --keep-in-foreground --conf-file=/dev/null --no-hosts --no-resolv --user=root --pid-file= \
        --interface=eth0 --bind-interfaces --local=/example/ --domain=example \
        --host-record=gw.example,10.20.0.1,fd20::1 --host-record=www.example,10.20.0.10,fd20::10 \
        --host-record=files.example,10.20.0.11 --host-record=mail.example,10.20.0.11 \
        --mx-host=example,mail.example,10 --txt-record=example,"sample records" \
        --dhcp-range=10.20.0.100,10.20.0.120,1h --dhcp-leasefile="$work/leases" \
        2>"$work/dnsmasq.log" &
}

start_web_server() {
    local host=$1 root=$work/$1
    mkdir -p "$root/pages"
    printf 'The page of %s.\n%0600d\n' "$host" 0 >"$root/pages/index.html"
    printf '%012000d\n' 0 >"$root/pages/report.txt"
    cat >"$root/nginx.conf" <<NGINX
daemon off; master_process off; user root; pid $root/pid; error_log $root/error.log;
events {}
http {
    access_log off;
    client_body_temp_path $root/body; proxy_temp_path $root/proxy; fastcgi_temp_path $root/fastcgi;
    uwsgi_temp_path $root/uwsgi; scgi_temp_path $root/scgi;
    ssl_certificate $work/tls.crt; ssl_certificate_key $work/tls.key;
    server {
        listen 80; listen [::]:80; listen 8080; listen 443 ssl; listen [::]:443 ssl;
        root $root/pages;
    }
}
NGINX
    on "$host" nginx -p "$root" -c "$root/nginx.conf" 2>"$root/start.log" &
}

start_shell_server() {
    ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/host_key"
    ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/user_key"
    cat >"$work/sshd_config" <<SSHD
HostKey $work/host_key
AuthorizedKeysFile $work/user_key.pub
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
SSHD
    on files "$(command -v sshd)" -D -f "$work/sshd_config" -E "$work/sshd.log" &
}

await() {
    local tries
    for tries in {1..100}; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "record.sh: no success within 10 s: $*" >&2
    return 1
}

start_servers() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=www.example \
        -addext subjectAltName=DNS:www.example,DNS:files.example \
        -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/openssl.log"
    export CURL_CA_BUNDLE=$work/tls.crt
    start_name_server
    start_web_server www
    start_web_server files
    start_shell_server
    await on pc1 curl -s --max-time 1 http://www.example/
    await on pc1 curl -s --max-time 1 http://files.example/
    await on pc1 bash -c ': </dev/tcp/10.20.0.11/22'
}

# --- The clients: exported, for they run in shells of the hosts ---

fetch() { curl -s --max-time 5 -o /dev/null "$@" || true; }

shell_login() {
    timeout 10 ssh -F none -i "$work/user_key" -o BatchMode=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@files.example true
}

# browse SEED VISITS: pages in an order and with pauses drawn from the seed.
browse() {
    local visits=$2 n page
    local pages=(http://www.example/ http://files.example/ https://www.example/ https://files.example/
        http://files.example/report.txt http://www.example/missing)
    RANDOM=$1
    for ((n = 0; n < visits; n++)); do
        page=${pages[RANDOM % ${#pages[@]}]}
        fetch "$page"
        sleep "$((RANDOM % 3)).$((RANDOM % 10))"
    done
}

# contact_every_second CONTACTS: one short request a second, counted from the start so that the moments do not drift.
contact_every_second() {
    local start n
    start=$(date +%s%N)
    for ((n = 0; n < $1; n++)); do
        ((n == 0)) || sleep "$(((start + n * 1000000000 - $(date +%s%N)) / 1000000))e-3"
        fetch http://10.20.0.11:8080/
    done
}

export work
export -f fetch shell_login browse contact_every_second

# --- Recording ---

forget_neighbours() {
    local host
    for host in "${!hosts[@]}"; do ip -n "bgs-$host" neighbour flush all; done
}

# record HOST FILE OPTION...: start tcpdump there and wait until its file is open.
record() {
    local host=$1 file=$2
    shift 2
    ip netns exec "bgs-$host" tcpdump -q -n -U -Z root -w "$work/$file" "$@" 2>"$work/$file.log" &
    recorder=$!
    await test -s "$work/$file"
    forget_neighbours
}

# All jobs but the servers and the recorder.
wait_for_clients() {
    local job
    for job in $(jobs -pr); do
        [[ " ${servers[*]} $recorder " == *" $job "* ]] || wait "$job"
    done
}

# stop FILE: end the recording cleanly, and tell if it lacks packets.
stop() {
    sleep 1
    kill -TERM "$recorder"
    wait "$recorder"
    grep -E '^[1-9][0-9]* packets dropped' "$work/$1.log" >&2 || true
}

# publish FILE: put it in its place.
publish() {
    install -m 644 "$work/$1" "$here/$1"
    capinfos -T -r -c "$work/$1" | sed "s|.*/||"
}

# finish FILE: both.
finish() {
    stop "$1"
    publish "$1"
}

# --- Captures ---

office() {
    record switch office.pcap -i br0 -s 65535
    on guest timeout 15 nmap -e eth0 --script broadcast-dhcp-discover --script-args broadcast-dhcp-discover.timeout=2 \
        >"$work/dhcp.log" 2>&1
    on pc1 bash -c 'dig +short www.example A; dig +short www.example AAAA; dig example MX; dig nothing.example;
        dig -x 10.20.0.10; fetch http://www.example/; fetch https://www.example/; browse 1 5' >"$work/pc1.log" &
    on pc2 bash -c 'ping -4 -c 4 -i 0.5 www.example; ping -6 -c 3 -i 0.5 fd20::1; browse 2 5' >"$work/pc2.log" &
    on pc3 bash -c 'shell_login; dig example TXT; fetch http://files.example/report.txt; browse 3 4
        shell_login' >"$work/pc3.log" &
    on pc4 bash -c 'fetch http://10.20.0.1:8000/; ping -c 2 -W 1 10.20.0.99 || true
        dig +time=1 +tries=1 -p 5353 @224.0.0.251 printer.local || true; dig +tcp www.example; browse 4 4
        dig +time=1 +tries=1 @10.20.0.10 www.example || true' >"$work/pc4.log" &
    wait_for_clients
    finish office.pcap
}

dns_ipv6() {
    local file=dns-ipv6.pcapng
    export RESOLV_CONF=$work/resolv6
    ip netns exec bgs-switch dumpcap -q -w "$work/$file" --capture-comment "IPv6 only, two ports of a switch" \
        -i to-pc1 -s 65535 -f ip6 -i to-pc2 -s 256 -f ip6 2>"$work/$file.log" &
    recorder=$!
    await test -s "$work/$file"
    forget_neighbours
    on pc1 bash -c 'ping -6 -c 3 -i 0.3 www.example; dig www.example AAAA; dig example MX; dig +short -x fd20::10
        fetch -6 http://www.example/; fetch -6 https://www.example/' >"$work/pc1.log" &
    on pc2 bash -c 'dig gw.example AAAA; dig nothing.example AAAA; ping -6 -c 3 -i 0.3 gw.example
        fetch -6 http://www.example/report.txt; ping -6 -c 2 -W 1 fd20::99 || true' >"$work/pc2.log" &
    wait_for_clients
    export RESOLV_CONF=$work/resolv4
    stop "$file"
    python3 "$here/drop_machine.py" "$work/$file"
    publish "$file"
}

portscan() {
    record switch portscan.pcap -i br0 -s 256 --time-stamp-precision=nano
    on pc1 bash -c 'browse 5 8' &
    on guest bash -c '
        timeout 60 nmap -n -sn -PE --send-ip --max-retries 0 10.20.0.1-30
        timeout 60 nmap -n -Pn -sS -p 1-200 --max-retries 1 --max-rate 150 10.20.0.10 10.20.0.11' >"$work/nmap.log" &
    wait_for_clients
    finish portscan.pcap
}

beacon() {
    record switch beacon.pcap -i br0 -s 128
    on pc3 bash -c 'contact_every_second 36' &
    on pc1 bash -c 'browse 6 20' &
    on pc2 bash -c 'browse 7 20' &
    on pc4 bash -c 'browse 8 20' &
    wait_for_clients
    finish beacon.pcap
}

any() {
    record pc1 any.pcap -i any -s 65535
    on pc1 bash -c 'ping -4 -c 3 -i 0.3 www.example; ping -c 2 -i 0.3 127.0.0.1; ping -6 -c 2 -i 0.3 gw.example
        dig files.example; dig -x 10.20.0.11; fetch http://files.example/' >"$work/any.log"
    finish any.pcap
}

cooked_v1() {
    record pc1 cooked-v1.pcap -i any -y LINUX_SLL -s 65535
    on pc1 bash -c 'ping -c 3 -i 0.3 files.example; ping -6 -c 2 -i 0.3 www.example; dig example MX' >"$work/any.log"
    finish cooked-v1.pcap
}

fragments() {
    record switch fragments.pcap -i br0 -s 65535
    on pc1 bash -c 'ping -c 3 -i 0.3 -s 4000 10.20.0.10; ping -6 -c 3 -i 0.3 -s 4000 fd20::10
        printf %05000d 0 | socat -b 6000 - UDP4-SENDTO:10.20.0.10:9999
        printf %05000d 0 | socat -b 6000 - UDP6-SENDTO:[fd20::10]:9999' >"$work/fragments.log"
    finish fragments.pcap
}

# The two ends of each tunnel are pc1 and www. socat carries packets between a TUN device and a raw socket of the
# tunnel's IP protocol; the four octets that TUN puts before a packet (flags 0, EtherType) are a GRE header of
# RFC 2784 with no optional field.
start_tunnels() {
    local host remote
    for host in pc1 www; do
        [[ $host == pc1 ]] && remote=10.20.0.10 || remote=10.20.0.21
        ip netns exec "bgs-$host" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
        ip -n "bgs-$host" tuntap add name vlan20 mode tap
        ip -n "bgs-$host" link set vlan20 address "02:20:00:00:20:${hosts[$host]}"
        ip -n "bgs-$host" link add name vxlan0 address "02:20:00:00:22:${hosts[$host]}" \
            type vxlan id 22 local "10.20.0.${hosts[$host]}" remote "$remote" dstport 4789
        ip -n "bgs-$host" tuntap add name gre1 mode tun pi
        ip -n "bgs-$host" tuntap add name ipip1 mode tun
        ip netns exec "bgs-$host" sysctl -qw net.ipv6.conf.default.disable_ipv6=0
        ip -n "bgs-$host" tuntap add name sit1 mode tun
        address_tunnels "$host"
        on "$host" python3 "$here/vlan.py" eth0 vlan20 20 &
        on "$host" socat TUN,tun-name=gre1,iff-up IP4-DATAGRAM:"$remote":47 &
        on "$host" socat TUN,tun-name=ipip1,iff-no-pi,iff-up IP4-DATAGRAM:"$remote":4 &
        on "$host" socat TUN,tun-name=sit1,iff-no-pi,iff-up IP4-DATAGRAM:"$remote":41 &
    done
    mapfile -t servers < <(jobs -pr)
}

address_tunnels() {
    local n=${hosts[$1]} device
    ip -n "bgs-$1" address add "10.21.0.$n/24" dev vlan20
    ip -n "bgs-$1" address add "10.22.0.$n/24" dev vxlan0
    ip -n "bgs-$1" address add "10.23.0.$n/24" dev gre1
    ip -n "bgs-$1" address add "10.24.0.$n/24" dev ipip1
    ip -n "bgs-$1" address add "fd25::$n/64" dev sit1 nodad
    for device in vlan20 vxlan0; do ip -n "bgs-$1" link set "$device" mtu 1400 up; done
    for device in gre1 ipip1 sit1; do ip -n "bgs-$1" link set "$device" mtu 1400 addrgenmode none up; done
}

vlan_tunnels() {
    start_tunnels
    sleep 1
    record switch vlan-tunnels.pcap -i br0 -s 65535
    on pc1 bash -c 'for server in 10.21.0.10 10.22.0.10 10.23.0.10 10.24.0.10; do
            ping -c 3 -i 0.3 -W 2 $server; fetch http://$server/
        done
        ping -6 -c 3 -i 0.3 -W 2 fd25::10; fetch "http://[fd25::10]/"' >"$work/tunnels.log"
    finish vlan-tunnels.pcap
}

main() {
    local name
    ((EUID == 0)) || { echo "record.sh: needs root, for network namespaces" >&2; exit 2; }
    (($#)) || set -- "${captures[@]}"
    for name in "$@"; do
        [[ " ${captures[*]} " == *" $name "* ]] || { echo "record.sh: $name is none of: ${captures[*]}" >&2; exit 2; }
    done
    build_network
    start_servers
    mapfile -t servers < <(jobs -pr)
    for name in "$@"; do "$name"; done
}

main "$@"
