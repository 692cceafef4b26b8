//! Manifests: what an artifact consists of. Read from every kind that registries hold; written as OCI image
//! manifests. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::error::{ErrorKind, OciError};
use super::kind;
use super::reference::Reference;

pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What we say that we can read.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// Layers of one artifact; real ones have one.
const MAX_LAYERS: usize = 64;

/// A manifest of one of the kinds that we read.
#[derive(Debug)]
pub(super) enum Document {
    Image(Image),
    /// Of several platforms.
    Index(Vec<Entry>),
}

/// An artifact in layers.
#[derive(Clone, Debug)]
pub(super) struct Image {
    /// Those that may be an actor or provider, in order; at least one.
    pub(super) layers: Vec<Layer>,
    pub(super) annotations: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) media_type: String,
    pub(super) digest: Digest,
    pub(super) size: u64,
}

/// A manifest that an index names.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) digest: Digest,
    os: String,
    architecture: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<u32>,
    layers: Option<Vec<RawDescriptor>>,
    manifests: Option<Vec<RawDescriptor>>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<RawPlatform>,
}

#[derive(Default, Deserialize)]
struct RawPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

impl Document {
    /// Reads a manifest that came as `content_type`.
    ///
    /// # Errors
    /// It is none, of a kind that is not read, or of something that is no actor or provider.
    pub(super) fn read(
        reference: &Reference,
        bytes: &[u8],
        content_type: &str,
    ) -> Result<Self, OciError> {
        let broken =
            |reason: String| OciError::new(ErrorKind::Protocol, format!("{reference}: {reason}"));
        let raw: Raw = serde_json::from_slice(bytes).map_err(|error| {
            let registry = reference.registry();
            if content_type.contains("json") || content_type.is_empty() {
                return broken(format!("the manifest cannot be read: {error}"));
            }
            let what: String = content_type.chars().take(60).collect();
            broken(format!(
                "{registry} does not answer as a registry does, but with {what}"
            ))
            .hint("check the registry's address")
        })?;
        if raw.schema_version.is_some_and(|it| it != 2) {
            return Err(
                broken("the manifest is of a version that is no longer in use".to_owned())
                    .hint("push the artifact again with a current tool"),
            );
        }
        match (raw.layers, raw.manifests) {
            (_, Some(entries)) => Ok(Self::Index(
                entries
                    .into_iter()
                    .filter_map(|it| {
                        let platform = it.platform.unwrap_or_default();
                        Some(Entry {
                            digest: Digest::parse(&it.digest)?,
                            os: platform.os,
                            architecture: platform.architecture,
                        })
                    })
                    .collect(),
            )),
            (Some(layers), None) => {
                let layers = choose(reference, layers)?;
                Ok(Self::Image(Image {
                    layers,
                    annotations: raw.annotations.unwrap_or_default(),
                }))
            }
            (None, None) => Err(broken("the manifest names no layers".to_owned())),
        }
    }
}

fn choose(reference: &Reference, layers: Vec<RawDescriptor>) -> Result<Vec<Layer>, OciError> {
    let not_ours = |reason: String| {
        OciError::new(ErrorKind::NotAnArtifact, format!("{reference} {reason}"))
            .hint("actors and providers are pushed with `wash push`, or as application/wasm")
    };
    if layers.len() > MAX_LAYERS {
        let count = layers.len();
        return Err(not_ours(format!("has {count} layers; artifacts have one")));
    }
    let types: Vec<_> = layers.iter().map(|it| it.media_type.clone()).collect();
    let fitting = layers
        .into_iter()
        .filter(|it| kind::is_accepted(&it.media_type));
    let fitting: Option<Vec<_>> = fitting
        .map(|it| {
            Some(Layer {
                digest: Digest::parse(&it.digest)?,
                media_type: it.media_type,
                size: it.size,
            })
        })
        .collect();
    let fitting = fitting.ok_or_else(|| {
        let message =
            format!("{reference}: the manifest names a layer by something that is no digest");
        OciError::new(ErrorKind::Protocol, message)
    })?;
    if fitting.is_empty() {
        let types: String = types.join(", ").chars().take(300).collect();
        return Err(not_ours(match types.as_str() {
            "" => "is empty".to_owned(),
            types => format!("is neither an actor nor a provider, but holds {types}"),
        }));
    }
    Ok(fitting)
}

/// The manifest for this machine, for WebAssembly, or the only one.
pub(super) fn for_this_machine<'a>(
    reference: &Reference,
    entries: &'a [Entry],
) -> Result<&'a Entry, OciError> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let real: Vec<_> = entries.iter().filter(|it| it.os != "unknown").collect();
    let find = |fits: &dyn Fn(&Entry) -> bool| real.iter().copied().find(|it| fits(it));
    find(&|it| it.os == os && it.architecture == architecture)
        .or_else(|| find(&|it| it.architecture == "wasm" || it.os.starts_with("wasi")))
        .or_else(|| find(&|it| it.os.is_empty()))
        .or_else(|| real.first().copied().filter(|_| real.len() == 1))
        .ok_or_else(|| {
            let all = real
                .iter()
                .take(20)
                .map(|it| format!("{}/{}", it.os, it.architecture));
            let all = all.collect::<Vec<_>>().join(", ");
            let message =
                format!("{reference} has nothing for {os}/{architecture}, only for: {all}");
            OciError::new(ErrorKind::NotAnArtifact, message)
        })
}

/// A manifest as we write it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    pub(super) schema_version: u32,
    pub(super) media_type: &'static str,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
    pub(super) annotations: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn reference() -> Reference {
        Reference::parse("r.io/a:1", None).unwrap()
    }

    fn layer(media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": Digest::of(b"x").to_string(), "size": 1})
    }

    fn read(document: &Value) -> Result<Document, OciError> {
        Document::read(
            &reference(),
            document.to_string().as_bytes(),
            "application/json",
        )
    }

    #[test]
    fn images_of_every_generation_are_read() {
        for document in [
            // As older versions of wash push them.
            json!({"schemaVersion": 2, "annotations": {}, "config": layer("c"),
                "layers": [layer("application/vnd.module.wasm.content.layer.v1+wasm")]}),
            json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "annotations": null,
                "layers": [layer("text/plain"), layer("application/wasm")]}),
            json!({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "layers": [layer("application/vnd.oci.image.layer.v1.tar")]}),
        ] {
            match read(&document) {
                Ok(Document::Image(it)) => assert_eq!(it.layers.len(), 1),
                other => panic!("{document}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_no_artifact_is_refused_with_its_reason() {
        let many: Vec<_> = (0..65).map(|_| layer("application/wasm")).collect();
        for (document, reason) in [
            (
                json!({"schemaVersion": 1, "fsLayers": []}),
                "no longer in use",
            ),
            (json!({"schemaVersion": 2}), "no layers"),
            (json!({"layers": []}), "empty"),
            (
                json!({"layers": [layer("application/vnd.docker.image.rootfs.diff.tar.gzip")]}),
                "rootfs",
            ),
            (
                json!({"layers": [{"mediaType": "application/wasm", "digest": "sha256:../x", "size": 1}]}),
                "no digest",
            ),
            (
                json!({"layers": [{"mediaType": "application/wasm", "digest": "x", "size": -1}]}),
                "cannot be read",
            ),
            (json!({"layers": many}), "65 layers"),
            (json!([]), "cannot be read"),
        ] {
            let error = read(&document).unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("r.io/a:1"),
                "{error}"
            );
        }
        let html = Document::read(&reference(), b"<html>", "text/html; charset=utf-8");
        assert!(html.unwrap_err().to_string().contains("text/html"));
    }

    #[test]
    fn an_index_leads_to_what_fits() {
        let entry = |os: &str, architecture: &str, content: &[u8]| {
            json!({"digest": Digest::of(content).to_string(), "size": 1,
                "platform": {"os": os, "architecture": architecture}})
        };
        let chosen = |manifests: Vec<Value>| match read(
            &json!({"schemaVersion": 2, "manifests": manifests}),
        ) {
            Ok(Document::Index(entries)) => {
                for_this_machine(&reference(), &entries).map(|it| it.digest.clone())
            }
            other => panic!("{other:?}"),
        };
        let (right, wrong) = (Digest::of(b"right"), entry("plan9", "mips", b"wrong"));
        let wasm = entry("wasip2", "wasm", b"right");
        assert_eq!(chosen(vec![wrong.clone(), wasm.clone()]), Ok(right.clone()));
        let only = entry("plan9", "mips", b"right");
        let note = entry("unknown", "unknown", b"wrong");
        assert_eq!(chosen(vec![only, note]), Ok(right));
        let other = entry("plan9", "arm", b"wrong");
        let error = chosen(vec![wrong, other]).unwrap_err().to_string();
        assert!(error.contains("plan9/mips, plan9/arm"), "{error}");
        assert!(chosen(vec![]).is_err());
    }
}
