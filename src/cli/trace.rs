//! Log level, format and destination, set once.
