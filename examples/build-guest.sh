#!/bin/sh
# Builds one guest of this folder for wasm32-unknown-unknown and signs it with the example keys.
#
#   build-guest.sh DIRECTORY NAME CLAIMS...
#
# Needs a Rust toolchain with the target: `rustup target add wasm32-unknown-unknown`, or, on Debian,
# `apt-get install cargo-web rustc-web rust-web-src lld` and GUEST_TOOLCHAIN=debian.
# Signs with `wash` from the PATH, or the one that WASH names.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
directory=$1
name=$2
shift 2

if [ "${GUEST_TOOLCHAIN:-}" = debian ]; then
    # Debian's compiler has no prebuilt core library for this target, so it is built along; that also allows
    # code plain enough for the oldest hosts and signing tools.
    PATH=/usr/bin:$PATH
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
    RUSTFLAGS=-Ctarget-cpu=mvp
    export PATH RUSTC RUSTC_BOOTSTRAP CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER RUSTFLAGS
    extra=-Zbuild-std=std,panic_abort
else
    extra=
fi
cd "$here"
# shellcheck disable=SC2086 # no argument where there is none
cargo build --release --locked --target wasm32-unknown-unknown --package "$directory" $extra

# The seeds of the examples are public: whoever builds these modules signs the same identities.
WASH_ISSUER_KEY=$(cat keys/examples_account.nk) WASH_SUBJECT_KEY=$(cat "keys/${directory}_module.nk")
export WASH_ISSUER_KEY WASH_SUBJECT_KEY
built=$(echo "$directory" | tr - _)
exec "${WASH:-wash}" claims sign "target/wasm32-unknown-unknown/release/$built.wasm" \
    --destination "$directory/$directory.wasm" --name "$name" --rev 1 --ver 0.1.0 "$@"
