//! A program to be packed: the file, and for which target it is by its own account.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use crate::archive::par::{Library, Target};
use crate::cli::report::{CommandError, Kind};
use crate::cli::session::Session;

use super::{open_file, par_error};

/// Holds the headers of every format that is known.
const HEAD: u64 = 4096;

/// What older tools take every program for.
const DEFAULT: &str = "x86_64-linux";

/// Which program, and for which machines.
#[derive(Debug, Default, clap::Args)]
pub(super) struct BinaryArgs {
    /// Target of the program, as x86_64-linux or aarch64-macos [default: what the program says of itself, else
    /// x86_64-linux]
    #[arg(short, long, value_name = "ARCH-OS")]
    arch: Option<Target>,

    /// The program
    #[arg(short, long, value_name = "FILE")]
    binary: PathBuf,
}

impl BinaryArgs {
    pub(super) fn path(&self) -> &Path {
        &self.binary
    }

    /// The name without directory and extension, under which keys are kept.
    pub(super) fn stem(&self) -> String {
        let stem = self.binary.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    pub(super) fn load(&self, session: &Session) -> Result<(Target, Library), CommandError> {
        let path = self.binary.display();
        let mut file = open_file(&self.binary)?;
        let said = said(&mut file).map_err(|error| {
            CommandError::new(Kind::General, format!("cannot read {path}")).because(error)
        })?;
        let target = match (&self.arch, said) {
            (Some(given), said) => {
                if let Some(said) = said.filter(|it| it != given) {
                    let warning = format!("{path} is a program for {said}, not {given}");
                    session.output.warn(&warning);
                }
                given.clone()
            }
            (None, Some(said)) => said,
            (None, None) => {
                let note = format!("{path} does not say for which target it is; taking {DEFAULT}");
                session.output.note(&note);
                DEFAULT.parse().expect("the default is a target")
            }
        };
        let library = Library::read(file).map_err(|it| par_error(&self.binary, it))?;
        if library.size() == 0 {
            return Err(CommandError::new(Kind::Refused, format!("{path} is empty")));
        }
        Ok((target, library))
    }
}

/// Leaves the file at its start.
fn said(file: &mut File) -> std::io::Result<Option<Target>> {
    let mut head = Vec::new();
    Read::by_ref(file).take(HEAD).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(target(&head).and_then(|it| it.parse().ok()))
}

/// By the header of an ELF, Mach-O or PE file.
fn target(head: &[u8]) -> Option<&'static str> {
    let half = |at: usize| Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?));
    let word = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    if head.starts_with(b"\x7fELF") {
        let (wide, little) = (*head.get(4)? == 2, *head.get(5)? == 1);
        // System V, which is what Linux has there, or Linux itself.
        let linux = matches!(*head.get(7)?, 0 | 3);
        return match half(18)? {
            _ if !little || !linux => None,
            0x3e if wide => Some("x86_64-linux"),
            0xb7 if wide => Some("aarch64-linux"),
            0xf3 if wide => Some("riscv64-linux"),
            0x28 if !wide => Some("arm-linux"),
            0x03 if !wide => Some("x86-linux"),
            _ => None,
        };
    }
    if word(0)? == 0xfeed_facf {
        return match word(4)? {
            0x0100_0007 => Some("x86_64-macos"),
            0x0100_000c => Some("aarch64-macos"),
            _ => None,
        };
    }
    if head.starts_with(b"MZ") {
        let at = usize::try_from(word(0x3c)?)
            .ok()
            .filter(|it| *it < head.len())?;
        return match (word(at)?, half(at + 4)?) {
            (0x0000_4550, 0x8664) => Some("x86_64-windows"),
            (0x0000_4550, 0xaa64) => Some("aarch64-windows"),
            _ => None,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_say_for_which_target_they_are() {
        let elf = |class: u8, machine: u16| {
            let mut head = vec![0x7f, b'E', b'L', b'F', class, 1, 1, 0];
            head.resize(18, 0);
            head.extend(machine.to_le_bytes());
            head
        };
        let mach = |cpu: u32| [0xfeed_facf_u32.to_le_bytes(), cpu.to_le_bytes()].concat();
        let mut windows = vec![0; 0x80];
        windows[..2].copy_from_slice(b"MZ");
        windows[0x3c] = 0x40;
        windows[0x40..0x46].copy_from_slice(b"PE\0\0\x64\x86");
        for (head, expected) in [
            (elf(2, 0x3e), Some("x86_64-linux")),
            (elf(2, 0xb7), Some("aarch64-linux")),
            (elf(1, 0x28), Some("arm-linux")),
            (elf(1, 0x3e), None),
            (elf(2, 0x3e)[..19].to_vec(), None),
            (mach(0x0100_000c), Some("aarch64-macos")),
            (windows.clone(), Some("x86_64-windows")),
            (windows[..0x44].to_vec(), None),
            (b"#!/bin/sh\n".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(target(&head), expected, "{head:?}");
        }
        windows[0x3c..0x40].fill(0xff);
        assert_eq!(target(&windows), None);
        #[cfg(target_os = "linux")]
        {
            let mut file = File::open(std::env::current_exe().unwrap()).unwrap();
            assert_eq!(said(&mut file).unwrap(), Some(Target::current()));
        }
    }
}
