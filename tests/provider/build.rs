// Builds the provider for tests, once per state of its source.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The program, beside that of the test.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider/main.rs");
        let text = include_str!("main.rs");
        let sum = text
            .bytes()
            .fold(7u64, |sum, it| sum.wrapping_mul(31) ^ u64::from(it));
        let dir = std::env::current_exe()
            .unwrap()
            .parent()
            .unwrap()
            .to_owned();
        let path = dir.join(format!("test-provider-{sum:x}"));
        if !path.exists() {
            let new = dir.join(format!("test-provider-{}.new", std::process::id()));
            let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
            let status = Command::new(rustc)
                .args([
                    "--edition",
                    "2024",
                    "-Copt-level=1",
                    "-Cstrip=symbols",
                    "-o",
                ])
                .args([new.as_os_str(), source.as_ref()])
                .status()
                .unwrap();
            assert!(status.success());
            std::fs::rename(&new, &path).unwrap();
        }
        path
    })
}
