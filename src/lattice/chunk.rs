//! Payloads too big for NATS, through the JetStream object store (protocol §4.6).
