//! The sections of a WebAssembly binary, as far as token sections matter (protocol §2.3): finding them,
//! cutting them out, and rebuilding the rest. Knows nothing of tokens or keys; [`super::module`] uses it.

use std::ops::Range;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{Encode, RawSection};
use wasmparser::{BinaryReader, BinaryReaderError};

/// Read by every generation at any depth, written by signers up to wascap 0.8.
pub(super) const OLD_TOKEN: &str = "jwt";
/// Read only at the top level, written since wascap 0.9.
pub(super) const NEW_TOKEN: &str = "wasmcloud_jwt";

/// Real components nest two or three levels; without a bound a hostile one exhausts the stack.
const MAX_DEPTH: usize = 32;
/// Real binaries have some hundreds; without a bound a file of empty sections takes many times its size.
const MAX_SECTIONS: usize = 100_000;

const CUSTOM: u8 = 0;
/// Section ids of a component that hold a whole binary.
const NESTED_MODULE: u8 = 1;
const NESTED_COMPONENT: u8 = 4;

/// A module or component, as a list of its sections.
#[derive(Debug)]
pub(super) struct Binary<'a> {
    bytes: &'a [u8],
    component: bool,
    sections: Vec<Section<'a>>,
}

#[derive(Debug)]
struct Section<'a> {
    id: u8,
    /// Id, length and payload, within the bytes of the binary.
    place: Range<usize>,
    payload: &'a [u8],
    content: Content<'a>,
}

#[derive(Debug)]
enum Content<'a> {
    Token { name: &'a str, text: &'a [u8] },
    Nested(Binary<'a>),
    Other,
}

/// A token section: its name and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenSection<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a [u8],
}

impl<'a> Binary<'a> {
    /// # Errors
    /// What is wrong with the binary, and where.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let mut budget = MAX_SECTIONS;
        Self::parse_at(bytes, 0, 0, &mut budget)
    }

    fn parse_at(
        bytes: &'a [u8],
        offset: usize,
        depth: usize,
        budget: &mut usize,
    ) -> Result<Self, String> {
        if depth > MAX_DEPTH {
            return Err(format!("components are nested deeper than {MAX_DEPTH}"));
        }
        let component = match bytes.get(..8) {
            Some(it) if it == wasm_encoder::Module::HEADER => false,
            Some(it) if it == wasm_encoder::Component::HEADER => true,
            Some(it) if it.starts_with(b"\0asm") => {
                return Err("it has an unknown version of the format".to_owned());
            }
            _ if bytes.is_empty() => return Err("it is empty".to_owned()),
            _ => return Err("it does not begin with the WebAssembly preamble".to_owned()),
        };
        let mut reader = BinaryReader::new(bytes, offset);
        reader.read_bytes(8).map_err(|error| broken(&error))?;
        let mut sections = Vec::new();
        while !reader.eof() {
            *budget = budget
                .checked_sub(1)
                .ok_or_else(|| format!("it has more than {MAX_SECTIONS} sections"))?;
            let start = reader.current_position();
            let (id, payload) = section(&mut reader).map_err(|error| broken(&error))?;
            let end = reader.current_position();
            let payload_at = offset + end - payload.len();
            let content = match id {
                CUSTOM => custom(payload, payload_at).map_err(|error| broken(&error))?,
                NESTED_MODULE | NESTED_COMPONENT if component => {
                    Content::Nested(Self::parse_at(payload, payload_at, depth + 1, budget)?)
                }
                _ => Content::Other,
            };
            sections.push(Section {
                id,
                place: start..end,
                payload,
                content,
            });
        }
        Ok(Self {
            bytes,
            component,
            sections,
        })
    }

    pub(super) fn is_component(&self) -> bool {
        self.component
    }

    /// Token sections in the order in which readers prefer them: those of the top level, then nested ones of
    /// the old name.
    pub(super) fn tokens(&self) -> Vec<TokenSection<'a>> {
        let mut found = Vec::new();
        for section in &self.sections {
            if let Content::Token { name, text } = section.content {
                found.push(TokenSection { name, text });
            }
        }
        for section in &self.sections {
            if let Content::Nested(binary) = &section.content {
                found.extend(
                    binary
                        .tokens()
                        .into_iter()
                        .filter(|it| it.name == OLD_TOKEN),
                );
            }
        }
        found
    }

    /// The bytes as they stand, in pieces, without the top level's token sections of these names.
    pub(super) fn cut_out(&self, names: &[&str]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        let mut start = 0;
        for section in &self.sections {
            if matches!(section.content, Content::Token { name, .. } if names.contains(&name)) {
                pieces.push(&self.bytes[start..section.place.start]);
                start = section.place.end;
            }
        }
        pieces.push(&self.bytes[start..]);
        pieces
    }

    /// The binary with every section length in its shortest form and without token sections at any depth.
    pub(super) fn rebuild(&self) -> Vec<u8> {
        let mut output = Vec::with_capacity(self.bytes.len());
        output.extend_from_slice(if self.component {
            &wasm_encoder::Component::HEADER
        } else {
            &wasm_encoder::Module::HEADER
        });
        for section in &self.sections {
            match &section.content {
                Content::Token { .. } => {}
                Content::Nested(binary) => {
                    output.push(section.id);
                    binary.rebuild().encode(&mut output);
                }
                Content::Other => {
                    output.push(section.id);
                    RawSection {
                        id: section.id,
                        data: section.payload,
                    }
                    .encode(&mut output);
                }
            }
        }
        output
    }

    fn ids(&self) -> impl Iterator<Item = u8> {
        self.sections.iter().map(|it| it.id)
    }
}

/// A core module with every number in its shortest form, inside code bodies too, which is how the oldest
/// readers serialise it before hashing. None for a module that does not survive it unchanged in structure.
pub(super) fn minimal_module(wasm: &[u8]) -> Option<Vec<u8>> {
    let once = encode_again(wasm)?;
    let same_outline = {
        let (before, after) = (Binary::parse(wasm).ok()?, Binary::parse(&once).ok()?);
        before.ids().eq(after.ids())
    };
    (same_outline && encode_again(&once)? == once).then_some(once)
}

fn encode_again(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut module = wasm_encoder::Module::new();
    Minimal
        .parse_core_module(&mut module, wasmparser::Parser::new(0), wasm)
        .ok()?;
    Some(module.finish())
}

struct Minimal;

impl Reencode for Minimal {
    type Error = std::convert::Infallible;

    /// Custom sections keep their bytes; the default would parse and rewrite the name section.
    fn parse_custom_section(
        &mut self,
        module: &mut wasm_encoder::Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error<Self::Error>> {
        module.section(&reencode::utils::custom_section(self, section));
        Ok(())
    }
}

fn section<'a>(reader: &mut BinaryReader<'a>) -> Result<(u8, &'a [u8]), BinaryReaderError> {
    let id = reader.read_u8()?;
    let length = reader.read_var_u32()?;
    Ok((id, reader.read_bytes(length as usize)?))
}

fn custom(payload: &[u8], offset: usize) -> Result<Content<'_>, BinaryReaderError> {
    let mut reader = BinaryReader::new(payload, offset);
    let name = reader.read_string()?;
    let text = &payload[reader.current_position()..];
    Ok(if name == OLD_TOKEN || name == NEW_TOKEN {
        Content::Token { name, text }
    } else {
        Content::Other
    })
}

fn broken(error: &BinaryReaderError) -> String {
    format!("{} at byte {}", error.message(), error.offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `length` as a number of five bytes, as linkers write it.
    fn padded(length: u8) -> [u8; 5] {
        [length | 0x80, 0x80, 0x80, 0x80, 0]
    }

    fn with(header: [u8; 8], parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = header.to_vec();
        for part in parts {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    #[test]
    fn padded_lengths_stay_in_the_cut_and_go_in_the_rebuild() {
        let mut loose = vec![0];
        loose.extend(padded(3));
        loose.extend(b"\x01ab");
        let wasm = with(
            wasm_encoder::Module::HEADER,
            &[b"\x00\x06\x03jwtxy", &loose, b"\x00\x04\x03jwt"],
        );
        let binary = Binary::parse(&wasm).unwrap();
        let tokens: Vec<_> = binary.tokens().iter().map(|it| it.text).collect();
        assert_eq!(tokens, [&b"xy"[..], b""]);
        assert_eq!(
            binary.cut_out(&[OLD_TOKEN]).concat(),
            with(wasm_encoder::Module::HEADER, &[&loose])
        );
        assert_eq!(
            binary.rebuild(),
            with(wasm_encoder::Module::HEADER, &[b"\x00\x03\x01ab"])
        );
    }

    #[test]
    fn nested_binaries_are_walked() {
        let inner = with(
            wasm_encoder::Module::HEADER,
            &[b"\x00\x05\x03jwtx", b"\x00\x0f\x0dwasmcloud_jwty"],
        );
        let mut outer = vec![NESTED_MODULE];
        inner.encode(&mut outer);
        let wasm = with(
            wasm_encoder::Component::HEADER,
            &[&outer, b"\x00\x0f\x0dwasmcloud_jwtz"],
        );
        let binary = Binary::parse(&wasm).unwrap();
        assert!(binary.is_component());
        let tokens: Vec<_> = binary.tokens().iter().map(|it| it.text).collect();
        assert_eq!(tokens, [&b"z"[..], b"x"]);
        let mut bare = vec![NESTED_MODULE];
        wasm_encoder::Module::HEADER[..].encode(&mut bare);
        assert_eq!(
            binary.rebuild(),
            with(wasm_encoder::Component::HEADER, &[&bare])
        );
    }

    #[test]
    fn bombs_are_refused() {
        let mut deep = wasm_encoder::Component::HEADER.to_vec();
        for _ in 0..100 {
            let mut outer = wasm_encoder::Component::HEADER.to_vec();
            outer.push(NESTED_COMPONENT);
            deep.encode(&mut outer);
            deep = outer;
        }
        assert!(Binary::parse(&deep).unwrap_err().contains("deeper"));

        let many = b"\x00\x01\x00".repeat(MAX_SECTIONS + 1);
        let many = with(wasm_encoder::Module::HEADER, &[&many]);
        assert!(Binary::parse(&many).unwrap_err().contains("more than"));
    }

    #[test]
    fn padding_inside_code_goes() {
        // (func (drop (i32.const 1))) with the constant and the body's length in five bytes.
        let mut body = vec![0x00, 0x41];
        body.extend(padded(1));
        body.extend([0x1a, 0x0b]);
        let mut code = vec![0x01];
        code.extend(padded(body.len() as u8));
        code.extend(&body);
        let mut wasm = with(
            wasm_encoder::Module::HEADER,
            &[b"\x01\x04\x01\x60\x00\x00", b"\x03\x02\x01\x00", &[0x0a]],
        );
        code.encode(&mut wasm);
        let expected = wat::parse_str("(module (func (drop (i32.const 1))))").unwrap();
        assert_eq!(minimal_module(&wasm), Some(expected));
        assert_eq!(minimal_module(b"\0asm\x01\0\0\0\x0a\x01\x01"), None);
    }
}
