#!/bin/sh
# Builds and signs hello.wasm; see ../build-guest.sh for what it needs.
exec "$(dirname "$0")/../build-guest.sh" hello hello --http-server
