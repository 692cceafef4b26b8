//! Subjects and filters as streams and consumers use them. Pure.

pub(super) use crate::nats::pattern::selects as matches;

/// What a consumer or a request selects: nothing named means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter(Vec<Box<str>>);

impl Filter {
    pub(super) fn new<'a>(filters: impl IntoIterator<Item = &'a str>) -> Self {
        let mut named: Vec<Box<str>> = Vec::new();
        for filter in filters.into_iter().filter(|it| !it.is_empty()) {
            if filter == ">" {
                return Self::default();
            }
            named.push(filter.into());
        }
        Self(named)
    }

    pub(super) fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// The one subject this selects, when it is one.
    pub(super) fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [one] if is_literal(one) => Some(one),
            _ => None,
        }
    }

    pub(super) fn matches(&self, subject: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|it| matches(it, subject))
    }
}

/// Some subject is selected by both.
pub(super) fn overlaps(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(">"), Some(_)) | (Some(_), Some(">")) => return true,
            (Some(a), Some(b)) if a == b || a == "*" || b == "*" => {}
            _ => return false,
        }
    }
}

/// Without wildcards.
pub(super) fn is_literal(subject: &str) -> bool {
    !subject.split('.').any(|it| it == "*" || it == ">")
}

/// Tokens that are not empty and hold no blanks, `>` only at the end.
pub(super) fn is_valid(subject: &str) -> bool {
    let mut ended = false;
    !subject.is_empty()
        && subject.split('.').all(|token| {
            let good = !ended
                && !token.is_empty()
                && !token.contains(|it: char| it.is_ascii_whitespace() || it == '\0');
            ended = token == ">";
            good
        })
}

/// Fit to name a stream or a consumer: one token that no path could leave by.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.contains(|it: char| {
            it.is_whitespace() || it.is_control() || matches!(it, '.' | '*' | '>' | '/' | '\\')
        })
}

#[cfg(test)]
mod tests {
    use super::{Filter, is_name, is_valid, matches, overlaps};

    #[test]
    fn filters_select() {
        for (filter, subject, expected) in [
            ("a.b", "a.b", true),
            ("a.b", "a.b.c", false),
            ("a.*", "a.b", true),
            ("a.*", "a", false),
            ("a.>", "a", false),
            ("a.>", "a.b.c", true),
            (">", "a", true),
            ("*.b", "a.b", true),
            ("*.b", "a.c", false),
        ] {
            assert_eq!(matches(filter, subject), expected, "{filter} {subject}");
        }
        assert!(Filter::new(["a", ">"]).is_all());
        assert_eq!(Filter::new(["a.b"]).literal(), Some("a.b"));
        assert_eq!(Filter::new(["a.*"]).literal(), None);
    }

    #[test]
    fn filters_overlap() {
        for (one, other, expected) in [
            ("a.*", "*.b", true),
            ("a.>", "a", false),
            ("a.>", "*.b", true),
            ("a.b", "a.c", false),
            (">", "a.b", true),
            ("a.*", "a.b.c", false),
        ] {
            assert_eq!(overlaps(one, other), expected, "{one} {other}");
            assert_eq!(overlaps(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn names_and_subjects_are_checked() {
        assert!(is_valid("a.*.>") && is_valid("$KV.x.>"));
        assert!(!is_valid("a..b") && !is_valid(">.a") && !is_valid("a b") && !is_valid(""));
        assert!(is_name("KV_a-b") && !is_name("a.b") && !is_name("../x") && !is_name(""));
    }
}
