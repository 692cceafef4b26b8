//! The names of every setting of a connection: its flag, its variables, its fields in context files. The one
//! table that help, environment and contexts are read with.

/// One setting of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Server,
    Host,
    Port,
    Lattice,
    Creds,
    Jwt,
    Seed,
    Nkey,
    User,
    Password,
    Token,
    TlsCa,
    TlsCert,
    TlsKey,
    TlsFirst,
    JsDomain,
    CtlPrefix,
    Context,
    Timeout,
    /// The old spelling of [`Key::Timeout`], in milliseconds.
    TimeoutMs,
    ClusterSeed,
}

/// A setting's names: its flag, its variables (the first that is set counts), and its fields in context files.
#[derive(Debug)]
pub struct Definition {
    pub key: Key,
    pub flag: &'static str,
    pub variables: &'static [&'static str],
    /// Ours, those of wash 0.11 and those of the nats command line.
    pub fields: &'static [&'static str],
    pub about: &'static str,
}

macro_rules! definitions {
    ($($key:ident $flag:literal [$($variable:literal)*] [$($field:literal)*] $about:literal;)*) => {
        /// Every setting of a connection.
        pub const DEFINITIONS: &[Definition] = &[$(Definition {
            key: Key::$key,
            flag: $flag,
            variables: &[$($variable),*],
            fields: &[$($field),*],
            about: $about,
        }),*];
    };
}

definitions! {
    Server "server" ["WASH_NATS_URL" "NATS_URL"] ["server" "url"] "NATS addresses, comma-separated";
    Host "ctl-host" ["WASMCLOUD_CTL_HOST" "WASMCLOUD_RPC_HOST"] ["ctl_host" "rpc_host"] "NATS host";
    Port "ctl-port" ["WASMCLOUD_CTL_PORT" "WASMCLOUD_RPC_PORT"] ["ctl_port" "rpc_port"] "NATS port";
    Lattice "lattice" ["WASMCLOUD_LATTICE" "WASMCLOUD_LATTICE_PREFIX"] ["lattice" "lattice_prefix" "ctl_lattice_prefix" "rpc_lattice_prefix"] "Name of the lattice";
    Creds "creds" ["WASMCLOUD_CTL_CREDSFILE" "WASH_CTL_CREDS" "NATS_CREDS" "WASH_RPC_CREDS"] ["creds" "ctl_credsfile" "rpc_credsfile"] "NATS credentials file";
    Jwt "ctl-jwt" ["WASMCLOUD_CTL_JWT" "WASMCLOUD_RPC_JWT"] ["ctl_jwt" "user_jwt" "rpc_jwt"] "NATS user JWT, or a file with one";
    Seed "ctl-seed" ["WASMCLOUD_CTL_SEED" "WASMCLOUD_RPC_SEED"] ["ctl_seed" "user_seed" "rpc_seed"] "NATS user seed, or a file with one";
    Nkey "nkey" ["NATS_NKEY"] ["nkey"] "NATS nkey seed, or a file with one";
    User "user" ["NATS_USER"] ["user"] "NATS user name";
    Password "password" ["NATS_PASSWORD"] ["password"] "NATS password";
    Token "token" ["NATS_TOKEN"] ["token"] "NATS token";
    TlsCa "tls-ca" ["NATS_CA"] ["ca"] "Certificate authority to trust, PEM";
    TlsCert "tls-cert" ["NATS_CERT"] ["cert"] "Client certificate, PEM";
    TlsKey "tls-key" ["NATS_KEY"] ["key"] "Key of the client certificate, PEM";
    TlsFirst "tls-first" ["NATS_TLS_FIRST"] ["tls_first"] "TLS before the server speaks";
    JsDomain "js-domain" ["WASMCLOUD_JS_DOMAIN"] ["js_domain" "jetstream_domain"] "JetStream domain";
    CtlPrefix "ctl-prefix" ["WASMCLOUD_CTL_TOPIC_PREFIX"] ["ctl_prefix" "ctl_topic_prefix"] "First part of control subjects";
    Context "context" ["WASH_CONTEXT" "NATS_CONTEXT"] [] "Context to use, by name or file";
    Timeout "timeout" ["WASH_TIMEOUT"] ["timeout"] "How long a command may take: 30s, 2m; bare numbers are seconds";
    TimeoutMs "timeout-ms" ["WASMCLOUD_CTL_TIMEOUT_MS" "WASMCLOUD_RPC_TIMEOUT_MS"] ["ctl_timeout"] "The same in milliseconds";
    ClusterSeed "cluster-seed" ["WASMCLOUD_CLUSTER_SEED"] ["cluster_seed"] "Seed that signs calls";
}
