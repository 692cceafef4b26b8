//! What an artifact is, told by its first bytes, and the media types it travels under (protocol §10.1). Pure.

/// What hosts can do with an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A core WebAssembly module: an actor.
    Module,
    /// A WebAssembly component.
    Component,
    /// A tar file, perhaps in gzip: a provider archive.
    Archive,
}

/// Bytes that [`Kind::sniff`] wants to see.
pub const HEAD: usize = 512;

pub(super) const CONFIG_WASM: &str = "application/vnd.wasm.config.v0+json";
const CONFIG_ACTOR: &str = "application/vnd.wasmcloud.actor.archive.config";
const CONFIG_PROVIDER: &str = "application/vnd.wasmcloud.provider.archive.config";

const LAYER_WASM: &str = "application/wasm";
const LAYER_ACTOR: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
const LAYER_PROVIDER: &str = "application/vnd.wasmcloud.provider.archive.layer.v1+par";

/// Layers that may hold an actor or provider: those of every generation, and what general tools write if they
/// are not told a type.
const ACCEPTED: [&str; 8] = [
    LAYER_PROVIDER,
    LAYER_ACTOR,
    LAYER_WASM,
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/octet-stream",
    "application/vnd.wasmcloud.provider.archive.layer.v1+par+gzip",
];

impl Kind {
    /// None for what is neither.
    pub fn sniff(head: &[u8]) -> Option<Self> {
        match head {
            [0, b'a', b's', b'm', _, _, layer, ..] => Some(if *layer == 0 {
                Self::Module
            } else {
                Self::Component
            }),
            [0x1f, 0x8b, ..] => Some(Self::Archive),
            tar if tar.get(257..262) == Some(b"ustar") => Some(Self::Archive),
            _ => None,
        }
    }

    /// As documents name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Module => "actor",
            Self::Component => "component",
            Self::Archive => "provider",
        }
    }

    pub fn layer_type(self) -> &'static str {
        match self {
            Self::Module => LAYER_ACTOR,
            Self::Component => LAYER_WASM,
            Self::Archive => LAYER_PROVIDER,
        }
    }

    pub fn config_type(self) -> &'static str {
        match self {
            Self::Module => CONFIG_ACTOR,
            Self::Component => CONFIG_WASM,
            Self::Archive => CONFIG_PROVIDER,
        }
    }

    /// Ending of a file that holds it.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Module | Self::Component => "wasm",
            Self::Archive => "par.gz",
        }
    }
}

/// Whether a layer of this type may be an artifact. Types may carry parameters.
pub(super) fn is_accepted(media_type: &str) -> bool {
    let bare = media_type.split(';').next().unwrap_or(media_type).trim();
    ACCEPTED.iter().any(|it| it.eq_ignore_ascii_case(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        let mut tar = vec![b'x'; HEAD];
        tar[257..262].copy_from_slice(b"ustar");
        for (head, kind) in [
            (&b"\0asm\x01\0\0\0"[..], Some(Kind::Module)),
            (b"\0asm\x0d\0\x01\0", Some(Kind::Component)),
            (b"\x1f\x8b\x08", Some(Kind::Archive)),
            (&tar, Some(Kind::Archive)),
            (b"\0asm", None),
            (b"<html>", None),
            (b"", None),
        ] {
            assert_eq!(Kind::sniff(head), kind, "{head:.8?}");
        }
    }

    #[test]
    fn what_is_pushed_is_accepted() {
        for kind in [Kind::Module, Kind::Component, Kind::Archive] {
            assert!(is_accepted(kind.layer_type()));
        }
        assert!(is_accepted("Application/Wasm; charset=binary"));
        assert!(!is_accepted(
            "application/vnd.docker.image.rootfs.diff.tar.gzip"
        ));
    }
}
