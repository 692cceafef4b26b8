//! JetStream on a bus of its own, without sockets.
