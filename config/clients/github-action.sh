#!/bin/sh
# Makes docker and BuildKit of a runner pull through mirrors; what action.yml runs. Everything comes
# by the environment: MIRRORGATE_MIRRORS, and MIRRORGATE_URL, MIRRORGATE_FINGERPRINT and
# MIRRORGATE_SYSTEM where the mirrors have a private CA. Run as root, or where sudo asks for nothing.
set -eu
umask 022

if [ "$(id -u)" != 0 ]; then
  exec sudo --non-interactive \
    --preserve-env=MIRRORGATE_MIRRORS,MIRRORGATE_URL,MIRRORGATE_FINGERPRINT,MIRRORGATE_SYSTEM,GITHUB_OUTPUT,ROOT \
    sh "$0"
fi

here=$(dirname "$0")
root=${ROOT:-}
daemon_file=$root/etc/docker/daemon.json
buildkit_file=/etc/mirrorgate/buildkitd.toml
ca_file=/etc/mirrorgate/ca-bundle.pem

say() { printf 'mirrorgate: %s\n' "$*"; }
fail() {
  # The form in which a workflow shows an error.
  printf '::error title=mirrorgate::%s\n' "$*"
  exit 1
}

# --- inputs --------------------------------------------------------------------------------------

mirrors=$(printf '%s\n' "${MIRRORGATE_MIRRORS:-}" | tr -d ' \t\r' | sed '/^$/d')
[ -n "$mirrors" ] || fail 'the input "mirrors" is empty: one REGISTRY=HOST on each line'
for pair in $mirrors; do
  printf '%s\n' "$pair" | grep -Eqx '[A-Za-z0-9.:-]+=[A-Za-z0-9.:-]+|[A-Za-z0-9.:-]+=\[[0-9A-Fa-f:.]+\](:[0-9]+)?' ||
    fail "the input \"mirrors\" has a line that is no REGISTRY=HOST: $pair"
done
[ -z "${MIRRORGATE_URL:-}" ] || [ -n "${MIRRORGATE_FINGERPRINT:-}" ] ||
  fail 'the input "url" needs "fingerprint", which "mirrorgate ca fingerprint" prints on the gate'

# --- trust ---------------------------------------------------------------------------------------

if [ -n "${MIRRORGATE_FINGERPRINT:-}" ]; then
  set -- --all
  [ "${MIRRORGATE_SYSTEM:-false}" = true ] || set -- "$@" --no-system
  for pair in $mirrors; do set -- "$@" --mirror "$pair"; done
  sh "$here/install.sh" "$@" || fail 'the private CA of the mirrors was not installed; see above'
fi

# --- docker --------------------------------------------------------------------------------------

# Standard input is a daemon.json; adds the mirror $1 before those that it has.
add_mirror() {
  if command -v jq >/dev/null 2>&1; then
    jq --arg mirror "$1" '.["registry-mirrors"] = [$mirror] + ((.["registry-mirrors"] // []) - [$mirror])'
  elif command -v python3 >/dev/null 2>&1; then
    python3 -c '
import json, sys
settings = json.load(sys.stdin)
others = [one for one in settings.get("registry-mirrors", []) if one != sys.argv[1]]
settings["registry-mirrors"] = [sys.argv[1]] + others
json.dump(settings, sys.stdout, indent=2)
print()' "$1"
  else
    fail 'neither jq nor python3 is here to edit daemon.json'
  fi
}

host=$(printf '%s\n' "$mirrors" | sed -n 's/^docker\.io=//p' | head -n 1)
if [ -n "$host" ]; then
  mkdir -p "$root/etc/docker"
  before='{}'
  [ ! -s "$daemon_file" ] || before=$(cat "$daemon_file")
  after=$(printf '%s\n' "$before" | add_mirror "https://$host") ||
    fail "$daemon_file is not JSON that can be edited; nothing was changed"
  if [ "$before" = "$after" ]; then
    say "$daemon_file has the mirror already"
  else
    printf '%s\n' "$after" >"$daemon_file.mirrorgate-new"
    mv -f "$daemon_file.mirrorgate-new" "$daemon_file"
    say "added https://$host to $daemon_file"
    # SIGHUP takes registry-mirrors into use, and stops no container.
    if [ -z "$root" ] && pid=$(cat /run/docker.pid /var/run/docker.pid 2>/dev/null | head -n 1) && [ -n "$pid" ]; then
      kill -HUP "$pid" && say 'docker reads it again'
    fi
  fi
fi

# --- registries of docker 28 and later -----------------------------------------------------------

# It reads these with its containerd image store, for docker.io too: there it does not look for the
# trust of a registry mirror under the mirror's name.
for pair in $mirrors; do
  registry=${pair%%=*}
  server=$registry
  [ "$registry" != docker.io ] || server='registry-1.docker.io'
  hosts_file=$root/etc/docker/certs.d/$registry/hosts.toml
  if [ -e "$hosts_file" ] && ! grep -q '^# made by mirrorgate' "$hosts_file"; then
    say "left $hosts_file as it is"
    continue
  fi
  mkdir -p "${hosts_file%/*}"
  {
    printf '# made by mirrorgate\nserver = "https://%s"\n\n' "$server"
    printf '[host."https://%s"]\n  capabilities = ["pull", "resolve"]\n' "${pair#*=}"
    [ -z "${MIRRORGATE_FINGERPRINT:-}" ] || printf '  ca = "%s"\n' "$ca_file"
    printf '  dial_timeout = "3s"\n'
  } >"$hosts_file"
  say "wrote $hosts_file"
done

# --- BuildKit ------------------------------------------------------------------------------------

mkdir -p "$root${buildkit_file%/*}"
{
  printf '# made by mirrorgate\n'
  for pair in $mirrors; do
    printf '[registry."%s"]\n  mirrors = ["%s"]\n' "${pair%%=*}" "${pair#*=}"
  done
  if [ -n "${MIRRORGATE_FINGERPRINT:-}" ]; then
    for pair in $mirrors; do printf '%s\n' "${pair#*=}"; done | sort -u | while read -r authority; do
      printf '[registry."%s"]\n  ca = ["%s"]\n' "$authority" "$ca_file"
    done
  fi
} >"$root$buildkit_file"
say "wrote $buildkit_file"
[ -z "${GITHUB_OUTPUT:-}" ] || printf 'buildkitd-config=%s\n' "$buildkit_file" >>"$GITHUB_OUTPUT"
