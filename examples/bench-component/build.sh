#!/bin/sh
# Builds bench-component.wasm. Needs what ../build-guest.sh needs; nothing is signed.
set -eu
cd "$(dirname "$0")"
target=wasm32-unknown-unknown

# The host's own compiler makes the encoder, whatever compiles the guest.
cargo build --release --locked --package encode

if [ "${GUEST_TOOLCHAIN:-}" = debian ]; then
    PATH=/usr/bin:$PATH
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
    export PATH RUSTC RUSTC_BOOTSTRAP CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER
    extra=-Zbuild-std=std,panic_abort
else
    extra=
fi
# shellcheck disable=SC2086 # no argument where there is none
cargo build --release --locked --target $target --package bench-component $extra
exec target/release/encode target/$target/release/bench_component.wasm bench-component.wasm
