//! The hub's server, if it runs on this machine: whoever starts it is not us, so it is known by the pid file that
//! it writes.

use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::nats::process::ProcessId;

use super::files;

/// A server writes its pid file right after it has started. Seconds.
const TOLERANCE: u64 = 2;

/// The process that wrote this pid file, if it still runs with this configuration.
pub(super) fn find(pid_file: &Path, conf: &Path) -> Option<ProcessId> {
    let written = pid_file.metadata().ok()?.modified().ok()?;
    let written = written.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let pid = files::read(pid_file).ok()??.trim().parse().ok()?;
    let process = ProcessId::of(pid)?;
    // A process that is younger than the file got the pid of a server that is gone.
    let wrote_it = process.started <= written.saturating_add(TOLERANCE);
    let name = conf.file_name()?.to_str()?;
    let runs_it = process.arguments().iter().any(|it| it.ends_with(name));
    (wrote_it && runs_it).then_some(process)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn another_process_with_the_pid_is_not_taken_for_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let (pid_file, conf) = (dir.path().join("nats.pid"), dir.path().join("nats.conf"));
        assert_eq!(find(&pid_file, &conf), None);
        for content in [
            String::new(),
            "x".to_owned(),
            std::process::id().to_string(),
        ] {
            std::fs::write(&pid_file, content).unwrap();
            assert_eq!(find(&pid_file, &conf), None);
        }
        let mut child = std::process::Command::new("tail")
            .args(["-f", "/dev/null"])
            .arg(&conf)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::fs::write(&pid_file, child.id().to_string()).unwrap();
        let found = find(&pid_file, &conf).map(|it| it.pid);
        let old = std::fs::File::options()
            .write(true)
            .open(&pid_file)
            .unwrap();
        old.set_modified(UNIX_EPOCH + std::time::Duration::from_secs(1_000))
            .unwrap();
        let by_an_old_file = find(&pid_file, &conf);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found, Some(child.id()));
        assert_eq!(by_an_old_file, None);
    }
}
