//! What becomes of bytes between a machine and the hub.

use std::sync::{Arc, Mutex};
use std::time::Duration;

/// In each direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    pub(crate) delay: Duration,
    /// Share of packets that do not arrive, of 1.
    pub(crate) loss: f64,
    /// Nothing arrives, and nobody is told.
    pub(crate) cut: bool,
}

/// The weather of one machine, which changes while bytes are on their way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sky(Arc<Mutex<Weather>>);

impl Sky {
    pub(crate) fn set(&self, weather: Weather) {
        *self.0.lock().unwrap() = weather;
    }

    pub(crate) fn get(&self) -> Weather {
        *self.0.lock().unwrap()
    }
}

impl Weather {
    pub(crate) const CUT: Self = Self {
        delay: Duration::ZERO,
        loss: 0.0,
        cut: true,
    };

    pub(super) fn loses(&self) -> bool {
        self.loss > 0.0 && rand::random_bool(self.loss)
    }
}
