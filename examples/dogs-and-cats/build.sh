#!/bin/sh
# Builds and signs dogs-and-cats.wasm; see ../build-guest.sh for what it needs.
exec "$(dirname "$0")/../build-guest.sh" dogs-and-cats DogsAndCats --http-server --http-client --extras
