//! How many files and connections this process may have open.

/// Raises the limit as far as the system allows: shells start programs with few, and every HTTP connection is one.
#[cfg(unix)]
pub(super) fn allow_many() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    /// More than we ever have open; some systems refuse "no limit".
    const ENOUGH: u64 = 65_536;
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
    if limit.current.is_some_and(|now| now < wanted) {
        limit.current = Some(wanted);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!("cannot allow more open files: {error}");
        }
    }
}

#[cfg(not(unix))]
pub(super) fn allow_many() {}
