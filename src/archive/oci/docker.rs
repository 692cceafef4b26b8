//! Docker's configuration file and credential helpers, which other tools share with us: reading, and what `login`
//! and `logout` change. Fields that are not about credentials stay as they are. Podman's `auth.json` is the same kind
//! of file, with entries for parts of a registry besides, which we do not use.

#[cfg(test)]
mod tests;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use data_encoding::{BASE64, BASE64_NOPAD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::credential::Credential;
use super::error::{ErrorKind, OciError};
use super::reference::{address, registry_host};

/// Bytes of a configuration or of a helper's answer.
const MAX_SIZE: u64 = 1 << 20;

/// A helper may ask a person to unlock a keychain.
const HELPER_LIMIT: Duration = Duration::from_secs(60);

/// How the Docker Hub is called in such files.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// What helpers call the user of an identity token.
const TOKEN_USER: &str = "<token>";

/// Docker's `config.json`, or podman's `auth.json`; it need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerConfig {
    path: PathBuf,
    /// Where helpers are looked for; none is the process's own search path.
    helpers: Option<PathBuf>,
}

/// Where credentials ended up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    File(PathBuf),
    Helper(String),
}

impl DockerConfig {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            helpers: None,
        }
    }

    /// Takes credential helpers from this directory alone.
    pub fn with_helpers(mut self, dir: impl Into<PathBuf>) -> Self {
        self.helpers = Some(dir.into());
        self
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What to log in to `registry` with.
    ///
    /// # Errors
    /// The file cannot be read or is no JSON object; the helper fails.
    pub async fn find(&self, registry: &str) -> Result<Option<Credential>, OciError> {
        let config = self.read()?;
        if let Some(helper) = helper_of(&config, registry) {
            return self.ask(&helper, registry).await;
        }
        let Some(entry) = entry_of(&config, registry) else {
            return Ok(None);
        };
        let text = |field: &str| {
            let value = entry.get(field).and_then(Value::as_str);
            value.filter(|it| !it.is_empty()).map(str::to_owned)
        };
        if let Some(token) = text("identitytoken") {
            return Ok(Some(Credential::Identity(token)));
        }
        if let Some(token) = text("registrytoken") {
            return Ok(Some(Credential::Bearer(token)));
        }
        let pair = match text("auth") {
            Some(auth) => Some(pair_of(&auth).ok_or_else(|| {
                self.broken(&format!(
                    "the entry of {registry} is not base64 of USER:PASSWORD"
                ))
            })?),
            None => text("username").zip(text("password")),
        };
        Ok(pair.map(|(user, password)| Credential::Password { user, password }))
    }

    /// Keeps credentials, with the helper that the configuration names for the registry, or in the file.
    ///
    /// # Errors
    /// As [`Self::find`]; the file cannot be written.
    pub async fn store(
        &self,
        registry: &str,
        user: &str,
        password: &str,
    ) -> Result<Stored, OciError> {
        let mut config = self.read()?;
        if let Some(helper) = helper_of(&config, registry) {
            let request =
                json!({"ServerURL": key_of(registry), "Username": user, "Secret": password});
            self.run(&helper, "store", &request.to_string()).await?;
            return Ok(Stored::Helper(helper));
        }
        let auth = BASE64.encode(format!("{user}:{password}").as_bytes());
        remove_entries(&mut config, registry);
        let auths = config.entry("auths").or_insert_with(|| json!({}));
        let Some(auths) = auths.as_object_mut() else {
            return Err(self.broken("\"auths\" is not an object"));
        };
        auths.insert(key_of(registry), json!({ "auth": auth }));
        self.write(&config)?;
        Ok(Stored::File(self.path.clone()))
    }

    /// Forgets credentials. Whether there were any.
    ///
    /// # Errors
    /// As [`Self::store`].
    pub async fn erase(&self, registry: &str) -> Result<bool, OciError> {
        let mut config = self.read()?;
        let mut found = false;
        if let Some(helper) = helper_of(&config, registry) {
            found = self.ask(&helper, registry).await?.is_some();
            if found {
                self.run(&helper, "erase", &key_of(registry)).await?;
            }
        }
        if remove_entries(&mut config, registry) {
            self.write(&config)?;
            found = true;
        }
        Ok(found)
    }

    fn read(&self) -> Result<Map<String, Value>, OciError> {
        let read = || -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            let file = std::fs::File::open(&self.path)?;
            io::Read::read_to_end(&mut io::Read::take(file, MAX_SIZE + 1), &mut bytes)?;
            Ok(bytes)
        };
        let bytes = match read() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Map::new()),
            Err(error) => return Err(self.broken(&error.to_string())),
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(map),
            // The error may quote what is wrong, which may be a secret.
            _ => Err(self.broken("it is not a JSON object")),
        }
    }

    fn write(&self, config: &Map<String, Value>) -> Result<(), OciError> {
        let write = || -> io::Result<()> {
            // A link to a file elsewhere stays a link.
            let path = self
                .path
                .canonicalize()
                .unwrap_or_else(|_| self.path.clone());
            let dir = path.parent().unwrap_or(Path::new("."));
            let mut builder = std::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(dir)?;
            // Made with mode 0600.
            let mut file = tempfile::NamedTempFile::new_in(dir)?;
            serde_json::to_writer_pretty(&mut file, config)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|it| it.error)?;
            Ok(())
        };
        write().map_err(|error| OciError::local("write", &self.path, &error))
    }

    fn broken(&self, reason: &str) -> OciError {
        let path = self.path.display();
        OciError::new(ErrorKind::Local, format!("cannot use {path}: {reason}")).hint(
            "mend or remove the file, or name others with DOCKER_CONFIG and REGISTRY_AUTH_FILE",
        )
    }

    async fn ask(&self, helper: &str, registry: &str) -> Result<Option<Credential>, OciError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            username: String,
            secret: String,
        }
        let Some(output) = self.run(helper, "get", &key_of(registry)).await? else {
            return Ok(None);
        };
        let answer: Answer = serde_json::from_slice(&output)
            .map_err(|_| failed(helper, "its answer is not the JSON that helpers give"))?;
        Ok(Some(if answer.username == TOKEN_USER {
            Credential::Identity(answer.secret)
        } else {
            Credential::password(answer.username, answer.secret)
        }))
    }

    /// Runs a helper; none if it says that it does not know the registry.
    async fn run(
        &self,
        helper: &str,
        verb: &str,
        input: &str,
    ) -> Result<Option<Vec<u8>>, OciError> {
        let name = format!("docker-credential-{helper}");
        let program = match &self.helpers {
            Some(dir) => dir.join(&name),
            None => PathBuf::from(&name),
        };
        let mut child = tokio::process::Command::new(program)
            .arg(verb)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(helper, &format!("it does not start: {error}")))?;
        let talk = async {
            if let Some(mut stdin) = child.stdin.take() {
                // One that does not read its input has closed it.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
            let mut output = Vec::new();
            if let Some(stdout) = child.stdout.take() {
                stdout.take(MAX_SIZE).read_to_end(&mut output).await?;
            }
            Ok::<_, io::Error>((child.wait().await?, output))
        };
        let (status, output) = tokio::time::timeout(HELPER_LIMIT, talk)
            .await
            .map_err(|_| failed(helper, &format!("it took longer than {HELPER_LIMIT:?}")))?
            .map_err(|error| failed(helper, &error.to_string()))?;
        if status.success() {
            return Ok(Some(output));
        }
        // The one message that the protocol of helpers defines.
        let unknown = String::from_utf8_lossy(&output).contains("credentials not found");
        if unknown {
            Ok(None)
        } else {
            Err(failed(helper, &format!("it ended with {status}")))
        }
    }
}

fn failed(helper: &str, reason: &str) -> OciError {
    let message = format!("docker-credential-{helper} failed: {reason}");
    OciError::new(ErrorKind::Local, message)
        .hint("docker's configuration names this credential helper; mend it, or give --user and --password-stdin")
}

/// Names of helpers become names of programs.
fn helper_of(config: &Map<String, Value>, registry: &str) -> Option<String> {
    let special = config
        .get("credHelpers")
        .and_then(Value::as_object)
        .and_then(|it| it.iter().find(|(key, _)| is_for(key, registry)))
        .map(|(_, helper)| helper);
    let helper = special.or_else(|| config.get("credsStore"))?.as_str()?;
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    (!helper.is_empty() && helper.bytes().all(fits)).then(|| helper.to_owned())
}

fn entry_of<'a>(config: &'a Map<String, Value>, registry: &str) -> Option<&'a Map<String, Value>> {
    let auths = config.get("auths")?.as_object()?;
    let (_, entry) = auths.iter().find(|(key, _)| is_for(key, registry))?;
    entry.as_object()
}

fn remove_entries(config: &mut Map<String, Value>, registry: &str) -> bool {
    let Some(auths) = config.get_mut("auths").and_then(Value::as_object_mut) else {
        return false;
    };
    let before = auths.len();
    auths.retain(|key, _| !is_for(key, registry));
    before != auths.len()
}

fn is_for(key: &str, registry: &str) -> bool {
    // `quay.io/me` is for some of a registry; docker writes paths after a scheme only.
    let part = !key.contains("://") && key.trim_end_matches('/').contains('/');
    !part && registry_host(key).is_some_and(|it| address(&it) == address(registry))
}

fn key_of(registry: &str) -> String {
    if address(registry) == address("docker.io") {
        HUB_KEY.to_owned()
    } else {
        registry.to_owned()
    }
}

fn pair_of(auth: &str) -> Option<(String, String)> {
    let auth = auth.trim();
    let bytes = BASE64
        .decode(auth.as_bytes())
        .or_else(|_| BASE64_NOPAD.decode(auth.as_bytes()))
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // Some tools pad with zero bytes.
    Some((user.to_owned(), password.trim_end_matches('\0').to_owned()))
}
