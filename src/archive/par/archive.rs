//! An archive that exists: its claims, what is in it, and programs out of it.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use crate::claims::ProviderClaims;

use super::walk::{Body, Item, Limits, is_gzip, walk};
use super::{Executable, Hash, Library, ParError, Target, cache};

/// An open archive. Its claims have been read, but whether they are to be believed is
/// [`ProviderClaims::check`]'s question.
#[derive(Debug)]
pub struct Archive<R> {
    input: R,
    limits: Limits,
    claims: ProviderClaims,
    hashes: BTreeMap<Target, Hash>,
    compressed: bool,
}

/// A program as it stands in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// In bytes.
    pub size: u64,
    pub hash: Hash,
}

/// All there is in an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    pub libraries: BTreeMap<Target, Found>,
    /// Entries that no archive has; older hosts may stumble over them.
    pub others: Vec<String>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads as far as the claims, which come first in archives as tools write them.
    ///
    /// # Errors
    /// That it is no archive, is damaged or beyond the limits, or that its claims cannot be read.
    pub fn open(input: R) -> Result<Self, ParError> {
        Self::open_within(input, Limits::default())
    }

    /// Like [`Archive::open`], with other limits, which also hold for everything that is read later.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub fn open_within(mut input: R, limits: Limits) -> Result<Self, ParError> {
        let compressed = is_gzip(&mut input).map_err(ParError::Read)?;
        let claims = walk(&mut input, &limits, |item, body| match item {
            Item::Claims => claims(body).map(Some),
            _ => Ok(None),
        })?;
        let claims = claims.ok_or(ParError::NoClaims)?;
        let mut hashes = BTreeMap::new();
        for (name, hash) in &claims.metadata().target_hashes {
            // What is no target is no entry's name either.
            let Ok(target) = name.parse::<Target>() else {
                continue;
            };
            let hash = Hash::parse(hash).ok_or_else(|| ParError::BadHash(target.clone()))?;
            hashes.insert(target, hash);
        }
        Ok(Self {
            input,
            limits,
            claims,
            hashes,
            compressed,
        })
    }

    pub fn claims(&self) -> &ProviderClaims {
        &self.claims
    }

    /// Whether it is in gzip.
    pub fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// Those that the claims state, in order.
    pub fn targets(&self) -> Vec<Target> {
        self.hashes.keys().cloned().collect()
    }

    /// The hash that the claims state.
    ///
    /// # Errors
    /// [`ParError::NoTarget`], which lists those there are.
    pub fn hash(&self, target: &Target) -> Result<Hash, ParError> {
        let hash = self.hashes.get(target).copied();
        hash.ok_or_else(|| ParError::NoTarget(target.clone(), self.targets()))
    }

    /// Puts the program for `target` into a directory of programs, made for its owner alone, where its hash is its
    /// name; one that is there and intact is taken as it is. Any number of hosts may share the directory.
    ///
    /// The archive is read no further than needed, and nothing that fails leaves a file that could be run.
    ///
    /// # Errors
    /// [`ParError::NoTarget`], everything wrong with the archive up to that program, and what fails on disk.
    pub fn extract(&mut self, target: &Target, cache: &Path) -> Result<Executable, ParError> {
        let hash = self.hash(target)?;
        cache::obtain(cache, hash, |file| self.copy(target, file))
    }

    /// As [`Archive::extract`], for whoever calls [`Executable::verify`] before each run and extracts anew when that
    /// fails: a program that is there is not read, so that its content is hashed once and not twice.
    ///
    /// # Errors
    /// As [`Archive::extract`].
    pub fn place(&mut self, target: &Target, cache: &Path) -> Result<Executable, ParError> {
        let hash = self.hash(target)?;
        match cache::kept(cache, hash)? {
            Some(program) => Ok(program),
            None => cache::obtain(cache, hash, |file| self.copy(target, file)),
        }
    }

    /// Writes the program for `target`. After an error what was written is worthless.
    ///
    /// # Errors
    /// As [`Archive::extract`], and [`ParError::Write`].
    pub fn copy(&mut self, target: &Target, to: &mut dyn Write) -> Result<(), ParError> {
        let stated = self.hash(target)?;
        let found = walk(&mut self.input, &self.limits, |item, body| match item {
            Item::Library(it) if it == *target => body.copy(to).map(Some),
            _ => Ok(None),
        })?;
        match found {
            None => Err(ParError::Missing(target.clone())),
            Some(found) if found == stated => Ok(()),
            Some(found) => Err(ParError::Mismatch {
                target: target.clone(),
                stated,
                found,
            }),
        }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// That it is damaged or beyond the limits. What does not fit the claims is no error here but one of
    /// [`Archive::problems`].
    pub fn survey(&mut self) -> Result<Survey, ParError> {
        let mut survey = Survey::default();
        walk::<()>(&mut self.input, &self.limits, |item, body| {
            match item {
                Item::Claims => {}
                Item::Other(name) => survey.others.push(name),
                Item::Library(target) => {
                    let (size, hash) = (body.size, body.copy(&mut io::sink())?);
                    survey.libraries.insert(target, Found { size, hash });
                }
            }
            Ok(None)
        })?;
        Ok(survey)
    }

    /// Everything in which the claims and what is there differ.
    pub fn problems(&self, survey: &Survey) -> Vec<ParError> {
        let mut found = Vec::new();
        for (target, &stated) in &self.hashes {
            let target = target.clone();
            match survey.libraries.get(&target) {
                None => found.push(ParError::Missing(target)),
                Some(it) if it.hash != stated => found.push(ParError::Mismatch {
                    target,
                    stated,
                    found: it.hash,
                }),
                Some(_) => {}
            }
        }
        let unclaimed = |it: &&Target| !self.hashes.contains_key(*it);
        let unclaimed = survey.libraries.keys().filter(unclaimed);
        found.extend(unclaimed.cloned().map(ParError::Unclaimed));
        found
    }

    /// Every program, in nameless files on the disk of `scratch`, to be packed again.
    ///
    /// # Errors
    /// As [`Archive::survey`], the first of [`Archive::problems`], and what fails on disk.
    pub fn unpack(&mut self, scratch: &Path) -> Result<BTreeMap<Target, Library>, ParError> {
        let (mut libraries, mut survey) = (BTreeMap::new(), Survey::default());
        walk::<()>(&mut self.input, &self.limits, |item, body| {
            let Item::Library(target) = item else {
                return Ok(None);
            };
            let failed = |source| ParError::Io {
                action: "write a temporary file in",
                path: scratch.to_owned(),
                source,
            };
            let mut file = tempfile::tempfile_in(scratch).map_err(failed)?;
            let size = body.size;
            let hash = body.copy(&mut file).map_err(|error| match error {
                ParError::Write(source) => failed(source),
                other => other,
            })?;
            survey
                .libraries
                .insert(target.clone(), Found { size, hash });
            libraries.insert(target, Library::new(file, size, hash));
            Ok(None)
        })?;
        match self.problems(&survey).into_iter().next() {
            Some(error) => Err(error),
            None => Ok(libraries),
        }
    }
}

fn claims(body: &mut Body<'_>) -> Result<ProviderClaims, ParError> {
    let mut text = Vec::new();
    body.copy(&mut text)?;
    let text = String::from_utf8(text)
        .map_err(|_| ParError::Damaged("its claims are not text".to_owned()))?;
    Ok(ProviderClaims::read(&text)?)
}
