use super::*;
use crate::config::connection::Connection;
use crate::config::dirs::Dirs;

/// A home with files in it.
struct Home {
    dir: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Home {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let root = dir.path().to_str().unwrap().to_owned();
        let env = vec![
            ("HOME".to_owned(), root.clone()),
            ("WASH_HOME".to_owned(), root),
        ];
        Self { dir, env }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn decide(&self, context: Option<&str>) -> Result<Connection, ConfigError> {
        let env = Env::from_iter(self.env.clone());
        let mut flags = Layer::default();
        if let Some(name) = context {
            flags.set(Key::Context, name, Source::Flag("context"));
        }
        Connection::decide(flags, &env, Dirs::find(&env).as_ref())
    }
}

const LEGACY: &str = r#"{
    "name": "old", "cluster_seed": "SC…", "ctl_host": "h.example", "ctl_port": 4333,
    "ctl_jwt": "", "ctl_seed": "", "ctl_credsfile": null, "ctl_timeout": 2000,
    "ctl_lattice_prefix": "prod", "rpc_host": "other", "rpc_port": 4222, "rpc_timeout": 2000
}"#;

const NATS: &str = r#"{
    "description": "", "url": "nats://demo:4222,nats://demo2:4222", "token": "", "user": "ann",
    "password": "pw", "creds": "", "nkey": "", "cert": "", "key": "", "ca": "~/ca.pem",
    "nsc": "", "jetstream_domain": "hub", "tls_first": true, "socks_proxy": "", "color_scheme": ""
}"#;

#[test]
fn a_context_of_wash_0_11_with_its_default() {
    let home = Home::new(&[
        (".wash/contexts/old.json", LEGACY),
        (".wash/contexts/index.json", r#"{"name":"old"}"#),
    ]);
    let it = home.decide(None).unwrap();
    assert_eq!(it.urls.value, ["h.example:4333"]);
    assert_eq!(it.lattice.value, "prod");
    assert!(matches!(&it.lattice.source, Source::Context { name, .. } if name == "old"));
    assert_eq!(it.timeout.source, Source::Default);
    assert_eq!(it.cluster_seed.unwrap().value.reveal(), "SC…");
    assert_eq!(it.context.unwrap().value, "old");
    let home = home.with("WASMCLOUD_LATTICE", "mine");
    assert_eq!(home.decide(None).unwrap().lattice.value, "mine");
}

/// Any command of wash 0.26 leaves these.
#[test]
fn what_older_tools_make_unasked_is_no_default() {
    const MADE: &str = r#"{"name":"host_config","cluster_seed":"","ctl_host":"127.0.0.1","ctl_port":4222,
        "ctl_jwt":"","ctl_seed":"","ctl_credsfile":null,"ctl_timeout":2000,"lattice":"default","js_domain":null,
        "rpc_host":"127.0.0.1","rpc_port":4222,"rpc_jwt":"","rpc_seed":"","rpc_credsfile":null,"rpc_timeout":2000}"#;
    let with = |default: (&str, &str), text: &str| {
        let file = (".wash/contexts/host_config.json", text);
        Home::new(&[file, default]).decide(None).unwrap().context
    };
    let defaults = [
        (".wash/contexts/default", "host_config"),
        (".wash/contexts/index.json", r#"{"name":"host_config"}"#),
    ];
    for default in defaults {
        assert!(with(default, MADE).is_none());
        for (field, chosen) in [
            (r#""ctl_port":4222"#, r#""ctl_port":4223"#),
            (r#""cluster_seed":"""#, r#""cluster_seed":"SC…""#),
            (r#""js_domain":null"#, r#""js_domain":"hub""#),
        ] {
            let context = with(default, &MADE.replace(field, chosen)).unwrap();
            assert_eq!(context.value, "host_config");
        }
    }
    // It is there for whoever wants it.
    let home = Home::new(&[(".wash/contexts/host_config.json", MADE)]);
    let wanted = home.decide(Some("host_config")).unwrap().context.unwrap();
    assert_eq!(wanted.value, "host_config");
}

#[test]
fn a_context_of_the_nats_command_line() {
    let home = Home::new(&[(".config/nats/context/demo.json", NATS)]);
    assert_eq!(home.decide(None).unwrap().urls.source, Source::Default);
    let home = home.with("NATS_CONTEXT", "demo");
    let it = home.decide(None).unwrap();
    assert_eq!(it.urls.value, ["nats://demo:4222", "nats://demo2:4222"]);
    assert_eq!(it.auth.value.describe(), "user 'ann'");
    assert_eq!(it.tls.ca.unwrap().value, home.dir.path().join("ca.pem"));
    assert!(it.tls.first.value);
    assert_eq!(it.js_domain.unwrap().value, "hub");
}

#[test]
fn each_tool_finds_its_own_context_first() {
    let url = |port| format!(r#"{{"url":"nats://h:{port}"}}"#);
    let files = [
        ("config/contexts/x.json", url(1)),
        (".wash/contexts/x.json", url(2)),
        (".config/nats/context/x.json", url(3)),
    ];
    let files: Vec<_> = files
        .iter()
        .map(|(path, it)| (*path, it.as_str()))
        .collect();
    let home = Home::new(&files);
    assert_eq!(home.decide(Some("x")).unwrap().urls.value, ["nats://h:1"]);
    let home = home.with("NATS_CONTEXT", "x");
    assert_eq!(home.decide(None).unwrap().urls.value, ["nats://h:3"]);
    let path = home.dir.path().join(".wash/contexts/x.json");
    let by_path = home.decide(path.to_str()).unwrap();
    assert_eq!(by_path.urls.value, ["nats://h:2"]);
}

#[test]
fn an_unknown_context_is_an_error_that_names_the_known_ones() {
    let home = Home::new(&[
        (".wash/contexts/old.json", LEGACY),
        (".config/nats/context/demo.json", NATS),
        ("config/contexts/index.json", r#"{"name":"gone"}"#),
    ]);
    for wanted in [Some("olt"), None] {
        match home.decide(wanted) {
            Err(ConfigError::UnknownContext { known, name, .. }) => {
                assert_eq!(known, ["demo", "old"]);
                assert_eq!(name, wanted.unwrap_or("gone"));
            }
            other => panic!("{other:?}"),
        }
    }
    let gone = home.decide(Some("./gone.json"));
    assert!(matches!(gone, Err(ConfigError::Unreadable { .. })));
}

#[test]
fn a_malformed_context_is_an_error_with_its_place() {
    for (content, line) in [
        ("{\n  \"url\": nats\n}", 2),
        ("{\n  \"url\": \"a\",\n", 2),
        ("[]", 1),
        ("", 1),
        ("{\n\n  \"url\": [\"a\"]\n}", 3),
        ("{\n  \"nsc\": \"nsc://op/acc/user\"\n}", 2),
    ] {
        let home = Home::new(&[("config/contexts/x.json", content)]);
        match home.decide(Some("x")) {
            Err(ConfigError::Malformed {
                line: at,
                path,
                reason,
                ..
            }) => {
                assert!(path.ends_with("x.json"));
                assert!(!reason.contains(" at line "), "{reason}");
                assert!(at.abs_diff(line) <= 1, "{content:?}: {at}");
            }
            other => panic!("{content:?}: {other:?}"),
        }
    }
}

#[test]
fn a_broken_default_is_not_skipped() {
    let home = Home::new(&[("config/contexts/index.json", "{")]);
    assert!(matches!(
        home.decide(None),
        Err(ConfigError::Malformed { .. })
    ));
}
