#!/bin/sh
# Makes this machine trust the private CA of a mirrorgate, and follow its rotations.
#
#   sh install.sh [OPTION]... FINGERPRINT
#
# FINGERPRINT is the SHA-256 of a root of the CA, in hexadecimal, as "mirrorgate ca fingerprint"
# prints it on the gate; MIRRORGATE_FINGERPRINT in the environment does as well. Without one nothing
# is installed, except on a machine where this script was run before: there a new root is accepted
# if a root that is installed has signed it.
#
#   --url URL        the gate, such as http://mirror.example.com; remembered for the next time
#   --mirror R=HOST  HOST serves the registry R; remembered. Not needed where the gate served this script
#   --bundle FILE    take bundle.json from this file and fetch nothing
#   --no-system      only for container tools, not for every program of this machine
#   --all            for container tools that are not installed (yet), too
#   --follow         run this every day: by a systemd timer, or by cron
#   --uninstall      take out everything that this script or "mirrorgate ca inject" put here
#
# With ROOT=/folder in the environment it works on that root file system. It needs curl or wget,
# and openssl; without openssl, sha256sum and base64 check a pinned root, but no signature of a new one.
set -eu
umask 022
export LC_ALL=C
# cron(8) looks in /usr/bin and /bin alone.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# Filled in by the gate that serves this script: where it is, and its "REGISTRY HOST" pairs.
default_url='@URL@'
mirrors='@MIRRORS@'

root=${ROOT:-}
root=${root%/}
home=/etc/mirrorgate
bundle_file=$home/ca-bundle.pem
record=$home/installed
refresh_due=$home/refresh-due
settings=$home/client.conf
follower=/usr/local/sbin/mirrorgate-trust
max_roots=8

say() { printf 'mirrorgate: %s\n' "$*"; }
fail() {
  printf 'mirrorgate: %s\n' "$*" >&2
  exit 1
}
usage() {
  printf 'mirrorgate: %s; see the head of install.sh\n' "$*" >&2
  exit 2
}
has() { command -v "$1" >/dev/null 2>&1; }

# --- what is asked for ---------------------------------------------------------------------------

url=${MIRRORGATE_URL:-}
pins=${MIRRORGATE_FINGERPRINT:-}
bundle_source=
wants_system=yes
told_mirrors=
wants_all=no
action=install
follows=no

while [ $# -gt 0 ]; do
  case $1 in
    --url | --bundle | --mirror)
      [ $# -ge 2 ] || usage "$1 needs a value"
      case $1 in
        --url) url=$2 ;;
        --bundle) bundle_source=$2 ;;
        *)
          printf '%s' "$2" | grep -Eqx '[A-Za-z0-9.:-]+=[][A-Za-z0-9.:-]+' || usage "$2 is not REGISTRY=HOST"
          told_mirrors="$told_mirrors $2"
          ;;
      esac
      shift
      ;;
    --no-system) wants_system=no ;;
    --all) wants_all=yes ;;
    --follow) follows=yes ;;
    --uninstall) action=uninstall ;;
    -*) usage "unknown option $1" ;;
    *) pins="$pins $1" ;;
  esac
  shift
done
pins=$(printf '%s' "$pins" | tr 'A-F,' 'a-f ' | tr -d ':')
for pin in $pins; do
  case $pin in *[!0-9a-f]*) usage "$pin is not a SHA-256 fingerprint" ;; esac
  [ ${#pin} -eq 64 ] || usage "$pin is not a SHA-256 fingerprint: it has ${#pin} digits, not 64"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/mirrorgate.XXXXXX") || fail 'no temporary folder'
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# --- the bundle ----------------------------------------------------------------------------------

# "REGISTRY HOST" lines: as told now, else as the gate filled in, else as told before.
find_mirrors() {
  case $mirrors in @*) mirrors=$(setting mirrors | tr ' ' '\n' | tr '=' ' ') ;; esac
  [ -z "$told_mirrors" ] || mirrors=$(printf '%s' "${told_mirrors# }" | tr ' ' '\n' | tr '=' ' ')
}

setting() { sed -n "s/^$1=//p" "$root$settings" 2>/dev/null | head -n 1; }

# Not every wget has an option for it.
limited() { if has timeout; then timeout 60 "$@"; else "$@"; fi; }

fetch() {
  if [ -n "$bundle_source" ]; then
    cat "$bundle_source" >"$work/bundle.json" || fail "cannot read $bundle_source"
    return
  fi
  [ -n "$url" ] || url=$(setting url)
  if [ -z "$url" ]; then case $default_url in @*) ;; *) url=$default_url ;; esac; fi
  case $url in
    http://* | https://*) ;;
    *) fail 'which gate? give --url http://mirror.example.com' ;;
  esac
  url=${url%/}
  # The channel may be anyone's: what comes is held against the fingerprint and the signatures.
  if has curl; then
    curl -fsSk --connect-timeout 10 --max-time 60 --max-filesize 1000000 \
      -o "$work/bundle.json" "$url/ca/bundle.json" || fail "cannot fetch $url/ca/bundle.json"
  elif has wget; then
    limited wget -q -O "$work/bundle.json" "$url/ca/bundle.json" ||
      limited wget -q --no-check-certificate -O "$work/bundle.json" "$url/ca/bundle.json" ||
      fail "cannot fetch $url/ca/bundle.json"
  else
    fail 'neither curl nor wget is here'
  fi
}

# The text of a JSON member that stands on a line of its own.
member() {
  value=${line#*\": }
  value=${value%,}
  value=${value#\"}
  value=${value%\"}
  printf '%s' "$value"
}

# Splits the bundle into files N.state, N.pem, N.by and N.signature; sets count and version.
split_bundle() {
  count=0
  version=
  while IFS= read -r line; do
    case $line in
      '  "version": '*) version=$(member) ;;
      '      "state": '*)
        count=$((count + 1))
        [ $count -le $max_roots ] || fail "the bundle holds more than $max_roots roots"
        state=$(member)
        # It is shown, and may come from anyone.
        case $state in active | next | retiring) ;; *) fail "root $count of the bundle has no state that is known" ;; esac
        printf '%s' "$state" >"$work/$count.state"
        ;;
      '      "pem": '*) member | sed 's/\\n/\
/g' | sed '/^$/d' >"$work/$count.pem" ;;
      '        "by": '*) member >"$work/$count.by" ;;
      '        "value": '*) member >"$work/$count.signature" ;;
    esac
  done <"$work/bundle.json"
  case $version in '' | *[!0-9]*) fail 'what came is not a bundle of mirrorgate' ;; esac
  [ $count -gt 0 ] || fail 'the bundle holds no root'
}

# SHA-256 of the one certificate in a PEM file. Two certificates in one would hide the second.
fingerprint_of() {
  [ "$(grep -c '^-----BEGIN ' "$1")" = 1 ] && [ "$(grep -c '^-----END ' "$1")" = 1 ] || return 1
  # Nothing but base64 between its lines.
  sed -e '/^-----BEGIN CERTIFICATE-----$/d' -e '/^-----END CERTIFICATE-----$/d' "$1" >"$work/base64"
  if grep -q '[^A-Za-z0-9+/=]' "$work/base64"; then return 1; fi
  if has openssl; then
    openssl x509 -in "$1" -outform DER -out "$work/der" 2>/dev/null || return 1
    openssl dgst -sha256 -r "$work/der" | cut -c 1-64
  else
    if ! has base64 || ! has sha256sum; then fail 'neither openssl, nor base64 and sha256sum are here'; fi
    base64 -d "$work/base64" >"$work/der" 2>/dev/null || return 1
    sha256sum "$work/der" | cut -c 1-64
  fi
}

# Whether the certificate in $2, trusted already, signed the root number $1 (ECDSA, SHA-256).
signed_by() {
  openssl x509 -in "$2" -noout -pubkey >"$work/key.pem" 2>/dev/null &&
    openssl base64 -d -A -in "$work/$1.signature" -out "$work/signature" 2>/dev/null &&
    openssl x509 -in "$work/$1.pem" -outform DER -out "$work/signed" 2>/dev/null &&
    openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/signature" "$work/signed" >/dev/null 2>&1
}

# Roots that this machine trusts already go to known/FINGERPRINT.pem.
read_known() {
  mkdir -p "$work/known"
  [ -f "$root$bundle_file" ] || return 0
  number=0
  while IFS= read -r line; do
    [ "$line" != '-----BEGIN CERTIFICATE-----' ] || number=$((number + 1))
    printf '%s\n' "$line" >>"$work/installed.$number"
  done <"$root$bundle_file"
  for file in "$work"/installed.*; do
    [ -f "$file" ] || continue
    known=$(fingerprint_of "$file") || continue
    mv "$file" "$work/known/$known.pem"
  done
}

# Moves what can be trusted from N.pem to good/FINGERPRINT.pem, until nothing more can.
judge() {
  mkdir -p "$work/good"
  index=1
  while [ $index -le $count ]; do
    print=$(fingerprint_of "$work/$index.pem") || fail "root $index of the bundle is not one certificate"
    printf '%s' "$print" >"$work/$index.print"
    index=$((index + 1))
  done
  rounds=0
  while [ $rounds -lt $max_roots ]; do
    index=1
    while [ $index -le $count ]; do
      [ -f "$work/$index.good" ] || judge_one $index
      index=$((index + 1))
    done
    rounds=$((rounds + 1))
  done
}

judge_one() {
  print=$(cat "$work/$1.print")
  case " $pins " in *" $print "*) accept "$1" pinned && return ;; esac
  if [ -f "$work/known/$print.pem" ]; then
    accept "$1" 'installed before'
    return
  fi
  [ -f "$work/$1.by" ] || return 0
  by=$(cat "$work/$1.by")
  case $by in '' | *[!0-9a-f]*) fail "root $print names no fingerprint as its signer" ;; esac
  signer=$work/good/$by.pem
  [ -f "$signer" ] || signer=$work/known/$by.pem
  [ -f "$signer" ] || return 0
  has openssl || return 0
  signed_by "$1" "$signer" || fail "root $print is NOT signed by $by as the bundle claims; nothing was changed"
  accept "$1" "signed by $by"
}

accept() {
  cp "$work/$1.pem" "$work/good/$print.pem"
  : >"$work/$1.good"
  say "root $print: $(cat "$work/$1.state"), $2"
}

# A retiring root that nobody vouches for is not needed; any other must be vouched for.
report_refused() {
  index=1
  accepted=
  while [ $index -le $count ]; do
    print=$(cat "$work/$index.print")
    state=$(cat "$work/$index.state")
    if [ -f "$work/$index.good" ]; then
      accepted="$accepted $print"
    elif [ "$state" = retiring ]; then
      say "root $print: retiring, left out: nothing that is trusted here vouches for it"
    elif ! has openssl && [ "$state" = next ] && [ -f "$work/$index.by" ]; then
      say "root $print: next, left out: its signature cannot be checked without openssl"
    else
      fail "root $print ($state) is neither pinned nor signed by a root that is; nothing was changed. Compare: mirrorgate ca fingerprint, on the gate"
    fi
    index=$((index + 1))
  done
  [ -n "$accepted" ] || fail 'no root of the bundle can be trusted; nothing was changed'
}

# A fingerprint that was given here before may be of a root that has been retired since. A new one
# that no root in the bundle has is a mistake, or the bundle of another gate.
check_pins() {
  told=$(setting pins)
  for pin in $pins; do
    case " $accepted $told " in
      *" $pin "*) ;;
      *) fail "no root of the bundle has the fingerprint $pin; nothing was changed. Compare: mirrorgate ca fingerprint, on the gate" ;;
    esac
    case " $told " in *" $pin "*) ;; *) told="$told $pin" ;; esac
  done
}

# --- files ---------------------------------------------------------------------------------------

# Puts standard input at $1, in one step, where it differs.
put() {
  cat >"$work/put"
  if [ -f "$root$1" ] && [ "$(cat "$work/put")" = "$(cat "$root$1")" ]; then return 0; fi
  mkdir -p "$root${1%/*}"
  mark_refresh "$1"
  cp "$work/put" "$root$1.mirrorgate-new"
  chmod "${2:-644}" "$root$1.mirrorgate-new"
  mv -f "$root$1.mirrorgate-new" "$root$1"
  say "wrote $1"
}

# Takes out $1 and the folders that it leaves empty, of which ours are below certs.d and the like.
drop() {
  [ -e "$root$1" ] || [ -L "$root$1" ] || return 0
  mark_refresh "$1"
  rm -f "$root$1"
  say "removed $1"
  case $1 in
    */certs.d/* | "$home"/*) rmdir "$root${1%/*}" 2>/dev/null || : ;;
  esac
}

# That the system's own bundle is to be made anew, however this run ends.
mark_refresh() { case $1 in "${anchors:-none}"/*) : >"$root$refresh_due" ;; esac; }

recorded() { cat "$root$record" 2>/dev/null || :; }

# One more line is noted before its file is written: a run that is cut off leaves nothing unknown.
note_planned() {
  mkdir -p "$root$home"
  { recorded; cat "$1"; } | sort -u >"$root$record.mirrorgate-new"
  mv -f "$root$record.mirrorgate-new" "$root$record"
}

# Sets anchors and refresh, as this kind of system has them.
find_system() {
  if [ -d "$root/etc/pki/ca-trust/source" ]; then
    anchors=/etc/pki/ca-trust/source/anchors refresh='update-ca-trust extract'
  elif [ -d "$root/etc/pki/trust" ]; then
    anchors=/etc/pki/trust/anchors refresh=update-ca-certificates
  elif [ -d "$root/etc/ca-certificates/trust-source" ]; then
    anchors=/etc/ca-certificates/trust-source/anchors refresh='trust extract-compat'
  elif [ -d "$root/usr/share/ca-certificates" ] || [ -d "$root/usr/local/share/ca-certificates" ]; then
    anchors=/usr/local/share/ca-certificates refresh=update-ca-certificates
  else
    anchors='' refresh=''
  fi
}

refresh_system() {
  [ -e "$root$refresh_due" ] || return 0
  if [ -n "$root" ]; then
    say "run $refresh in $root"
  elif has "${refresh%% *}"; then
    # shellcheck disable=SC2086 # a command and its argument
    $refresh >"$work/refresh" 2>&1 || fail "$refresh failed: $(tail -n 1 "$work/refresh")"
    say "ran $refresh"
  else
    fail "$refresh is not here: install the package ca-certificates, then run this again"
  fi
  rm -f "$root$refresh_due"
}

# Whether a container tool is here: its folder below /etc, or one of its programs.
uses() {
  [ "$wants_all" = yes ] && return 0
  [ -d "$root/etc/$1" ] && return 0
  shift
  for program in "$@"; do
    for folder in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
      [ -x "$root$folder/$program" ] && return 0
    done
  done
  return 1
}

# Whether a file is not there, or says in its first line that mirrorgate made it.
is_ours() { [ ! -e "$root$1" ] || head -n 1 "$root$1" | grep -q '^#.*mirrorgate'; }

hosts_toml() {
  server=$1
  [ "$server" != docker.io ] || server='registry-1.docker.io'
  printf '# made by mirrorgate for the registry %s\n' "$1"
  printf 'server = "https://%s"\n\n[host."https://%s"]\n' "$server" "$2"
  printf '  capabilities = ["pull", "resolve"]\n  ca = "%s"\n  dial_timeout = "3s"\n' "$bundle_file"
}

buildkit_toml() {
  printf '# made by mirrorgate\n'
  printf '%s\n' "$mirrors" | while read -r registry authority; do
    [ -n "$authority" ] || continue
    printf '\n[registry."%s"]\n  mirrors = ["%s"]\n' "$registry" "$authority"
  done
  printf '%s\n' "$mirrors" | cut -s -d ' ' -f 2 | sort -u | while read -r authority; do
    printf '\n[registry."%s"]\n  ca = ["%s"]\n' "$authority" "$bundle_file"
  done
}

# Hands every file that belongs here to "$1 PATH", its content on standard input.
each_file() {
  "$1" "$bundle_file" <"$root_bundle"
  if [ "$wants_system" = yes ] && [ -n "$anchors" ]; then
    for file in "$work"/good/*.pem; do
      name=${file##*/}
      "$1" "$anchors/mirrorgate-$(printf '%s' "$name" | cut -c 1-16).crt" <"$file"
    done
  fi
  printf '%s\n' "$mirrors" >"$work/mirrors"
  while read -r registry authority <&3; do
    [ -n "$authority" ] || continue
    if uses docker dockerd docker; then
      "$1" "/etc/docker/certs.d/$authority/ca.crt" <"$root_bundle"
    fi
    if uses containers podman skopeo buildah crio; then
      "$1" "/etc/containers/certs.d/$authority/ca.crt" <"$root_bundle"
    fi
    if uses containerd containerd; then
      path=/etc/containerd/certs.d/$registry/hosts.toml
      if is_ours "$path"; then hosts_toml "$registry" "$authority" | "$1" "$path"; fi
    fi
  done 3<"$work/mirrors"
  if uses buildkit buildkitd && is_ours /etc/buildkit/buildkitd.toml && [ -n "$mirrors" ]; then
    buildkit_toml | "$1" /etc/buildkit/buildkitd.toml
  fi
}

plan() { cat >/dev/null; printf '%s\n' "$1" >>"$work/planned"; }

# What others wrote is not ours to change.
tell_left_alone() {
  while read -r registry authority <&3; do
    path=/etc/containerd/certs.d/$registry/hosts.toml
    if [ -n "$authority" ] && ! is_ours "$path"; then
      say "left alone $path: add to its [host.\"https://$authority\"]  ca = \"$bundle_file\""
    fi
  done 3<"$work/mirrors"
  if ! is_ours /etc/buildkit/buildkitd.toml; then
    say "left alone /etc/buildkit/buildkitd.toml: add to each mirror's [registry.\"HOST\"]  ca = [\"$bundle_file\"]"
  fi
}

install_all() {
  root_bundle=$work/bundle.pem
  index=1
  while [ $index -le $count ]; do
    [ ! -f "$work/$index.good" ] || cat "$work/$index.pem"
    index=$((index + 1))
  done >"$root_bundle"
  find_system
  : >"$work/planned"
  each_file plan
  if [ "$follows" = yes ] || recorded | grep -qx "$follower"; then plan_follow; fi
  printf '%s\n' "$settings" >>"$work/planned"
  note_planned "$work/planned"
  each_file put
  [ -n "$bundle_source" ] && [ -z "$url" ] && url=$(setting url)
  printf 'url=%s\nversion=%s\nsystem=%s\npins=%s\nmirrors=%s\n' "$url" "$version" "$wants_system" "${told# }" \
    "$(printf '%s' "$mirrors" | tr ' ' '=' | tr '\n' ' ')" | put "$settings"
  recorded | while IFS= read -r path; do
    grep -qxF "$path" "$work/planned" || drop "$path"
  done
  sort -u "$work/planned" >"$root$record.mirrorgate-new"
  mv -f "$root$record.mirrorgate-new" "$root$record"
  refresh_system
  [ -n "$anchors" ] || [ "$wants_system" = no ] ||
    say 'this system keeps no folder for roots that is known: only container tools were set up'
  tell_left_alone
}

# --- following -----------------------------------------------------------------------------------

plan_follow() {
  printf '%s\n' "$follower" /etc/systemd/system/mirrorgate-trust.service \
    /etc/systemd/system/mirrorgate-trust.timer /etc/cron.d/mirrorgate-trust |
    while read -r path; do
      if [ -e "$root$path" ] || [ "$follows" = yes ]; then printf '%s\n' "$path"; fi
    done >>"$work/planned"
}

has_systemd() { [ -d "$root/run/systemd/system" ] || { [ -n "$root" ] && [ -d "$root/lib/systemd/system" ]; }; }

follow() {
  [ -f "$0" ] || fail '--follow needs this script as a file: sh install.sh --follow'
  put "$follower" 755 <"$0"
  if has_systemd; then
    put /etc/systemd/system/mirrorgate-trust.service <<END
[Unit]
Description=Follow the private CA of mirrorgate
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=$follower
END
    put /etc/systemd/system/mirrorgate-trust.timer <<END
[Unit]
Description=Follow the private CA of mirrorgate every day

[Timer]
OnCalendar=daily
RandomizedDelaySec=4h
Persistent=true

[Install]
WantedBy=timers.target
END
    [ -n "$root" ] || { systemctl daemon-reload && systemctl enable --now mirrorgate-trust.timer; } ||
      fail 'systemd did not take the timer'
  else
    # Spread over the night, so that a fleet does not come at once.
    minute=$(uname -n | cksum | cut -d ' ' -f 1)
    put /etc/cron.d/mirrorgate-trust <<END
$((minute % 60)) $((minute / 60 % 6)) * * * root $follower >/dev/null
END
  fi
  say 'follows rotations from now on'
}

uninstall() {
  find_system
  [ -f "$root$record" ] || { say 'nothing of mirrorgate is installed here'; return 0; }
  if [ -z "$root" ] && [ -f /etc/systemd/system/mirrorgate-trust.timer ]; then
    systemctl disable --now mirrorgate-trust.timer >/dev/null 2>&1 || :
  fi
  recorded >"$work/recorded"
  while IFS= read -r path; do drop "$path"; done <"$work/recorded"
  refresh_system
  drop "$record"
}

# --- all of it -----------------------------------------------------------------------------------

if [ "$action" = uninstall ]; then
  uninstall
  exit 0
fi
read_known
if [ -z "$pins" ] && [ -z "$(ls "$work/known")" ]; then
  usage 'no fingerprint is pinned: sh install.sh FINGERPRINT, as "mirrorgate ca fingerprint" prints it on the gate'
fi
[ "$(setting system)" != no ] || wants_system=no
find_mirrors
fetch
split_bundle
judge
report_refused
check_pins
install_all
[ "$follows" = no ] || follow
say "trusts$accepted"
