//! A message on its way through the server, borrowed from where it came.

use bytes::Bytes;

/// What is routed: texts and bodies that belong to the sender's buffer.
pub(super) struct Message<'a> {
    pub(super) subject: &'a [u8],
    pub(super) reply: Option<&'a [u8]>,
    /// The raw block, from `NATS/1.0` to the empty line.
    pub(super) headers: Option<Part<'a>>,
    pub(super) payload: Part<'a>,
}

/// Bytes that are copied where they are few, and shared where they are many and can be.
pub(super) struct Part<'a> {
    bytes: &'a [u8],
    shared: Option<&'a Bytes>,
}

impl<'a> Part<'a> {
    pub(super) fn borrowed(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            shared: None,
        }
    }

    pub(super) fn shared(bytes: &'a Bytes) -> Self {
        Self {
            bytes,
            shared: Some(bytes),
        }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes to keep without a copy, if the sender holds them so.
    pub(super) fn as_shared(&self) -> Option<&'a Bytes> {
        self.shared
    }

    /// The bytes to keep.
    pub(super) fn to_bytes(&self) -> Bytes {
        self.shared
            .map_or_else(|| Bytes::copy_from_slice(self.bytes), Bytes::clone)
    }
}
