//! What a provider is held to, and what can be said of its end when that was too little. Pure.
//!
//! Files and address space are limits of each process. CPU time, tasks and memory that is really used are limits of
//! a provider with all that it started, and need a [group](super::group). Memory is held to either way; the group is
//! the better one, since many programs reserve address space that they never use.

use crate::lattice::wire::ProviderLimits;

/// What the system holds a provider to; none is no limit of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes.
    pub memory: Option<u64>,
    /// Files and connections open at once, of each process.
    pub files: Option<u64>,
    /// Thousandths of a CPU.
    pub millicpus: Option<u32>,
    /// Processes and threads.
    pub tasks: Option<u64>,
}

/// The microseconds that a share of CPU time refers to.
const PERIOD: u64 = 100_000;

impl Bounds {
    /// Whether there is something that a group can hold a provider to.
    pub(super) fn want_group(&self) -> bool {
        self.memory.is_some() || self.need_group()
    }

    /// Whether there is something that nothing but a group can hold a provider to.
    pub(super) fn need_group(&self) -> bool {
        self.millicpus.is_some() || self.tasks.is_some()
    }

    /// The kernel's controllers for a group's part of it.
    pub(super) fn controllers(&self) -> Vec<&'static str> {
        let all = [
            (self.millicpus.is_some(), "cpu"),
            (self.memory.is_some(), "memory"),
            (self.tasks.is_some(), "pids"),
        ];
        all.into_iter()
            .filter_map(|(it, name)| it.then_some(name))
            .collect()
    }

    /// Files of a group with what belongs into them, and whether a kernel may do without.
    pub(super) fn files_of_group(&self) -> Vec<(&'static str, String, bool)> {
        let mut files = Vec::new();
        if let Some(cpus) = self.millicpus {
            let quota = u64::from(cpus) * PERIOD / 1000;
            files.push(("cpu.max", format!("{quota} {PERIOD}"), false));
        }
        if let Some(bytes) = self.memory {
            files.push(("memory.max", bytes.to_string(), false));
            files.push(("memory.swap.max", "0".to_owned(), true));
            // Half a provider is none.
            files.push(("memory.oom.group", "1".to_owned(), true));
        }
        if let Some(tasks) = self.tasks {
            files.push(("pids.max", tasks.to_string(), false));
        }
        files
    }

    /// What is in force, as hosts tell it; none if nothing is.
    pub(super) fn told(&self, grouped: bool) -> Option<ProviderLimits> {
        (*self != Self::default()).then(|| ProviderLimits {
            cpus: self.millicpus.map(|it| f64::from(it) / 1000.0),
            memory: self.memory.filter(|_| grouped),
            address_space: self.memory.filter(|_| !grouped),
            tasks: self.tasks,
            files: self.files,
        })
    }

    /// What an end has to do with too little address space, as far as can be told from outside: programs are told
    /// that there is no more, and few bear it.
    pub(super) fn explain(&self, reason: &str, last_words: &str) -> Option<String> {
        const SIGNALS: &[&str] = &["SIGABRT", "SIGSEGV", "SIGBUS", "SIGTRAP", "SIGILL"];
        const WORDS: &[&str] = &[
            "memory",
            "bad_alloc",
            "mmap",
            "cannot allocate",
            "create thread",
        ];
        let said = last_words.to_ascii_lowercase();
        let fits = SIGNALS.iter().any(|it| reason.contains(it))
            || WORDS.iter().any(|it| said.contains(it));
        let limit = bytes(self.memory.filter(|_| fits)?);
        Some(format!("its address space is limited to {limit}"))
    }
}

/// `64 MiB`, in the largest unit that leaves nothing over.
pub(super) fn bytes(count: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let whole = |it: &&(u32, &str)| count > 0 && count.trailing_zeros() >= it.0;
    match units.iter().find(whole) {
        Some((shift, unit)) => format!("{} {unit}", count >> shift),
        None => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_needed_for_what_a_process_cannot_be_held_to() {
        let none = Bounds::default();
        assert!(!none.want_group() && none.told(true).is_none());
        let files = Bounds {
            files: Some(9),
            ..none
        };
        assert!(!files.want_group() && files.told(false).is_some());
        let memory = Bounds {
            memory: Some(64 << 20),
            ..none
        };
        assert!(memory.want_group() && !memory.need_group());
        assert_eq!(memory.told(true).unwrap().memory, Some(64 << 20));
        assert_eq!(memory.told(false).unwrap().address_space, Some(64 << 20));
        let all = Bounds {
            millicpus: Some(10),
            tasks: Some(7),
            ..memory
        };
        assert!(all.need_group());
        assert_eq!(all.controllers(), ["cpu", "memory", "pids"]);
        let written = all.files_of_group();
        let value = |name| &written.iter().find(|it| it.0 == name).unwrap().1;
        // The least that the kernel takes.
        assert_eq!(value("cpu.max"), "1000 100000");
        assert_eq!(value("memory.max"), "67108864");
        assert_eq!(value("pids.max"), "7");
    }

    #[test]
    fn an_end_is_laid_to_a_limit_only_where_that_is_likely() {
        let memory = Some(3 << 19);
        let bounds = Bounds {
            memory,
            ..Bounds::default()
        };
        let words = "its address space is limited to 1536 KiB";
        for (reason, said) in [
            ("signal 6 (SIGABRT)", ""),
            ("exit status 2", "fatal error: runtime: out of memory"),
            ("exit status 1", "MemoryError"),
        ] {
            assert_eq!(bounds.explain(reason, said).unwrap(), words);
            assert_eq!(Bounds::default().explain(reason, said), None);
        }
        assert_eq!(bounds.explain("exit status 1", "no such host"), None);
        assert_eq!(bounds.explain("signal 15 (SIGTERM)", ""), None);
    }

    #[test]
    fn sizes_are_told_in_whole_units() {
        for (count, text) in [
            (0, "0 bytes"),
            (1000, "1000 bytes"),
            (1 << 10, "1 KiB"),
            (256 << 20, "256 MiB"),
            (3 << 30, "3 GiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
