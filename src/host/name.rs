//! Friendly names of hosts: adjective, noun, number.

use rand::RngExt;
use rand::seq::IndexedRandom;

const ADJECTIVES: &[&str] = &[
    "agile", "amber", "ample", "azure", "bold", "brave", "breezy", "bright", "brisk", "calm",
    "candid", "cheery", "clever", "cobalt", "cosy", "crisp", "curious", "daring", "deft", "dusky",
    "eager", "early", "fabled", "fleet", "frosty", "gentle", "gilded", "glad", "golden", "hardy",
    "hazel", "humble", "jolly", "keen", "kind", "lively", "lucid", "lunar", "mellow", "merry",
    "misty", "mossy", "nimble", "noble", "patient", "plucky", "polar", "quick", "quiet", "rapid",
    "rustic", "sage", "silent", "silver", "spry", "steady", "sunny", "tidy", "vivid", "witty",
];

const NOUNS: &[&str] = &[
    "acorn", "anchor", "badger", "bay", "beacon", "birch", "bridge", "brook", "canyon", "cedar",
    "cliff", "clover", "comet", "coral", "cove", "crane", "delta", "dune", "ember", "falcon",
    "fern", "fjord", "garden", "glacier", "grove", "harbor", "heron", "hill", "island", "juniper",
    "kestrel", "lagoon", "lake", "lantern", "lark", "maple", "marsh", "meadow", "mesa", "moon",
    "oak", "orchard", "otter", "pebble", "pine", "plover", "pond", "prairie", "quarry", "reef",
    "ridge", "river", "sparrow", "spruce", "summit", "thicket", "tide", "valley", "willow", "wren",
];

const NUMBERS: std::ops::RangeInclusive<u32> = 1..=9999;

/// A random name such as `brisk-heron-417`.
pub(super) fn random() -> String {
    let mut rng = rand::rng();
    let adjective = ADJECTIVES.choose(&mut rng).unwrap_or(&"calm");
    let noun = NOUNS.choose(&mut rng).unwrap_or(&"lake");
    format!("{adjective}-{noun}-{}", rng.random_range(NUMBERS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_adjective_noun_number() {
        for _ in 0..100 {
            let name = random();
            let parts: Vec<_> = name.split('-').collect();
            let [adjective, noun, number] = parts[..] else {
                panic!("{name}");
            };
            assert!(ADJECTIVES.contains(&adjective) && NOUNS.contains(&noun));
            assert!(NUMBERS.contains(&number.parse().unwrap()));
        }
    }

    #[test]
    fn words_are_plain_and_come_once() {
        for words in [ADJECTIVES, NOUNS] {
            assert!(
                words
                    .iter()
                    .all(|it| it.chars().all(|c| c.is_ascii_lowercase()))
            );
            assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
        }
    }
}
