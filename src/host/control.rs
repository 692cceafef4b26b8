//! The control interface's server side: a subject and a body become something to do, or a refusal.
//!
//! Pure, but for the ids of new instances. A body that cannot be read is refused with the words of the
//! generation (protocol §6.4); a query or an auction that cannot be read gets no answer.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::event::{
    Amount, Command as Change, ProviderKey, Run, StartProvider, Stop, StopProvider, Update,
};
use crate::claims::{ActorId, HostId, ProviderId};
use crate::lattice::command;
use crate::lattice::command::{
    AuctionActor, AuctionProvider, Label, LinkDelete, Part, RegistryCredentials, ScaleActor,
    StartActor, StopActor, StopHost, UpdateActor,
};
use crate::lattice::state::LinkKey;
use crate::lattice::subject::{Command, Request, is_token};
use crate::lattice::wire::{LinkDefinition, Map};
use crate::providers;

/// The largest body read; what real clients send is far below.
pub(super) const MAX_BODY: usize = 1 << 20;

/// The longest reference. References, annotations and links travel in answers and events, of which one message
/// has to hold many.
const MAX_REFERENCE: usize = 4 << 10;

/// All annotations of one request, or all values and names of one link, in bytes.
const MAX_ANNOTATIONS: usize = 16 << 10;
const MAX_LINK: usize = 64 << 10;

/// The longest reason of a refusal, in bytes.
const MAX_REASON: usize = 500;

const WRONG_HOST: &str = "Command received by incorrect host and could not be processed";

/// The longest grace that a client may give a stopping host.
const MAX_GRACE: Duration = Duration::from_secs(3600);

/// What a client asks.
#[derive(Debug)]
pub(super) enum Ask {
    Ping,
    Inventory,
    /// All, or the part that is asked for; so below.
    Claims(Option<Part>),
    Links(Option<Part>),
    BidActor(AuctionActor),
    BidProvider(AuctionProvider),
    PutLink(LinkDefinition),
    DeleteLink(LinkKey),
    PutRegistries(RegistryCredentials),
    Change(Change),
}

/// Why a request is not carried out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Told in the acknowledgement.
    Text(String),
    /// Others may have an answer.
    Silent,
}

/// What `host` is asked.
pub(super) fn read(host: &HostId, request: Request<'_>, body: &[u8]) -> Result<Ask, Refusal> {
    Ok(match request {
        Request::PingHosts => Ask::Ping,
        Request::Inventory(_) => Ask::Inventory,
        Request::Claims => Ask::Claims(json(body)),
        Request::Links => Ask::Links(json(body)),
        Request::AuctionActor => Ask::BidActor(json(body).ok_or(Refusal::Silent)?),
        Request::AuctionProvider => Ask::BidProvider(json(body).ok_or(Refusal::Silent)?),
        Request::LinkPut => Ask::PutLink(link_put(body)?),
        Request::LinkDel => Ask::DeleteLink(link_delete(body)?),
        Request::RegistriesPut => {
            Ask::PutRegistries(parse(body, "Invalid registry credential put request")?)
        }
        Request::LabelPut(_) => {
            let Label { key, value } = parse(body, "Invalid label put request")?;
            Ask::Change(Change::PutLabel { key, value })
        }
        Request::LabelDel(_) => {
            let Label { key, .. } = parse(body, "Invalid label removal request")?;
            Ask::Change(Change::DeleteLabel { key })
        }
        Request::Command(_, command) => Ask::Change(change(host, command, body)?),
    })
}

fn change(host: &HostId, command: Command, body: &[u8]) -> Result<Change, Refusal> {
    Ok(match command {
        Command::StartActor => {
            const BAD: &str = "Invalid launch actor JSON request";
            let body: StartActor = parse(body, BAD)?;
            ours(host, &body.host_id)?;
            Change::RunActor(Run {
                reference: required(body.actor_ref, BAD, "actor_ref")?,
                actor: None,
                amount: Amount::More(body.count.max(1)),
                annotations: annotations(body.annotations, BAD)?,
                instance_id: new_id(),
            })
        }
        Command::ScaleActor => {
            const BAD: &str = "Invalid scale actor JSON request";
            let body: ScaleActor = parse(body, BAD)?;
            ours(host, &body.host_id)?;
            let actor = match body.actor_id.as_str() {
                "" => None,
                key => Some(actor_id(key, BAD)?),
            };
            if actor.is_none() && body.actor_ref.is_empty() {
                return Err(refuse(BAD, "neither actor_id nor actor_ref is given"));
            }
            Change::RunActor(Run {
                reference: reference(body.actor_ref, BAD, "actor_ref")?,
                actor,
                amount: Amount::Exactly(body.count),
                annotations: annotations(body.annotations, BAD)?,
                instance_id: new_id(),
            })
        }
        Command::StopActor => {
            const BAD: &str = "Invalid request to stop actor";
            let body: StopActor = parse(body, BAD)?;
            ours(host, &body.host_id)?;
            Change::StopActor(Stop {
                actor: actor_id(&body.actor_ref, BAD)?,
                count: Some(body.count).filter(|it| *it > 0),
                annotations: annotations(body.annotations, BAD)?,
            })
        }
        Command::UpdateActor => {
            const BAD: &str = "Invalid JSON request to update actor";
            let body: UpdateActor = parse(body, BAD)?;
            ours(host, &body.host_id)?;
            Change::UpdateActor(Update {
                actor: actor_id(&body.actor_id, BAD)?,
                reference: required(body.new_actor_ref, BAD, "new_actor_ref")?,
            })
        }
        Command::StartProvider => {
            const BAD: &str = "Improperly formed start provider command JSON";
            let body: command::StartProvider = parse(body, BAD)?;
            ours(host, &body.host_id)?;
            token(&body.link_name, BAD, "link_name")?;
            Change::StartProvider(StartProvider {
                reference: required(body.provider_ref, BAD, "provider_ref")?,
                link_name: body.link_name,
                configuration: body.configuration,
                annotations: annotations(body.annotations, BAD)?,
                instance_id: new_id(),
            })
        }
        Command::StopProvider => {
            const BAD: &str = "Invalid JSON request for stop provider";
            let body: command::StopProvider = parse(body, BAD)?;
            ours(host, &body.host_id)?;
            token(&body.link_name, BAD, "link_name")?;
            // Clients mean the key, but `builtin:NAME` says as clearly what is to stop.
            let builtin = providers::builtin(&body.provider_ref, true);
            let id = ProviderId::parse(builtin.map_or(&body.provider_ref, |it| it.key))
                .map_err(|error| refuse(BAD, error))?;
            Change::StopProvider(StopProvider {
                provider: ProviderKey {
                    id,
                    link_name: body.link_name,
                },
                annotations: annotations(body.annotations, BAD)?,
            })
        }
        Command::StopHost => {
            let body: StopHost = parse(body, "Invalid JSON request to stop host")?;
            ours(host, &body.host_id)?;
            let grace = body.timeout.map(Duration::from_millis);
            Change::StopHost {
                grace: grace.map(|it| it.min(MAX_GRACE)),
            }
        }
    })
}

fn link_put(body: &[u8]) -> Result<LinkDefinition, Refusal> {
    const BAD: &str = "Invalid link definition put request";
    let mut link: LinkDefinition = parse(body, BAD)?;
    link_tokens(
        &link.actor_id,
        Some(&link.provider_id),
        &link.link_name,
        &link.contract_id,
        BAD,
    )?;
    let names = [
        &link.actor_id,
        &link.provider_id,
        &link.link_name,
        &link.contract_id,
    ];
    if size(&link.values) + names.map(String::len).iter().sum::<usize>() > MAX_LINK {
        return Err(refuse(
            BAD,
            format!("the link is larger than {MAX_LINK} bytes"),
        ));
    }
    // Ours to make: it follows from the rest.
    link.id = String::new();
    Ok(link)
}

fn link_delete(body: &[u8]) -> Result<LinkKey, Refusal> {
    const BAD: &str = "Invalid link definition removal request";
    let LinkDelete {
        actor_id,
        contract_id,
        link_name,
    } = parse(body, BAD)?;
    link_tokens(&actor_id, None, &link_name, &contract_id, BAD)?;
    Ok(LinkKey {
        actor: actor_id,
        contract: contract_id,
        link_name,
    })
}

/// Keys and link names become parts of subjects, so none may hold what means more there.
fn link_tokens(
    actor: &str,
    provider: Option<&str>,
    link_name: &str,
    contract: &str,
    bad: &str,
) -> Result<(), Refusal> {
    token(actor, bad, "actor_id")?;
    if let Some(provider) = provider {
        token(provider, bad, "provider_id")?;
    }
    token(link_name, bad, "link_name")?;
    if contract.is_empty() {
        return Err(refuse(bad, "contract_id is empty"));
    }
    Ok(())
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    if body.len() > MAX_BODY {
        return None;
    }
    // Structs would also be read from arrays, which no client means.
    let value: Value = serde_json::from_slice(body).ok()?;
    value
        .is_object()
        .then(|| serde_json::from_value(value).ok())?
}

fn parse<T: DeserializeOwned>(body: &[u8], bad: &str) -> Result<T, Refusal> {
    json(body).ok_or_else(|| Refusal::Text(bad.to_owned()))
}

fn ours(host: &HostId, named: &str) -> Result<(), Refusal> {
    if named.is_empty() || named == host.as_str() {
        Ok(())
    } else {
        Err(Refusal::Text(WRONG_HOST.to_owned()))
    }
}

fn actor_id(text: &str, bad: &str) -> Result<ActorId, Refusal> {
    ActorId::parse(text).map_err(|error| refuse(bad, error))
}

fn required(text: String, bad: &str, field: &str) -> Result<String, Refusal> {
    if text.is_empty() {
        return Err(refuse(bad, format!("{field} is empty")));
    }
    reference(text, bad, field)
}

fn reference(text: String, bad: &str, field: &str) -> Result<String, Refusal> {
    if text.len() > MAX_REFERENCE {
        return Err(refuse(
            bad,
            format!("{field} is longer than {MAX_REFERENCE} bytes"),
        ));
    }
    Ok(text)
}

fn annotations(map: Map, bad: &str) -> Result<Map, Refusal> {
    if size(&map) > MAX_ANNOTATIONS {
        return Err(refuse(
            bad,
            format!("annotations are larger than {MAX_ANNOTATIONS} bytes"),
        ));
    }
    Ok(map)
}

fn size(map: &Map) -> usize {
    map.iter().map(|(key, value)| key.len() + value.len()).sum()
}

fn token(text: &str, bad: &str, field: &str) -> Result<(), Refusal> {
    if is_token(text) {
        return Ok(());
    }
    Err(refuse(
        bad,
        format!("{field} must not be empty nor hold '.', '*', '>' or white space"),
    ))
}

/// The reason may quote what was sent, so it is cut.
fn refuse(bad: &str, reason: impl std::fmt::Display) -> Refusal {
    let mut text = format!("{bad}: {reason}");
    if text.len() > MAX_REASON {
        text.truncate(text.floor_char_boundary(MAX_REASON));
        text.push('…');
    }
    Refusal::Text(text)
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::claims::{KeyKind, Seed};

    const SERVER: &str = "VAG3QITQQ2ODAOWB5TTQSDJ53XK3SHBEIFNK4AYJ5RKAX2UNSCAPHA5M";

    /// What a command means to the host it names.
    fn read_command(command: Command, body: &Value) -> Result<Change, Refusal> {
        let host = HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap();
        let body = body.to_string().replace("HOST", host.as_str());
        match read(
            &host,
            Request::Command(host.as_str(), command),
            body.as_bytes(),
        )? {
            Ask::Change(change) => Ok(change),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn counts_mean_what_each_generation_means() {
        for (command, body, amount) in [
            (
                Command::StartActor,
                json!({"actor_ref": "r"}),
                Amount::More(1),
            ),
            (
                Command::StartActor,
                json!({"actor_ref": "r", "count": 0}),
                Amount::More(1),
            ),
            (
                Command::StartActor,
                json!({"actor_ref": "r", "count": 7, "host_id": "HOST"}),
                Amount::More(7),
            ),
            (
                Command::ScaleActor,
                json!({"actor_ref": "r", "count": 7}),
                Amount::Exactly(7),
            ),
            (
                Command::ScaleActor,
                json!({"actor_ref": "r"}),
                Amount::Exactly(0),
            ),
            (
                Command::ScaleActor,
                json!({"actor_ref": "r", "count": null, "actor_id": null}),
                Amount::Exactly(command::UNBOUNDED),
            ),
        ] {
            match read_command(command, &body) {
                Ok(Change::RunActor(run)) => assert_eq!(run.amount, amount, "{body}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_provider_stops_by_key_or_by_name() {
        for reference in [SERVER, "builtin:httpserver"] {
            match read_command(Command::StopProvider, &json!({"provider_ref": reference})) {
                Ok(Change::StopProvider(stop)) => {
                    assert_eq!(stop.provider.id.as_str(), SERVER);
                    assert_eq!(stop.provider.link_name, "default");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_host_takes_the_grace_it_is_given_within_reason() {
        for (timeout, grace) in [
            (json!(null), None),
            (json!(0), Some(Duration::ZERO)),
            (json!(1500), Some(Duration::from_millis(1500))),
            (json!(u64::MAX), Some(MAX_GRACE)),
        ] {
            let change = read_command(Command::StopHost, &json!({"timeout": timeout}));
            assert_eq!(change, Ok(Change::StopHost { grace }));
        }
    }

    #[test]
    fn a_body_above_the_limit_is_not_read() {
        let host = HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap();
        let mut body = br#"{"actor_ref":"r"}"#.to_vec();
        let request = Request::Command(host.as_str(), Command::StartActor);
        body.resize(MAX_BODY, b' ');
        assert!(read(&host, request, &body).is_ok());
        body.push(b' ');
        let bad = "Invalid launch actor JSON request".to_owned();
        assert_eq!(read(&host, request, &body).unwrap_err(), Refusal::Text(bad));
    }

    #[test]
    fn what_asks_for_silence_gets_it() {
        let host = HostId::parse(&Seed::generate(KeyKind::Server).public()).unwrap();
        for request in [Request::AuctionActor, Request::AuctionProvider] {
            assert_eq!(read(&host, request, b"junk").unwrap_err(), Refusal::Silent);
        }
    }
}
