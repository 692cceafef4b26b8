//! Which thing a typed name means: keys, names, call aliases, references and unique prefixes.
//!
//! Pure; `super::lookup` brings the candidates.

use std::collections::BTreeMap;
use std::fmt;

use crate::claims::{ActorId, HostId, KeyKind, ProviderId};
use crate::cli::report::{CommandError, Kind};

/// Prefixes shorter than this are no prefixes: too easily another thing tomorrow.
const MIN_PREFIX: usize = 4;

/// The most candidates that an error lists.
const LISTED: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Noun {
    Host,
    Actor,
    Provider,
}

impl Noun {
    fn letter(self) -> char {
        match self {
            Self::Host => 'N',
            Self::Actor => 'M',
            Self::Provider => 'V',
        }
    }
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Actor => "actor",
            Self::Provider => "provider",
        })
    }
}

/// One thing that a typed text may mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Candidate {
    /// Answers whole or by a prefix.
    pub(in crate::cli) names: Vec<String>,
    /// Image references and contract ids: answer only whole.
    pub(in crate::cli) references: Vec<String>,
    /// Running things win over those only known.
    pub(in crate::cli) running: bool,
}

/// Candidates by public key.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Candidates(BTreeMap<String, Candidate>);

impl Candidates {
    /// The entry of `id`, made if it is not there.
    pub(in crate::cli) fn entry(&mut self, id: &str) -> &mut Candidate {
        self.0.entry(id.to_owned()).or_default()
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The id that `typed` means. Whole matches win over prefixes, and what runs over what is only known.
    ///
    /// # Errors
    /// [`Kind::NotFound`] with what there is, or [`Kind::Ambiguous`] with what matches.
    pub(in crate::cli) fn find(&self, noun: Noun, typed: &str) -> Result<String, CommandError> {
        for fits in [whole, prefix] {
            for running in [true, false] {
                let matches: Vec<_> = (self.0.iter())
                    .filter(|(_, it)| it.running || !running)
                    .filter(|(id, it)| fits(id, it, typed))
                    .collect();
                match matches.as_slice() {
                    [] => {}
                    [(id, _)] => return Ok((*id).clone()),
                    several => return Err(ambiguous(noun, typed, several)),
                }
            }
        }
        Err(self.not_found(noun, typed))
    }

    fn not_found(&self, noun: Noun, typed: &str) -> CommandError {
        let error = CommandError::new(Kind::NotFound, format!("no {noun} is called '{typed}'"));
        let short = typed.chars().count() < MIN_PREFIX;
        let error = if short && self.0.iter().any(|it| starts(it.0, it.1, typed)) {
            error.hint(format!(
                "type at least {MIN_PREFIX} characters of a key or name"
            ))
        } else {
            error
        };
        if self.0.is_empty() {
            return error.hint(format!("no {noun} is known in this lattice"));
        }
        let mut listed: Vec<_> = self.0.iter().collect();
        listed.sort_by_key(|(_, it)| !it.running);
        error.hint(format!("there is {}", list(&listed)))
    }
}

/// A whole, valid key of this kind is taken as it is; a valid key of another kind is an error.
///
/// # Errors
/// [`Kind::Usage`].
pub(in crate::cli) fn full_key(noun: Noun, typed: &str) -> Result<Option<String>, CommandError> {
    let upper = typed.to_ascii_uppercase();
    let valid = match upper.chars().next() {
        Some('N') => HostId::parse(&upper).is_ok(),
        Some('M') => ActorId::parse(&upper).is_ok(),
        Some('V') => ProviderId::parse(&upper).is_ok(),
        _ => false,
    };
    if !valid {
        return Ok(None);
    }
    if upper.starts_with(noun.letter()) {
        return Ok(Some(upper));
    }
    let kind = upper.chars().next().and_then(KeyKind::from_letter);
    let kind = kind.map_or_else(String::new, |it| it.to_string());
    Err(CommandError::new(
        Kind::Usage,
        format!(
            "{upper} is a {kind} key; keys of {noun}s start with {}",
            noun.letter()
        ),
    ))
}

fn whole(id: &str, candidate: &Candidate, typed: &str) -> bool {
    id.eq_ignore_ascii_case(typed)
        || (candidate.names.iter()).any(|it| it.to_lowercase() == typed.to_lowercase())
        || candidate.references.iter().any(|it| it == typed)
}

fn prefix(id: &str, candidate: &Candidate, typed: &str) -> bool {
    typed.chars().count() >= MIN_PREFIX && starts(id, candidate, typed)
}

fn starts(id: &str, candidate: &Candidate, typed: &str) -> bool {
    !typed.is_empty()
        && (id.starts_with(&typed.to_ascii_uppercase())
            || (candidate.names.iter())
                .any(|it| it.to_lowercase().starts_with(&typed.to_lowercase())))
}

fn ambiguous(noun: Noun, typed: &str, matches: &[(&String, &Candidate)]) -> CommandError {
    CommandError::new(
        Kind::Ambiguous,
        format!("'{typed}' means more than one {noun}: {}", list(matches)),
    )
    .hint("give a whole name or key")
}

/// `ID (name), …`; ids are never cut.
fn list(candidates: &[(&String, &Candidate)]) -> String {
    let mut shown: Vec<_> = (candidates.iter().take(LISTED))
        .map(|(id, it)| match it.names.first() {
            Some(name) => format!("{id} ({name})"),
            None => (*id).clone(),
        })
        .collect();
    if candidates.len() > LISTED {
        shown.push(format!("and {} more", candidates.len() - LISTED));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Seed;

    fn candidates() -> Candidates {
        let mut all = Candidates::default();
        let mut add = |id: &str, names: &[&str], references: &[&str], running| {
            let entry = all.entry(id);
            entry.names = names.iter().map(ToString::to_string).collect();
            entry.references = references.iter().map(ToString::to_string).collect();
            entry.running = running;
        };
        add(
            "MAAAA1",
            &["Echo", "demo/echo"],
            &["reg.io/echo:1", "c:one"],
            true,
        );
        add("MAAAB2", &["Echo Two"], &["file:///echo2.wasm"], true);
        add("MBBBB3", &["Ponger"], &["c:one"], true);
        add("MCCCC4", &["Ponger", "Old"], &[], false);
        add("MDDDD5", &["Pong"], &[], false);
        add("MEEEE6", &["Twin"], &[], true);
        add("MFFFF7", &["twin"], &[], true);
        all
    }

    #[test]
    fn finds_by_every_kind_of_name() {
        let cases = [
            ("MAAAA1", "MAAAA1"),
            ("maaaa1", "MAAAA1"),
            ("MAAAA", "MAAAA1"),
            ("maaab", "MAAAB2"),
            ("Echo", "MAAAA1"),
            ("ECHO", "MAAAA1"),
            ("echo two", "MAAAB2"),
            ("echo t", "MAAAB2"),
            ("demo/echo", "MAAAA1"),
            ("demo", "MAAAA1"),
            ("reg.io/echo:1", "MAAAA1"),
            ("file:///echo2.wasm", "MAAAB2"),
            ("Ponger", "MBBBB3"),
            ("Pong", "MDDDD5"),
            ("ponge", "MBBBB3"),
            ("Old", "MCCCC4"),
        ];
        for (typed, id) in cases {
            let found = candidates().find(Noun::Actor, typed);
            assert_eq!(found.map_err(|it| it.message), Ok(id.to_owned()), "{typed}");
        }
    }

    #[test]
    fn one_too_many_lists_all() {
        let cases = [("maaa", 2), ("twin", 2), ("c:one", 2)];
        for (typed, count) in cases {
            let error = candidates().find(Noun::Actor, typed).unwrap_err();
            assert_eq!(error.kind, Kind::Ambiguous, "{typed}");
            assert_eq!(error.message.matches('(').count(), count, "{error}");
        }
    }

    #[test]
    fn nothing_found_says_what_there_is() {
        for typed in ["Ech", "MAA", "reg.io/echo", "nobody", "", "é", "M"] {
            let error = candidates().find(Noun::Actor, typed).unwrap_err();
            assert_eq!(error.kind, Kind::NotFound, "{typed}");
            assert!(error.hints.iter().any(|it| it.contains("MAAAA1 (Echo)")));
        }
        let error = candidates().find(Noun::Actor, "Ech").unwrap_err();
        assert!(error.hints[0].contains("at least 4"), "{error:?}");
        let error = Candidates::default()
            .find(Noun::Host, "long-name-1")
            .unwrap_err();
        assert_eq!(error.message, "no host is called 'long-name-1'");
    }

    #[test]
    fn whole_keys_need_no_look_up() {
        let module = Seed::generate(KeyKind::Module).public();
        let found = full_key(Noun::Actor, &module).map_err(|it| it.message);
        assert_eq!(found, Ok(Some(module.clone())));
        let found = full_key(Noun::Actor, &module.to_lowercase()).map_err(|it| it.message);
        assert_eq!(found, Ok(Some(module.clone())));
        let error = full_key(Noun::Provider, &module).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.message.contains("module key"), "{error}");
        let mut bad = module;
        bad.replace_range(10..11, if &bad[10..11] == "A" { "B" } else { "A" });
        let found = full_key(Noun::Actor, &bad).map_err(|it| it.message);
        assert_eq!(found, Ok(None));
    }
}
