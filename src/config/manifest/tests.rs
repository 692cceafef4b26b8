use super::*;

const WALKTHROUGH: &str = "\
# what runs
actors:
  - ./hello.wasm
  - wasmcloud.azurecr.io/echo:0.3.4
capabilities:
  - image_ref: wasmcloud.azurecr.io/httpserver:0.15.0
  - {image_ref: 'builtin:httpclient', link_name: out}
links:
  - actor: MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5
    contract_id: wasmcloud:httpserver
    provider_id: builtin:httpserver
    values:
      ADDRESS: 0.0.0.0:8080
      PORT: 8080
      VERSION: 1.10
      FLAG: true
";

fn parse(text: &str) -> Result<Manifest, Vec<Finding>> {
    Manifest::parse(text, Syntax::Yaml, None)
}

fn problems(result: Result<Manifest, Vec<Finding>>) -> Vec<String> {
    result
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn reads_what_older_tools_read() {
    let manifest = parse(WALKTHROUGH).unwrap();
    let actors: Vec<_> = manifest.actors.iter().map(|it| &it.value).collect();
    assert_eq!(actors, ["./hello.wasm", "wasmcloud.azurecr.io/echo:0.3.4"]);
    assert_eq!(
        manifest.actors[0].position,
        Some(Position { line: 3, column: 5 })
    );
    assert_eq!(manifest.capabilities[0].link_name.value, "default");
    assert_eq!(manifest.capabilities[1].link_name.value, "out");
    let link = &manifest.links[0];
    assert_eq!(link.provider_id.value, "builtin:httpserver");
    assert_eq!(link.values["ADDRESS"], "0.0.0.0:8080");
    assert_eq!(link.values["PORT"], "8080");
    assert_eq!(link.values["VERSION"], "1.10", "scalars keep their text");
    assert_eq!(link.values["FLAG"], "true");
    assert!(!format!("{link:?}").contains("0.0.0.0"));
}

#[test]
fn json_and_yaml_give_the_same() {
    let json = r#"{"actors": ["./a.wasm"], "links": [{"actor": "a", "contract_id": "c",
        "provider_id": "p", "values": {"PORT": "80"}}]}"#;
    let manifest = Manifest::parse(json, Syntax::Json, None).unwrap();
    assert_eq!(manifest, parse(json).unwrap());
    assert_eq!(manifest.links[0].values["PORT"], "80");
}

#[test]
fn nothing_is_an_empty_manifest() {
    for text in ["", "# only a comment\n", "actors:\nlinks: []\n", "{}"] {
        let manifest = parse(text).unwrap();
        assert!(manifest.actors.is_empty() && manifest.links.is_empty());
    }
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let text = "\
actors:
  - ''
  - same
  - same
capabilities:
  - link_name: x
links:
  - actor: a
    provider_id: p
";
    assert_eq!(
        problems(parse(text)),
        [
            "2:5: actors[0]: is empty",
            "4:5: actors[2]: 'same' is listed twice",
            "6:5: capabilities[0].image_ref: is missing",
            "8:5: links[0].contract_id: is missing",
        ]
    );
}

#[test]
fn texts_that_are_no_manifest() {
    let cases = [
        ("actors: [", Syntax::Yaml),
        ("{\"actors\": }", Syntax::Json),
        ("actor: [a]", Syntax::Yaml),
        ("- a\n- b\n", Syntax::Yaml),
        ("actors: {a: b}", Syntax::Yaml),
        ("just text", Syntax::Yaml),
    ];
    for (text, syntax) in cases {
        let findings = Manifest::parse(text, syntax, None).unwrap_err();
        assert_eq!(findings.len(), 1, "{text}: {findings:?}");
        assert!(!findings[0].problem.contains('\n'), "{findings:?}");
    }
    let unknown = problems(parse("actors: []\nlinkz: []\n"));
    assert!(unknown[0].contains("linkz"), "{unknown:?}");
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = String::from("x: &a0 [y]\n");
    for level in 1..40 {
        let before = level - 1;
        text.push_str(&format!("x{level}: &a{level} [*a{before}, *a{before}]\n"));
    }
    text.push_str("actors: *a39\n");
    assert!(parse(&text).is_err());
}

#[test]
fn variables_are_replaced_on_request() {
    let text = "\
actors: [\"${DIR}/hello.wasm\"]
# ${NEVER_SET} in a comment does not matter
links:
  - actor: ${WHO:hello}
    contract_id: wasmcloud:httpserver
    provider_id: ${WHERE:-builtin:httpserver}
    values: {ADDRESS: ${ADDRESS:127.0.0.1:8081}, PASSWORD: ${SECRET}, RAW: '$${DIR}'}
";
    let lookup = |name: &str| match name {
        "DIR" => Some("/srv".to_owned()),
        "SECRET" => Some("a\": }\n- ${DIR} # no".to_owned()),
        _ => None,
    };
    let manifest = Manifest::parse(text, Syntax::Yaml, Some(&lookup)).unwrap();
    assert_eq!(manifest.actors[0].value, "/srv/hello.wasm");
    let link = &manifest.links[0];
    assert_eq!(link.actor.value, "hello");
    assert_eq!(link.provider_id.value, "builtin:httpserver");
    assert_eq!(link.values["ADDRESS"], "127.0.0.1:8081");
    assert_eq!(link.values["PASSWORD"], "a\": }\n- ${DIR} # no");
    assert_eq!(link.values["RAW"], "${DIR}");
    let raw = parse("actors: ['${DIR}/x']").unwrap();
    assert_eq!(raw.actors[0].value, "${DIR}/x", "not without the request");
}

#[test]
fn unset_variables_are_named_where_they_stand() {
    let text = "actors:\n  - ${A}/x\n  - ${B}\n  - ${C:}\n";
    let found = problems(Manifest::parse(text, Syntax::Yaml, Some(&|_| None)));
    assert_eq!(
        found,
        [
            "2:5: actors[0]: environment variable A is not set",
            "3:5: actors[1]: environment variable B is not set",
            "4:5: actors[2]: is empty",
        ]
    );
    let open = problems(Manifest::parse("a: ${A\n", Syntax::Yaml, Some(&|_| None)));
    assert_eq!(open, ["1:4: '${' without '}'"]);
}
