//! Subjects with `*` for one token and `>` for all that follow. Pure.

/// Whether `pattern` selects `subject`, which has no wildcards of its own.
pub(super) fn selects(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in pattern.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}
