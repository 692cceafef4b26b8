//! The NATS server as a child process: find it, configure it, know when it is ready, end it.
//!
//! Does not know subjects, hosts or claims.
