//! Why the embedded server does not start, in words for whoever asked for it.

use std::io;

use crate::cli::report::{CommandError, Kind};
use crate::nats::embedded::{StartError, TlsError, jetstream};

/// The failure without a word on the flags that mend it, which differ between commands.
pub(crate) fn unstarted(error: StartError) -> CommandError {
    let kind = match &error {
        StartError::Auth(_) => Kind::Usage,
        StartError::Tls(TlsError::Read { .. } | TlsError::Empty(_)) => Kind::NotFound,
        StartError::Tls(_) => Kind::Refused,
        StartError::Listen { reason, .. } => match reason.kind() {
            io::ErrorKind::PermissionDenied => Kind::Auth,
            _ => Kind::Connect,
        },
        StartError::JetStream(jetstream::StartError::InUse(_)) => Kind::Ambiguous,
        StartError::JetStream(jetstream::StartError::Domain(_)) => Kind::Usage,
        _ => Kind::General,
    };
    CommandError::new(kind, "cannot start the embedded NATS server").because(error)
}
