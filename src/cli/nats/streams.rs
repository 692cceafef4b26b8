//! What export and import have in common.

use async_nats::jetstream::Context;

use crate::cli::session::Lattice;
use crate::lattice::connect::jetstream;

/// In place of a file.
pub(super) const STANDARD: &str = "-";

/// JetStream of the connection, in the domain of its settings; each request has the command's time.
pub(super) fn context(lattice: &Lattice) -> Context {
    let domain = lattice.settings.js_domain.as_ref();
    let domain = domain.map(|it| it.value.as_str());
    let mut context = jetstream(lattice.client.clone(), domain);
    context.set_timeout(lattice.timeout);
    context
}
