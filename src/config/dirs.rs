//! Where configuration, keys, state and caches live (decisions §6). Finding a directory never creates it.

use std::path::{Path, PathBuf};

use super::env::Env;

/// The directories of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// Contexts, keys, host configuration.
    pub config: PathBuf,
    /// What is running, logs, the JetStream store.
    pub state: PathBuf,
    /// Artifacts and compiled code.
    pub cache: PathBuf,
    /// Programs that were installed.
    pub data: PathBuf,
    /// Contexts, where they are not with the rest of the configuration.
    pub contexts: Option<PathBuf>,
    /// `~/.wash` of older tools: read if it is there, never written.
    pub legacy: Option<PathBuf>,
}

impl Dirs {
    /// `WASH_HOME` moves all of them; otherwise XDG and its cousins. None without a home directory.
    pub fn find(env: &Env) -> Option<Self> {
        let home = env.get("HOME").map(PathBuf::from);
        let legacy = home.map(|it| it.join(".wash"));
        let contexts = env
            .get("WASH_CONTEXTS")
            .or_else(|| env.get("WASH_CONTEXT_DIR"));
        let contexts = contexts.map(PathBuf::from);
        if let Some(root) = env.get("WASH_HOME") {
            let root = Path::new(root);
            return Some(Self {
                config: root.join("config"),
                state: root.join("state"),
                cache: root.join("cache"),
                data: root.join("data"),
                contexts,
                legacy,
            });
        }
        let project = directories::ProjectDirs::from("", "", "wash")?;
        Some(Self {
            config: project.config_dir().to_owned(),
            state: project
                .state_dir()
                .unwrap_or_else(|| project.data_local_dir())
                .to_owned(),
            cache: project.cache_dir().to_owned(),
            data: project.data_local_dir().to_owned(),
            contexts,
            legacy,
        })
    }

    /// Key files of `wash keys` and `wash claims`.
    pub fn keys(&self) -> PathBuf {
        self.config.join("keys")
    }

    pub fn contexts(&self) -> PathBuf {
        match &self.contexts {
            Some(it) => it.clone(),
            None => self.config.join("contexts"),
        }
    }

    /// What was fetched from registries.
    pub fn pulled(&self) -> PathBuf {
        self.cache.join("oci")
    }

    /// What came through a lattice.
    pub fn delivered(&self) -> PathBuf {
        self.cache.join("artifacts")
    }

    /// Compiled code.
    pub fn modules(&self) -> PathBuf {
        self.cache.join("modules")
    }

    /// Libraries unpacked from provider archives.
    pub fn providers(&self) -> PathBuf {
        self.cache.join("providers")
    }

    /// NATS servers that `wash nats install` brought.
    pub fn nats_servers(&self) -> PathBuf {
        self.data.join("nats-server")
    }

    /// Where tools of this user keep their caches. None without a home directory.
    pub fn shared_cache(env: &Env) -> Option<PathBuf> {
        match env.get("XDG_CACHE_HOME") {
            Some(dir) => Some(PathBuf::from(dir)),
            None => Some(Path::new(env.get("HOME")?).join(".cache")),
        }
    }

    /// Docker's configuration, which other tools share. None without a home directory.
    pub fn docker_config(env: &Env) -> Option<PathBuf> {
        let dir = match env.get("DOCKER_CONFIG") {
            Some(dir) => PathBuf::from(dir),
            None => Path::new(env.get("HOME")?).join(".docker"),
        };
        Some(dir.join("config.json"))
    }

    /// Where podman and its kin keep logins, the first first: the file that `REGISTRY_AUTH_FILE` names and no other,
    /// else that of the session, then that of the user.
    pub fn podman_logins(env: &Env) -> Vec<PathBuf> {
        if let Some(file) = env.get("REGISTRY_AUTH_FILE") {
            return vec![PathBuf::from(file)];
        }
        let dir = |name: &str| env.get(name).map(PathBuf::from);
        let config = || dir("XDG_CONFIG_HOME").or_else(|| Some(dir("HOME")?.join(".config")));
        [dir("XDG_RUNTIME_DIR"), config()]
            .into_iter()
            .flatten()
            .map(|it| it.join("containers/auth.json"))
            .collect()
    }

    /// All files with logins that we read, the first first.
    pub fn logins(env: &Env) -> Vec<PathBuf> {
        let docker = Self::docker_config(env);
        docker.into_iter().chain(Self::podman_logins(env)).collect()
    }

    /// Written by `wash up`, with the cluster seed.
    pub fn host_config(&self) -> PathBuf {
        self.config.join("host_config.json")
    }
}
