//! Making a hub: keys, certificates, configuration, and the first machine's credentials.

use std::fs;
use std::path::Path;

use crate::claims::{KeyKind, Seed, keyfile};
use crate::nats::jwt;

use super::{
    ACCOUNTS, CONF, Hub, HubError, Plan, RECORD, Record, SYSTEM_ACCOUNT, Tls, accounts_text,
    certificate, files, key_file, record,
};

/// Writes all files of a new hub beside each other and moves them into place, the record last.
pub(super) fn build(dir: &Path, plan: &Plan, now: u64) -> Result<Hub, HubError> {
    files::create_dir(dir)?;
    let stage = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(dir)
        .map_err(files::failed("write in", dir))?;
    let new = stage.path();
    let operator = Seed::generate(KeyKind::Operator);
    let account = Seed::generate(KeyKind::Account);
    let system = Seed::generate(KeyKind::Account);
    for (name, seed) in [
        ("operator", &operator),
        ("account", &account),
        ("system", &system),
    ] {
        keyfile::write(&key_file(new, name), seed)?;
    }
    let mut moved = vec!["keys", CONF, ACCOUNTS, "creds"];
    if let Tls::SelfSigned(names) = &plan.tls {
        let issued = certificate::issue(&plan.name, names, now)?;
        files::create_dir(&new.join("tls"))?;
        files::write_new(&new.join("tls/ca.pem"), &issued.authority)?;
        files::write_new(&new.join("tls/cert.pem"), &issued.certificate)?;
        files::write_new(&new.join("tls/key.pem"), &issued.key)?;
        files::write_new(&new.join("keys/ca-key.pem"), &issued.authority_key)?;
        moved.push("tls");
    }
    let system_account = system.public();
    let record = Record {
        format: record::FORMAT,
        name: plan.name.clone(),
        operator: operator.public(),
        account: account.public(),
        system_token: jwt::account(
            &operator,
            jwt::Account {
                public: &system_account,
                name: SYSTEM_ACCOUNT,
                jetstream: false,
                revoked: &std::collections::BTreeMap::new(),
            },
            now,
        ),
        system_account,
        jetstream: plan.domain.is_some(),
        tls: !matches!(plan.tls, Tls::None),
        client_url: plan.url(plan.port),
        leaf_url: plan.url(plan.leaf_port),
        users: Vec::new(),
    };
    let token = jwt::operator(&operator, &plan.name, &record.system_account, now);
    files::write_new(&new.join(CONF), &plan.conf(dir, &record, &token)?)?;
    files::write_new(&new.join(ACCOUNTS), &accounts_text(&record, &operator, now))?;
    let mut hub = Hub {
        dir: new.to_owned(),
        record,
        _lock: None,
    };
    files::create_dir(&new.join("creds"))?;
    let creds = hub.creds_file(&plan.first_user);
    hub.add_to_file(&plan.first_user, None, now, &creds)?;
    moved.push(RECORD);
    for name in moved {
        let to = dir.join(name);
        fs::rename(new.join(name), &to).map_err(files::failed("write", &to))?;
    }
    hub.dir = dir.to_owned();
    Ok(hub)
}
