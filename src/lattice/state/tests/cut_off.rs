//! State in a domain of another machine, out of reach for a while or for good.

use std::path::Path;

use super::*;
use crate::lattice::testing::Cable;

/// A server whose domain `core` keeps the state.
struct Core {
    server: NatsServer,
    leaf_port: u16,
}

/// A machine without JetStream that reaches the domain over a cable.
struct Machine {
    server: NatsServer,
    cable: Cable,
}

impl Core {
    async fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let leaf_port = free.local_addr().unwrap().port();
        drop(free);
        // Leaves would learn the address behind their cable, and go round it.
        let config = format!(
            "server_name: core\njetstream {{ domain: core }}\nleafnodes {{ listen: \"127.0.0.1:{leaf_port}\", advertise: \"127.0.0.1:1\" }}\n"
        );
        let server = NatsServer::start_real(&config).await;
        Self { server, leaf_port }
    }

    async fn open(&self) -> State {
        let client = self.server.client().await;
        State::open(client, &LatticeName::default(), Some("core"))
            .await
            .unwrap()
    }

    /// All of the state is gone.
    async fn lose(&self) {
        let jetstream = jetstream::new(self.server.client().await);
        let stream = "KV_LATTICEDATA_default";
        jetstream.delete_stream(stream).await.unwrap();
    }

    async fn machine(&self) -> Machine {
        let cable = Cable::to(self.leaf_port).await;
        let config = format!(
            "leafnodes {{ reconnect: 1, remotes: [ {{ url: \"nats-leaf://127.0.0.1:{}\" }} ] }}\n",
            cable.port()
        );
        let server = NatsServer::start_real(&config).await;
        Machine { server, cable }
    }
}

impl Machine {
    async fn try_open(&self, copy: Option<&Path>, may_wait: bool) -> Result<State, StateError> {
        let options = Options {
            js_domain: Some("core".to_owned()),
            copy: copy.map(Path::to_owned),
            may_wait,
        };
        let client = self.server.client().await;
        State::open_or_wait(client, &LatticeName::default(), options).await
    }

    async fn open(&self) -> State {
        let state = self.try_open(None, false).await.unwrap();
        assert_eq!(state.cut_off(), None);
        state
    }

    /// Until who has the state opened knows.
    async fn cut(&self, state: &State) {
        self.cable.cut();
        standing(state, true).await;
    }

    async fn mend(&self, state: &State) {
        self.cable.mend();
        standing(state, false).await;
    }
}

async fn standing(state: &State, cut_off: bool) {
    let mut standings = state.standings();
    let wanted = standings.wait_for(|it| it.is_some() == cut_off);
    let seen = tokio::time::timeout(LIMIT, wanted).await;
    assert!(seen.is_ok(), "cut off: {cut_off}");
}

/// Actors that have a link.
fn linked(state: &State) -> Vec<String> {
    let snapshot = state.snapshot();
    snapshot
        .links
        .values()
        .map(|it| it.actor_id.clone())
        .collect()
}

async fn until_linked(state: &State, actors: &[&str]) {
    eventually(&format!("these are linked: {actors:?}"), async || {
        linked(state) == actors
    })
    .await;
}

async fn put_links(state: &State, actors: &[&str]) {
    for actor in actors {
        assert!(state.put_link(link(actor, "1")).await.unwrap());
    }
}

async fn delete(state: &State, actor: &str) {
    let deleted = state.delete_link(&LinkKey::of(&link(actor, "1"))).await;
    assert_eq!(deleted.unwrap(), Some(stored(actor, "1")));
}

fn claims(key: &str) -> Map {
    [("call_alias", "a/b"), ("sub", key)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

#[tokio::test]
async fn what_changed_during_a_cut_arrives_after_it() {
    let core = Core::start().await;
    let machine = core.machine().await;
    let (far, near) = (core.open().await, machine.open().await);
    put_links(&near, &["MA", "MB"]).await;
    until_linked(&far, &["MA", "MB"]).await;

    machine.cut(&near).await;
    let since = near.cut_off().unwrap();
    assert!(
        since.known_at.is_some() && !since.reason.is_empty(),
        "{since:?}"
    );
    delete(&far, "MA").await;
    put_links(&far, &["MC"]).await;
    assert_eq!(linked(&near), ["MA", "MB"], "the snapshot stays");
    // Nothing that cannot be stored is taken.
    let key = LinkKey::of(&link("MB", "1"));
    for refused in [
        near.put_link(link("MD", "1")).await.map(|_| ()),
        near.put_link(link("MB", "1")).await.map(|_| ()),
        near.delete_link(&key).await.map(|_| ()),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StateError::CutOff { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("domain 'core'") && text.contains("nothing was changed"),
            "{text}"
        );
    }
    // What runs here is told later.
    near.put_claims("MD", claims("MD")).await.unwrap();
    near.put_reference("ref", "MD").await.unwrap();
    assert_eq!(near.snapshot().alias("a/b"), Some("MD"));

    let mut changes = near.changes();
    machine.mend(&near).await;
    assert_eq!(linked(&near), ["MB", "MC"]);
    assert_eq!(
        next(&mut changes).await,
        Change::LinkDeleted(stored("MA", "1"))
    );
    assert_eq!(next(&mut changes).await, Change::LinkPut(stored("MC", "1")));
    eventually("the claims have arrived", async || {
        let seen = far.snapshot();
        seen.claims.contains_key("MD") && seen.references.contains_key("ref")
    })
    .await;
    assert_eq!(linked(&far), ["MB", "MC"]);
    assert_eq!(far.snapshot().claims["MD"], claims("MD"));
    assert!(!near.inner.shared.has_unsent());
}

#[tokio::test]
async fn a_start_without_the_domain_serves_from_the_copy() {
    let core = Core::start().await;
    let machine = core.machine().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("default/core.json");
    let before = machine.try_open(Some(&path), false).await.unwrap();
    put_links(&before, &["MA", "MB"]).await;
    before.put_claims("MA", claims("MA")).await.unwrap();
    let copied = || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        text.contains("CLAIMS_MA") && text.matches("LINKDEF_").count() == 2
    };
    eventually("the copy is up to date", async || copied()).await;
    drop(before);

    machine.cable.cut();
    // Without a copy or somebody's word, a name is wrong more likely than not.
    let unknown = async || machine.try_open(None, false).await.err();
    eventually(
        "the domain is gone",
        async || matches!(unknown().await, Some(StateError::NoDomain(it)) if it == "core"),
    )
    .await;
    let empty = machine.try_open(None, true).await.unwrap();
    assert_eq!(empty.cut_off().unwrap().known_at, None);
    assert!(empty.snapshot().links.is_empty());
    let copied = machine.try_open(Some(&path), false).await.unwrap();
    let standing = copied.cut_off().unwrap();
    assert_eq!(standing.reason, "nobody answers");
    assert!(standing.known_at.is_some());
    assert_eq!(linked(&copied), ["MA", "MB"]);
    assert_eq!(copied.snapshot().alias("a/b"), Some("MA"));

    let far = core.open().await;
    delete(&far, "MA").await;
    machine.mend(&copied).await;
    until_linked(&copied, &["MB"]).await;
    until_linked(&empty, &["MB"]).await;
    eventually("the copy follows", async || {
        let text = std::fs::read_to_string(&path).unwrap();
        text.matches("LINKDEF_").count() == 1
    })
    .await;
}

#[tokio::test]
async fn a_copy_is_of_one_stream_and_is_never_put_back() {
    let core = Core::start().await;
    let machine = core.machine().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("core.json");
    let before = machine.try_open(Some(&path), false).await.unwrap();
    put_links(&before, &["MA"]).await;
    eventually("there is a copy", async || {
        std::fs::read_to_string(&path).is_ok_and(|it| it.contains("LINKDEF_"))
    })
    .await;
    drop(before);
    machine.cable.cut();
    core.lose().await;
    let far = core.open().await;
    put_links(&far, &["MB"]).await;

    let state = machine.try_open(Some(&path), true).await.unwrap();
    assert_eq!(linked(&state), ["MA"]);
    machine.mend(&state).await;
    assert_eq!(linked(&state), ["MB"]);
    eventually("the old copy is kept aside", async || {
        let mut files = dir.path().read_dir().unwrap().flatten();
        files.any(|it| it.file_name().to_string_lossy().starts_with("core.before-"))
    })
    .await;
    assert_eq!(linked(&far), ["MB"]);
}

#[tokio::test]
async fn a_broken_copy_costs_nothing_but_itself() {
    let core = Core::start().await;
    let machine = core.machine().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("core.json");
    std::fs::write(&path, "{\"format\": \u{0}").unwrap();
    let state = machine.try_open(Some(&path), false).await.unwrap();
    put_links(&state, &["MA"]).await;
    eventually("it is written anew", async || {
        std::fs::read_to_string(&path).is_ok_and(|it| it.contains("LINKDEF_"))
    })
    .await;
}

#[tokio::test]
async fn what_a_lost_bucket_held_is_put_back() {
    let core = Core::start().await;
    let state = core.open().await;
    put_links(&state, &["MA", "MB"]).await;
    delete(&state, "MB").await;
    state.put_claims("MA", claims("MA")).await.unwrap();
    let mut changes = state.changes();
    core.lose().await;
    let other = core.open().await;
    until_linked(&other, &["MA"]).await;
    eventually("the claims are back", async || {
        other.snapshot().claims.contains_key("MA")
    })
    .await;
    // Whoever served from the snapshot noticed nothing.
    put_links(&state, &["MC"]).await;
    assert_eq!(next(&mut changes).await, Change::LinkPut(stored("MC", "1")));
    assert_eq!(linked(&state), ["MA", "MC"]);
}

#[tokio::test]
async fn a_link_deleted_from_a_lost_bucket_does_not_come_back() {
    let core = Core::start().await;
    let state = core.open().await;
    put_links(&state, &["MA", "MB"]).await;
    core.lose().await;
    // Before anybody has noticed the loss.
    let _ = core.open().await;
    delete(&state, "MA").await;
    let other = core.open().await;
    until_linked(&other, &["MB"]).await;
    until_linked(&state, &["MB"]).await;
}

#[tokio::test]
async fn of_several_who_put_back_the_best_informed_has_the_last_word() {
    let core = Core::start().await;
    let (early, late) = (core.machine().await, core.machine().await);
    let (knows_less, knows_more) = (early.open().await, late.open().await);
    put_links(&knows_less, &["MA", "MB"]).await;
    until_linked(&knows_more, &["MA", "MB"]).await;
    early.cut(&knows_less).await;
    delete(&knows_more, "MB").await;
    late.cut(&knows_more).await;
    core.lose().await;

    early.mend(&knows_less).await;
    assert_eq!(linked(&knows_less), ["MA", "MB"], "all that it can know");
    late.mend(&knows_more).await;
    for state in [&knows_less, &knows_more, &core.open().await] {
        until_linked(state, &["MA"]).await;
    }
}

#[tokio::test]
async fn an_emptied_stream_is_meant_to_be_empty() {
    let core = Core::start().await;
    let machine = core.machine().await;
    let state = machine.open().await;
    put_links(&state, &["MA"]).await;
    state.put_claims("MA", claims("MA")).await.unwrap();
    machine.cut(&state).await;
    let jetstream = jetstream::new(core.server.client().await);
    let stream = jetstream.get_stream("KV_LATTICEDATA_default").await;
    stream.unwrap().purge().await.unwrap();
    machine.mend(&state).await;
    assert_eq!(linked(&state), [""; 0]);
    let other = core.open().await;
    eventually("what runs is told again", async || {
        other.snapshot().claims.contains_key("MA")
    })
    .await;
}
