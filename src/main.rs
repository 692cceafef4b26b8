//! The `wash` binary: runs the library and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    wash::run(std::env::args_os())
}
