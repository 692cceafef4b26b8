//! A provider in a process of its own (protocol §5): started, told of its links, asked for its health, started
//! again when it ends by itself, and ended with all that it started.
//!
//! It talks to the lattice itself. The host only listens in on what it is told by others.
//!
//! ```text
//! life.rs    from its start to its end            place.rs   what all processes of a host share
//! line.rs    what is said on the lattice          launch.rs  one run of a process
//! links.rs   what it has been told                spawn.rs   how it is started
//! again.rs   what it is told once more            family.rs  all that it started
//! output.rs  what it writes                       backoff.rs when it is started again
//! bounds.rs  what it is held to                   group.rs   by which the kernel does so
//! ```

mod again;
mod backoff;
mod bounds;
mod family;
mod group;
mod launch;
mod life;
mod line;
mod links;
mod output;
mod place;
mod spawn;

use std::path::Path;

pub use self::bounds::Bounds;
pub(super) use self::life::start;
pub(in crate::host) use self::place::Place;
pub use self::place::Processes;

/// Ends what hosts left behind that are gone. Blocks.
pub(in crate::host) fn sweep(directory: &Path) {
    family::sweep(directory);
}

/// Waits until the host of this folder is gone, and ends what it left behind. Blocks.
pub(in crate::host) fn sweep_after(run: &Path) {
    family::sweep_after(run);
}
