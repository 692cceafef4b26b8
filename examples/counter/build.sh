#!/bin/sh
# Builds and signs counter.wasm; see ../build-guest.sh for what it needs.
exec "$(dirname "$0")/../build-guest.sh" counter counter --http-server --keyvalue
