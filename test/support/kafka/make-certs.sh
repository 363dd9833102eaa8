#!/usr/bin/env bash
# make-certs.sh FOLDER: certificates for one test run, as PEM files.
#   ca, otherca    two authorities; nobody trusts otherca
#   server         for localhost, 127.0.0.1 and ::1
#   badname        signed by ca, for a host that is not the broker
#   expired        as server, but it ended yesterday
#   client         CN=mtls-alice; client.enc.p8 is its key encrypted with the passphrase "secret"
#   rogue          a client certificate signed by otherca
# NAME.key is the private key, NAME.p8 the same as PKCS#8, NAME.crt the certificate, and NAME.keystore.pem what a Kafka
# broker reads: PKCS#8 key, certificate and chain in one file.
set -euo pipefail
mkdir -p "$1"
cd "$1"

elliptic=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

authority() { # name, common name
  openssl req -x509 "${elliptic[@]}" -days 3650 -subj "/CN=$2" -keyout "$1.key" -out "$1.crt" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
}

days=3650
certificate() { # name, subject, authority, extension lines...
  local name=$1 subject=$2 signer=$3
  shift 3
  openssl req "${elliptic[@]}" -subj "$subject" -keyout "$name.key" -out "$name.csr"
  printf '%s\n' basicConstraints=CA:FALSE keyUsage=digitalSignature "$@" > "$name.ext"
  openssl x509 -req -in "$name.csr" -CA "$signer.crt" -CAkey "$signer.key" -CAcreateserial -days "$days" \
    -extfile "$name.ext" -out "$name.crt"
  openssl pkcs8 -topk8 -nocrypt -in "$name.key" -out "$name.p8"
  cat "$name.p8" "$name.crt" "$signer.crt" > "$name.keystore.pem"
  rm "$name.csr" "$name.ext"
}

authority ca 'Test CA'
authority otherca 'Untrusted CA'
certificate server '/O=Test/CN=localhost' ca extendedKeyUsage=serverAuth,clientAuth \
  subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
certificate badname '/O=Test/CN=elsewhere' ca extendedKeyUsage=serverAuth subjectAltName=DNS:elsewhere.invalid
days=-1 certificate expired '/O=Test/CN=localhost' ca extendedKeyUsage=serverAuth subjectAltName=DNS:localhost,IP:127.0.0.1
certificate client '/O=Test/OU=apps/CN=mtls-alice' ca extendedKeyUsage=clientAuth
certificate rogue '/O=Test/OU=apps/CN=rogue' otherca extendedKeyUsage=clientAuth
openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in client.key -passout pass:secret -out client.enc.p8
chmod 600 ./*.key ./*.p8 ./*.keystore.pem
