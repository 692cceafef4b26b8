//! The client against registries, real and misbehaving.
