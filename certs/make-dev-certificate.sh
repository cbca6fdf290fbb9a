#!/usr/bin/env bash
# Makes a throw-away CA and a serving certificate for a Service, for development only. It must never write into the
# repository, nor over a file that is there, and it keeps no key of the CA.
set -euo pipefail
umask 077

usage() {
  echo "usage: $(basename "$0") [-s SERVICE] [-n NAMESPACE] [FOLDER]" >&2
  exit 2
}

service=pullpass
namespace=pullpass-system
while getopts s:n: option; do
  case $option in
    s) service=$OPTARG ;;
    n) namespace=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -le 1 ] || usage
for name in "$service" "$namespace"; do
  if ! [[ $name =~ ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ ]]; then
    echo "\"$name\": wanted lower-case letters, digits and \"-\", as in the name of a Service" >&2
    exit 2
  fi
done

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
refuse_inside() {
  case "$1/" in
    "$repository"/*)
      echo "$1 is inside the repository: keys never go there, name another folder" >&2
      exit 2
      ;;
  esac
}

if [ $# -eq 0 ]; then
  folder=$(mktemp -d)
else
  # Checked before anything is made: -m resolves symbolic links also of a path that is not there yet.
  folder=$(realpath -m -- "$1")
  refuse_inside "$folder"
  mkdir -p -- "$folder"
fi
folder=$(cd "$folder" && pwd -P)
refuse_inside "$folder"
for file in ca.crt tls.crt tls.key; do
  if [ -e "$folder/$file" ]; then
    echo "$folder/$file exists already: name an empty folder" >&2
    exit 1
  fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
days=7
host=$service.$namespace.svc

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 -days "$days" \
  -subj "/CN=pullpass development CA" \
  -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign' \
  -keyout "$work/ca.key" -out "$work/ca.crt" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 -subj "/CN=$service" \
  -keyout "$work/tls.key" -out "$work/tls.csr" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }

cat >"$work/leaf.ext" <<EXT
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:$host, DNS:$host.cluster.local, DNS:$service.$namespace, DNS:localhost, IP:127.0.0.1
EXT
openssl x509 -req -in "$work/tls.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -CAcreateserial -sha256 -days "$days" \
  -extfile "$work/leaf.ext" -out "$work/tls.crt" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }

openssl verify -CAfile "$work/ca.crt" -verify_hostname "$host" "$work/tls.crt" >/dev/null
cp "$work/ca.crt" "$work/tls.crt" "$work/tls.key" "$folder/"
echo "$folder"
