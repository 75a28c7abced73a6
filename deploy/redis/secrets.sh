#!/bin/sh
# Makes the logins of deploy/redis/users.acl, with random passwords, for a server at HOST:PORT, in a folder that must not exist yet:
#   deploy/redis/secrets.sh FOLDER HOST:PORT
# users.acl     for the server: users, with hashes of their passwords
# service-url   for services (REDIS_URL_FILE)
# operator-url  for tekup (REDIS_URL_FILE)
# grafana-password  for the admin of Grafana, where there is one
set -eu

[ $# -eq 2 ] || { echo "usage: $0 FOLDER HOST:PORT" >&2; exit 2; }
folder=$1 server=$2
recommended=$(dirname "$0")/users.acl

[ ! -e "$folder" ] || {
    echo "error: $folder exists: delete it if its passwords are not in use, or name another" >&2
    exit 1
}

# 48 characters, or it does not go on.
password() {
    password=$(od -An -N24 -tx1 /dev/urandom)
    password=$(echo "$password" | tr -d ' \n')
    [ ${#password} -eq 48 ] || { echo "error: od and /dev/urandom are needed to make passwords" >&2; exit 1; }
    printf %s "$password"
}

# 64 characters, or it does not go on: a user without a hash would have no password.
hash_of() {
    hash=$(printf %s "$1" | sha256sum)
    hash=${hash%% *}
    [ ${#hash} -eq 64 ] || { echo "error: sha256sum is needed to hash passwords" >&2; exit 1; }
    echo "$hash"
}

service=$(password)
operator=$(password)
grafana=$(password)
service_hash=$(hash_of "$service")
operator_hash=$(hash_of "$operator")
# Nobody else enters the folder. Its files may be read by all, as containers that get them by a mount have other users.
umask 022
mkdir -m 700 "$folder"
sed -e "s/>change-me-service /#$service_hash /" -e "s/>change-me-operator /#$operator_hash /" \
    "$recommended" >"$folder/users.acl"
echo "redis://tekup-service:$service@$server" >"$folder/service-url"
echo "redis://tekup-operator:$operator@$server" >"$folder/operator-url"
printf %s "$grafana" >"$folder/grafana-password"
echo "$folder holds the logins for $server"
