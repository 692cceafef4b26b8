use std::sync::Arc;

use super::{Context, Provider, ProviderError};

pub(super) fn start(context: Context) -> Result<Arc<dyn Provider>, ProviderError> {
    let _ = context;
    todo!()
}
