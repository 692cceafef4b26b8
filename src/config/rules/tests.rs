use std::collections::BTreeMap;

use super::policy::{Action, By, Effect, Facts, PolicyRules};
use super::startup::StartupRules;
use super::*;

const YAML: &str = r"
# Only ours, and nothing on the edge but web servers.
default: deny
rules:
  - name: edge
    effect: deny
    action: [start_actor, start_provider]
    label: {zone: 'edge-*'}
    capability: wasmcloud:keyvalue
    message: no stores on the edge
  - effect: allow
    action: start_actor
    issuer: AOURS
  - effect: allow
    action: start_provider
    issuer: [AOURS, ATHEIRS]
    link_name: default
  - effect: allow
    action: perform_invocation
    source: V*
    source_issuer: AOURS
    target: 'M*X'
    lattice: prod
    host: NA
";

const TOML: &str = r#"
default = "deny"

[[rules]]
name = "edge"
effect = "deny"
action = ["start_actor", "start_provider"]
label = { zone = "edge-*" }
capability = "wasmcloud:keyvalue"
message = "no stores on the edge"

[[rules]]
effect = "allow"
action = "start_actor"
issuer = "AOURS"

[[rules]]
effect = "allow"
action = "start_provider"
issuer = ["AOURS", "ATHEIRS"]
link_name = "default"

[[rules]]
effect = "allow"
action = "perform_invocation"
source = "V*"
source_issuer = "AOURS"
target = "M*X"
lattice = "prod"
host = "NA"
"#;

fn policy(text: &str) -> PolicyRules {
    parse(text, Syntax::Yaml).unwrap()
}

fn facts<'a>(action: Action, issuer: &'a str, labels: &'a BTreeMap<String, String>) -> Facts<'a> {
    Facts {
        action,
        target: "MTARGETX",
        issuer,
        source: "",
        source_issuer: "",
        capabilities: Vec::new(),
        link_name: "default",
        host: "NA",
        labels,
        lattice: "prod",
    }
}

#[test]
fn the_syntax_makes_no_difference() {
    assert_eq!(
        parse::<PolicyRules>(TOML, Syntax::Toml).unwrap(),
        policy(YAML)
    );
    let json = r#"{"rules": [{"effect": "allow", "issuer": ["A"]}]}"#;
    let yaml = "rules:\n- effect: allow\n  issuer: A\n";
    assert_eq!(
        parse::<PolicyRules>(json, Syntax::Json).unwrap(),
        policy(yaml)
    );
    assert_eq!(
        parse::<PolicyRules>(json, Syntax::Yaml).unwrap(),
        policy(yaml)
    );
    for (name, syntax) in [
        ("p.yaml", Syntax::Yaml),
        ("p", Syntax::Yaml),
        ("p.TOML", Syntax::Toml),
        ("p.json", Syntax::Json),
    ] {
        assert_eq!(Syntax::of(Path::new(name)), syntax);
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let rules = policy(YAML);
    let inland = [("zone".to_owned(), "inland".to_owned())].into();
    let edge = [("zone".to_owned(), "edge-7".to_owned())].into();
    let decided = |facts: Facts<'_>| {
        let verdict = rules.decide(&facts);
        let by = match verdict.by {
            By::Rule(number, _) => number,
            By::Default => 0,
        };
        (verdict.permitted(), by)
    };
    let actor = Action::StartActor;
    assert_eq!(decided(facts(actor, "AOURS", &inland)), (true, 2));
    assert_eq!(decided(facts(actor, "AOURS", &edge)), (true, 2));
    assert_eq!(decided(facts(actor, "AOTHER", &inland)), (false, 0));
    assert_eq!(decided(facts(actor, "", &inland)), (false, 0));

    let mut store = facts(Action::StartProvider, "ATHEIRS", &inland);
    store.capabilities = vec!["wasmcloud:keyvalue"];
    assert_eq!(decided(store.clone()), (true, 3));
    store.link_name = "other";
    assert_eq!(decided(store.clone()), (false, 0));
    store.labels = &edge;
    assert_eq!(decided(store.clone()), (false, 1));
    assert_eq!(rules.decide(&store).message(), "no stores on the edge");

    let mut call = facts(Action::PerformInvocation, "AANY", &inland);
    (call.source, call.source_issuer) = ("VSERVER", "AOURS");
    assert_eq!(decided(call.clone()), (true, 4));
    for change in [
        |it: &mut Facts<'_>| it.source = "MACTOR",
        |it: &mut Facts<'_>| it.source_issuer = "AOTHER",
        |it: &mut Facts<'_>| it.source_issuer = "",
        |it: &mut Facts<'_>| it.target = "MTARGETY",
        |it: &mut Facts<'_>| it.lattice = "test",
        |it: &mut Facts<'_>| it.host = "NB",
    ] {
        let mut call = call.clone();
        change(&mut call);
        assert_eq!(decided(call), (false, 0));
    }
}

#[test]
fn without_rules_all_is_denied_and_the_reason_is_told() {
    let labels = BTreeMap::new();
    let facts = facts(Action::StartActor, "A", &labels);
    for text in ["", "\n# nothing yet\n", "rules: []"] {
        let rules = policy(text);
        let verdict = rules.decide(&facts);
        assert_eq!(verdict.effect, Effect::Deny);
        assert_eq!(verdict.message(), "denied by the default, as no rule fits");
    }
    let rules = policy("rules:\n- effect: deny\n  name: nobody\n");
    assert_eq!(rules.decide(&facts).message(), "denied by rule 1, 'nobody'");
    let rules = policy("default: allow");
    assert!(rules.decide(&facts).permitted());
}

#[test]
fn a_mistake_is_told_with_its_line() {
    let rule = |line: &str| format!("default: allow\nrules:\n- effect: deny\n  {line}\n");
    for (text, syntax, line, words) in [
        (rule("isuer: A"), Syntax::Yaml, 4, "isuer"),
        (rule("action: dance"), Syntax::Yaml, 4, "dance"),
        (rule("action: []"), Syntax::Yaml, 4, "empty list"),
        (rule("issuer: ''"), Syntax::Yaml, 4, "empty text"),
        (rule("issuer: {a: b}"), Syntax::Yaml, 4, "list of texts"),
        ("default: maybe\n".to_owned(), Syntax::Yaml, 1, "maybe"),
        (
            "rules:\n- issuer: A\n".to_owned(),
            Syntax::Yaml,
            2,
            "effect",
        ),
        ("rules: [\n".to_owned(), Syntax::Yaml, 1, "bracket"),
        (
            "default = \"allow\"\n[[rules]]\neffect = \"no\"\n".to_owned(),
            Syntax::Toml,
            3,
            "no",
        ),
        (
            "default = \"allow\"\n[[rules]\n".to_owned(),
            Syntax::Toml,
            2,
            "",
        ),
        ("{\n\"default\": 7}".to_owned(), Syntax::Json, 2, ""),
        (
            "{\n\"rules\": [\n{\"effect\": \"deny\", \"who\": 1}]}".to_owned(),
            Syntax::Json,
            3,
            "who",
        ),
    ] {
        let finding = parse::<PolicyRules>(&text, syntax).unwrap_err();
        assert_eq!(finding.line, line, "{text}: {finding:?}");
        assert!(finding.problem.contains(words), "{text}: {finding:?}");
        assert!(!finding.problem.contains('\n'), "{finding:?}");
    }
}

#[test]
fn stars_stand_for_anything() {
    let fits =
        |pattern: &str, text: &str| Pattern::try_from(pattern.to_owned()).unwrap().fits(text);
    for (pattern, text) in [
        ("abc", "abc"),
        ("*", ""),
        ("*", "abc"),
        ("a*", "a"),
        ("a*c", "abbc"),
        ("*b*", "abc"),
        ("a**c", "ac"),
        ("a*b*c", "aXbYbZc"),
        ("*ab", "aab"),
    ] {
        assert!(fits(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [
        ("abc", "abcd"),
        ("abc", ""),
        ("a*", "ba"),
        ("*a", "ab"),
        ("ab*ba", "aba"),
        ("a*b*c", "acb"),
        ("?", "a"),
    ] {
        assert!(!fits(pattern, text), "{pattern} {text}");
    }
}

const STARTUP: &str = r"
rules:
  - actors: [reg.io/everywhere:1]
    registries:
      reg.io: {username: ann, password: hunter2}
  - label: {zone: [a, b]}
    providers:
      - image_ref: builtin:httpserver
      - {image_ref: reg.io/p:1, link_name: back}
    actors: [reg.io/web:1, reg.io/everywhere:1]
  - label: {zone: a, gpu: '*'}
    registries:
      reg.io: {username: bob, token: t}
";

#[test]
fn every_rule_that_fits_adds_to_what_is_started() {
    let rules: StartupRules = parse(STARTUP, Syntax::Yaml).unwrap();
    let of = |labels: &[(&str, &str)]| {
        let labels = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let labels = labels.collect();
        let startup = rules.of(&labels);
        let providers: Vec<_> = startup
            .providers
            .iter()
            .map(|it| format!("{} {}", it.reference(), it.link_name()))
            .collect();
        let user = startup.registries["reg.io"].username.clone().unwrap();
        (providers.join(", "), startup.actors.join(", "), user)
    };
    let text = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(of(&[]), text("", "reg.io/everywhere:1", "ann"));
    let both = "builtin:httpserver default, reg.io/p:1 back";
    let actors = "reg.io/everywhere:1, reg.io/web:1";
    assert_eq!(of(&[("zone", "b")]), text(both, actors, "ann"));
    assert_eq!(
        of(&[("zone", "a"), ("gpu", "yes")]),
        text(both, actors, "bob")
    );
    assert!(rules.are_secret());
    assert!(!format!("{rules:?}").contains("hunter2"));
}

#[test]
fn passwords_that_others_may_read_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("startup.yaml");
    std::fs::write(&path, STARTUP).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
        mode(0o644).unwrap();
        let refused = read::<StartupRules>(&path).unwrap_err();
        assert!(matches!(refused, ConfigError::Exposed { .. }), "{refused}");
        mode(0o600).unwrap();
    }
    assert!(read::<StartupRules>(&path).is_ok());
    std::fs::write(&path, "rules:\n- actors: ['']\n").unwrap();
    let malformed = read::<StartupRules>(&path).unwrap_err().to_string();
    assert!(malformed.contains("startup.yaml:2:"), "{malformed}");
    assert!(matches!(
        read::<StartupRules>(&dir.path().join("gone")),
        Err(ConfigError::Unreadable { .. })
    ));
    std::fs::write(&path, vec![b'#'; 2 << 20]).unwrap();
    assert!(read::<StartupRules>(&path).is_err());
}
