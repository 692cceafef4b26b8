//! The types of `wasmcloud:keyvalue`, as actors write and read them, and the provider's configuration.

use serde::{Deserialize, Serialize};

/// What the provider can be started with.
#[derive(Deserialize)]
pub struct Configuration {
    #[serde(alias = "URL", alias = "Url")]
    pub url: String,
}

#[derive(Serialize)]
pub struct Found {
    /// Empty where there is none.
    pub value: String,
    pub exists: bool,
}

#[derive(Deserialize)]
pub struct Set {
    pub key: String,
    pub value: String,
    /// Seconds; 0 for as long as Redis lives.
    #[serde(default)]
    pub expires: u32,
}

#[derive(Deserialize)]
pub struct Increment {
    pub key: String,
    pub value: i32,
}

/// Of a list or a set.
#[derive(Deserialize)]
pub struct Item {
    #[serde(alias = "listName", alias = "setName")]
    pub name: String,
    pub value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListRange {
    pub list_name: String,
    pub start: i32,
    /// Included; -1 is the last.
    pub stop: i32,
}
