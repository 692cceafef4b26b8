//! Claims as hosts tell them, of either generation, typed.

use serde::Serialize;
use serde_json::{Map as Fields, Value, json};

use super::rows;
use crate::cli::output::{Answer, Page};
use crate::cli::table::{KEEP, Table};
use crate::lattice::wire::Map;

/// The claims of an actor or provider, with the keys of older versions and typed values.
#[derive(Debug, PartialEq, Serialize)]
struct Claims {
    iss: String,
    sub: String,
    name: Option<String>,
    caps: Vec<String>,
    tags: Vec<String>,
    /// None if it is no number.
    rev: Option<i64>,
    version: Option<String>,
    call_alias: Option<String>,
    contract_id: Option<String>,
}

impl Claims {
    /// Hosts write either generation's names, and everything as text.
    fn read(claims: &Map) -> Self {
        let get = |names: [&str; 2]| {
            let found = names.iter().find_map(|it| claims.get(*it));
            found.filter(|it| !it.is_empty()).cloned()
        };
        let list = |names| {
            let text = get(names).unwrap_or_default();
            let items = text.split(',').map(|it| it.trim().to_owned());
            items.filter(|it| !it.is_empty()).collect()
        };
        Self {
            iss: get(["iss", "issuer"]).unwrap_or_default(),
            sub: get(["sub", "subject"]).unwrap_or_default(),
            name: get(["name", "name"]),
            caps: list(["caps", "capabilities"]),
            tags: list(["tags", "tags"]),
            rev: get(["rev", "revision"]).and_then(|it| it.parse().ok()),
            version: get(["version", "ver"]),
            call_alias: get(["call_alias", "call_alias"]),
            contract_id: get(["contract_id", "contract_id"]),
        }
    }
}

/// The claims of everything that ever ran.
pub(super) struct ClaimsList(Vec<Claims>);

impl ClaimsList {
    pub(super) fn read(claims: &[Map]) -> Self {
        let mut claims: Vec<_> = claims.iter().map(Claims::read).collect();
        claims.sort_by(|a, b| a.sub.cmp(&b.sub));
        Self(claims)
    }
}

impl Answer for ClaimsList {
    fn fields(&self) -> Fields<String, Value> {
        Fields::from_iter([("claims".to_owned(), json!(self.0))])
    }

    fn text(&self, page: &Page) -> String {
        let mut table = Table::new([
            ("SUBJECT", KEEP),
            ("NAME", 6),
            ("REV", 4),
            ("VERSION", 5),
            ("ALIAS", 2),
            ("CAPABILITIES", 3),
            ("ISSUER", 1),
        ]);
        for it in &self.0 {
            let caps = match &it.contract_id {
                Some(contract) => format!("provides {contract}"),
                None => it.caps.join(","),
            };
            table.row([
                it.sub.clone(),
                it.name.clone().unwrap_or_default(),
                it.rev.map(|it| it.to_string()).unwrap_or_default(),
                it.version.clone().unwrap_or_default(),
                it.call_alias.clone().unwrap_or_default(),
                caps,
                it.iss.clone(),
            ]);
        }
        rows(&table, page)
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|it| it.sub.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Map {
        let own = |it: &(&str, &str)| (it.0.to_owned(), it.1.to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn claims_of_both_generations_read_the_same() {
        let old = map(&[
            ("call_alias", ""),
            ("caps", "wasmcloud:httpserver,c:b"),
            ("contract_id", ""),
            ("iss", "A"),
            ("name", "Echo"),
            ("rev", "4"),
            ("sub", "M"),
            ("tags", ""),
            ("version", "0.3.4"),
        ]);
        let new = map(&[
            ("capabilities", "wasmcloud:httpserver, c:b"),
            ("issuer", "A"),
            ("name", "Echo"),
            ("revision", "4"),
            ("subject", "M"),
            ("version", "0.3.4"),
        ]);
        let read = Claims::read(&old);
        assert_eq!(read, Claims::read(&new));
        assert_eq!(read.caps, ["wasmcloud:httpserver", "c:b"]);
        assert_eq!((read.rev, read.call_alias), (Some(4), None));
        assert_eq!(Claims::read(&map(&[("rev", "x")])).rev, None);
    }
}
